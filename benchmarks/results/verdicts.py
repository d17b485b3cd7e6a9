"""Two models on the same seeds: their comparison, its correction for many pairs, and the one rule of the words.

The rule is ``word``; ``docs/statistics.md`` has it as a table.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import stats

from .hypotheses import EXACT, equality_p, holm, permutation_p, student_p
from .statistics import LEVEL, RESAMPLES, Estimate, estimate

POWER = 0.8  # with which a difference is to be found
MOST_SEEDS = 1000  # that a report asks for

TURNED = {"better": "worse", "ahead": "behind", "worse": "better", "behind": "ahead"}


@dataclass(frozen=True)
class Comparison:
    """Two models on the same seeds and splits; a difference over zero speaks for the first.

    Attributes:
        difference: mean of the differences over the seeds, and its interval.
        effect: the mean difference in units of the differences' standard deviation (Cohen's d_z); ``None`` where they
            do not scatter.
        p: of the permutation test, two-sided.
        smallest_p: the smallest p that this test can give with so many seeds, whatever the scores are.
        scatter: standard deviation of the differences, at least the scores' resolution; 0 where nothing is known of it.
        margin: the difference that does not matter.
        with_units: the mean difference with its interval over seeds and units of the test set, where these are at hand.
        p_student: of Student's paired test, two-sided, see ``student_p``.
        p_equal: of two one-sided Student's tests that the difference is not within the margin; 1 without margin.
        p_holm: the p of the test that decides (the permutation test where ``can_decide``, else Student's) after Holm's
            correction for all comparisons of the family.
        p_equal_holm: the same of ``p_equal``.
        family: how many comparisons the family has.
    """

    difference: Estimate
    effect: float | None
    p: float
    smallest_p: float
    scatter: float
    margin: float | None = None
    with_units: Estimate | None = None
    p_student: float = 1.0
    p_equal: float = 1.0
    p_holm: float = 1.0
    p_equal_holm: float = 1.0
    family: int = 1

    @property
    def can_decide(self) -> bool:
        """Whether the permutation test could reject at all: a matter of the number of seeds and pairs alone."""
        return can_decide(self.difference.count, self.family)

    @property
    def verdict(self) -> str:
        """The word for the first model; see ``word``."""
        return word(
            positive=self.difference.mean > 0,
            can_decide=self.can_decide,
            differs=self.p_holm < LEVEL,
            unanimous=self.p <= self.smallest_p,
            equal_within=self.margin if self._is_equal else None,
        )

    @property
    def _is_equal(self) -> bool:
        """Whether the test of equality says so and, where units are at hand, no other test set would gainsay it."""
        if self.margin is None or self.p_equal_holm >= LEVEL:
            return False
        ends = self.with_units.interval if self.with_units is not None else None
        return ends is None or max(-ends[0], ends[1]) < self.margin

    @property
    def more_seeds(self) -> int | None:
        """How many more seeds it takes to find a difference as large as the margin, or as the one seen without one.

        With a power of ``POWER``, among so many comparisons. ``None`` where the scatter is unknown or there is no
        difference to be found, ``MOST_SEEDS`` where it is as many or more.
        """
        size = self.margin or abs(self.difference.mean)
        if not self.scatter or not size:
            return None
        return max(seeds_to_find(size / self.scatter, self.family) - self.difference.count, 0)

    @property
    def turned(self) -> "Comparison":
        """The same comparison, with the second model first."""
        return replace(
            self,
            difference=_turned(self.difference),
            effect=None if self.effect is None else -self.effect,
            with_units=None if self.with_units is None else _turned(self.with_units),
        )


def _turned(found: Estimate) -> Estimate:
    return replace(found, mean=-found.mean, interval=found.interval and (-found.interval[1], -found.interval[0]))


def word(*, positive: bool, can_decide: bool, differs: bool, unanimous: bool, equal_within: float | None) -> str:
    """Return the word for the first of two models: the one rule of all reports.

    ``differs`` is of the permutation test where that can decide. Where seeds are too few it is of Student's test, which
    takes it that differences scatter normally; the weaker word then takes more: all seeds must agree, too.

    Args:
        positive: whether the first has the better mean.
        can_decide: whether the permutation test could reject with so many seeds and comparisons.
        differs: whether the test that decides rejects, after correction.
        unanimous: whether the permutation test's p is the smallest there is: all seeds agree.
        equal_within: the margin, where the test of equality within it rejects; else ``None``.

    >>> word(positive=True, can_decide=True, differs=True, unanimous=False, equal_within=None)
    'better'
    >>> word(positive=False, can_decide=False, differs=True, unanimous=True, equal_within=None)
    'behind'
    """
    if differs and can_decide:
        return "better" if positive else "worse"
    if differs and unanimous:
        return "ahead" if positive else "behind"
    return "not distinguishable" if equal_within is None else f"equal within {equal_within:g}"


def compare(
    first: Sequence[float],
    second: Sequence[float],
    higher_is_better: bool = True,
    *,
    resolution: float = 0.0,
    margin: float | None = None,
    with_units: Estimate | None = None,
) -> Comparison:
    """Compare paired scores: entry i of both comes from the same seed and split.

    Args:
        first: scores of the first model.
        second: scores of the second.
        higher_is_better: whether a higher score is better.
        resolution: the step in which scores can differ: the scatter cannot be known to be smaller.
        margin: the difference that does not matter; ``None`` without one.
        with_units: the mean difference over seeds and units.

    >>> comparison = compare([0.9, 0.8, 0.9], [0.5, 0.5, 0.4])
    >>> comparison.p, comparison.smallest_p, comparison.verdict
    (0.25, 0.25, 'ahead')
    """
    sign = 1.0 if higher_is_better else -1.0
    differences = sign * (np.asarray(first, dtype=float) - np.asarray(second, dtype=float))
    difference, count = estimate(differences.tolist()), differences.size
    deviation = float(differences.std(ddof=1)) if count > 1 and np.ptp(differences) else 0.0
    scatter = max(deviation, resolution) if count > 1 else 0.0
    found = Comparison(
        difference,
        effect=float(differences.mean() / deviation) if deviation else None,
        p=float(permutation_p(differences)),
        smallest_p=smallest_p(count),
        scatter=scatter,
        margin=margin,
        with_units=with_units,
    )
    return correct([found])[0]


def smallest_p(pairs: int) -> float:
    """Return the smallest two-sided p of a permutation test with so many pairs.

    >>> smallest_p(3), smallest_p(6)
    (0.25, 0.03125)
    """
    return min(max(2.0 / 2.0 ** min(pairs, 64), 2.0 / (RESAMPLES + 1) if pairs > EXACT else 0.0), 1.0)


def can_decide(seeds: int, family: int) -> bool:
    """Return whether the permutation test could reject with so many seeds, among so many comparisons."""
    return smallest_p(seeds) * family < LEVEL


def seeds_to_decide(family: int) -> int:
    """Return how many seeds the permutation test needs before any comparison of a family can be significant.

    >>> seeds_to_decide(1), seeds_to_decide(10)
    (6, 9)
    """
    return next((n for n in range(1, EXACT + 2) if can_decide(n, family)), MOST_SEEDS)


def seeds_to_find(effect: float, family: int) -> int:
    """Return how many seeds find a difference of so many standard deviations with a power of ``POWER``.

    The smallest n with ``n >= ((t_a + t_b) / effect)^2``, t_a and t_b the quantiles of Student's t with n - 1 degrees
    of freedom at 1 - LEVEL / (2 family) and POWER; never fewer than the permutation test needs, and at most
    ``MOST_SEEDS``.

    >>> seeds_to_find(1.0, 1), seeds_to_find(0.5, 1)
    (10, 34)
    """
    seeds = np.arange(2, MOST_SEEDS)
    quantiles = stats.t.ppf(1 - LEVEL / (2 * family), seeds - 1) + stats.t.ppf(POWER, seeds - 1)
    enough = seeds[seeds >= (quantiles / effect) ** 2]
    return max(int(enough[0]) if enough.size else MOST_SEEDS, seeds_to_decide(family))


def correct(family: Sequence[Comparison], *, alike: bool = True) -> list[Comparison]:
    """Return the comparisons with p corrected by Holm (1979) for all of them together.

    Which test decides a comparison follows from the number of its seeds and of the comparisons alone, before any score
    is seen; so the corrected p keep the family's error, though the tests may differ.

    Args:
        family: the comparisons.
        alike: whether their scores are of one task, so that what they scatter says something of one another.
    """
    if not family:
        return []
    margins = [np.nan if c.margin is None else c.margin for c in family]
    values = [(c.difference.mean, c.scatter, c.difference.count) for c in family]
    columns = [
        np.array(column).reshape((-1,) if alike else (-1, 1)) for column in (*zip(*values, strict=True), margins)
    ]
    student = student_p(*columns[:3]).ravel().tolist()
    equal = equality_p(*columns).ravel().tolist()
    able = [can_decide(c.difference.count, len(family)) for c in family]
    deciding = holm([c.p if decides else p for c, p, decides in zip(family, student, able, strict=True)])
    found = zip(family, student, equal, deciding, holm(equal), strict=True)
    size = len(family)
    return [replace(c, p_student=s, p_equal=e, p_holm=p, p_equal_holm=q, family=size) for c, s, e, p, q in found]
