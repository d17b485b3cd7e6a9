"""A monitor learns usual traffic, keeps to its rate of false alarms, and finds an accident."""

import pytest
import torch
from torch import Tensor

from gnn_toolkit.datasets import Accident, simulate_streets, street_grid
from gnn_toolkit.models import StreetMonitor
from gnn_toolkit.training import Settings, calibrate, fit_monitor, lowest_threshold, scores_of
from gnn_toolkit.training.monitor_training import _held


@pytest.fixture(scope="module")
def trained() -> StreetMonitor:
    usual = simulate_streets(street_grid(2, 3), 288, minutes=15, missing=0.02)
    torch.manual_seed(0)
    monitor = StreetMonitor(
        usual.edge_index, 14, 3, 16, edge_weight=usual.edge_weight, steps_per_day=usual.steps_per_day, K=2
    )
    settings = Settings(steps=100, learning_rate=0.01, evaluate_every=50)
    history = fit_monitor(monitor, usual.values, usual.mask, settings, window=16)
    assert history.validation[-1] < 1.0  # a guess of the mean with the right spread has about 1.4
    assert history.best_validation == min(history.validation)
    return monitor


def test_the_threshold_keeps_to_the_rate_and_an_accident_is_found(trained: StreetMonitor):
    grid, day = street_grid(2, 3), trained.steps_per_day
    quiet = simulate_streets(grid, day + 13, minutes=15, seed=5)
    threshold = calibrate(trained, quiet.values, quiet.mask, per_sensor_day=0.2)
    scores = scores_of(trained, quiet.values, quiet.mask)[12:]
    crossings = int(((scores[1:] > threshold) & (scores[:-1] <= threshold)).sum())
    assert crossings <= 0.2 * scores[1:].numel() / day
    accident = Accident(road=3, start=32, steps=6, part=0.1)
    struck = simulate_streets(grid, day // 2, minutes=15, seed=6, accidents=[accident])
    trained.reset()
    readings = [trained.update(x, known) for x, known in zip(struck.values, struck.mask, strict=True)]
    found = [step for step, reading in enumerate(readings) if reading.alarms[3] and step >= 32]
    assert found
    assert found[0] <= 34
    assert int(readings[found[0]].scores.argmax()) == 3


def test_scores_start_afresh_each_time(trained: StreetMonitor):
    quiet = simulate_streets(street_grid(2, 3), 20, minutes=15, seed=7)
    first, again = (scores_of(trained, quiet.values, quiet.mask, clock=8) for _ in range(2))
    assert first.equal(again)
    assert int(trained.clock) == 28


@pytest.mark.parametrize("allowed", [0, 1, 3, 10, 200])
def test_the_lowest_threshold_is_the_lowest(allowed: int):
    scores = torch.rand(40, 5, generator=torch.Generator().manual_seed(0)).mul(30).round()

    def crossings(threshold: float) -> int:
        return int(((scores[1:] > threshold) & (scores[:-1] <= threshold)).sum())

    found = lowest_threshold(scores, allowed)
    assert all(crossings(t / 2) <= allowed for t in range(int(2 * found), 80))
    assert found == scores.min() or crossings(found - 0.5) > allowed


def test_scores_that_never_rise_need_no_threshold_above_them():
    assert lowest_threshold(torch.tensor([[3.0], [2.0], [2.0]]), 0) == 3.0


def test_a_gap_is_held_at_the_last_value_seen():
    values = torch.arange(1.0, 6.0).view(1, 5, 1, 1)
    seen = torch.tensor([False, True, False, False, True]).view(1, 5, 1, 1)
    assert _held(values, seen).flatten().tolist() == [0, 2, 2, 2, 5]


def plain() -> tuple[StreetMonitor, Tensor, Tensor]:
    values = torch.randn(40, 2, 1)
    return StreetMonitor(torch.tensor([[0], [1]]), 2, 1, 4), values, torch.ones_like(values, dtype=torch.bool)


def test_what_makes_no_sense_is_refused():
    monitor, values, known = plain()
    with pytest.raises(ValueError, match=r"^settings: expected devices=1, got 2"):
        fit_monitor(monitor, values, known, Settings(steps=1, devices=2))
    with pytest.raises(ValueError, match=r"^values: expected at least 25 steps a part, got 40"):
        fit_monitor(monitor, values, known, Settings(steps=1))
    for rate, steps in ((-1.0, 40), (0.1, 13)):
        with pytest.raises(ValueError, match=r"^per_sensor_day: expected a rate from 0"):
            calibrate(monitor, values[:steps], known[:steps], rate)
