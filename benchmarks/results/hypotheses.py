"""Tests of paired differences, for many pairs at a time: permutations, Student's, equality, and Holm's correction."""

import math
from collections.abc import Sequence

import numpy as np
from scipy import stats

from .statistics import RESAMPLES

EXACT = 13  # pairs up to which the permutation test tries all ways: 2^13 are fewer than RESAMPLES
BATCH = 2**22  # numbers that the permutation test has in memory at a time


def permutation_p(differences: np.ndarray) -> np.ndarray:
    """Return the two-sided p of paired permutation tests, [...] of differences [..., pairs].

    It asks how often swapping the two models within pairs gives a mean difference as large: all 2^n ways for up to
    ``EXACT`` pairs, else ``RESAMPLES`` random ones. With n pairs p is at least 2 / 2^n: 0.25 with three seeds, so that
    three seeds can never be significant, and 0.03 with six.
    """
    if differences.shape[-1] < 2:
        return np.ones(differences.shape[:-1])
    zeros = np.zeros_like(differences)
    found = stats.permutation_test(
        (differences, zeros),
        lambda x, y, axis: np.mean(x - y, axis=axis),
        permutation_type="samples",
        vectorized=True,
        n_resamples=RESAMPLES,
        batch=max(1, BATCH // max(differences.size, 1)),
        axis=-1,
        rng=np.random.default_rng(0),
    )
    return np.asarray(found.pvalue)


def student_p(means: np.ndarray, scatter: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Return the two-sided p of Student's paired tests [..., pairs] of a family, the larger of two.

    One takes each pair's own scatter. The other takes that of the family (``common_scatter``): where models learn all
    or nothing, the few seeds of one pair may agree by chance, those of all pairs do not. Where the scatter is 0, or
    there is a single seed, nothing is known of it, and p is 1.

    Args:
        means: mean differences.
        scatter: standard deviations of the differences.
        counts: how many differences there are.
    """
    return np.maximum(*(2 * stats.t.sf(t, freedom) for t, freedom in _students(np.abs(means), scatter, counts)))


def equality_p(means: np.ndarray, scatter: np.ndarray, counts: np.ndarray, margins: np.ndarray) -> np.ndarray:
    """Return the p of two one-sided tests (Schuirmann 1987): the larger of those against minus and plus the margin.

    Scatter is taken as in ``student_p``. It is 1 where there is no margin (not a number).
    """
    room = np.nan_to_num(margins, nan=-1.0) - np.abs(means)
    found = np.maximum(*(stats.t.sf(t, freedom) for t, freedom in _students(room, scatter, counts)))
    return np.where(np.isnan(margins) | (scatter <= 0) | (counts < 2), 1.0, found)


def _students(
    means: np.ndarray, scatter: np.ndarray, counts: np.ndarray
) -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """Return t and its degrees of freedom by each pair's own scatter, and by the family's."""
    common, freedom = common_scatter(scatter, counts)
    own = np.maximum(counts - 1, 1)
    return (_t(means, scatter, counts), own), (_t(means, common, counts), np.maximum(freedom, own))


def _t(means: np.ndarray, scatter: np.ndarray, counts: np.ndarray) -> np.ndarray:
    error = scatter / np.sqrt(counts)
    return np.divide(means, error, out=np.zeros(np.shape(means)), where=(error > 0) & (counts > 1))


def common_scatter(scatter: np.ndarray, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the root mean square of the scatters of a family's pairs [..., pairs], and its degrees of freedom.

    m pairs are of k models at least, m = k (k - 1) / 2, which have (k - 1) (n - 1) independent differences.
    """
    models = math.floor((1 + math.sqrt(1 + 8 * scatter.shape[-1])) / 2)
    common = np.sqrt(np.mean(scatter**2, axis=-1, keepdims=True))
    return common, (models - 1) * np.maximum(counts - 1, 1)


def holm(p_values: Sequence[float]) -> list[float]:
    """Return Holm's adjusted p-values: the i-th smallest of m times m - i + 1, never falling, at most 1.

    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    corrected, so_far = [1.0] * len(p_values), 0.0
    for place, index in enumerate(sorted(range(len(p_values)), key=lambda i: p_values[i])):
        so_far = max(so_far, min(1.0, p_values[index] * (len(p_values) - place)))
        corrected[index] = so_far
    return corrected
