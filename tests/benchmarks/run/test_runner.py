"""The runner: it keeps what is finished, continues what is not, and records what fails."""

import json
from dataclasses import replace

import pytest
import torch
from rich.console import Console

from benchmarks.run import runner, trials
from benchmarks.run.record_files import read_records
from benchmarks.run.workdir import Output
from benchmarks.suites import suite
from benchmarks.tables import TASKS


@pytest.fixture
def console(tmp_path):
    with (tmp_path / "output.txt").open("w") as file:
        yield Console(file=file, width=200)


@pytest.fixture(autouse=True)
def short(monkeypatch):
    """Give the club's models 20 steps, with a validation and a checkpoint every 5."""
    monkeypatch.setattr(trials, "CHECKPOINT_SHARE", 1.0)
    club = TASKS["club"]
    monkeypatch.setitem(TASKS, "club", replace(club, config=replace(club.config, steps=20, evaluate_every=5)))


def planned(model="GCN", seeds=2):
    return trials.plan(replace(suite.load("quick"), seeds=seeds).only(["club"], [model]), "cpu")


def weights_free(record):
    """Return what must not depend on how often a run was interrupted."""
    return record.trial, record.test, record.curve["step"], record.curve["loss"], record.curve["validation"]


def test_finished_trials_are_kept(tmp_path, console):
    assert runner.run(planned(), Output(tmp_path), console) == []
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "records").iterdir()}
    assert len(before) == 4
    assert runner.run(planned(), Output(tmp_path), console) == []
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "records").iterdir()} == before
    console.file.flush()
    output = (tmp_path / "output.txt").read_text()
    assert "[3/4] club · graph · GCN · seed 0: accuracy" in output
    assert "4 of 4 trials are finished already." in output


def test_interrupted_run_continues_bit_for_bit(tmp_path, console, monkeypatch):
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    runner.run(planned(), Output(whole), console)

    steps_seen = []

    def interrupt(step):
        steps_seen.append(step)
        if len(steps_seen) == 13:
            raise KeyboardInterrupt

    original = trials.run_trial
    monkeypatch.setattr(
        trials, "run_trial", lambda trial, output, progress: original(trial, output, lambda step: interrupt(step))
    )
    with pytest.raises(KeyboardInterrupt):
        runner.run(planned(), Output(broken), console)
    assert len(read_records(broken)) == 2
    assert len(list((broken / "checkpoints").glob("*.pt"))) == 1
    runner.run(planned(), Output(broken), console)
    # The interrupted trial went on after its last checkpoint at step 10, not from the start.
    assert steps_seen[13:23] == list(range(11, 21))
    models = [[r for r in read_records(folder) if r.trial.view] for folder in (whole, broken)]
    assert [weights_free(r) for r in models[0]] == [weights_free(r) for r in models[1]]
    assert list((broken / "checkpoints").glob("*")) == []


def test_failed_trial_is_recorded_with_its_traceback_and_tried_again(tmp_path, console, monkeypatch):
    club = TASKS["club"]
    monkeypatch.setitem(TASKS, "club", replace(club, config=replace(club.config, learning_rate=1e30)))
    failures = runner.run(planned("LSTM", seeds=1), Output(tmp_path), console)
    # Steps of 1e30 overflow float32 at once; the loss then is not a number.
    assert {record.trial.view for record in failures} == {"BFS path", "DFS path"}
    assert all("NotFiniteError" in record.error and "Traceback" in record.error for record in failures)
    assert [record.trial.model for record in read_records(tmp_path) if record.status == "done"] == ["majority class"]
    assert len(runner.run(planned("LSTM", seeds=1), Output(tmp_path), console)) == 2


def test_records_say_where_they_come_from(tmp_path, console):
    runner.run(planned(seeds=1), Output(tmp_path), console)
    (record,) = [r for r in read_records(tmp_path) if r.trial.view]
    assert record.machine["versions"]["torch"].startswith(torch.__version__.split("+")[0])
    assert record.parameters == 34 * 16 + 16 + 16 * 16 + 16 + 16 * 2 + 2
    assert record.peak_memory_mib is not None
    assert record.peak_memory_mib > 50
    assert record.curve["step"] == [5, 10, 15, 20]
    stored = json.loads(next((tmp_path / "records").glob("*GCN*")).read_text())
    assert stored["trial"]["config"]["steps"] == 20
