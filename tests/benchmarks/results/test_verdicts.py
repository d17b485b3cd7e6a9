"""Tests, their correction and the rule of the words: by hand, against scipy, and in simulated suites."""

from itertools import combinations

import numpy as np
import pytest
from scipy import stats

from benchmarks.results.hypotheses import holm, permutation_p, student_p
from benchmarks.results.statistics import LEVEL, Estimate
from benchmarks.results.verdicts import (
    TURNED,
    can_decide,
    compare,
    correct,
    seeds_to_decide,
    seeds_to_find,
    smallest_p,
    word,
)


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
    assert [c.can_decide for c in pair] == [False] * 2  # 2 / 64 for each of two is too much
    assert [c.verdict for c in pair] == ["ahead"] * 2
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


def test_scores_without_scatter_are_judged_by_their_resolution():
    constant = [0.75, 0.5, 0.25], [0.5, 0.25, 0.0]
    found = compare(*constant)
    assert (found.effect, found.difference.interval, found.p, found.verdict) == (
        None,
        None,
        0.25,
        "not distinguishable",
    )
    assert compare(*constant, resolution=0.25).verdict == "not distinguishable"  # a step of 22 answers, three times
    assert compare(*constant, resolution=0.001).verdict == "ahead"


def test_a_pair_is_judged_by_the_scatter_of_its_family_too():
    steady, erratic = compare([0.9, 0.91, 0.92], [0.1] * 3), compare([0.9, 0.1, 0.9], [0.1] * 3)
    assert correct([steady])[0].verdict == "ahead"
    first, second, third = correct([steady, erratic, erratic])  # three pairs, of three models: 2 (3 - 1) = 4 degrees
    common = np.sqrt((0.01**2 + 2 * 0.64 / 3) / 3)
    assert first.p_student == pytest.approx(2 * stats.t.sf(0.81 / (common / np.sqrt(3)), 4))
    assert first.verdict == second.verdict == third.verdict == "not distinguishable"


TRUTH = {  # can decide, differs, unanimous, equal: the word where the first has the better mean
    (True, True, True, False): "better",
    (True, True, False, False): "better",
    (True, True, True, True): "better",
    (True, True, False, True): "better",
    (False, True, True, False): "ahead",
    (False, True, True, True): "ahead",
    (False, True, False, False): "not distinguishable",
    (False, True, False, True): "equal within 0.01",
    (True, False, True, False): "not distinguishable",
    (True, False, False, False): "not distinguishable",
    (True, False, True, True): "equal within 0.01",
    (True, False, False, True): "equal within 0.01",
    (False, False, True, False): "not distinguishable",
    (False, False, False, False): "not distinguishable",
    (False, False, True, True): "equal within 0.01",
    (False, False, False, True): "equal within 0.01",
}


@pytest.mark.parametrize("case", TRUTH, ids=str)
def test_the_rule_is_this_table(case):
    decides, differs, unanimous, equal = case
    for positive in (True, False):
        found = word(
            positive=positive,
            can_decide=decides,
            differs=differs,
            unanimous=unanimous,
            equal_within=0.01 if equal else None,
        )
        assert found == (TRUTH[case] if positive else TURNED.get(TRUTH[case], TRUTH[case]))


def test_a_tie_makes_no_word_stronger():
    gains = (0.1, 0.08, 0.06, 0.05, 0.09, 0.02)
    for last in (-0.01, 0.0):  # with a seed against it or a tie: among three comparisons, p = 0.03 is too much
        (found, *_) = correct([compare([0.5 + gain for gain in (*gains, last)], [0.5] * 7)] * 3)
        assert found.can_decide
        assert (found.p, found.verdict) == (pytest.approx(4 / 128), "not distinguishable")
    (found, *_) = correct([compare([0.5 + gain for gain in (*gains, 0.01)], [0.5] * 7)] * 3)
    assert (found.p_holm, found.verdict) == (pytest.approx(6 / 128), "better")


@pytest.mark.parametrize("seeds", [3, 4, 6])
def test_ahead_takes_more_than_better(seeds):
    # Few seeds among 15 comparisons: all must agree, and Student's corrected p must be small as well.
    rng = np.random.default_rng(seeds)
    drawn = [rng.normal(1.0, 0.3, size=seeds) for _ in range(200)]
    words = set()
    for differences in drawn:
        (found, *_) = correct([compare(differences.tolist(), [0.0] * seeds)] * 15)
        assert not found.can_decide
        words.add(found.verdict)
        if found.verdict == "ahead":
            assert (differences > 0).all()
            assert found.p == found.smallest_p
            assert found.p_student * 15 < LEVEL
    assert words == {"ahead", "not distinguishable"}


def normal(rng, shape):
    return rng.normal(size=shape)


def heavy(rng, shape):
    return rng.standard_t(2, size=shape)


def coarse(rng, shape):
    return rng.binomial(22, 0.7, size=shape) / 22  # right answers of 22: many ties


def all_or_nothing(rng, shape):
    return np.where(rng.random(shape) < 0.7, 1.0, 0.1) + rng.normal(0, 0.001, size=shape)  # learnt, or not


@pytest.mark.parametrize("scores", [normal, heavy, coarse, all_or_nothing])
@pytest.mark.parametrize("seeds", [3, 6, 8])
def test_equal_models_are_called_different_in_one_suite_of_twenty_at_most(scores, seeds):
    suites, models = 2000, 5
    pairs = list(combinations(range(models), 2))
    drawn = scores(np.random.default_rng(seeds), (suites, models, seeds))
    differences = np.stack([drawn[:, a] - drawn[:, b] for a, b in pairs], 1)
    steps = np.diff(np.unique(drawn.round(9))).min()
    decides = can_decide(seeds, len(pairs))
    permutation = permutation_p(differences)
    scatter = np.maximum(differences.std(-1, ddof=1), steps)
    deciding = permutation if decides else student_p(differences.mean(-1), scatter, np.array(seeds))
    wrong = 0
    for p, q in zip(deciding, permutation, strict=True):
        words = [
            word(
                positive=True,
                can_decide=decides,
                differs=a < LEVEL,
                unanimous=b <= smallest_p(seeds),
                equal_within=None,
            )
            for a, b in zip(holm(p.tolist()), q, strict=True)
        ]
        wrong += set(words) != {"not distinguishable"}
    assert wrong / suites <= 0.05


def test_equal_within_a_margin_takes_two_tests():
    near = [0.001, -0.001, 0.002, -0.002, 0.0, 0.001]
    found = compare(near, [0.0] * 6, margin=0.01)
    low = stats.ttest_1samp(near, -0.01, alternative="greater")[1]
    high = stats.ttest_1samp(near, 0.01, alternative="less")[1]
    assert found.p_equal == pytest.approx(np.max([low, high]))
    assert found.verdict == found.turned.verdict == "equal within 0.01"
    assert compare(near, [0.0] * 6).verdict == "not distinguishable"
    assert compare([10 * v for v in near], [0.0] * 6, margin=0.01).verdict == "not distinguishable"
    wide = Estimate(0.0, 6, (-0.02, 0.02), "mixed bootstrap")  # another test set might say otherwise
    assert compare(near, [0.0] * 6, margin=0.01, with_units=wide).verdict == "not distinguishable"


def test_models_that_differ_by_the_margin_are_called_equal_in_one_suite_of_twenty_at_most():
    rng, wrong = np.random.default_rng(5), 0
    for differences in rng.normal(0.01, 0.002, size=(100, 3, 6)):
        family = correct([compare(line.tolist(), [0.0] * 6, margin=0.01) for line in differences])
        wrong += any(one.verdict.startswith("equal") for one in family)
    assert wrong / 100 <= 0.07


@pytest.mark.parametrize("effect", [0.4, 0.8, 1.5])
def test_so_many_seeds_have_the_power_they_promise(effect):
    seeds = seeds_to_find(effect, 3)
    assert seeds >= seeds_to_decide(3)
    drawn = np.random.default_rng(1).normal(effect, 1.0, size=(4000, seeds))
    found = student_p(drawn.mean(-1), drawn.std(-1, ddof=1), np.array(seeds))
    assert 0.78 < np.mean(found < LEVEL / 3) < 0.86


def test_more_seeds_are_asked_for_by_the_margin_or_the_difference_seen():
    scores = [0.01, -0.01, 0.03, 0.0, 0.02]
    scatter = float(np.std(scores, ddof=1))
    assert compare(scores, [0.0] * 5, margin=0.01).more_seeds == seeds_to_find(0.01 / scatter, 1) - 5
    assert compare(scores, [0.0] * 5).more_seeds == seeds_to_find(0.01 / scatter, 1) - 5  # the mean is 0.01 as well
    assert compare([0.1, 0.1], [0.1, 0.1]).more_seeds is None
    assert compare([0.1], [0.2]).more_seeds is None
