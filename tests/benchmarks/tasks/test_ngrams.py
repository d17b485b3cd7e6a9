"""Counting baselines score what arithmetic says, and what a plain loop over dictionaries counts."""

import math
from collections import Counter, defaultdict

import numpy as np
import pytest

from benchmarks.tasks.ngrams import compressed, kneser_ney, ngram
from gnn_toolkit.training import Corpus


def test_ngrams_equal_counting_by_hand():
    train, test = np.array([0, 1, 0, 1, 1]), np.array([0, 1, 1])
    # Unigram counts with one added: 3 of 7 and 4 of 7. Bigram counts with one added: 0 -> (1, 3), 1 -> (2, 2).
    assert ngram(train, test, 2, 1)[0] == pytest.approx(-math.log(4 / 7))
    assert ngram(train, test, 2, 2)[0] == pytest.approx(-(math.log(3 / 4) + math.log(2 / 4)) / 2)


def plain_kneser_ney(train: list[int], size: int, order: int, context: tuple[int, ...], word: int) -> float:
    """Return p(word | context) as the formula says it, from dictionaries."""
    n = len(context) + 1
    if n == 0:
        return 1 / size
    counts = Counter(tuple(train[i : i + n]) for i in range(len(train) - n + 1))
    if n < order:
        before = defaultdict(set)
        for i in range(len(train) - n):
            before[tuple(train[i + 1 : i + 1 + n])].add(train[i])
        counts = Counter({gram: len(met) for gram, met in before.items()})
    lower = plain_kneser_ney(train, size, order, context[1:], word) if n > 1 else 1 / size
    once, twice = (sum(count == k for count in counts.values()) for k in (1, 2))
    discount = min(max(once / max(1, once + 2 * twice), 0.1), 0.9)
    after = {gram: count for gram, count in counts.items() if gram[:-1] == context}
    total = sum(after.values())
    if not total:
        return lower
    return (max(after.get((*context, word), 0) - discount, 0) + discount * len(after) * lower) / total


def test_kneser_ney_equals_the_formula_and_sums_to_one():
    rng, size, order = np.random.default_rng(0), 4, 3
    train, test = rng.integers(0, 3, 60), rng.integers(0, size, 12)  # the character 3 is new in the test
    expected = [
        -math.log(plain_kneser_ney(train.tolist(), size, order, tuple(test[i : i + 2].tolist()), int(test[i + 2])))
        for i in range(10)
    ]
    assert kneser_ney(train, test, size, order)[0] == pytest.approx(np.mean(expected))
    whole = sum(plain_kneser_ney(train.tolist(), size, order, (0, 1), word) for word in range(size))
    assert whole == pytest.approx(1)


def test_a_longer_memory_finds_a_text_that_repeats_itself():
    corpus = Corpus.of("the quick brown fox jumps over the lazy dog. " * 100, validation=0.1, test=0.1)
    unigram = ngram(corpus.train, corpus.test, len(corpus.vocabulary), 1)[0]
    five, known = kneser_ney(corpus.train, corpus.test, len(corpus.vocabulary), 5)
    assert five < 0.1 < 2 < unigram
    assert known < 300
    for program in ("gzip", "xz"):
        assert compressed(corpus, program)[0] < 0.3
