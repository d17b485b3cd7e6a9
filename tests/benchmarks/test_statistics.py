"""Means and intervals against scipy and against a table of Student's t."""

import numpy as np
import pytest
from scipy import stats

from benchmarks.records import Record, Trial
from benchmarks.statistics import mean_interval, rows


def test_interval_is_students_t():
    values = [0.81, 0.84, 0.90, 0.79]
    mean, half = mean_interval(values)
    low, high = stats.t.interval(0.95, 3, loc=np.mean(values), scale=stats.sem(values))
    assert mean == pytest.approx(np.mean(values))
    assert half is not None
    assert (mean - half, mean + half) == (pytest.approx(low), pytest.approx(high))


def test_one_value_has_no_interval():
    assert mean_interval([0.5]) == (0.5, None)


def test_rows_group_seeds_put_baselines_first_and_leave_failures_out():
    def record(view: str, model: str, seed: int, test: float | None) -> Record:
        trial = Trial("club", view, model, seed, {})
        return Record(trial, status="failed" if test is None else "done", test=test, seconds=2.0 * seed)

    table = rows(
        [
            record("graph", "GCN", 0, 0.8),
            record("graph", "GCN", 1, 0.9),
            record("graph", "GCN", 2, None),
            record("", "majority class", 0, 0.5),
        ]
    )
    assert [(row.model, row.seeds) for row in table] == [("majority class", 1), ("GCN", 2)]
    assert table[1].test == pytest.approx(0.85)
    assert table[1].seconds == 1.0
    assert table[0].half_width is None
