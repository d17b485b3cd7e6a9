"""From two CSV files to forecasts with intervals and a page."""

import csv
import json
import math
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gnn_toolkit.__main__ import app, main

ROOT = Path(__file__).parents[2]
OPTIONS = ["--steps", "3", "--hidden", "4", "--history", "6", "--horizon", "3"]


def files(folder: Path) -> list[str]:
    rows = ["time,north,south,<b>"]
    for k in range(240):
        values = (50 + 10 * math.sin(2 * math.pi * (k - n) / 24) + (k * 7 + n) % 5 for n in range(3))
        rows.append(f"2020-01-{1 + k // 24:02d} {k % 24:02d}:00," + ",".join(f"{v:.2f}" for v in values))
    (folder / "speeds.csv").write_text("\n".join(rows), encoding="utf-8")
    (folder / "graph.csv").write_text("from,to,weight\nnorth,south,1\nsouth,<b>,0.5\n", encoding="utf-8")
    return [str(folder / "speeds.csv"), str(folder / "graph.csv")]


def test_it_writes_forecasts_and_a_page(tmp_path: Path):
    out = tmp_path / "next.csv"
    done = CliRunner().invoke(app, ["forecast", *files(tmp_path), "--out", str(out), *OPTIONS])
    assert done.exit_code == 0, done.output
    assert "240 steps of 60 minutes from 2020-01-01 00:00:00" in done.output
    assert "mean absolute error" in done.output
    with out.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["sensor"] for row in rows] == ["north", "south", "<b>"] * 3
    assert [row["time"] for row in rows[::3]] == [f"2020-01-11 0{k}:00" for k in range(3)]
    assert all(float(row["low"]) < float(row["high"]) for row in rows)
    text = out.with_suffix(".html").read_text(encoding="utf-8")
    found = re.search(r"const d = (.*);", text)
    assert found
    data = json.loads(found.group(1))
    assert data["names"] == ["north", "south", "<b>"]
    assert data["times"] == ["2020-01-11 00:00", "2020-01-11 01:00", "2020-01-11 02:00"]
    assert data["forecast"][0][2][1] == pytest.approx(float(rows[7]["forecast"]), rel=1e-3)
    assert data["edges"] == [[0, 1], [1, 2]]
    assert "last value" in text
    assert "usual value of the hour" in text


def test_nothing_is_overwritten_unless_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys):
    inputs = files(tmp_path)
    before = Path(inputs[0]).read_bytes()
    (tmp_path / "next.html").write_text("mine", encoding="utf-8")
    for out, force, said in (
        (inputs[0], ["--force"], "another file than the input"),
        (str(tmp_path / "next.csv"), [], "a file that is not there yet"),
        (str(tmp_path), [], "a name for a file"),
        (str(tmp_path / "new.json"), [], "names that differ"),
    ):
        monkeypatch.setattr("sys.argv", ["gnn_toolkit", "forecast", *inputs, "--out", out, *force, *OPTIONS])
        with pytest.raises(SystemExit) as ended:
            main()
        assert ended.value.code == 2
        assert said in capsys.readouterr().err
    assert Path(inputs[0]).read_bytes() == before
    assert (tmp_path / "next.html").read_text(encoding="utf-8") == "mine"


def test_the_forecaster_is_saved_and_asked_again(tmp_path: Path):
    values, graph = files(tmp_path)
    out = tmp_path / "next.csv"
    assert CliRunner().invoke(app, ["forecast", values, graph, "--out", str(out), *OPTIONS]).exit_code == 0
    assert not out.with_suffix(".checkpoint").exists()
    model = out.with_suffix(".safetensors")
    again = tmp_path / "again.csv"
    done = CliRunner().invoke(app, ["forecast", values, "--model", str(model), "--out", str(again)])
    assert done.exit_code == 0, done.output
    assert "training" not in done.output.replace("the training never saw", "")
    assert again.read_text(encoding="utf-8") == out.read_text(encoding="utf-8")
    assert again.with_suffix(".html").exists()
    assert not again.with_suffix(".safetensors").exists()


def test_a_stopped_training_goes_on(tmp_path: Path):
    command = [sys.executable, "-m", "gnn_toolkit", "forecast", *files(tmp_path), "--out", str(tmp_path / "n.csv")]
    options = [*OPTIONS, "--steps", "4000"]
    kept = tmp_path / "n.checkpoint"
    with subprocess.Popen([*command, *options], cwd=ROOT, stderr=subprocess.DEVNULL) as first:
        while not kept.exists() and first.poll() is None:
            time.sleep(0.02)
        first.kill()
    assert kept.exists()
    assert not (tmp_path / "n.csv").exists()
    other = subprocess.run([*command, *options, "--steps", "5"], cwd=ROOT, capture_output=True, text=True)
    assert other.returncode == 2
    assert "differs in steps" in other.stderr


def test_without_a_graph_or_a_forecaster_it_says_what_is_missing(monkeypatch: pytest.MonkeyPatch, capsys, tmp_path):
    monkeypatch.setattr("sys.argv", ["gnn_toolkit", "forecast", files(tmp_path)[0], "--out", str(tmp_path / "n.csv")])
    with pytest.raises(SystemExit):
        main()
    assert "graph: expected a file, got none" in capsys.readouterr().err
