"""Detectors: thresholds of the hour, and monitors that tell what they expected."""

import pytest
import torch

from benchmarks.models.detectors import DETECTORS, Learnt, Usual
from benchmarks.tasks.incidents import Scene
from gnn_toolkit.datasets import TrafficSeries


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
    values[12, 1] += 300.0
    scores = usual.scores(series(values), 0)
    assert float(scores[:11].max()) < 3
    assert float(scores[12, 1]) > 20
    assert float(scores[12, 0]) < 3
    shifted = usual.scores(series(values[6:]), 6)
    torch.testing.assert_close(shifted[17:], scores[23:], atol=0.1, rtol=0.1)


def test_one_value_counts_no_more_than_the_limit():
    values = days(1, seed=1)
    values[12, 1] += 300.0
    plain, bounded = (Usual(series(days(40)), *limit).scores(series(values), 0) for limit in ((), (8.0,)))
    torch.testing.assert_close(bounded[:12], plain[:12])
    assert float(bounded[12, 1]) == pytest.approx(0.8 * float(plain[11, 1]) + 0.2 * 8.0)


def test_its_threshold_keeps_to_the_rate():
    usual, calm = Usual(series(days(40))), series(days(20, seed=2))
    usual.set_threshold(calm, 0.2)
    scores = usual.scores(calm, 0)[30:]
    rises = int(((scores[1:] > usual.threshold) & (scores[:-1] <= usual.threshold)).sum())
    assert 0 < rises <= 0.2 * scores[1:].numel() / 24


@pytest.mark.parametrize("name", DETECTORS)
def test_each_detector_learns_and_scores(name: str):
    usual = series(days(10))
    scene = Scene("s", usual, usual, usual, [], speed=0, steps=2, ahead=3)
    detector = DETECTORS[name](scene, 8, 0)
    assert detector.scores(usual, 0).shape == (240, 2)
    detector.set_threshold(usual, 0.5)
    assert detector.threshold < torch.inf
    assert (detector.loss is None) == isinstance(detector, Usual)


def test_a_trace_tells_what_was_seen_and_expected():
    usual = series(days(10))
    detector = Learnt(Scene("s", usual, usual, usual, [], speed=0, steps=2, ahead=3), 8, 0, "lstm")
    told = detector.trace(usual, 0, 1, 0)
    assert told["seen"] == usual.values[:, 1, 0].tolist()
    assert all(m != m for m in told["median"][:3])
    assert all(m == m for m in told["median"][3:])
    assert told["score"] == detector.scores(usual, 0)[:, 1].tolist()
    off = abs(told["seen"][3] - told["median"][3]) / told["scale"][3]
    assert told["score"][3] == pytest.approx(0.8 + 0.2 * off, rel=1e-4)
