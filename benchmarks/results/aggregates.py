"""Scores of several data sets taken together, with intervals over seeds, after Agarwal et al. (2021)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from .statistics import LEVEL, Estimate

RESAMPLES = 1999
LEVELS = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95)  # scores at which a performance profile is said in figures
GRID = np.linspace(0, 1, 201)  # scores at which it is drawn; the levels are among them

Table = list[np.ndarray]  # a model's scores: for each data set one for each seed


@dataclass(frozen=True)
class Profile:
    """A model's performance profile: the share of its scores above each score of ``GRID``, with a 95 % interval."""

    shares: np.ndarray
    low: np.ndarray
    high: np.ndarray

    def above(self, level: float) -> float:
        """Return the share of scores above a level of ``GRID``."""
        return float(self.shares[np.abs(GRID - level).argmin()])


@dataclass(frozen=True)
class Aggregates:
    """Models over several data sets; every data set counts alike, and so does every seed of it.

    Attributes:
        models: their names.
        interquartile_means: of each model, the mean of the middle half of its scores.
        profiles: of each model.
        improvements: of each model, the probability that it has a higher score than the first, on a data set drawn at
            random; 0.5 for the first itself.
    """

    models: list[str]
    interquartile_means: list[Estimate]
    profiles: list[Profile]
    improvements: list[Estimate]


def aggregate(models: list[str], scores: Sequence[Sequence[Sequence[float]]]) -> Aggregates:
    """Return the aggregates of scores in [0, 1], [data sets][models][seeds], higher being better.

    Intervals are of the stratified bootstrap: the seeds of every data set are drawn with replacement, the data sets
    themselves are not, so that the interval is of these data sets alone.
    """
    tables = [[np.asarray(line[place], dtype=float) for line in scores] for place in range(len(models))]
    drawn = [_drawn(table, np.random.default_rng(place)) for place, table in enumerate(tables)]
    beaten = [
        _estimate(probability_of_improvement(table, tables[0]), probability_of_improvement(rounds, drawn[0]))
        for table, rounds in zip(tables[1:], drawn[1:], strict=True)
    ]
    return Aggregates(
        models,
        [
            _estimate(interquartile_mean(table), interquartile_mean(rounds))
            for table, rounds in zip(tables, drawn, strict=True)
        ],
        [_profile(table, rounds) for table, rounds in zip(tables, drawn, strict=True)],
        [Estimate(0.5, len(scores), None, "itself"), *beaten],
    )


def interquartile_mean(table: Table) -> np.ndarray:
    """Return the mean of the middle half of the scores of all data sets and seeds, [...] of scores [..., seeds].

    >>> float(interquartile_mean([np.array([0.0, 0.25]), np.array([0.5, 1.0])]))
    0.375
    """
    return np.asarray(stats.trim_mean(np.concatenate(table, -1), 0.25, axis=-1))


def above(table: Table, level: float) -> np.ndarray:
    """Return the share of scores above a level, every data set counting alike, [...] of scores [..., seeds].

    >>> float(above([np.array([0.1, 0.9]), np.array([0.9])], 0.5))
    0.75
    """
    return np.mean([(scores > level).mean(-1) for scores in table], axis=0)


def _profile(table: Table, rounds: Table) -> Profile:
    shares = np.array([above(table, level) for level in GRID])
    ends = np.array([np.quantile(above(rounds, level), [LEVEL / 2, 1 - LEVEL / 2]) for level in GRID])
    return Profile(shares, ends[:, 0], ends[:, 1])


def probability_of_improvement(first: Table, second: Table) -> np.ndarray:
    """Return the mean over data sets of P(a score of the first is higher), ties counting half: Mann and Whitney's U.

    >>> float(probability_of_improvement([np.array([0.5, 0.7])], [np.array([0.6, 0.5])]))
    0.625
    """
    pairs = [(a[..., :, None], b[..., None, :]) for a, b in zip(first, second, strict=True)]
    return np.mean([((a > b) + 0.5 * (a == b)).mean((-2, -1)) for a, b in pairs], axis=0)


def _drawn(table: Table, rng: np.random.Generator) -> Table:
    """Return each data set's scores drawn with replacement, [rounds, seeds]."""
    return [scores[rng.integers(scores.size, size=(RESAMPLES, scores.size))] for scores in table]


def _estimate(found: np.ndarray, rounds: np.ndarray) -> Estimate:
    low, high = np.quantile(rounds, [LEVEL / 2, 1 - LEVEL / 2])
    ends = None if low == high else (float(low), float(high))
    return Estimate(float(found), 1, ends, "stratified bootstrap")
