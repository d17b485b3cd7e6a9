"""The tasks cut their series as published, and no forecast sees what it is to forecast."""

import pytest
import torch

from benchmarks.run import trials
from benchmarks.tables import TASKS, VIEWS
from benchmarks.tasks.traffic import HISTORY, Forecast, Forecasts, forecast
from gnn_toolkit.datasets import TrafficSeries


def forecasts(steps: int = 2, *, weekly: bool = True) -> Forecasts:
    """Twelve days of ten slots at three nodes in a row; each day is like the one before, plus noise."""
    generator = torch.Generator().manual_seed(0)
    slot = torch.arange(120) % 10
    values = 20 + 5 * torch.sin(slot[:, None] * 0.6 + torch.arange(3)) + torch.randn(120, 3, generator=generator)
    known = torch.ones(120, 3, 1, dtype=torch.bool)
    series = TrafficSeries(values[..., None], known, torch.tensor([[0, 1], [1, 2]]), torch.ones(2), 10, ("a", "b", "c"))
    return Forecasts(series, {"train": (60, 90), "validation": (90, 100), "test": (100, 120)}, steps, weekly=weekly)


def test_a_batch_knows_the_past_and_the_slots_before_but_not_what_comes():
    made = forecasts()
    (x, y), values = made.window("test", torch.tensor([0])), made.values
    assert x.shape == (1, HISTORY + 2, 3, 2 + 4)
    assert x[0, :HISTORY, :, 0].equal(values[100 - HISTORY : 100])
    assert (x[0, HISTORY:, :, :2] == 0).all()
    assert y[0].equal(values[100:102])
    mean, deviation = made.units
    for channel, lag in ((2, 50), (3, 10)):
        slots = x[0, :, :, channel] * deviation + mean
        torch.testing.assert_close(slots, values[100 - HISTORY - lag : 102 - lag])


def test_parts_share_no_target_and_training_units_alone_are_learnt():
    made = forecasts()
    targets = [set(made.windows[part].steps.tolist()) for part in ("train", "validation", "test")]
    assert not targets[0] & targets[1]
    assert not targets[1] & targets[2]
    assert made.units[0] == pytest.approx(float(made.values[60:90].mean()))
    assert made.horizon.scale[1] == pytest.approx(float((made.values[60:90] - made.values[10:40]).std()))


def test_naive_forecasts_are_what_they_say():
    made = forecasts(1)
    found = {name: baseline() for name, baseline in made.baselines().items()}
    actual = made.values[100:120]

    def error(told: torch.Tensor) -> float:
        return float((told - actual).square().mean().sqrt())

    assert found["last value"][0] == pytest.approx(error(made.values[99:119]), rel=1e-5)
    assert found["the slot last week"][0] == pytest.approx(error(made.values[50:70]), rel=1e-5)
    assert found["the slot yesterday"][0] == pytest.approx(error(made.values[90:110]), rel=1e-5)
    average = made.values[60:90].view(3, 10, 3).mean(0)
    assert found["average of the slot"] == (pytest.approx(error(average.repeat(2, 1)), rel=1e-5), 30)
    assert found["linear, node by node"][0] < found["last value"][0]
    assert found["linear, node by node"][1] == 3 * (HISTORY + 2 + 1)
    assert found["linear, all nodes"][1] == 3 * (3 * (3 + 2) + 1)


@pytest.mark.parametrize("layer", ["DCRNN", "GConvLSTM", "GRU", "GCN", "MLP"])
@pytest.mark.parametrize("weekly", [True, False])
def test_a_model_trains_on_it_and_never_sees_what_comes(layer: str, weekly: bool):
    data, config = forecast(forecasts(weekly=weekly), ""), TASKS["los-loop"].config
    no_edges = VIEWS["no edges"].transform
    assert no_edges is not None
    source = data.source.viewed(no_edges if layer in ("GRU", "MLP") else lambda graph: graph)
    objective = data.objective(source, config)
    assert isinstance(objective, Forecast)
    model = trials.build(layer, objective)
    batch = objective.batch(torch.Generator().manual_seed(0))
    loss = objective.loss(model, batch)
    loss.backward()
    assert all(parameter.grad is not None for parameter in model.parameters())
    model.eval()
    with torch.no_grad():
        told = model(batch)
        batch.y = torch.full_like(batch.y, torch.nan)
        assert told.equal(model(batch))
        scores, measures = objective.evaluate(model, "test"), objective.measures(model, 0)
    assert measures["RMSE"] == pytest.approx(scores.mean, rel=1e-6)
    assert len(scores.units) == 19
    assert {"MAE", "WMAPE", "accuracy", "MAE, step 1", "RMSE, step 2"} <= measures.keys()


def test_minutes_between_two_reports_are_refused():
    with pytest.raises(ValueError, match="minutes: expected a multiple of 5, got 7"):
        TASKS["los-loop"].load(0, minutes=7)


def test_the_published_splits(at_hand):
    at_hand("los-loop")
    at_hand("metro")
    los, metro = (trials.data_of(task, 0, {"minutes": 15}) for task in ("los-loop", "metro"))
    assert los.baselines["last value"]()[0] == pytest.approx(5.5428, abs=5e-5)
    assert metro.baselines["the slot last week"]()[0] == pytest.approx(41.68, abs=5e-3)
    assert sum(batch.num_graphs for batch in metro.source.held_out("test")) == 360
