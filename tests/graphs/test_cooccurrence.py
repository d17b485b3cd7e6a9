"""Counts over sliding windows against a walk of every window."""

import math
from collections import Counter

import numpy as np
import pytest

from gnn_toolkit.graphs.cooccurrence import Cooccurrence, cooccurrence


def walked(texts: list[list[int]], window: int, pairs: str) -> tuple[int, Counter[int], Counter[tuple[int, int]]]:
    """Return the number of windows, and of those with each word and pair, window by window."""
    windows = [text[k : k + window] for text in texts for k in range(max(1, len(text) - window + 1))]
    single, double = Counter[int](), Counter[tuple[int, int]]()
    for words in windows:
        single.update(set(words))
        if pairs == "windows":
            words = sorted(set(words))
        for k, one in enumerate(words):
            double.update((min(one, other), max(one, other)) for other in words[k + 1 :] if other != one)
    return len(windows), single, double


def counted(texts: list[list[int]], size: int, window: int, pairs: str) -> Cooccurrence:
    codes = np.array([code for text in texts for code in text], dtype=np.int64)
    return cooccurrence(codes, np.array([len(text) for text in texts], dtype=np.int64), size, window, pairs=pairs)


@pytest.mark.parametrize("pairs", ["places", "windows"])
def test_it_counts_what_a_walk_of_the_windows_counts(pairs: str):
    random = np.random.default_rng(0)
    for _ in range(150):
        size, window = int(random.integers(1, 7)), int(random.integers(1, 8))
        texts = [random.integers(0, size, random.integers(0, 14)).tolist() for _ in range(random.integers(1, 5))]
        found, (windows, single, double) = counted(texts, size, window, pairs), walked(texts, window, pairs)
        assert found.windows == windows
        assert found.single.tolist() == [single[k] for k in range(size)]
        there = found.pairs.tocoo()
        assert {(int(i), int(j)): int(n) for i, j, n in zip(*there.coords, there.data, strict=True)} == double


def test_mutual_information_is_that_of_the_formula_and_above_zero():
    found = counted([[0, 1, 0, 2, 3], [2, 3]], 4, 2, "windows")
    mutual = found.pmi()
    for i, j, value in zip(*mutual.coords, mutual.data, strict=True):
        share = found.pairs.toarray()[i, j] / 5
        assert value == pytest.approx(math.log(share / (found.single[i] / 5 * found.single[j] / 5)), abs=1e-12)
        assert value > 0
    assert sorted(zip(*(c.tolist() for c in mutual.coords), strict=True)) == [(0, 1), (2, 3)]


def test_progress_is_said_for_every_distance_up_to_the_longest_text():
    seen: list[tuple[int, int]] = []
    cooccurrence(np.array([0, 1, 0]), np.array([3]), 2, 20, progress=lambda done, of: seen.append((done, of)))
    assert seen == [(1, 2), (2, 2)]


@pytest.mark.parametrize(
    ("codes", "lengths", "window", "pairs", "match"),
    [
        ([0], [1], 0, "places", "window"),
        ([0], [1], 2, "pairs", "did you mean"),
        ([0], [2], 2, "places", "as many as the lengths"),
        ([2], [1], 2, "places", r"codes in \[0, 2\)"),
        ([-1], [1], 2, "places", r"codes in \[0, 2\)"),
    ],
)
def test_what_does_not_fit_is_refused(codes: list[int], lengths: list[int], window: int, pairs: str, match: str):
    with pytest.raises(ValueError, match=match):
        cooccurrence(np.array(codes), np.array(lengths), 2, window, pairs=pairs)
