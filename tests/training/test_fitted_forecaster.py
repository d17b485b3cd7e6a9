"""A forecaster that was saved says the same again, of a series of the same sensors alone."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from gnn_toolkit.datasets import TrafficSeries
from gnn_toolkit.models import UsualDay
from gnn_toolkit.models.serialization import save_weights
from gnn_toolkit.training import FittedForecaster, ForecastSettings, fit_forecaster

SMALL = ForecastSettings(steps=4, history=6, horizon=3, hidden_channels=4, evaluate_every=2)


def series(steps: int = 200) -> TrafficSeries:
    t = torch.arange(steps)[:, None] - 2 * torch.arange(3)
    wave = 50 + 10 * (0.26 * t).sin() + torch.rand(steps, 3, generator=torch.Generator().manual_seed(0))
    edges, mask = torch.tensor([[0, 1], [1, 2]]), torch.ones(steps, 3, 1, dtype=torch.bool)
    return TrafficSeries(wave.unsqueeze(2), mask, edges, torch.tensor([1.0, 0.5]), 24, ("a", "b", "c"))


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> tuple[FittedForecaster, Path]:
    fitted, path = fit_forecaster(series(), SMALL), tmp_path_factory.mktemp("saved") / "mine.safetensors"
    fitted.save(path)
    return fitted, path


def test_a_saved_forecaster_says_the_same(saved: tuple[FittedForecaster, Path]):
    fitted, path = saved
    loaded = FittedForecaster.load(path, series())
    for mine, other in zip(loaded.forecast(), fitted.forecast(), strict=True):
        assert mine.equal(other)
    assert {name: error.mae for name, error in loaded.errors.items()} == {
        name: error.mae for name, error in fitted.errors.items()
    }
    assert (loaded.settings, loaded.history) == (fitted.settings, fitted.history)
    assert (loaded.level, loaded.covered) == (fitted.level, fitted.covered)


def test_a_few_readings_in_another_order_and_no_edges_are_enough(saved: tuple[FittedForecaster, Path]):
    fitted, path = saved
    order, last = torch.tensor([2, 0, 1]), series().cut(194)
    turned = TrafficSeries(
        last.values[:, order], last.mask[:, order], torch.empty(2, 0, dtype=torch.long), torch.empty(0), 24,
        ("c", "a", "b"), last.first_slot,
    )  # fmt: skip
    loaded = FittedForecaster.load(path, turned)
    assert loaded.series.names == ("a", "b", "c")
    torch.testing.assert_close(loaded.forecast()[0], fitted.forecast()[0])
    with pytest.raises(ValueError, match=r"^series: expected at least 6 steps, got 3"):
        FittedForecaster.load(path, series().cut(197)).forecast()


@pytest.mark.parametrize(
    ("change", "argument"),
    [
        ({"names": ("a", "b", "d")}, "names"),
        ({"steps_per_day": 48}, "series"),
        ({"edge_weight": torch.tensor([1.0, 0.25])}, "series"),
        ({"edge_index": torch.tensor([[1, 1], [0, 2]])}, "series"),
    ],
)
def test_a_series_of_something_else_is_refused(saved: tuple[FittedForecaster, Path], change: dict, argument: str):
    with pytest.raises(ValueError, match=f"^{argument}: expected"):
        FittedForecaster.load(saved[1], replace(series(), **change))


def test_another_model_is_no_forecaster(tmp_path: Path):
    save_weights(tmp_path / "usual.safetensors", UsualDay(3, 1, 24), {"model": "UsualDay"})
    with pytest.raises(
        ValueError, match=r"\.safetensors: expected a saved FittedForecaster, got 'UsualDay'; name another file"
    ):
        FittedForecaster.load(tmp_path / "usual.safetensors", series())


def test_a_training_that_was_stopped_ends_as_if_it_had_not_been(saved: tuple[FittedForecaster, Path], tmp_path: Path):
    kept = tmp_path / "mine.checkpoint"

    def stop(step: int) -> None:
        if step == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit_forecaster(series(), SMALL, checkpoint=kept, progress=stop)
    steps: list[int] = []
    again = fit_forecaster(series(), SMALL, checkpoint=kept, progress=steps.append)
    assert steps == [3, 4]
    for name, weight in saved[0].model.state_dict().items():
        assert again.model.state_dict()[name].equal(weight)
    for changed in ((series(), replace(SMALL, steps=8)), (series(190), SMALL)):
        with pytest.raises(ValueError, match=r"^checkpoint: expected a checkpoint of this training"):
            fit_forecaster(*changed, checkpoint=kept)
