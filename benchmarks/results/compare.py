"""Who is better than whom: pairs of models within a task, models across tasks, and one run against another."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations

from ..run.records import Record
from .rows import Row, best, by_task, rows
from .statistics import FEWEST_TASKS, Comparison, Estimate, Ranking, compare, correct, estimate, rank


@dataclass(frozen=True)
class Pair:
    """Two rows of one task, compared over the seeds and splits that they share."""

    first: Row
    second: Row
    comparison: Comparison


def pairs(members: list[Row]) -> list[Pair]:
    """Compare all models of one task with each other and with the best structure-free baseline.

    All these comparisons are one family for Holm's correction.
    """
    trained, free = [row for row in members if row.view], [row for row in members if not row.view]
    chosen = [(row, base) for base in (best(free)[:1] if free else []) for row in trained]
    chosen += list(combinations(trained, 2))
    found = [(a, b, _compare(a, b)) for a, b in chosen]
    compared = [(a, b, comparison) for a, b, comparison in found if comparison is not None]
    corrected = correct([comparison for *_, comparison in compared])
    return [Pair(a, b, comparison) for (a, b, _), comparison in zip(compared, corrected, strict=True)]


def against(leader: Row, compared: list[Pair]) -> dict[str, Comparison]:
    """Return each other row's comparison with a leader, by label, signed so that over zero speaks for the other."""
    found = {}
    for pair in compared:
        if pair.second is leader:
            found[pair.first.label] = pair.comparison
        elif pair.first is leader:
            found[pair.second.label] = pair.comparison.turned
    return found


def _compare(first: Row, second: Row) -> Comparison | None:
    """Compare two rows over the seeds they share; a baseline without randomness of its own has one score for all."""
    a, b = first.scores, second.scores
    if len(b) == 1 and not second.view and not second.about.split_by_seed:
        b = dict.fromkeys(a, next(iter(b.values())))
    shared = sorted(a.keys() & b.keys())
    if not shared:
        return None
    return compare([a[s] for s in shared], [b[s] for s in shared], first.about.higher_is_better)


@dataclass(frozen=True)
class AcrossTasks:
    """Models ranked over the tasks that all of them were run on.

    Attributes:
        models: names of the models.
        tasks: names of the tasks.
        ranking: their ranks; ``None`` where tasks or models are too few.
    """

    models: list[str]
    tasks: list[str]
    ranking: Ranking | None


def across(table: list[Row]) -> AcrossTasks:
    """Rank as many models as possible over at least ``FEWEST_TASKS`` tasks that they all were run on.

    Where a model was run on several views of a task, the view that validated best stands for it: the choice sees no
    test data.
    """
    scores: dict[str, dict[str, float]] = {}
    for task, members in by_task(table).items():
        sign = 1.0 if members[0].about.higher_is_better else -1.0
        worst = -math.inf * sign
        for row in sorted(members, key=lambda row: sign * (worst if row.validation is None else row.validation)):
            if row.view:  # the last one stays
                scores.setdefault(row.model, {})[task] = sign * row.test.mean
    models = sorted(scores, key=lambda name: -len(scores[name]))
    for count in range(len(models), 2, -1):
        tasks = [task for task in by_task(table) if all(task in scores[name] for name in models[:count])]
        if len(tasks) >= FEWEST_TASKS:
            ranking = rank([[scores[name][task] for name in models[:count]] for task in tasks])
            return AcrossTasks(models[:count], tasks, ranking)
    shared = [task for task in by_task(table) if all(task in scores[name] for name in models[:3])]
    return AcrossTasks(models[:3], shared if len(models) > 2 else [], None)


@dataclass(frozen=True)
class Change:
    """A row in two runs.

    Attributes:
        before: the row in the first run.
        after: the row in the second run.
        gain: mean difference of the test scores over shared seeds, over zero where the second run is better.
        speed: how many times as fast the second run's training steps are; ``None`` for baselines.
    """

    before: Row
    after: Row
    gain: Estimate
    speed: Estimate | None

    @property
    def verdict(self) -> str:
        """``"improved"`` or ``"regressed"`` where the interval of the gain says so; else what can be said."""
        if self.gain.excludes_zero:
            return "improved" if self.gain.mean > 0 else "regressed"
        return "the same" if self.before.scores == self.after.scores else "not distinguishable"

    @property
    def speed_verdict(self) -> str:
        """``"faster"`` or ``"slower"`` where the interval of the ratio says so."""
        if self.speed is None or self.speed.interval is None:
            return ""
        low, high = self.speed.interval
        return "faster" if low > 1 else "slower" if high < 1 else ""


def changes(before: Iterable[Record], after: Iterable[Record]) -> list[Change]:
    """Compare two runs row by row, over the seeds that both have."""
    old = {(row.task, row.view, row.model): row for row in rows(before)}
    found = []
    for row in rows(after):
        other = old.get((row.task, row.view, row.model))
        shared = sorted(row.scores.keys() & other.scores.keys()) if other else []
        if other is None or not shared:
            continue
        sign = 1.0 if row.about.higher_is_better else -1.0
        gain = estimate([sign * (row.scores[seed] - other.scores[seed]) for seed in shared])
        found.append(Change(other, row, gain, _ratio(other, row, shared)))
    return found


def _ratio(before: Row, after: Row, seeds: list[int]) -> Estimate | None:
    """Return the geometric mean of the ratios of steps per second, with its interval."""
    old, new = ({r.trial.seed: r.steps_per_second for r in row.records} for row in (before, after))
    logs = [math.log(n / o) for seed in seeds if (o := old[seed]) and (n := new[seed])]
    if not logs:
        return None
    found = estimate(logs)
    ends = found.interval and (math.exp(found.interval[0]), math.exp(found.interval[1]))
    return Estimate(math.exp(found.mean), found.count, ends, found.method)
