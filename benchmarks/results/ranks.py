"""Models over several data sets: mean ranks and their test."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from .statistics import LEVEL

FEWEST_DATA_SETS = 6  # with fewer, not even a unanimous order of two models has a Wilcoxon p under LEVEL: 2 / 2^6


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
    joined = distance if p < LEVEL else math.inf  # without Friedman's word no two are distinguished
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
