"""Tests of differences against scipy and by hand."""

import numpy as np
import pytest
from scipy import stats

from benchmarks.results.hypotheses import holm, permutation_p, student_p


def test_the_test_rejects_as_rarely_as_it_says():
    rng = np.random.default_rng(0)
    p = permutation_p(rng.normal(size=(2000, 8)))
    assert 0.02 < np.mean(p < 0.05) < 0.06
    assert p[:3] == pytest.approx([float(permutation_p(line)) for line in np.random.default_rng(0).normal(size=(3, 8))])


def test_holm_is_scipys_and_statsmodels_by_hand():
    # Holm 1979: sorted 0.005, 0.01, 0.02, 0.04 times 4, 3, 2, 1 is 0.02, 0.03, 0.04, 0.04.
    assert holm([0.04, 0.005, 0.02, 0.01]) == pytest.approx([0.04, 0.02, 0.04, 0.03])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([0.02, 0.011, 0.011]) == pytest.approx([0.033, 0.033, 0.033])
    assert holm([]) == []


def test_students_p_is_scipys():
    differences = np.random.default_rng(3).normal(0.5, size=(4, 6))
    means, scatter, six = differences.mean(-1, keepdims=True), differences.std(-1, ddof=1, keepdims=True), np.array(6)
    expected = stats.ttest_1samp(differences, 0, axis=-1)[1]
    assert student_p(means, scatter, six)[:, 0] == pytest.approx(expected)  # each a family of one
    assert student_p(means, 0 * scatter, six) == pytest.approx(np.ones((4, 1)))
    assert student_p(means, scatter, np.array(1)) == pytest.approx(np.ones((4, 1)))
