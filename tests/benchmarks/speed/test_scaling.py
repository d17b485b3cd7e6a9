import pytest
import torch

from benchmarks.speed import scaling
from benchmarks.speed.scaling import Curve, ends, measure_curve


def curve(*places, fast=1.0, slow=1.0):
    """Return a curve of two lines whose steps return these numbers."""
    lines = {
        name: lambda place, device, value=value: lambda: [torch.full((place,), value)]
        for name, value in (("fast", fast), ("slow", slow))
    }
    return Curve("a layer", "nodes", places, lines, ends, alike=("fast", "slow"))


def test_every_line_is_measured_at_every_size():
    seen = []
    points = measure_curve("nodes", curve(2, 5), 3, "cpu", seen.append)
    assert points == seen
    assert [(p.curve, p.line, p.place) for p in points] == [
        ("nodes", line, place) for line in ("fast", "slow") for place in (2, 5)
    ]
    assert all(p.milliseconds > 0 for p in points)


def test_what_takes_too_long_is_not_enlarged(monkeypatch):
    monkeypatch.setattr(scaling, "LONGEST", 0.0)
    points = measure_curve("nodes", curve(2, 5, 9), 1, "cpu", id)
    assert [(p.line, p.place) for p in points] == [("fast", 2), ("slow", 2)]


def test_lines_that_disagree_are_not_measured():
    seen = []
    with pytest.raises(AssertionError, match=r"output is off by 5.0e-01"):
        measure_curve("nodes", curve(2, fast=3.0, slow=2.0), 1, "cpu", seen.append)
    assert seen == []


def test_the_ends_of_each_line_are_told():
    points = [
        scaling.Point("nodes", *at) for at in (("a", 10, 1.0), ("a", 20, 2.0), ("a", 4000, 123.4), ("b", 10, 5.0))
    ]
    assert ends(points) == ["a: 1 ms at 10 and 123 ms at 4,000", "b: 5 ms at 10 and 5 ms at 10"]
