"""Baselines for text that learn nothing by gradient: counts of short stretches, and compressors."""

import gzip
import lzma
import math

import numpy as np
import torch

from gnn_toolkit.training import Corpus

DISCOUNTS = (0.1, 0.9)  # the least, so that everything stays possible, and the most


def ngram(train: np.ndarray, test: np.ndarray, size: int, order: int) -> tuple[float, int]:
    """Return the test nats per character of a unigram or bigram model with one added to every count.

    Args:
        train: codes.
        test: codes; the first is not predicted.
        size: number of different characters.
        order: 1 or 2.

    Returns:
        the nats, and how many numbers were counted.
    """
    if order == 1:
        counts = np.bincount(train, minlength=size) + 1.0
        return float(-np.log(counts / counts.sum())[test[1:]].mean()), size
    pairs = np.bincount(train[:-1] * np.int64(size) + train[1:], minlength=size * size).reshape(size, size) + 1.0
    return float(-np.log(pairs / pairs.sum(1, keepdims=True))[test[:-1], test[1:]].mean()), size * size


def kneser_ney(train: np.ndarray, test: np.ndarray, size: int, order: int) -> tuple[float, int]:
    """Return the test nats per character of an interpolated Kneser-Ney model (Kneser and Ney 1995).

    With the counts N of n-grams and of the stretch c before the character w, from the highest order down,

        p_n(w | c) = max(N(c w) - D, 0) / N(c) + D * (number of different w after c) / N(c) * p_(n-1)(w | c')

    where c' is c without its first character, lower orders count in how many different characters before it a stretch
    was met, D = n1 / (n1 + 2 n2), kept in [0.1, 0.9], from the numbers of n-grams met once and twice, and
    p_0 = 1 / size.

    Args:
        train: codes.
        test: codes; the first ``order - 1`` are only read.
        size: number of different characters.
        order: n of the longest n-grams.

    Returns:
        the nats, and how many n-grams were counted.
    """
    probability, known = np.full(len(test) - order + 1, 1.0 / size), 0
    for n in range(1, order + 1):
        grams, counts = np.unique(_stretches(train, size, n), return_counts=True)
        if n < order:
            longer = np.unique(_stretches(train, size, n + 1))
            continued, counts = np.unique(longer % size**n, return_counts=True)
            grams = continued
        asked = _stretches(test, size, n)[order - n :]
        contexts, first = np.unique(grams // size, return_index=True)
        totals, kinds = np.add.reduceat(counts, first), np.diff([*first, len(grams)])
        once, twice = (int((counts == k).sum()) for k in (1, 2))
        discount = min(max(once / max(1, once + 2 * twice), DISCOUNTS[0]), DISCOUNTS[1])
        count, total = _look_up(grams, counts, asked), _look_up(contexts, totals, asked // size)
        share = discount * _look_up(contexts, kinds, asked // size)
        with np.errstate(invalid="ignore", divide="ignore"):
            found = (np.maximum(count - discount, 0) + share * probability) / total
        probability, known = np.where(total > 0, found, probability), known + len(grams)
    return float(-np.log(probability).mean()), known


def compressed(corpus: Corpus, program: str) -> tuple[float, int]:
    """Return the nats per character that a compressor needs for the test after the training text, and 0.

    It is the difference of two lengths: of the training text and the test together, and of the training text alone.
    gzip looks back 32 kB, xz over all of it.

    Args:
        corpus: the text.
        program: ``"gzip"`` or ``"xz"``.
    """
    train, test = (
        corpus.vocabulary.decode(torch.from_numpy(codes.astype(np.int64))).encode()
        for codes in (corpus.train, corpus.test)
    )
    pack = {"gzip": lambda data: gzip.compress(data, 9), "xz": lambda data: lzma.compress(data, preset=9)}[program]
    return 8 * math.log(2) * (len(pack(train + test)) - len(pack(train))) / len(corpus.test), 0


def _stretches(codes: np.ndarray, size: int, n: int) -> np.ndarray:
    """Return a number for every n codes in a row, [len(codes) - n + 1]."""
    windows = np.lib.stride_tricks.sliding_window_view(codes.astype(np.int64), n)
    return windows @ (np.int64(size) ** np.arange(n - 1, -1, -1))


def _look_up(keys: np.ndarray, values: np.ndarray, asked: np.ndarray) -> np.ndarray:
    """Return the value of each key that was asked for, 0 where there is none; keys are sorted."""
    place = np.searchsorted(keys, asked).clip(max=len(keys) - 1)
    return np.where(keys[place] == asked, values[place], 0)
