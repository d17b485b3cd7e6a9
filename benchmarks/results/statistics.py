"""Means with their intervals: over seeds, and over seeds and the units of the test set.

Nothing here knows of records or tasks. What the words of a report mean is said in ``docs/statistics.md``.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy import stats

LEVEL = 0.05  # intervals hold 1 - LEVEL, tests reject below LEVEL
FEWEST_FOR_BOOTSTRAP = 20  # with 3 seeds a 95 % BCa interval holds the mean 72 % of the time, with 20 at last 92 %
RESAMPLES = 9999
UNIT_RESAMPLES = 999


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


POOLINGS: dict[str, Callable[[np.ndarray], np.ndarray]] = {  # from the scores of units [..., units] to a test score
    "mean": lambda units: units.mean(-1),
    "root mean": lambda units: np.sqrt(units.mean(-1)),
    "median": lambda units: np.median(units, -1),
}


def estimate_with_units(
    units: np.ndarray,
    minus: np.ndarray | None = None,
    *,
    pooling: str = "mean",
    bounds: tuple[float, float] = (-math.inf, math.inf),
) -> Estimate:
    """Return the mean test score with a 95 % interval over other seeds *and* other test sets of as many units.

    A mixed bootstrap. Each of ``UNIT_RESAMPLES`` rounds draws the units with replacement, the same for all seeds, and
    pools them to a score s_k of each of the n seeds; seeds are too few to be drawn, so their part is Student's: the
    round's value is ``mean(s) + t sd(s) / sqrt(n)`` with t of n - 1 degrees of freedom. The interval holds the
    middle 95 % of these values. With a single seed it is over units alone.

    Args:
        units: a score for each seed and unit, [seeds, units]; every seed has the same units.
        minus: another model's on the same units, [seeds, units] or [1, units]; then all is about the difference.
        pooling: how a seed's units make its score, a key of ``POOLINGS``.
        bounds: what a value can be at all; an interval is cut there.

    >>> found = estimate_with_units(np.array([[1.0, 0.0, 1.0, 1.0] * 25, [1.0, 0.0, 1.0, 0.0] * 25]))
    >>> found.mean, found.interval[0] < 0.5, found.interval[1] > 0.75  # half a point over seeds, and 0.05 over units
    (0.625, True, True)
    """
    sides = [units] if minus is None else [units, np.broadcast_to(minus, units.shape)]
    pooled = [POOLINGS[pooling](side) for side in sides]
    drawn = [_resampled(side, pooling) for side in sides]
    scores = pooled[0] - pooled[1] if minus is not None else pooled[0]
    rounds = drawn[0] - drawn[1] if minus is not None else drawn[0]  # [rounds, seeds]
    seeds, values = scores.size, rounds.mean(1)
    if seeds > 1:
        places = np.random.default_rng(1).permutation(len(values)) + 0.5  # every part of the distribution once
        t = stats.t.ppf(places / len(values), seeds - 1)
        values = values + t * rounds.std(1, ddof=1) / math.sqrt(seeds)
    if np.ptp(values) == 0:
        return Estimate(float(scores.mean()), seeds, None, "no interval: all values are equal")
    low, high = np.quantile(values, [LEVEL / 2, 1 - LEVEL / 2])
    ends = max(float(low), bounds[0]), min(float(high), bounds[1])
    return Estimate(float(scores.mean()), seeds, ends, "mixed bootstrap")


def _resampled(units: np.ndarray, pooling: str) -> np.ndarray:
    """Return the score of each seed on each round's units, [rounds, seeds]: the rounds are the same for every model."""
    counts = _counts(units.shape[1])
    if pooling == "median":
        places = [np.repeat(np.arange(units.shape[1]), count) for count in counts]
        return np.stack([np.median(units[:, place], 1) for place in places])
    means = counts.astype(np.float64) @ units.T / units.shape[1]
    return np.sqrt(means) if pooling == "root mean" else means


@lru_cache(maxsize=4)
def _counts(units: int) -> np.ndarray:
    """Return how often each unit is drawn in each round, [rounds, units]."""
    rng = np.random.default_rng(0)
    drawn = (np.bincount(rng.integers(units, size=units), minlength=units) for _ in range(UNIT_RESAMPLES))
    return np.stack([counts.astype(np.uint8) for counts in drawn])
