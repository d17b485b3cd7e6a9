"""Statistics against scipy, closed forms, published examples and simulated coverage."""

import math

import numpy as np
import pytest
from scipy import stats

from benchmarks.results.statistics import (
    FEWEST_FOR_BOOTSTRAP,
    compare,
    correct,
    estimate,
    holm,
    rank,
    seeds_to_decide,
    smallest_p,
)


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


def test_permutation_p_is_exact():
    # All 2^4 signs of 1, 2, 3, -4 by hand: the sum is 2; the sums at least as large are 10, 8, 6, 4, 2, 4, 2 (of
    # +-1 +-2 +-3 +-4: 7 of 16 are >= 2), so p = 2 * 7 / 16.
    found = compare([1, 2, 3, -4], [0, 0, 0, 0])
    assert found.p == pytest.approx(14 / 16)
    assert found.difference.mean == 0.5
    assert found.effect == pytest.approx(0.5 / np.std([1, 2, 3, -4], ddof=1))


def test_three_seeds_can_never_be_significant():
    found = compare([0.99, 0.98, 0.99], [0.1, 0.1, 0.2])
    assert found.p == found.smallest_p == smallest_p(3) == 0.25
    assert not found.can_decide
    assert found.verdict == "ahead"
    assert compare([0.1, 0.1, 0.2], [0.99, 0.98, 0.99]).verdict == "behind"
    assert compare([0.1, 0.1, 0.2], [0.99, 0.98, 0.99], higher_is_better=False).verdict == "ahead"


def test_six_seeds_can_be():
    first, second = [0.9, 0.91, 0.92, 0.93, 0.94, 0.95], [0.8] * 6
    (found,) = correct([compare(first, second)])
    assert found.p_holm == found.p == 2 / 64
    assert found.verdict == "better"
    assert correct([compare(second, first)])[0].verdict == "worse"
    pair = correct([compare(first, second)] * 2)
    assert [c.p_holm for c in pair] == [4 / 64] * 2
    assert [c.can_decide for c in pair] == [False] * 2
    assert seeds_to_decide(2) == 7


def test_a_test_that_could_decide_has_the_last_word():
    # Nine differences of one sign but one: the test could go down to 2/512 and says 0.06.
    differences = [0.1, 0.2, 0.1, 0.3, 0.2, 0.1, 0.1, 0.2, -0.3]
    found = compare(differences, [0.0] * 9)
    assert found.can_decide
    assert found.p > 0.05
    assert found.verdict == "not distinguishable"


def test_equal_scores_and_single_seeds_are_not_distinguishable():
    assert compare([0.5, 0.5, 1.0], [0.5, 0.5, 1.0]).verdict == "not distinguishable"
    single = compare([0.9], [0.1])
    assert (single.p, single.verdict, single.effect) == (1.0, "not distinguishable", None)


def test_the_same_difference_on_every_seed_has_no_interval_and_counts_from_three_seeds_on():
    constant = compare([0.75, 0.5, 0.25], [0.5, 0.25, 0.0])
    assert (constant.effect, constant.difference.interval, constant.p) == (None, None, 0.25)
    assert constant.verdict == "ahead"
    assert compare([0.75, 0.5], [0.5, 0.25]).verdict == "not distinguishable"


def test_the_test_rejects_as_rarely_as_it_says():
    rng = np.random.default_rng(0)
    p = [compare(rng.normal(size=8).tolist(), rng.normal(size=8).tolist()).p for _ in range(500)]
    assert 0.02 < np.mean(np.array(p) < 0.05) < 0.08


def test_holm_is_scipys_and_statsmodels_by_hand():
    # Holm 1979: sorted 0.005, 0.01, 0.02, 0.04 times 4, 3, 2, 1 is 0.02, 0.03, 0.04, 0.04.
    assert holm([0.04, 0.005, 0.02, 0.01]) == pytest.approx([0.04, 0.02, 0.04, 0.03])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([0.02, 0.011, 0.011]) == pytest.approx([0.033, 0.033, 0.033])
    assert holm([]) == []


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


def test_nobody_is_told_apart_without_friedmans_word():
    found = rank([[1.0, 2.0, 3.0], [3.0, 2.0, 1.0]] * 4)
    assert found.ranks == [2.0, 2.0, 2.0]
    assert found.p == 1.0
    assert found.cliques == [[0, 1, 2]]
    assert rank([[1.0, 1.0, 1.0]] * 6).ranks == [2.0] * 3
