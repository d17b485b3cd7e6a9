"""The loggers: what training tells them stands in their files, as their own readers read it."""

import csv
import importlib.util
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from benchmarks.run import loggers, trials
from benchmarks.run.records import Record
from benchmarks.run.workdir import Output
from benchmarks.suites import suite


def train(folder: Path, logger: str) -> Record:
    chosen = suite.load("quick").only(["club"], ["GCN"]).set(["steps=20", "evaluate_every=10"])
    trial = trials.plan(replace(chosen, seeds=1), "cpu")[-1]
    return trials.run(trial, Output(folder, logger), lambda step: None)


def need(package: str) -> None:
    if importlib.util.find_spec(package) is None:
        pytest.skip(f"{package} is not installed: pip install -e '.[{package}]'")


def test_csv(tmp_path: Path):
    record = train(tmp_path, "csv")
    (path,) = tmp_path.glob("logs/*/version_0/metrics.csv")
    rows = list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))
    assert [(int(row["step"]), float(row["loss"])) for row in rows[:2]] == [
        (step, pytest.approx(loss)) for step, loss in zip(record.curve["step"], record.curve["loss"], strict=True)
    ]
    assert [float(row["validation"]) for row in rows[:2]] == pytest.approx(record.curve["validation"])
    assert float(rows[2]["test"]) == pytest.approx(record.test)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of tensorboard itself
def test_tensorboard(tmp_path: Path):
    need("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    record = train(tmp_path, "tensorboard")
    (folder,) = tmp_path.glob("logs/*/version_0")
    events = EventAccumulator(str(folder))
    events.Reload()
    assert [event.step for event in events.Scalars("loss")] == record.curve["step"]
    assert [event.value for event in events.Scalars("validation")] == pytest.approx(record.curve["validation"])
    assert events.Scalars("test")[0].value == pytest.approx(record.test)


@pytest.mark.filterwarnings("ignore")  # of mlflow's many dependencies
def test_mlflow(tmp_path: Path):
    need("mlflow")
    client: Any = importlib.import_module("mlflow.tracking").MlflowClient(f"sqlite:///{tmp_path / 'mlflow.db'}")
    records = [train(tmp_path, "mlflow") for _ in range(2)]  # the second finds its checkpoint finished
    experiment = client.get_experiment_by_name("quick")
    runs = client.search_runs([experiment.experiment_id])
    assert len(runs) == 2
    assert [run.info.status for run in runs] == ["FINISHED"] * 2
    assert runs[0].data.params["learning_rate"] == "0.01"
    assert runs[0].data.params["trial"] == records[0].trial.id
    assert runs[0].data.metrics["test"] == pytest.approx(records[0].test)
    losses = client.get_metric_history(runs[-1].info.run_id, "loss")
    assert [point.step for point in losses] == records[0].curve["step"]
    assert [point.value for point in losses] == pytest.approx(records[0].curve["loss"])


def test_none_is_made_where_none_is_wanted(tmp_path: Path):
    train(tmp_path, "")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["checkpoints"]


def test_an_unknown_logger_is_named():
    with pytest.raises(ValueError, match=r"--logger: .*did you mean 'csv'\?"):
        loggers.check("csw")
    assert loggers.check("csv") == "csv"
