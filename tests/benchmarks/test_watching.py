"""Watchers on a small town: what is counted, and what the record says."""

import json
from pathlib import Path

import pytest
import torch

from benchmarks.watching import LASTS, QUIET, Found, Plan, Usual, _found, markdown, watch, write
from gnn_toolkit.datasets import Accident, TrafficSeries

SMALL = Plan(size=2, days=1, accidents=1, steps=2, minutes=30, seconds=30.0, window=8)


def series(values: torch.Tensor) -> TrafficSeries:
    known = torch.ones_like(values, dtype=torch.bool)
    return TrafficSeries(values, known, torch.tensor([[0], [1]]), torch.ones(1), 24, ("a", "b"))


def days(count: int, seed: int = 0) -> torch.Tensor:
    """Days of 24 slots at two roads: the slot's number, plus noise."""
    noise = torch.rand(count * 24, 2, 1, generator=torch.Generator().manual_seed(seed))
    return (torch.arange(count * 24) % 24)[:, None, None] // 5 * 5 + noise


def test_a_threshold_of_the_hour_scores_what_is_far_from_usual():
    usual = Usual(series(days(40)))
    values = days(1, seed=1)
    values[12, 1] += 100.0
    scores = usual.scores(series(values), 0)
    assert float(scores[:11].max()) < 3
    assert float(scores[12, 1]) > 20
    assert float(scores[12, 0]) < 3
    shifted = usual.scores(series(values[6:]), 6)
    torch.testing.assert_close(shifted[10:], scores[16:], atol=0.05, rtol=0.05)


def test_what_a_watcher_finds_is_counted():
    usual, accident = Usual(series(days(40))), Accident(1, QUIET, LASTS)
    values = days(2, seed=2)[: QUIET + LASTS]
    values[QUIET + 2 :, 1] += 100.0  # seen at the third step
    calm = days(2, seed=3)[: QUIET + LASTS]
    spiky = days(4, seed=4)
    spiky[50, 0] += 100.0
    usual_days = [series(days(40)), series(days(4, seed=4)), series(spiky)]
    struck = [(accident, 0, series(values)), (accident, 0, series(calm))]
    found = _found("w", usual, Plan(rate=0.0), 7, usual_days, struck)
    assert (found.detected, found.delay, found.rank) == (0.5, 15.0, 1.0)
    assert found.false_alarms == pytest.approx(288 / (2 * (96 - 13)))


def test_all_watchers_watch_a_small_town(tmp_path: Path):
    found = watch(SMALL, 0)
    assert len(found) == 4
    assert all(0 <= one.detected <= 1 for one in found)
    paths = write(SMALL, found, tmp_path)
    record = json.loads(paths[0].read_text())
    assert [one["watcher"] for one in record["found"]] == [one.watcher for one in found]
    assert record["plan"]["size"] == 2


def test_the_table_has_a_row_a_watcher_and_a_line_a_comparison():
    found = [
        Found(name, seed, detected=share + 0.01 * seed, delay=10.0 if share else None, rank=1.5, false_alarms=0.05)
        for name, share in (("both", 0.9), ("half", 0.5), ("none", 0.0))
        for seed in range(5)
    ]
    text = markdown(Plan(), found)
    assert "| both | 0.92 [" in text
    assert "| none | " in text
    assert text.count("both against") == 2
    assert "both against half: +0.400" in text
