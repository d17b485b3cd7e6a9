"""Means and intervals against scipy, closed forms and simulated coverage."""

import math

import numpy as np
import pytest
from scipy import stats

from benchmarks.results.statistics import FEWEST_FOR_BOOTSTRAP, estimate, estimate_with_units


def test_few_values_have_students_interval():
    values = [0.81, 0.84, 0.90, 0.79]
    found = estimate(values)
    low, high = stats.t.interval(0.95, 3, loc=np.mean(values), scale=stats.sem(values))
    assert (found.mean, found.count, found.method) == (pytest.approx(np.mean(values)), 4, "Student's t")
    assert found.interval == pytest.approx((low, high))


def test_many_values_have_the_bca_bootstrap():
    values = np.random.default_rng(1).exponential(size=FEWEST_FOR_BOOTSTRAP).tolist()
    found = estimate(values)
    expected = stats.bootstrap((values,), np.mean, n_resamples=9999, method="BCa", rng=np.random.default_rng(0))
    assert found.method == "BCa bootstrap"
    assert found.interval == pytest.approx(tuple(expected.confidence_interval))
    assert found == estimate(values)
    assert sum(expected.confidence_interval) / 2 > found.mean  # skewed as the data are
    assert estimate(values[1:]).method == "Student's t"


@pytest.mark.parametrize(
    ("values", "reason"), [([0.5], "a single value"), ([0.1] * 3, "all values are equal"), ([0.1] * 30, "all values")]
)
def test_values_without_scatter_have_no_interval(values, reason):
    found = estimate(values)
    assert (found.mean, found.interval) == (values[0], None)
    assert reason in found.method
    assert not found.excludes_zero


def test_an_interval_ends_where_scores_end():
    found = estimate([0.9, 1.0, 0.95], bounds=(0.0, 1.0))
    assert found.interval == pytest.approx((0.95 - 4.302653 * 0.05 / math.sqrt(3), 1.0))


@pytest.mark.parametrize(("count", "least"), [(3, 0.93), (20, 0.90)])
def test_intervals_hold_the_mean_about_as_often_as_they_say(count, least):
    rng = np.random.default_rng(count)
    found = [estimate(rng.normal(size=count).tolist()) for _ in range(400)]
    held = np.mean([e.interval[0] <= 0 <= e.interval[1] for e in found if e.interval is not None])
    assert least <= held <= 0.98


def right_answers(rng, seeds, units, over_seeds=0.03, over_units=0.2):
    """Draw right and wrong answers: seeds scatter, and some units are hard for every seed."""
    easy = rng.normal(0.7, over_units, size=(1, units))
    share = np.clip(easy + rng.normal(0, over_seeds, size=(seeds, 1)), 0, 1)
    return (rng.random((seeds, units)) < share).astype(float)


@pytest.mark.parametrize(("seeds", "least"), [(1, 0.9), (3, 0.93), (10, 0.92)])
def test_intervals_with_units_hold_the_score_of_another_test_set(seeds, least):
    rng, held = np.random.default_rng(seeds), []
    truth = np.clip(np.random.default_rng(9).normal(0.7, 0.2, size=200_000), 0, 1).mean()  # of all seeds and units
    for _ in range(200):
        found = estimate_with_units(right_answers(rng, seeds, 60, over_seeds=0.03 if seeds > 1 else 0.0))
        assert found.interval is not None
        held.append(found.interval[0] <= truth <= found.interval[1])
    assert least <= np.mean(held) <= 1.0


def test_an_interval_with_units_is_as_wide_as_both_scatters_together():
    # 1000 units, 0 or 1, the same for every one of ten seeds: the scatter is that of units alone, sqrt(p q / n).
    units = np.repeat((np.arange(1000) < 800).astype(float)[None], 10, 0)
    found = estimate_with_units(units)
    assert found.interval is not None
    assert found.interval[1] - found.interval[0] == pytest.approx(2 * 1.96 * math.sqrt(0.8 * 0.2 / 1000), rel=0.1)
    # Seeds of 0.1 and 0.9 on equal units: the scatter is that of seeds alone, and the interval Student's.
    flat = np.repeat(np.array([[0.1], [0.5], [0.9]]), 50, 1)
    found, over_seeds = estimate_with_units(flat), estimate([0.1, 0.5, 0.9])
    assert found.interval is not None
    assert over_seeds.interval is not None
    assert found.interval == pytest.approx(over_seeds.interval, abs=0.05)
    assert estimate_with_units(flat, bounds=(0.0, 1.0)).interval == (0.0, 1.0)


def test_a_difference_on_the_same_units_is_surer_than_each_score():
    rng = np.random.default_rng(4)
    first = right_answers(rng, 5, 500)
    second = np.where(rng.random((5, 500)) < 0.02, 0.0, first)  # differs on few of the same units
    apart, alone = estimate_with_units(first, second), estimate_with_units(first)
    assert apart.interval is not None
    assert alone.interval is not None
    assert apart.mean == pytest.approx(first.mean() - second.mean())
    assert np.ptp(apart.interval) < np.ptp(alone.interval) / 2
    assert estimate_with_units(first, second[:1]).count == 5  # against a baseline with one score a unit
    assert estimate_with_units(first, first).method == "no interval: all values are equal"


@pytest.mark.parametrize(("pooling", "score"), [("mean", 3.0), ("root mean", math.sqrt(3.0)), ("median", 2.0)], ids=str)
def test_units_are_pooled_as_the_score_is(pooling, score):
    units = np.array([[1.0, 2.0, 6.0] * 30])
    found = estimate_with_units(units, pooling=pooling)
    assert found.mean == pytest.approx(score)
    assert found.interval is not None
    assert found.interval[0] <= score <= found.interval[1]
