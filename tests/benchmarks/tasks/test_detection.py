"""Detection: what is counted, and that weights are chosen by another score than the one that is tested."""

from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

import pytest
import torch

from benchmarks.run import trials
from benchmarks.run.records import Trial
from benchmarks.run.workdir import Output
from benchmarks.tables import TASKS
from benchmarks.tasks import detection
from benchmarks.tasks.config import Config
from benchmarks.tasks.detection import DETECTED, LOSS, RATES, judge
from benchmarks.tasks.thresholds import UsualHour
from gnn_toolkit.models import StreetMonitor
from gnn_toolkit.training import Settings, calibrate, fit_monitor, load_weights, scores_of
from tests.benchmarks.tasks.scenes import scene


def test_what_a_detector_finds_is_counted():
    there = scene()
    found = judge(UsualHour(there.usual).scores, there, 0.0)
    assert found.scores.points.tolist() == [1.0, 0.0, 1.0]
    assert found.scores.mean == pytest.approx(2 / 3)
    assert found.measures["weak ones detected"] == 0.5
    assert found.measures["minutes to the alarm"] == pytest.approx(60 * (3 + 12 + 1) / 3)  # or the whole length
    assert found.measures["mean rank"] in (1.0, 4 / 3)
    assert found.measures["ranked first"] in (1.0, pytest.approx(2 / 3))
    assert found.measures["false alarms a sensor and day"] == pytest.approx(24 / (2 * (96 - 31)))
    curve = [found.measures[f"detected at {rate:g} false alarms"] for rate in RATES]
    assert curve == sorted(curve)


def test_the_threshold_keeps_to_the_rate():
    there = scene()
    calm = replace(there, calm=there.calibration)
    found = judge(UsualHour(there.usual).scores, calm, 0.5)
    assert 0 < found.measures["false alarms a sensor and day"] <= 0.5


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let the task of real detectors watch three accidents on two roads."""
    monkeypatch.setattr(detection, "detectors", lambda seed, *, accidents: scene())
    for kept in (trials._data, trials._viewed):
        kept.cache_clear()
    yield
    for kept in (trials._data, trials._viewed):
        kept.cache_clear()


def trial(view: str, model: str, **changes: object) -> Trial:
    task = TASKS["detector-incidents"]
    config = task.configured({"window": 8, "steps": 6, "evaluate_every": 2, "hidden_channels": 4, **changes})
    return Trial("detector-incidents", view, model, 0, asdict(config))


@pytest.mark.usefixtures("watched")
@pytest.mark.parametrize(("view", "model"), [("graph", "DCRNN"), ("graph", "diffusion"), ("no edges", "LSTM")])
def test_a_trial_does_what_fit_monitor_and_calibrate_do(view: str, model: str, tmp_path: Path):
    one, there = trial(view, model), scene()
    record = trials.run(one, Output(tmp_path, models=True), lambda steps: None)
    torch.manual_seed(0)
    edges = there.usual.edge_index if view == "graph" else torch.empty(2, 0, dtype=torch.long)
    monitor = StreetMonitor(
        edges, 2, 1, 4, steps_per_day=24, K=2, keep=0.8, layer="lstm" if model == "LSTM" else "dcrnn",
        memory=model != "diffusion",
    )  # fmt: skip
    settings = Settings(steps=6, learning_rate=0.01, evaluate_every=2, rate_decay=0.5, rate_decay_every=50)
    history = fit_monitor(monitor, there.usual.values, there.usual.mask, settings, window=8)
    calibrate(monitor, there.calibration.values, there.calibration.mask, 0.2, skip=30)
    assert record.curve["validation"] == pytest.approx(history.validation, rel=1e-5)
    assert record.curve["best_validation"] == min(record.curve["validation"])  # a loss: lower is better
    kept = trials.build(model, trials.objective_of(one.task, one.view, Config(**one.config)))
    load_weights(Output(tmp_path, models=True).model(one), kept)
    learnt = {name.removeprefix("monitor."): value for name, value in kept.state_dict().items()}
    for name, value in monitor.state_dict().items():
        if name not in ("clock", "score", "medians", "scales", "state"):  # where the last series left them
            torch.testing.assert_close(learnt[name], value, msg=name)
    tops = [
        scores_of(monitor, s.series.values, s.series.mask, clock=s.clock)[s.start :, s.node].max() for s in there.struck
    ]
    assert record.units == [float(top > monitor.threshold) for top in tops]
    assert record.test == pytest.approx(sum(record.units) / 3)
    assert record.measures["minutes to the alarm"] <= 12 * 60
    assert (record.about["metric"], record.about["selection"]) == (DETECTED.name, LOSS.name)
    assert (record.about["higher_is_better"], record.about["lower_selects"]) == (True, True)


@pytest.mark.usefixtures("watched")
def test_thresholds_are_baselines_with_measures(tmp_path: Path):
    config = {"data": {**TASKS["detector-incidents"].options, "window": 8}}
    for name in TASKS["detector-incidents"].baselines:
        record = trials.run(Trial("detector-incidents", "", name, 0, config), Output(tmp_path), lambda steps: None)
        assert record.parameters == 2 * 24 * 2
        assert set(record.measures) >= {"mean rank", "detected at 0.2 false alarms"}
        assert record.test in (0.0, pytest.approx(1 / 3), pytest.approx(2 / 3), 1.0)


@pytest.mark.usefixtures("watched")
def test_what_it_cannot_do_is_refused():
    with pytest.raises(ValueError, match="devices: expected 1 for a monitor, got 2"):
        trials.objective_of("detector-incidents", "graph", Config(**trial("graph", "DCRNN", devices=2).config))
    objective = trials.objective_of("detector-incidents", "graph", Config(**trial("graph", "DCRNN").config))
    with pytest.raises(ValueError, match="split: expected one of validation, got 'test'"):
        list(objective.source.held_out("test"))


def test_the_loss_is_the_laplace_density():
    forecast, y = torch.tensor([[1.0, 2.0], [0.0, 0.5]]), torch.tensor([4.0, 0.0])
    expected = [3 / 2 + torch.log(torch.tensor(4.0)).item(), 0.0]
    assert LOSS.points(forecast, y).tolist() == pytest.approx(expected)
    assert float(LOSS.loss(forecast, y)) == pytest.approx(sum(expected) / 2)
