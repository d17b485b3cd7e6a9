"""A forecaster of any series: what it is judged by, how sure it is, and what it refuses."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from gnn_toolkit.datasets import TrafficSeries
from gnn_toolkit.models import UsualDay
from gnn_toolkit.training import FittedForecaster, ForecastErrors, ForecastSettings, fit_forecaster, quantiles

SMALL = ForecastSettings(steps=60, history=6, horizon=3, hidden_channels=8, evaluate_every=20, learning_rate=0.02)


def series(steps: int = 600, nodes: int = 3) -> TrafficSeries:
    """Waves of a day of 24 steps that run from node to node, with noise."""
    generator = torch.Generator().manual_seed(0)
    t = torch.arange(steps)[:, None] - 2 * torch.arange(nodes)
    wave = 50 + 10 * (2 * torch.pi * t / 24).sin() + torch.randn(steps, nodes, generator=generator)
    edges = torch.stack([torch.arange(nodes - 1), torch.arange(1, nodes)])
    names = tuple("abcdefgh"[:nodes])
    mask = torch.rand(steps, nodes, 1, generator=generator) < 0.95
    return TrafficSeries(wave.unsqueeze(2), mask, edges, torch.ones(nodes - 1), 24, names)


@pytest.fixture(scope="module")
def fitted() -> FittedForecaster:
    return fit_forecaster(series(), SMALL)


def windows(fitted: FittedForecaster) -> list[int]:
    """The steps at which targets of the test part begin."""
    return list(range(510, 598))


def test_it_learns_and_is_better_than_the_last_value(fitted: FittedForecaster):
    assert fitted.errors["model"].mae < 0.7 * fitted.errors["last value"].mae
    assert fitted.history.best_validation == min(fitted.history.validation)


def test_errors_are_those_of_forecasts_from_each_step_of_the_test_part(fitted: FittedForecaster):
    one, errors = fitted.series, {name: ForecastErrors(3) for name in fitted.errors}
    usual = UsualDay(3, 1, 24)
    usual.fit(one.values[:420], one.mask[:420])
    inside, count = 0, 0
    for end in windows(fitted):
        came, there = one.values[end : end + 3], one.mask[end : end + 3]
        made, low, high = fitted.forecast(end)
        hour = usual.center[torch.arange(end, end + 3) % 24]
        last = torch.stack(
            [one.values[:end, n][one.mask[end - 6 : end, n].nonzero()[-1, 0] + end - 6] for n in range(3)]
        )
        for name, forecast in (
            ("model", made),
            ("last value", last.expand(3, 3, 1)),
            ("usual value of the hour", hour),
        ):
            errors[name].add(forecast[None], came[None], there[None])
        inside += int(((came >= low) & (came <= high) & there).sum())
        count += int(there.sum())
    for name, error in errors.items():
        torch.testing.assert_close(fitted.errors[name].sums, error.sums, rtol=1e-4, atol=1e-3)
    assert fitted.covered == pytest.approx(inside / count, abs=0.005)
    assert 0.8 < fitted.covered < 0.98


def test_intervals_are_quantiles_of_the_errors_of_the_validation_part(fitted: FittedForecaster):
    one, found = fitted.series, []
    for end in range(420, 508):
        made, *_ = fitted.forecast(end)
        found.append((one.values[end : end + 3] - made).masked_fill(~one.mask[end : end + 3], torch.nan))
    errors = torch.stack(found)
    for step, node in ((0, 0), (2, 1)):
        own = errors[:, step, node, 0]
        ordered = own[own.isfinite()].sort().values
        n = len(ordered)
        low, high = ordered[int((n + 1) * 0.05) - 1], ordered[-int((n + 1) * 0.05)]
        torch.testing.assert_close(fitted.low[step, node, 0], low, rtol=1e-3, atol=1e-3)
        torch.testing.assert_close(fitted.high[step, node, 0], high, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize(("count", "enough"), [(18, False), (19, True), (39, True)])
def test_quantiles_need_enough_errors(count: int, enough: bool):
    low, high = quantiles(torch.cat([torch.arange(1.0, count + 1), torch.tensor([torch.nan] * 5)]), 0.9)
    assert bool(low.isfinite()) == bool(high.isfinite()) == enough
    if enough:
        assert (float(low), float(high)) == ((count + 1) * 0.05, (count + 1) * 0.95)


def test_the_part_that_is_tested_teaches_nothing():
    one, other = series(), series()
    other.values[510:] = 7.0
    first, second = (fit_forecaster(x, replace(SMALL, steps=4)) for x in (one, other))
    for name, weight in first.model.state_dict().items():
        assert second.model.state_dict()[name].equal(weight)
    assert first.low.equal(second.low)
    assert first.errors["model"].mae != second.errors["model"].mae


def test_a_series_may_begin_at_any_hour():
    late = fit_forecaster(series().cut(5), replace(SMALL, steps=2)).errors["usual value of the hour"].mae
    assert late == pytest.approx(
        fit_forecaster(series(), replace(SMALL, steps=2)).errors["usual value of the hour"].mae, rel=0.1
    )


def test_a_silent_sensor_and_a_constant_one_have_finite_forecasts():
    one = series()
    one.mask[:, 0] = False
    one.values[:, 1] = 4.0
    made, low, high = fit_forecaster(replace(one), replace(SMALL, steps=3)).forecast()
    assert all(bool(part.isfinite().all()) for part in (made, low, high))


def silent() -> TrafficSeries:
    one = series()
    return replace(one, mask=torch.zeros_like(one.mask))


@pytest.mark.parametrize(
    ("argument", "call"),
    [
        ("series", lambda: fit_forecaster(series(15), SMALL)),
        ("series", lambda: fit_forecaster(silent(), SMALL)),
        ("settings", lambda: fit_forecaster(series(), replace(SMALL, devices=2))),
        ("validation", lambda: fit_forecaster(series(), replace(SMALL, validation=0.6, test=0.5))),
        ("hidden_channels", lambda: fit_forecaster(series(), replace(SMALL, hidden_channels=0))),
        ("seed", lambda: fit_forecaster(series(), replace(SMALL, seed=1 << 70))),
        ("batch_size", lambda: fit_forecaster(series(), replace(SMALL, batch_size=0))),
        ("level", lambda: fit_forecaster(series(), SMALL, level=1.0)),
    ],
)
def test_what_makes_no_sense_is_refused(argument: str, call):
    with pytest.raises(ValueError, match=f"^{argument}: expected"):
        call()


def test_a_forecast_reads_a_whole_history(fitted: FittedForecaster):
    for end in (5, 601):
        with pytest.raises(ValueError, match=r"^end: expected"):
            fitted.forecast(end)


def shapes(parts: tuple[Tensor, ...]) -> set[tuple[int, ...]]:
    return {tuple(part.shape) for part in parts}


def test_a_forecast_has_its_steps_nodes_and_features(fitted: FittedForecaster):
    assert shapes(fitted.forecast()) == {(3, 3, 1)}


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
def test_any_floating_point_series_is_learnt_in_single_precision(dtype: torch.dtype):
    one = series()
    one.values[:, 1] = 14.62
    made, low, high = fit_forecaster(
        replace(one, values=one.values.to(dtype), edge_weight=one.edge_weight.double()), replace(SMALL, steps=2)
    ).forecast()
    assert made.dtype == low.dtype == high.dtype == torch.float32
    assert bool(made.isfinite().all())
