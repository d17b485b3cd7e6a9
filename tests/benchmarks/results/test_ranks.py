"""Ranks over data sets against scipy and a published example."""

import math

import numpy as np
import pytest
from scipy import stats

from benchmarks.results.ranks import rank


def test_ranks_of_demsars_example():
    # Demsar 2006, section 3.2.2: 14 data sets, 4 classifiers, q = 2.569 and CD = 1.25.
    rng = np.random.default_rng(0)
    found = rank(rng.normal(size=(14, 4)).tolist())
    assert found.critical_difference == pytest.approx(2.569 * math.sqrt(4 * 5 / (6 * 14)), abs=1e-3)
    assert found.critical_difference == pytest.approx(1.25, abs=5e-3)


def test_friedman_is_iman_and_davenports():
    scores = np.random.default_rng(2).normal([0.0, 0.0, 1.5], size=(10, 3))
    found = rank(scores.tolist())
    chi2 = stats.friedmanchisquare(*scores.T).statistic
    f = 9 * chi2 / (10 * 2 - chi2)
    assert found.p == pytest.approx(stats.f.sf(f, 2, 18))
    assert found.ranks == pytest.approx(stats.rankdata(-scores, axis=1).mean(0))


def test_cliques_join_what_the_critical_difference_does():
    # In all 8 tasks the order is the same: ranks 1, 2, 3, 4 and CD = 2.569 * sqrt(20 / 48) = 1.66.
    found = rank([[4.0, 3.0, 2.0, 1.0]] * 8)
    assert found.ranks == [1.0, 2.0, 3.0, 4.0]
    assert found.p == 0.0
    assert found.cliques == [[0, 1], [1, 2], [2, 3]]


def test_no_two_are_distinguished_without_friedmans_word():
    found = rank([[1.0, 2.0, 3.0], [3.0, 2.0, 1.0]] * 4)
    assert found.ranks == [2.0, 2.0, 2.0]
    assert found.p == 1.0
    assert found.cliques == [[0, 1, 2]]
    assert rank([[1.0, 1.0, 1.0]] * 6).ranks == [2.0] * 3
