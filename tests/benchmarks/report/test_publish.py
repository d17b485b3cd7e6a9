"""What a repository keeps of a run."""

import json

import pytest
from typer.testing import CliRunner

from benchmarks import __main__ as command_line
from benchmarks.commands import shared
from benchmarks.report import page
from benchmarks.report.analysis import analysis_of
from benchmarks.report.publish import POINTS, publish
from benchmarks.run.record_files import write_record
from benchmarks.run.records import Record, Trial


def write_run(folder, steps):
    for seed, test in enumerate((0.75, 0.85)):
        curve = {
            "step": list(range(1, steps + 1)),
            "validation": [(k + seed) / 1000 for k in range(steps)],
            "loss": [1 / (k + 3 + seed) for k in range(steps)],
            "seconds": [float(k) for k in range(steps)],
            "best_validation": 0.8,
        }
        costs = {"parameters": 1234, "seconds": 2.0 + seed, "steps_per_second": 10.0}
        write_record(folder, Record(Trial("club", "graph", "GCN", seed, {}), test=test, curve=curve, **costs))
    write_record(folder, Record(Trial("club", "", "majority class", 0, {}), test=0.5))
    return folder


def test_scores_costs_and_curves_are_kept(tmp_path):
    folder = write_run(tmp_path / "mine", steps=3)
    paths = publish(folder, tmp_path / "out")
    assert [path.name for path in paths] == ["mine.json", "mine.md"]
    free, model = json.loads(paths[0].read_text())["rows"]
    assert (free["model"], free["view"], free["test"], free["curve"]) == ("majority class", "", 0.5, {})
    assert model["scores"] == {"0": 0.75, "1": 0.85}
    assert (model["test"], model["validation"]) == (pytest.approx(0.8), 0.8)
    assert model["loss"] == {"0": 0.2, "1": 0.1667}
    assert model["costs"] == {"parameters": 1234, "seconds": 2.5, "steps_per_second": 10}
    assert model["curve"] == {
        "step": [1, 2, 3],
        "mean": [0.0005, 0.0015, 0.0025],
        "low": [0.0, 0.001, 0.002],
        "high": [0.001, 0.002, 0.003],
    }
    assert "| **GCN** | **graph** |" in paths[1].read_text()


def test_the_command_publishes_a_run_by_its_name(tmp_path, monkeypatch):
    monkeypatch.setattr(shared, "RUNS", tmp_path)
    write_run(tmp_path / "mine", steps=3)
    done = CliRunner().invoke(command_line.app, ["publish", "mine", "--out", str(tmp_path / "out")])
    assert done.exit_code == 0, done.output
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["mine.json", "mine.md"]


def test_a_record_that_is_there_is_overwritten_only_by_force(tmp_path, monkeypatch):
    monkeypatch.setattr(shared, "RUNS", tmp_path)
    write_run(tmp_path / "mine", steps=3)
    (tmp_path / "mine.json").write_text("an earlier record")
    call = ["publish", "mine", "--out", str(tmp_path)]
    refused = CliRunner().invoke(command_line.app, call)
    assert isinstance(refused.exception, ValueError)
    assert "pass --force" in str(refused.exception)
    assert (tmp_path / "mine.json").read_text() == "an earlier record"
    done = CliRunner().invoke(command_line.app, [*call, "--force"])
    assert done.exit_code == 0, done.output
    assert (tmp_path / "mine.json").read_text().startswith('{"machines"')


def test_a_long_curve_is_thinned_and_keeps_both_ends(tmp_path):
    path, _ = publish(write_run(tmp_path / "mine", steps=1000), tmp_path)
    curve = json.loads(path.read_text())["rows"][1]["curve"]
    assert len(curve["step"]) == len(curve["mean"]) == POINTS
    assert (curve["step"][0], curve["step"][-1]) == (1, 1000)


def test_a_text_keeps_its_course_and_what_was_written(tmp_path):
    samples = {"0": ["one"], "0.5": ["two <i>"]}
    curve = {
        "step": [500, 1000],
        "loss": [2.0, 1.5],
        "validation": [1.9, 1.6],
        "seconds": [3.0, 6.0],
        "watched": [{"accuracy": 0.4}, {"accuracy": 0.5, "samples": samples}],
    }
    for seed, copied in enumerate((30.0, 40.0)):
        trial = Trial("text", "path", "LSTM", seed, {})
        more = {"measures": {"longest copy": copied}, "samples": {"0": "The end"}}
        write_record(tmp_path / "mine", Record(trial, test=1.5, curve=curve, **more))
    path, text = publish(tmp_path / "mine", tmp_path)
    (row,) = json.loads(path.read_text())["rows"]
    assert row["measures"] == {"longest copy": 35}
    assert (row["training"]["step"], row["training"]["accuracy"]) == ([500, 1000], [0.4, 0.5])
    assert (row["training"]["loss"], row["training"]["seconds"]) == ([2, 1.5], [3, 6])
    assert (row["samples"], row["texts"]) == ({"1000": samples}, {"0": "The end"})
    assert "| longest copy | 35.000 [" in text.read_text()
    assert row["by_seed"]["longest copy"] == {"0": 30.0, "1": 40.0}
    assert "two &lt;i&gt;" in page.html(analysis_of(tmp_path / "mine"))


def test_a_validation_loss_that_was_watched_is_no_text(tmp_path):
    curve = {"step": [1], "loss": [2.0], "validation": [0.9], "seconds": [3.0], "watched": [{"validation_loss": 1.9}]}
    write_record(tmp_path / "mine", Record(Trial("club", "graph", "GCN", 0, {}), test=0.5, curve=curve))
    (row,) = json.loads(publish(tmp_path / "mine", tmp_path)[0].read_text())["rows"]
    assert row["test"] == 0.5
    assert "training" not in row
