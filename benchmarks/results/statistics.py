"""Numbers about numbers: means and intervals over seeds, paired comparisons, and ranks across tasks.

Nothing here knows of records or tasks. What the words of a report mean is said in ``docs/statistics.md``.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import stats

LEVEL = 0.05  # intervals hold 1 - LEVEL, tests reject below LEVEL
FEWEST_FOR_BOOTSTRAP = 20  # with 3 seeds a 95 % BCa interval holds the mean 72 % of the time, with 20 at last 92 %
FEWEST_TASKS = 6  # with fewer, not even a unanimous order of two models has a Wilcoxon p under LEVEL: 2 / 2^6 = 0.03
RESAMPLES = 9999


@dataclass(frozen=True)
class Estimate:
    """A mean and its 95 % interval.

    Attributes:
        mean: of the values.
        count: how many values there were.
        interval: its lower and upper end; ``None`` where there is no interval.
        method: ``"BCa bootstrap"``, ``"Student's t"``, or why there is no interval.
    """

    mean: float
    count: int
    interval: tuple[float, float] | None
    method: str

    @property
    def excludes_zero(self) -> bool:
        """Whether there is an interval and zero is outside."""
        return self.interval is not None and (self.interval[0] > 0 or self.interval[1] < 0)


def estimate(values: Sequence[float], bounds: tuple[float, float] = (-math.inf, math.inf)) -> Estimate:
    """Return the mean with a 95 % interval: bias-corrected accelerated bootstrap, or Student's t where values are few.

    The bootstrap (Efron 1987) needs many values: a resample of three has only ten forms, and its interval is too short.
    Under ``FEWEST_FOR_BOOTSTRAP`` values the interval is therefore Student's, which supposes that means scatter
    normally. A single value, or values that are all equal, tell nothing of the scatter: then there is no interval.

    Args:
        values: one for each seed.
        bounds: what a value can be at all; an interval is cut there.

    >>> found = estimate([1.0, 2.0, 3.0])
    >>> found.mean, [round(end, 3) for end in found.interval], found.method
    (2.0, [-0.484, 4.484], "Student's t")
    >>> estimate([1.0, 1.0, 1.0]).method
    'no interval: all values are equal'
    """
    sample = np.asarray(values, dtype=float)
    mean, count = float(sample.mean()), sample.size
    if count < 2:
        return Estimate(mean, count, None, "no interval: a single value")
    if np.ptp(sample) == 0:
        return Estimate(float(sample[0]), count, None, "no interval: all values are equal")
    if count >= FEWEST_FOR_BOOTSTRAP:
        rng = np.random.default_rng(0)
        found = stats.bootstrap((sample,), np.mean, n_resamples=RESAMPLES, method="BCa", rng=rng)
        low, high, method = *found.confidence_interval, "BCa bootstrap"
    else:
        half = stats.t.ppf(1 - LEVEL / 2, count - 1) * stats.sem(sample)
        low, high, method = mean - half, mean + half, "Student's t"
    return Estimate(mean, count, (max(float(low), bounds[0]), min(float(high), bounds[1])), method)


@dataclass(frozen=True)
class Comparison:
    """Two models on the same seeds and splits; a difference over zero speaks for the first.

    Attributes:
        difference: mean of the differences, and its interval.
        effect: the mean difference in units of the differences' standard deviation (Cohen's d_z); ``None`` where they
            do not scatter.
        p: of the permutation test, two-sided.
        smallest_p: the smallest p that this test can give with so many seeds.
        p_holm: p after Holm's correction for all comparisons of the family.
        family: how many comparisons the family has.
    """

    difference: Estimate
    effect: float | None
    p: float
    smallest_p: float
    p_holm: float = 1.0
    family: int = 1

    @property
    def can_decide(self) -> bool:
        """Whether the corrected test could reject at all."""
        return self.smallest_p * self.family < LEVEL

    @property
    def verdict(self) -> str:
        """``"better"``, ``"ahead"``, ``"not distinguishable"``, ``"behind"`` or ``"worse"``, of the first.

        Better and worse are told apart by the corrected test. Where seeds are too few for the test to decide anything,
        a model is ahead or behind if the interval of the difference excludes zero, or if three seeds or more all have
        the same difference, which has no interval.
        """
        d = self.difference
        positive = d.mean > 0
        if self.p_holm < LEVEL:
            return "better" if positive else "worse"
        constant = d.interval is None and d.count > 2 and d.mean != 0
        if not self.can_decide and (d.excludes_zero or constant):
            return "ahead" if positive else "behind"
        return "not distinguishable"

    @property
    def turned(self) -> "Comparison":
        """The same comparison, with the second model first."""
        d = self.difference
        return replace(
            self,
            difference=replace(d, mean=-d.mean, interval=d.interval and (-d.interval[1], -d.interval[0])),
            effect=None if self.effect is None else -self.effect,
        )


def compare(first: Sequence[float], second: Sequence[float], higher_is_better: bool = True) -> Comparison:
    """Compare paired scores: entry i of both comes from the same seed and split.

    The permutation test asks how often swapping the two models within pairs gives a mean difference as large: all 2^n
    ways for up to 13 pairs, else 9999 random ones. With n pairs p is at least 2 / 2^n: 0.25 with three seeds, so that
    three seeds can never be significant, and 0.03 with six.

    >>> comparison = compare([0.9, 0.8, 0.9], [0.5, 0.5, 0.4])
    >>> comparison.p, comparison.smallest_p, comparison.verdict
    (0.25, 0.25, 'ahead')
    """
    sign = 1.0 if higher_is_better else -1.0
    a, b = sign * np.asarray(first, dtype=float), sign * np.asarray(second, dtype=float)
    differences = a - b
    difference = estimate(differences)  # pyright: ignore[reportArgumentType]
    if not differences.any():
        return Comparison(difference, None, p=1.0, smallest_p=1.0)
    scatter = differences.std(ddof=1) if differences.size > 1 else 0.0
    effect = float(differences.mean() / scatter) if difference.interval is not None else None
    if differences.size == 1:
        return Comparison(difference, effect, p=1.0, smallest_p=1.0)
    found = stats.permutation_test(
        (a, b),
        lambda x, y, axis: np.mean(x - y, axis=axis),
        permutation_type="samples",
        vectorized=True,
        n_resamples=RESAMPLES,
        rng=np.random.default_rng(0),
    )
    return Comparison(difference, effect, float(found.pvalue), smallest_p(int(np.count_nonzero(differences))))


def smallest_p(pairs: int) -> float:
    """Return the smallest two-sided p of a permutation test with so many pairs that differ.

    >>> smallest_p(3), smallest_p(6)
    (0.25, 0.03125)
    """
    return max(2.0 / 2**pairs, 2.0 / (RESAMPLES + 1))


def seeds_to_decide(family: int) -> int:
    """Return how many seeds the permutation test needs before any comparison of a family can be significant.

    >>> seeds_to_decide(1), seeds_to_decide(10)
    (6, 9)
    """
    return next(n for n in range(1, 64) if 2.0 / 2**n * family < LEVEL)


def correct(family: Sequence[Comparison]) -> list[Comparison]:
    """Return the comparisons with p corrected by Holm (1979) for all of them together."""
    corrected = holm([comparison.p for comparison in family])
    return [replace(c, p_holm=p, family=len(family)) for c, p in zip(family, corrected, strict=True)]


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


@dataclass(frozen=True)
class Ranking:
    """Models over several tasks, as Demsar (2006) compares classifiers.

    Attributes:
        ranks: each model's mean rank over tasks, 1 for the best; ties share the mean of their places.
        p: of Friedman's test in Iman and Davenport's form, that all models rank alike.
        critical_difference: of Nemenyi's test: ranks closer than this are not distinguishable.
        cliques: the largest groups of models, as indices from the best on, that are not distinguishable.
    """

    ranks: list[float]
    p: float
    critical_difference: float
    cliques: list[list[int]]


def rank(scores: Sequence[Sequence[float]]) -> Ranking:
    """Rank models by scores [tasks, models], where higher is better.

    ``CD = q sqrt(k (k + 1) / (6 N))`` for k models and N tasks, with q the studentised range's quantile over sqrt(2).
    """
    table = np.asarray(scores, dtype=float)
    tasks, models = table.shape
    ranks = stats.rankdata(-table, axis=1).mean(0)
    chi2 = stats.friedmanchisquare(*table.T).statistic if np.ptp(table, axis=1).any() else 0.0
    rest = tasks * (models - 1) - chi2
    f = math.inf if rest <= 1e-12 else (tasks - 1) * chi2 / rest
    p = float(stats.f.sf(f, models - 1, (models - 1) * (tasks - 1)))
    q = stats.studentized_range.ppf(1 - LEVEL, models, np.inf) / math.sqrt(2)
    distance = float(q * math.sqrt(models * (models + 1) / (6 * tasks)))
    joined = distance if p < LEVEL else math.inf  # without Friedman's word nobody is told apart
    return Ranking(ranks.tolist(), p, distance, _cliques(ranks.tolist(), joined))


def _cliques(ranks: list[float], distance: float) -> list[list[int]]:
    """Return the runs of neighbouring ranks that span at most a distance, largest only, two models or more."""
    order = sorted(range(len(ranks)), key=lambda i: ranks[i])
    found: list[list[int]] = []
    for start in range(len(order)):
        group = [i for i in order[start:] if ranks[i] - ranks[order[start]] <= distance]
        if len(group) > 1 and not (found and set(group) <= set(found[-1])):
            found.append(group)
    return found
