"""Rows of tables, made of records: each is a model on a view of a task, over its seeds."""

import json
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..run.records import Record
from ..tables import MODELS, TASKS, VIEWS
from ..tasks.task import About
from .names import about_of
from .statistics import Estimate, estimate, estimate_with_units

FEWEST_UNITS = 20  # of a test set, for an interval over them: the bootstrap needs so many


@dataclass(frozen=True)
class Row:
    """A model on a view of a task.

    Attributes:
        task: name of the task, with its variant.
        view: name of the view; empty for a structure-free baseline.
        model: name of the model or baseline.
        records: its finished trials, in the order of their seeds.
        test: mean test score over the seeds, with its interval.
        tried: how many configurations were tried; the records are those of the one that validated best.
    """

    task: str
    view: str
    model: str
    records: tuple[Record, ...]
    test: Estimate
    tried: int = 1

    @property
    def label(self) -> str:
        """What the row is called in figures and sentences."""
        return f"{self.model} on {self.view}" if self.view else self.model

    @property
    def about(self) -> About:
        """What a report says of its task."""
        about = about_of(self.records[0])
        assert about is not None
        return about

    @property
    def title(self) -> str:
        """What its task asks, in a line, and the variant of it."""
        return ", ".join(filter(None, (self.about.title, self.records[0].trial.variant)))

    @property
    def target(self) -> float | None:
        """The validation score that was worth reaching."""
        config = self.records[0].trial.config
        return config.get("target", self.about.target)

    @property
    def place(self) -> float | None:
        """Where its score is drawn along the task's axis, e.g. the length of the sequences."""
        return self.records[0].trial.config.get("data", {}).get(self.about.axis)

    @property
    def family(self) -> str:
        """What its task is called together with those that differ in the place on the axis alone; empty for none."""
        if self.place is None:
            return ""
        return re.sub(rf"(?<![\d.]){self.place:g}(?![\d.])", "N", self.task, count=1)

    @property
    def scores(self) -> dict[int, float]:
        """Test score by seed."""
        return {record.trial.seed: record.test for record in self.records if record.test is not None}

    @property
    def units(self) -> np.ndarray | None:
        """The scores of the test set's units, [seeds, units]; ``None`` where seeds have different ones or none."""
        lines = [record.units for record in self.records]
        if self.about.split_by_seed or len({len(line) for line in lines}) > 1 or len(lines[0]) < FEWEST_UNITS:
            return None
        return np.array(lines)

    @property
    def test_with_units(self) -> Estimate | None:
        """The mean test score with its interval over seeds and units of the test set."""
        units = self.units
        if units is None:
            return None
        return estimate_with_units(units, pooling=self.records[0].pooling, bounds=self.about.ends)

    @property
    def validation(self) -> float | None:
        """Mean of the validation scores by which the tested weights were chosen."""
        return _validation(self.records)

    def mean(self, field: str) -> float | None:
        """Return the mean of a field of the records over those that have it."""
        known = [value for record in self.records if (value := getattr(record, field)) is not None]
        return float(np.mean(known)) if known else None

    def peak(self, field: str) -> float | None:
        """Return the largest value of a field of the records."""
        return max((value for record in self.records if (value := getattr(record, field)) is not None), default=None)

    @property
    def steps_to_target(self) -> dict[int, int | None]:
        """Training steps until a validation first reached the task's target, by seed; ``None`` where none did."""
        steps, target = {}, self.target
        for record in self.records:
            if target is not None and "step" in record.curve:
                sign = -1 if self.about.lower_selects else 1
                points = zip(record.curve["step"], record.curve["validation"], strict=True)
                reached = (step for step, score in points if sign * score >= sign * target)
                steps[record.trial.seed] = next(reached, None)
        return steps

    @property
    def curves(self) -> bool:
        """Whether all its trials have the course of their validation scores."""
        return bool(self.view) and all("step" in record.curve for record in self.records)

    def course(self) -> tuple[list[int], np.ndarray]:
        """Return the steps of the longest curve, and the validation scores at them [seeds, points].

        A seed whose training ended early, its score reached, keeps its last score.
        """
        curves = [record.curve for record in self.records if record.curve]
        steps = max((curve["step"] for curve in curves), key=len, default=[])
        scores = [curve["validation"] for curve in curves]
        return steps, np.array([line + line[-1:] * (len(steps) - len(line)) for line in scores], dtype=float)

    @property
    def measures(self) -> dict[str, float]:
        """Return what else was measured of the trained models, the mean over the seeds."""
        names = list(dict.fromkeys(name for record in self.records for name in record.measures))
        return {name: float(np.mean([r.measures[name] for r in self.records if name in r.measures])) for name in names}

    def watched(self) -> list[tuple[int, dict[str, Any]]]:
        """Return the steps of the first seed's validations with what else was looked at then."""
        curve = self.records[0].curve
        return list(zip(curve.get("step", []), curve.get("watched", []), strict=False))

    @property
    def reached(self) -> int:
        """How many seeds reached the task's target on validation."""
        return sum(record.seconds_to_target is not None for record in self.records)


def rows(records: Iterable[Record]) -> list[Row]:
    """Return one row for each task, view and model: in the order of the literal tables, baselines first."""
    groups: dict[tuple[str, str, str], list[Record]] = {}
    for record in records:
        trial = record.trial
        if record.test is not None and about_of(record) is not None:
            groups.setdefault((trial.label, trial.view, trial.model), []).append(record)
    tasks, models, views = ({name: k for k, name in enumerate(table)} for table in (TASKS, MODELS, VIEWS))

    def place(key: tuple[str, str, str]) -> tuple[Any, ...]:
        label, view, model = key
        task = groups[key][0].trial.task
        seen = (view != "", models.get(model, len(models)), views.get(view, len(views)), model)
        return tasks.get(task, len(tasks)), task, _counted(label), *seen

    return [_row(key, sorted(groups[key], key=lambda r: r.trial.seed)) for key in sorted(groups, key=place)]


def _counted(label: str) -> list[tuple[float, str]]:
    """Return a key by which labels are sorted as people do: palindrome-5 before palindrome-10."""
    parts = re.split(r"(\d+(?:\.\d+)?)", label)
    return [(float(part), "") if k % 2 else (-1.0, part) for k, part in enumerate(parts)]


def by_task(table: list[Row]) -> dict[str, list[Row]]:
    """Return the rows of each task."""
    return {task: [row for row in table if row.task == task] for task in dict.fromkeys(row.task for row in table)}


def best(members: list[Row]) -> list[Row]:
    """Return the rows of one task with the best mean test score, all of them where several show the same digits."""
    choose = max if members[0].about.higher_is_better else min
    top = f"{choose(row.test.mean for row in members):.3f}"
    return [row for row in members if f"{row.test.mean:.3f}" == top]


def _row(key: tuple[str, str, str], records: list[Record]) -> Row:
    configurations: dict[str, list[Record]] = {}
    for record in records:
        configurations.setdefault(_configuration(record.trial.config), []).append(record)
    about = about_of(records[0])
    assert about is not None
    chosen = _choose(list(configurations.values()), about.lower_selects)
    scores = [record.test for record in chosen if record.test is not None]
    test = estimate(scores, about.ends)
    return Row(*key, tuple(chosen), test, len(configurations))


def _choose(configurations: list[list[Record]], lower_selects: bool) -> list[Record]:
    """Return the records of the configuration that validated best over the most seeds, blind to test scores."""
    if len(configurations) == 1:
        return configurations[0]
    most = max(len(records) for records in configurations)
    full = [records for records in configurations if len(records) == most]
    worst, choose = (math.inf, min) if lower_selects else (-math.inf, max)
    return choose(full, key=lambda records: worst if (score := _validation(records)) is None else score)


def _validation(records: Sequence[Record]) -> float | None:
    known = [score for record in records if (score := record.curve.get("best_validation")) is not None]
    return float(np.mean(known)) if known else None


def _configuration(config: dict[str, Any]) -> str:
    """Return what a trial's configuration says apart from its seed."""
    plain = {
        name: _configuration(value) if isinstance(value, dict) else value
        for name, value in config.items()
        if name != "seed"
    }
    return json.dumps(plain, sort_keys=True)
