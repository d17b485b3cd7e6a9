"""What is watched: accidents that did something, incidents where traffic was free, days apart from each other."""

from functools import partial

import pytest
import torch

from benchmarks.tasks import incidents
from benchmarks.tasks.incidents import BEFORE, LASTS, detectors, streets
from gnn_toolkit.datasets import TrafficSeries

SMALL = {"size": 2, "days": 1, "quiet": 1, "accidents": 2, "minutes": 1, "seconds": 60.0, "missing": 0.02}


def test_half_of_the_accidents_on_streets_are_strong():
    scene = streets(0, **SMALL)
    assert sorted(one.strong for one in scene.struck) == [False, True]
    assert all(len(one.series.values) == BEFORE + LASTS for one in scene.struck)
    assert scene.minutes == 1
    assert scene.usual.values.shape == (1440, 8, 3)
    assert not scene.calibration.values.equal(scene.calm.values)
    again = streets(0, **SMALL)
    assert again.struck[1].series.values.equal(scene.struck[1].series.values)
    assert not streets(1, **SMALL).usual.values.equal(scene.usual.values)


def test_an_accident_that_changes_nothing_does_not_count(monkeypatch: pytest.MonkeyPatch):
    drive = partial(incidents.simulate_streets, incidents.street_grid(2, 2), seconds=60.0, minutes=1)
    monkeypatch.setattr(incidents, "LEFT", (1.0, 1.0))
    assert [incidents._accident(8, drive, 1, seed) for seed in range(3)] == [None] * 3
    monkeypatch.setattr(incidents, "LEFT", (0.0, 0.0))
    assert any(one is not None and one.strong for one in (incidents._accident(8, drive, 1, seed) for seed in range(5)))


def test_incidents_lie_on_the_last_day_where_traffic_was_free(monkeypatch: pytest.MonkeyPatch):
    values = 60 + 3 * torch.rand(7 * 288, 4, 1, generator=torch.Generator().manual_seed(0))
    values[:, 1] = 30.0  # never free
    week = TrafficSeries(values, values > 0, torch.tensor([[0, 2], [2, 3]]), torch.ones(2), 288, ("a", "b", "c", "d"))
    monkeypatch.setattr(incidents, "load_los_loop", lambda: week)
    scene = detectors(3, accidents=20)
    assert [len(part.values) for part in (scene.usual, scene.calibration, scene.calm)] == [5 * 288, 288, 288]
    assert scene.calm.values.equal(values[6 * 288 :])
    for one in scene.struck:
        day = scene.calm.values[one.clock : one.clock + len(one.series.values)]
        lost = (1 - one.series.values / day)[:, one.node, 0]
        assert one.node != 1
        assert lost[: one.start].abs().max() == 0
        assert (float(lost.max()) >= 0.3) == one.strong
        assert 0.1 <= float(lost[one.start + 1]) <= 0.6
        assert one.series.mask.shape == one.series.values.shape
