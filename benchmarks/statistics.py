"""From records to rows: means over seeds and their intervals."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from scipy import stats

from benchmarks.records import Record
from benchmarks.tables import MODELS, TASKS, VIEWS


@dataclass(frozen=True)
class Row:
    """One line of a table: a model on a view, over its seeds.

    Attributes:
        task: name of the task.
        view: name of the view; empty for a structure-free baseline.
        model: name of the model or baseline.
        seeds: number of finished trials.
        test: mean test score.
        half_width: half the 95 % interval of the mean; ``None`` for a single trial.
        parameters: how many numbers were learnt.
        steps_per_second: mean over trials; ``None`` for baselines.
        seconds: mean seconds of training.
        peak_memory_mib: highest peak over trials.
        records: the records behind the row.
    """

    task: str
    view: str
    model: str
    seeds: int
    test: float
    half_width: float | None
    parameters: int
    steps_per_second: float | None
    seconds: float
    peak_memory_mib: float | None
    records: tuple[Record, ...]


def mean_interval(values: Iterable[float]) -> tuple[float, float | None]:
    """Return the mean and half the width of its 95 % interval by Student's t; ``None`` for fewer than two values.

    >>> mean_interval([1.0, 2.0, 3.0])
    (2.0, 2.484...)
    """
    sample = np.asarray(list(values), dtype=float)
    if sample.size < 2:
        return float(sample.mean()), None
    half = stats.t.ppf(0.975, sample.size - 1) * sample.std(ddof=1) / np.sqrt(sample.size)
    return float(sample.mean()), float(half)


def rows(records: Iterable[Record]) -> list[Row]:
    """Return one row for each task, view and model: baselines first, in the order of the tables."""
    groups: dict[tuple[str, str, str], list[Record]] = {}
    for record in records:
        if record.test is not None:
            trial = record.trial
            groups.setdefault((trial.task, trial.view, trial.model), []).append(record)
    order = sorted(groups, key=_place)
    return [_row(key, groups[key]) for key in order]


def _place(key: tuple[str, str, str]) -> tuple[int, int, int]:
    task, view, model = key
    if not view:
        return list(TASKS).index(task), -1, 0
    return list(TASKS).index(task), list(VIEWS).index(view), list(MODELS).index(model)


def _row(key: tuple[str, str, str], records: list[Record]) -> Row:
    test, half_width = mean_interval(record.test for record in records if record.test is not None)
    speeds = [record.steps_per_second for record in records if record.steps_per_second is not None]
    peaks = [record.peak_memory_mib for record in records if record.peak_memory_mib is not None]
    return Row(
        *key,
        seeds=len(records),
        test=test,
        half_width=half_width,
        parameters=records[0].parameters,
        steps_per_second=float(np.mean(speeds)) if speeds else None,
        seconds=float(np.mean([record.seconds for record in records])),
        peak_memory_mib=max(peaks, default=None),
        records=tuple(records),
    )
