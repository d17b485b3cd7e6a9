"""Aggregates against closed forms, scipy and simulated coverage."""

import numpy as np
import pytest
from scipy import stats

from benchmarks.results.aggregates import LEVELS, above, aggregate, interquartile_mean, probability_of_improvement


def drawn(seed, models=3, sets=6, seeds=5):
    rng = np.random.default_rng(seed)
    means = np.linspace(0.5, 0.9, sets)[:, None, None] - 0.1 * np.arange(models)[None, :, None]
    return (means + rng.normal(0, 0.02, size=(sets, models, seeds))).tolist()


def test_the_interquartile_mean_leaves_out_a_quarter_at_either_end():
    table = [np.array([0.0, 0.5, 0.6, 1.0]), np.array([0.1, 0.4, 0.7, 0.9])]
    assert interquartile_mean(table) == pytest.approx((0.4 + 0.5 + 0.6 + 0.7) / 4)


def test_the_probability_of_improvement_is_mann_and_whitneys():
    rng = np.random.default_rng(0)
    first, second = [rng.random(5) for _ in range(3)], [rng.random(4) for _ in range(3)]
    u = [stats.mannwhitneyu(a, b).statistic / 20 for a, b in zip(first, second, strict=True)]
    assert probability_of_improvement(first, second) == pytest.approx(np.mean(u))
    assert probability_of_improvement(first, first) == pytest.approx(0.5)


def test_a_profile_counts_every_data_set_alike():
    assert above([np.array([0.9] * 10), np.array([0.1])], 0.5) == 0.5


def test_aggregates_of_models():
    found = aggregate(["first", "second", "third"], drawn(1))
    means = [one.mean for one in found.interquartile_means]
    assert means == pytest.approx([0.7, 0.6, 0.5], abs=0.02)
    for one in found.interquartile_means:
        assert one.interval is not None
        assert one.interval[0] < one.mean < one.interval[1]
        assert np.ptp(one.interval) < 0.05
    assert [one.mean for one in found.improvements] == pytest.approx([0.5, 0.0, 0.0], abs=0.01)
    again = aggregate(["first", "second", "third"], drawn(1))
    for one, other in zip(found.profiles, again.profiles, strict=True):
        assert (np.diff(one.shares) <= 0).all()
        assert (one.low <= one.shares).all()
        assert (one.shares <= one.high).all()
        assert [one.above(level) for level in LEVELS] == sorted((one.above(level) for level in LEVELS), reverse=True)
        assert np.array_equal([one.shares, one.low, one.high], [other.shares, other.low, other.high])
    assert found.interquartile_means == again.interquartile_means


def test_a_profile_is_the_share_of_scores_above_each_score():
    scores = [[[0.2, 0.6]], [[0.8]]]
    (profile,) = aggregate(["only"], scores).profiles
    assert [profile.above(level) for level in (0.1, 0.2, 0.5, 0.6, 0.7, 0.8)] == [1.0, 0.75, 0.75, 0.5, 0.5, 0.0]
    assert (profile.low[40], profile.high[40]) == (0.5, 1.0)  # above 0.2: both seeds of the first, one or none
