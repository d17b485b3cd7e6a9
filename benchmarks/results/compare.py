"""Pairwise and cross-task comparisons: pairs of models within a task, models across data sets, one run and another."""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations

import numpy as np

from ..run.entries import NONE, Entries
from ..run.records import Record
from .aggregates import Aggregates, aggregate
from .ranks import FEWEST_DATA_SETS, Ranking, rank
from .rows import Row, best, by_task, rows
from .statistics import Estimate, estimate, estimate_with_units
from .verdicts import Comparison, compare, correct

MOST_ANSWERS = 20_000  # of a test set, that are looked for behind its scores


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
    steps = resolution(members)
    found = [(a, b, _compare(a, b, steps)) for a, b in chosen]
    compared = [(a, b, comparison) for a, b, comparison in found if comparison is not None]
    corrected = correct([comparison for *_, comparison in compared])
    return [Pair(a, b, comparison) for (a, b, _), comparison in zip(compared, corrected, strict=True)]


def resolution(members: Sequence[Row]) -> float:
    """Return the step in which the scores of a task can differ; 0 where nothing is known of it.

    Scores that are shares of right answers have the fewest answers of which all of them, to five digits, are shares.
    For others it is the smallest gap between any two.
    """
    scores = np.unique(np.round([score for row in members for score in row.scores.values()], 9))
    if scores.size < 2:
        return 0.0
    if scores[0] >= 0 and scores[-1] <= 1:
        answers = np.arange(1, MOST_ANSWERS)[:, None]
        fits = (np.abs(np.round(scores * answers) / answers - scores) < 6e-6).all(1)
        if fits.any():
            return 1 / float(answers[fits.argmax(), 0])
    return float(np.diff(scores).min())


def against(leader: Row, compared: list[Pair]) -> dict[str, Comparison]:
    """Return each other row's comparison with a leader, by label, signed so that over zero speaks for the other."""
    found = {}
    for pair in compared:
        if pair.second is leader:
            found[pair.first.label] = pair.comparison
        elif pair.first is leader:
            found[pair.second.label] = pair.comparison.turned
    return found


def _compare(first: Row, second: Row, steps: float) -> Comparison | None:
    """Compare two rows over the seeds they share; a baseline without randomness of its own has one score for all."""
    a, b = first.scores, second.scores
    if len(b) == 1 and not second.view and not second.about.split_by_seed:
        b = dict.fromkeys(a, next(iter(b.values())))
    shared = sorted(a.keys() & b.keys())
    if not shared:
        return None
    return compare(
        [a[s] for s in shared],
        [b[s] for s in shared],
        first.about.higher_is_better,
        resolution=steps,
        margin=first.about.margin,
        with_units=_difference_with_units(first, second, shared),
    )


def _difference_with_units(first: Row, second: Row, shared: list[int]) -> Estimate | None:
    """Return the difference of two rows with its interval over seeds and units, where both have the units."""
    a, b = first.units, second.units
    if a is None or b is None or a.shape[1] != b.shape[1] or first.records[0].pooling != second.records[0].pooling:
        return None
    a = a[[list(first.scores).index(seed) for seed in shared]]
    if len(b) > 1:
        b = b[[list(second.scores).index(seed) for seed in shared]]
    sides = (a, b) if first.about.higher_is_better else (np.broadcast_to(b, a.shape), a)
    return estimate_with_units(*sides, pooling=first.records[0].pooling)


@dataclass(frozen=True)
class AcrossTasks:
    """Models over the data sets that all of them were run on.

    Attributes:
        models: names of the models.
        tasks: names of the tasks, one for each data set.
        views: by task and model, the view with which the model enters.
        ranking: their ranks; ``None`` where data sets or models are too few.
        aggregates: their scores together; ``None`` where these are too few or not all in [0, 1].
        declared: models whose view the suite declares.
        undeclared: models that ran with several views of a task, of which the suite declares none.
        after: how many trials were finished when the suite's views were declared.
    """

    models: list[str]
    tasks: list[str]
    views: dict[tuple[str, str], str]
    ranking: Ranking | None = None
    aggregates: Aggregates | None = None
    declared: list[str] = field(default_factory=list)
    undeclared: list[str] = field(default_factory=list)
    after: int = 0


def across(table: list[Row], entries: Entries = NONE) -> AcrossTasks:
    """Rank as many models as possible over at least ``FEWEST_DATA_SETS`` data sets that they all were run on.

    Tasks of one data set (two splits of it, two horizons of a forecast) are not independent: the first of them stands
    for it. A model with several views of a task enters with the one that the suite declares; where it declares none,
    with the first by the order of the literal table, which is said. Scores, validation's too, choose nothing.
    """
    chosen = independent(table)
    entered = {task: _entering(members, entries) for task, members in chosen.items()}
    counts = Counter(model for rows_of in entered.values() for model in rows_of)
    models = [model for model, _ in counts.most_common()]
    for count in range(len(models), 2, -1):
        tasks = [task for task in chosen if entered[task].keys() >= set(models[:count])]
        if len(tasks) >= FEWEST_DATA_SETS:
            members = {task: chosen[task] for task in tasks}
            return _ranked(models[:count], members, entered, entries)
    shared = [task for task in chosen if entered[task].keys() >= set(models[:3])]
    return AcrossTasks(models[:3], shared if len(models) > 2 else [], {})


def _entering(members: list[Row], entries: Entries) -> dict[str, Row]:
    """Return by model the row with which it enters."""
    found: dict[str, Row] = {}
    for row in members:
        ran = [other.view for other in members if other.model == row.model]
        declared = [view for view in entries.views.get(row.model, ran) if view in ran]
        if row.view and row.view in declared[:1]:
            found[row.model] = row
    return found


def independent(table: list[Row]) -> dict[str, list[Row]]:
    """Return the rows of the first task of each data set."""
    found: dict[str, tuple[str, list[Row]]] = {}
    for task, members in by_task(table).items():
        found.setdefault(members[0].about.data or task, (task, members))
    return dict(found.values())


def _ranked(
    models: list[str], members: dict[str, list[Row]], entered: dict[str, dict[str, Row]], entries: Entries
) -> AcrossTasks:
    table = [[entered[task][name] for name in models] for task in members]
    signs = [1.0 if line[0].about.higher_is_better else -1.0 for line in table]
    ranking = rank([[sign * row.test.mean for row in line] for sign, line in zip(signs, table, strict=True)])
    scores = [[list(row.scores.values()) for row in line] for line in table]
    inside = all(0 <= s <= 1 for line in scores for values in line for s in values) and min(signs) > 0
    several = [m for m in models if any(sum(row.model == m for row in rows_of) > 1 for rows_of in members.values())]
    return AcrossTasks(
        models,
        list(members),
        {(task, row.model): row.view for task, line in zip(members, table, strict=True) for row in line},
        ranking,
        aggregate(models, scores) if inside else None,
        declared=[model for model in models if model in entries.views],
        undeclared=[model for model in several if model not in entries.views],
        after=entries.after,
    )


@dataclass(frozen=True)
class Change:
    """A row in two runs.

    Attributes:
        before: the row in the first run.
        after: the row in the second run.
        comparison: of the test scores over shared seeds, over zero where the second run is better, corrected for all
            rows that both runs have.
        speed: how many times as fast the second run's training steps are; ``None`` for baselines.
    """

    before: Row
    after: Row
    comparison: Comparison
    speed: Estimate | None

    @property
    def verdict(self) -> str:
        """``"improved"`` or ``"regressed"`` where the comparison says so; else what can be said."""
        words = {"better": "improved", "ahead": "improved", "worse": "regressed", "behind": "regressed"}
        same = self.before.scores == self.after.scores
        return "the same" if same else words.get(self.comparison.verdict, self.comparison.verdict)

    @property
    def speed_verdict(self) -> str:
        """``"faster"`` or ``"slower"`` where the interval of the ratio says so."""
        if self.speed is None or self.speed.interval is None:
            return ""
        low, high = self.speed.interval
        return "faster" if low > 1 else "slower" if high < 1 else ""


def changes(before: Iterable[Record], after: Iterable[Record]) -> list[Change]:
    """Compare two runs row by row, over the seeds that both have; all rows are one family for Holm's correction."""
    old = {(row.task, row.view, row.model): row for row in rows(before)}
    found = []
    for row in rows(after):
        other = old.get((row.task, row.view, row.model))
        shared = sorted(row.scores.keys() & other.scores.keys()) if other else []
        if other is None or not shared:
            continue
        new, earlier = [row.scores[seed] for seed in shared], [other.scores[seed] for seed in shared]
        gain = compare(new, earlier, row.about.higher_is_better, resolution=resolution([row, other]))
        found.append(Change(other, row, gain, _ratio(other, row, shared)))
    corrected = correct([change.comparison for change in found], alike=False)
    return [replace(change, comparison=one) for change, one in zip(found, corrected, strict=True)]


def _ratio(before: Row, after: Row, seeds: list[int]) -> Estimate | None:
    """Return the geometric mean of the ratios of steps per second, with its interval."""
    old, new = ({r.trial.seed: r.steps_per_second for r in row.records} for row in (before, after))
    logs = [math.log(n / o) for seed in seeds if (o := old[seed]) and (n := new[seed])]
    if not logs:
        return None
    found = estimate(logs)
    ends = found.interval and (math.exp(found.interval[0]), math.exp(found.interval[1]))
    return Estimate(math.exp(found.mean), found.count, ends, found.method)
