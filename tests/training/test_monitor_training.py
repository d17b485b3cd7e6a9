"""A monitor learns usual traffic, keeps to its rate of false alarms, and finds an accident."""

import pytest
import torch
from torch import Tensor

from gnn_toolkit.datasets import Accident, simulate_streets, street_grid
from gnn_toolkit.models import StreetMonitor, UsualDay
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
    assert history.validation[-1] < 1.2  # a guess of the usual value with the usual width has 1 + log 2
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


def test_the_spread_is_the_mean_surprise_of_each_sensor(trained: StreetMonitor):
    usual = simulate_streets(street_grid(2, 3), 288, minutes=15, missing=0.02)
    there, scaled = usual.mask, UsualDay(14, 3, 96).fit(usual.values, usual.mask).clamp(-8, 8)
    held = _held(scaled.where(there, 0.0)[None], there[None])[0]
    with torch.no_grad():
        (median, scale), _ = trained.forecast(held, there, torch.tensor(0))
    for node, feature in ((0, 1), (7, 0), (13, 2)):
        at = there[1:, node, feature]
        off = ((scaled[1:] - median[:-1]).abs() / scale[:-1])[:, node, feature][at].clamp(max=8)
        torch.testing.assert_close(trained.spread[node, feature], off.mean())


def test_usual_days_score_about_one(trained: StreetMonitor):
    quiet = simulate_streets(street_grid(2, 3), 192, minutes=15, seed=9)  # other days than the three it learnt
    assert 0.8 < float(scores_of(trained, quiet.values, quiet.mask)[12:].mean()) < 1.6


def wave(steps: int = 240, clock: int = 0) -> Tensor:
    hours = (clock + torch.arange(steps))[:, None, None] / 24 * 2 * torch.pi
    return 50 + 10 * hours.sin() + torch.rand(steps, 2, 1, generator=torch.Generator().manual_seed(0))


def fitted(values: Tensor, mask: Tensor | None = None, clock: int = 0) -> StreetMonitor:
    torch.manual_seed(0)
    monitor = StreetMonitor(torch.tensor([[0], [1]]), 2, 1, 4, steps_per_day=24)
    known = torch.ones_like(values, dtype=torch.bool) if mask is None else mask
    fit_monitor(monitor, values, known, Settings(steps=3), window=12, clock=clock)
    return monitor


@pytest.mark.parametrize("value", [torch.nan, torch.inf, 3.4e38])
def test_what_no_reading_can_be_is_learnt_as_a_gap(value: float):
    values, mask = wave(), torch.ones(240, 2, 1, dtype=torch.bool)
    spoilt = values.clone()
    spoilt[7, 1] = spoilt[200, 0] = value
    mask[7, 1] = mask[200, 0] = False
    plain, masked = fitted(spoilt), fitted(values, mask)
    for name, weight in masked.state_dict().items():
        torch.testing.assert_close(plain.state_dict()[name], weight)
    gaps = (calibrate(plain, spoilt, torch.ones_like(mask), 0.1), calibrate(masked, values, mask, 0.1))
    assert gaps[0] == gaps[1]


def test_a_reading_that_is_far_too_high_spoils_no_weight():
    spoilt = wave()
    spoilt[50, 0] = 1e12
    monitor = fitted(spoilt)
    assert all(bool(weight.isfinite().all()) for weight in monitor.parameters())
    assert float(scores_of(monitor, wave(), torch.ones(240, 2, 1, dtype=torch.bool)).max()) <= monitor.limit


def test_a_series_may_begin_at_any_hour():
    monitor = fitted(wave(clock=9), clock=9)
    assert abs(float(monitor.usual.center[6].mean()) - 60.5) < 0.5  # 10 above 50.5 at a quarter of the day
    assert abs(float(monitor.usual.center[18].mean()) - 40.5) < 0.5


def test_numbers_of_double_precision_are_taken():
    plain, double = fitted(wave()), fitted(wave().double())
    for name, weight in plain.state_dict().items():
        torch.testing.assert_close(double.state_dict()[name], weight, rtol=1e-4, atol=1e-4)


def test_a_silent_and_a_constant_sensor_leave_finite_scores():
    values = wave()
    values[:, 0] = torch.nan
    silent = fitted(values)
    assert bool(scores_of(silent, wave(), torch.ones(240, 2, 1, dtype=torch.bool)).isfinite().all())
    values = wave()
    values[:, 0] = 7.0
    constant = fitted(values)
    assert bool(scores_of(constant, values, torch.ones(240, 2, 1, dtype=torch.bool)).isfinite().all())


def plain() -> tuple[StreetMonitor, Tensor, Tensor]:
    values = torch.randn(40, 2, 1)
    return StreetMonitor(torch.tensor([[0], [1]]), 2, 1, 4), values, torch.ones_like(values, dtype=torch.bool)


def test_what_makes_no_sense_is_refused():
    monitor, values, known = plain()
    with pytest.raises(ValueError, match=r"^settings: expected devices=1, got 2"):
        fit_monitor(monitor, values, known, Settings(steps=1, devices=2))
    with pytest.raises(ValueError, match=r"^values: expected at least 25 steps a part, got 40"):
        fit_monitor(monitor, values, known, Settings(steps=1))
    for options, argument in (
        ({"window": 0}, "window"),
        ({"batch": 0}, "batch"),
        ({"gaps": 1.0}, "gaps"),
        ({"validation": 0.0}, "validation"),
    ):
        with pytest.raises(ValueError, match=f"^{argument}: expected"):
            fit_monitor(monitor, values, known, Settings(steps=1), **{"window": 4, **options})
    for bad, mask in ((values, known[:30]), (values, known.float()), (values[:, :1], known[:, :1])):
        with pytest.raises(ValueError, match=r"^(values|mask): expected"):
            fit_monitor(monitor, bad, mask, Settings(steps=1), window=4)
        with pytest.raises(ValueError, match=r"^(observation|mask): expected"):
            calibrate(monitor, bad, mask, 0.1)
    with pytest.raises(ValueError, match=r"^values: expected a reading that was measured"):
        fit_monitor(monitor, values, ~known, Settings(steps=1), window=4)
    half = known.clone()
    half[32:] = False
    with pytest.raises(ValueError, match=r"^values: expected readings to validate by, got none"):
        fit_monitor(monitor, values, half, Settings(steps=1), window=4)
    with pytest.raises(ValueError, match=r"^values: expected a tensor, got ndarray; pass torch.as_tensor"):
        calibrate(monitor, values.numpy(), None, 0.1)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"^values: expected readings to set a threshold by"):
        calibrate(monitor, values, ~known, 0.1)
    with pytest.raises(ValueError, match=r"^values: expected at least one step"):
        scores_of(monitor, values[:0], known[:0])
    for scores, allowed in ((torch.tensor([[1.0], [torch.nan]]), 1), (torch.zeros(0, 2), 1), (torch.zeros(3, 1), -1)):
        with pytest.raises(ValueError, match=r"^scores: expected"):
            lowest_threshold(scores, allowed)
    for rate, steps in ((-1.0, 40), (0.1, 13), (float("nan"), 40)):
        with pytest.raises(ValueError, match=r"^per_sensor_day: expected a rate from 0"):
            calibrate(monitor, values[:steps], known[:steps], rate)
