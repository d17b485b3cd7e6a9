"""The monitor, step by step: what it scores, what it fills in, and that it can be put down and taken up."""

import io
from itertools import pairwise

import pytest
import torch
from torch import Tensor

from gnn_toolkit.models import StreetMonitor

EDGES = torch.tensor([[0, 1, 2, 3], [1, 2, 3, 0]])
LAYERS = ["dcrnn", "gconvlstm", "gru"]


def make(**options) -> StreetMonitor:
    torch.manual_seed(0)
    monitor = StreetMonitor(EDGES, 4, 2, 6, steps_per_day=24, **options)
    monitor.scaler.fit(10 + 5 * torch.randn(100, 2))
    monitor.reset()
    return monitor


def series(steps: int = 30) -> Tensor:
    return 10 + 5 * torch.randn(steps, 4, 2, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("memory", [True, False])
def test_scores_are_those_of_the_forecasts_of_the_whole_series(layer: str, memory: bool):
    monitor, x = make(layer=layer, memory=memory, keep=0.6), series(8)
    scores = torch.stack([monitor.update(step).scores for step in x])
    value = monitor.scaler(x)
    with torch.no_grad():
        (median, scale), _ = monitor.forecast(value, torch.ones_like(value, dtype=torch.bool), torch.tensor(0))
    surprise = ((value[1:] - median[:-1]).abs() / scale[:-1]).mean(-1)
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
    filled[1] = monitor.scaler.inverse_transform(median)[1]
    known = torch.ones(4, 2, dtype=torch.bool)
    known[1] = False
    torch.testing.assert_close(twin.update(filled, known).scores, out.scores)
    torch.testing.assert_close(twin.median, monitor.median)
    half = x[4].clone()
    half[2, 0] = torch.nan  # the other feature is judged alone
    expected = 0.5 * monitor.score[2] + 0.5 * ((monitor.scaler(x[4]) - monitor.median).abs() / monitor.scale)[2, 1]
    torch.testing.assert_close(monitor.update(half).scores[2], expected)


def test_all_sensors_may_be_silent_from_the_start():
    monitor = make()
    for _ in range(3):
        reading = monitor.update(torch.full((4, 2), torch.nan))
        assert reading.scores.tolist() == [1.0] * 4
    assert monitor.update(series(1)[0]).scores.isfinite().all()


def test_an_alarm_has_one_onset():
    monitor, x = make(keep=0.0), series(8)
    monitor.threshold.fill_(20.0)
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


@pytest.mark.parametrize(
    ("argument", "call"),
    [
        ("edge_index", lambda: StreetMonitor(EDGES + 1, 4, 1, 4)),
        ("num_nodes", lambda: StreetMonitor(EDGES, 0, 1, 4)),
        ("layer", lambda: make(layer="cnn")),
        ("keep", lambda: make(keep=1.0)),
        ("observation", lambda: make().update(torch.zeros(4, 1))),
    ],
)
def test_what_makes_no_sense_is_refused(argument: str, call):
    with pytest.raises(ValueError, match=f"^{argument}: expected"):
        call()
