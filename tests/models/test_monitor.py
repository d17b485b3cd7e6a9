"""The monitor, step by step: what it scores, what it fills in, and that it can be saved and reloaded."""

import io
from itertools import pairwise
from pathlib import Path

import pytest
import torch
from torch import Tensor

from gnn_toolkit.models import StreetMonitor

EDGES = torch.tensor([[0, 1, 2, 3], [1, 2, 3, 0]])
LAYERS = ["dcrnn", "gconvlstm", "gru"]


def make(**options) -> StreetMonitor:
    torch.manual_seed(0)
    monitor = StreetMonitor(EDGES, 4, 2, 6, steps_per_day=24, **options)
    monitor.usual.fit(10 + 5 * torch.randn(24 * 9, 4, 2))
    monitor.reset()
    return monitor


def series(steps: int = 30) -> Tensor:
    return 10 + 5 * torch.randn(steps, 4, 2, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("memory", [True, False])
def test_scores_are_those_of_the_forecasts_of_the_whole_series(layer: str, memory: bool):
    monitor, x = make(layer=layer, memory=memory, keep=0.6), series(8)
    scores = torch.stack([monitor.update(step).scores for step in x])
    value = monitor.usual(x, torch.arange(8))
    with torch.no_grad():
        (median, scale), _ = monitor.forecast(value, torch.ones_like(value, dtype=torch.bool), torch.tensor(0))
    surprise = ((value[1:] - median[:-1]).abs() / scale[:-1]).clamp(max=8.0).mean(-1)
    expected = [torch.ones(4)]
    for step in surprise:
        expected.append(0.6 * expected[-1] + 0.4 * step)
    torch.testing.assert_close(scores, torch.stack(expected))


def test_a_batch_of_windows_is_its_windows():
    for memory in (True, False):
        monitor, x = make(memory=memory), monitor_values(3)
        known, clock = torch.rand(x.shape) < 0.7, torch.tensor([0, 5, 20])
        together, _ = monitor.forecast(x, known, clock)
        for k in range(3):
            alone, _ = monitor.forecast(x[k], known[k], clock[k])
            torch.testing.assert_close(together[:, k], alone)


def monitor_values(batch: int) -> Tensor:
    return torch.randn(batch, 5, 4, 2, generator=torch.Generator().manual_seed(2))


def test_the_hour_counts_and_comes_again_the_next_day():
    monitor, x = make(), series(1)[0]
    scales = []
    for clock in (3, 15, 27):
        monitor.reset(clock)
        monitor.update(x)
        scales.append(monitor.scale.clone())
    torch.testing.assert_close(scales[0], scales[2])
    assert not torch.allclose(scales[0], scales[1])


@pytest.mark.parametrize("layer", LAYERS)
def test_put_down_and_taken_up_it_goes_on_as_if_nothing_were(layer: str):
    first, x = make(layer=layer), series(20)
    first.threshold.fill_(1.5)
    for step in x[:10]:
        first.update(step)
    kept = io.BytesIO()
    torch.save(first.state_dict(), kept)
    kept.seek(0)
    second = StreetMonitor(EDGES.flip(1), 4, 2, 6, steps_per_day=24, layer=layer)
    second.load_state_dict(torch.load(kept, weights_only=True))
    for step in x[10:]:
        a, b = first.update(step), second.update(step)
        assert a.scores.equal(b.scores)
        assert a.alarms.equal(b.alarms)
        assert a.onsets.equal(b.onsets)


def test_memory_does_not_grow():
    monitor, x = make(), series(50)

    def held() -> int:
        return sum(t.numel() for t in monitor.state_dict().values())

    monitor.update(x[0])
    before = held()
    for step in x:
        monitor.update(step)
    assert held() == before
    assert all(not buffer.requires_grad for buffer in monitor.buffers())


def test_a_silent_sensor_keeps_its_score_and_is_filled_with_its_forecast():
    monitor, x = make(), series(6)
    for step in x[:3]:
        monitor.update(step)
    score, median = monitor.score.clone(), monitor.median.clone()
    twin = make()
    twin.load_state_dict(monitor.state_dict())
    gap = x[3].clone()
    gap[1] = torch.nan
    out = monitor.update(gap)
    assert out.scores[1] == score[1]
    assert out.scores.isfinite().all()
    filled = x[3].clone()
    filled[1] = monitor.usual.inverse_transform(median, torch.tensor(3))[1]
    known = torch.ones(4, 2, dtype=torch.bool)
    known[1] = False
    torch.testing.assert_close(twin.update(filled, known).scores, out.scores)
    torch.testing.assert_close(twin.median, monitor.median)
    half = x[4].clone()
    half[2, 0] = torch.nan  # the other feature is judged alone
    deviation = monitor.usual(x[4], monitor.clock)
    expected = 0.5 * monitor.score[2] + 0.5 * ((deviation - monitor.median).abs() / monitor.scale)[2, 1]
    torch.testing.assert_close(monitor.update(half).scores[2], expected)


def test_all_sensors_may_be_silent_from_the_start():
    monitor = make()
    for _ in range(3):
        reading = monitor.update(torch.full((4, 2), torch.nan))
        assert reading.scores.tolist() == [1.0] * 4
    assert monitor.update(series(1)[0]).scores.isfinite().all()


def test_an_alarm_has_one_onset():
    monitor, x = make(keep=0.0), series(8)
    monitor.threshold.fill_(6.0)
    x[3:6, 2] += 1000.0
    readings = [monitor.update(step) for step in x]
    assert [bool(r.alarms[2]) for r in readings][3]
    assert sum(bool(r.onsets[2]) for r in readings[:4]) == 1
    assert not any(bool(r.alarms.any()) for r in readings[:3])
    for before, after in pairwise(readings):
        assert after.onsets.equal(after.alarms & ~before.alarms)


def test_without_a_threshold_there_is_no_alarm():
    monitor = make()
    assert not any(bool(monitor.update(step * 100).alarms.any()) for step in series(5))


@pytest.mark.parametrize("value", [torch.inf, torch.nan, -torch.inf, 3.4e38, -1e30])
def test_what_no_reading_can_be_is_missing(value: float):
    monitor, x = make(), series(6)
    other = make()
    for step in x[:3]:
        monitor.update(step)
        other.update(step)
    bad, mask = x[3].clone(), torch.ones(4, 2, dtype=torch.bool)
    bad[2, 1], mask[2, 1] = value, False
    assert monitor.update(bad, torch.ones_like(mask)).scores.equal(other.update(x[3], mask).scores)
    assert monitor.update(x[4]).scores.equal(other.update(x[4]).scores)


def test_one_corrupt_reading_counts_no_more_than_the_limit_and_is_forgotten():
    monitor, x = make(limit=5.0), series(60)
    other = make(limit=5.0)
    for step in x[:10]:
        monitor.update(step)
        other.update(step)
    corrupt = x[10].clone()
    corrupt[2] = 1e20
    before = monitor.score[2].clone()
    assert monitor.update(corrupt).scores[2] == 0.5 * before + 0.5 * 5.0
    other.update(x[10])
    reading, usual = [(monitor.update(step), other.update(step)) for step in x[11:]][-1]
    torch.testing.assert_close(reading.scores, usual.scores, rtol=1e-3, atol=1e-3)


def test_the_spread_of_a_sensor_divides_its_surprise():
    monitor, x = make(keep=0.0), series(2)
    monitor.update(x[0])
    other = make(keep=0.0)
    other.load_state_dict(monitor.state_dict())
    other.spread[1] = 2.0
    plain, wide = monitor.update(x[1]).scores, other.update(x[1]).scores
    torch.testing.assert_close(wide[1], plain[1] / 2)
    assert wide[[0, 2, 3]].equal(plain[[0, 2, 3]])


def test_lost_readings_are_as_many_observations_of_gaps():
    monitor, x = make(ahead=3), series(30)
    by_hand, by_clock = make(ahead=3), make(ahead=3)
    for step in x[:12]:
        for one in (monitor, by_hand, by_clock):
            one.update(step)
    monitor.skip(10)
    for _ in range(10):
        by_hand.update(torch.full((4, 2), torch.nan))
    expected = by_hand.update(x[22]).scores
    assert monitor.update(x[22]).scores.equal(expected)
    assert by_clock.update(x[22], clock=22).scores.equal(expected)  # the same said with the reading itself
    assert int(by_clock.clock) == 23
    assert by_clock.update(x[23], clock=23).scores.equal(monitor.update(x[23]).scores)  # nothing was lost here


def test_after_more_than_a_day_it_starts_afresh_at_the_right_hour():
    monitor, fresh, x = make(), make(), series(3)
    monitor.update(x[0])
    monitor.skip(30)
    fresh.reset(31)
    for step in x[1:]:
        assert monitor.update(step).scores.equal(fresh.update(step).scores)


def test_a_clock_change_moves_the_hour_and_keeps_the_state():
    monitor, x = make(), series(12)
    for step in x[:10]:
        monitor.update(step)
    state, score = monitor.state.clone(), monitor.score.clone()
    monitor.set_clock(14)  # by summer time
    assert monitor.state.equal(state)
    assert monitor.score.equal(score)
    monitor.update(x[10])
    assert int(monitor.clock) == 15


def test_the_next_observation_is_expected_in_its_own_units():
    monitor, x = make(), series(3)
    for step in x:
        monitor.update(step)
    median, scale = monitor.expected()
    width = monitor.usual.width[3]
    torch.testing.assert_close(median, monitor.usual.center[3] + monitor.median * width)
    torch.testing.assert_close(scale, monitor.scale * width)


def test_observations_of_other_kinds_of_numbers_are_taken():
    monitor, other, x = make(), make(), series(3).round()
    for step in x:
        expected = monitor.update(step).scores
        assert other.update(step.to(torch.int64)).scores.equal(expected)
    assert make().update(x[0].double()).scores.dtype == torch.float32


def test_a_saved_monitor_goes_on_where_it_was(tmp_path: Path):
    monitor, x = make(ahead=2, layer="gconvlstm", keep=0.7), series(20)
    for step in x[:10]:
        monitor.update(step)
    monitor.save(tmp_path / "streets.safetensors", ("a", "b", "c", "d"))
    other = StreetMonitor.load(tmp_path / "streets.safetensors")
    for step in x[10:]:
        assert other.update(step).scores.equal(monitor.update(step).scores)


@pytest.mark.parametrize(
    ("argument", "call"),
    [
        ("edge_index", lambda: StreetMonitor(EDGES + 1, 4, 1, 4)),
        ("num_nodes", lambda: StreetMonitor(EDGES, 0, 1, 4)),
        ("layer", lambda: make(layer="cnn")),
        ("keep", lambda: make(keep=1.0)),
        ("limit", lambda: make(limit=1.0)),
        ("edge_weight", lambda: make(edge_weight=torch.ones(3))),
        ("observation", lambda: make().update(torch.zeros(4, 1))),
        ("mask", lambda: make().update(torch.zeros(4, 2), torch.ones(4, 2))),
        ("mask", lambda: make().update(torch.zeros(4, 2), torch.ones(4, dtype=torch.bool))),
        ("steps", lambda: make().skip(-1)),
        ("steps", lambda: make().skip(1.5)),  # type: ignore[arg-type]
        ("clock", lambda: make().update(torch.zeros(4, 2), clock=1.5)),  # type: ignore[arg-type]
        ("observation", lambda: make().update([[1.0, 2.0]] * 4)),  # type: ignore[arg-type]
        ("edge_weight", lambda: make(edge_weight=torch.full((4,), torch.nan))),
    ],
)
def test_what_makes_no_sense_is_refused(argument: str, call):
    with pytest.raises(ValueError, match=f"^{argument}: expected"):
        call()
