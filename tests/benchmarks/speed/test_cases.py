"""The command: what fails is told and does not stop the rest."""

import json

import pytest
import torch
from typer.testing import CliRunner

from benchmarks import __main__ as command_line
from benchmarks.speed import timing
from benchmarks.speed.case import Case, Contest
from benchmarks.speed.cases import CASES, CURVES, run_case
from benchmarks.speed.scaling import Curve, ends
from benchmarks.speed.sequences import dense


def invoke(*arguments):
    before = torch.get_num_threads()
    try:
        return CliRunner().invoke(command_line.app, ["speed", *arguments])
    finally:
        torch.set_num_threads(before)


def test_the_command_reports_a_broken_case_and_exits_1(tmp_path, monkeypatch):
    tiny = Case(
        "a GRU", "torch.nn.GRU", "time", None, lambda device: dense("cpu", "GRU", batch=2, steps=3, width=4, hidden=5)
    )
    wrong = Contest(lambda: [torch.ones(1)], lambda: [torch.zeros(1)], list)
    broken = Case("a kernel", "the truth", "time", 1.0, lambda device: wrong)
    monkeypatch.setitem(CASES, "tiny", tiny)
    monkeypatch.setitem(CASES, "broken", broken)
    monkeypatch.setattr(timing, "LONG_ENOUGH", 1e-3)
    done = invoke("--case", "tiny", "--case", "broken", "--rounds", "2", "--threads", "1", "--out", str(tmp_path))
    assert done.exit_code == 1, done.output
    assert "[2/2] broken: FAILED, not timed: AssertionError: output is off" in done.output
    stored = json.loads((tmp_path / "speed-cpu.json").read_text())
    assert [len(case["ours"]) for case in stored["cases"]] == [2, 0]
    assert invoke("--case", "tiny", "--rounds", "1", "--threads", "1", "--out", str(tmp_path)).exit_code == 0


def test_the_command_measures_the_curve_that_is_named(tmp_path, monkeypatch):
    def build(place, device):
        if place > 2:
            raise MemoryError("no room")
        return lambda: [torch.ones(place)]

    monkeypatch.setitem(CURVES, "tiny", Curve("a layer", "nodes", (1, 2), {"ours": build}, ends))
    monkeypatch.setitem(CURVES, "huge", Curve("a layer", "nodes", (1, 3), {"ours": build}, ends))
    done = invoke("--curve", "tiny", "--curve", "huge", "--rounds", "1", "--threads", "1", "--out", str(tmp_path))
    assert done.exit_code == 1, done.output
    stored = json.loads((tmp_path / "speed-cpu.json").read_text())
    assert stored["cases"] == []
    assert [(point["curve"], point["place"]) for point in stored["growth"]] == [("tiny", 1), ("tiny", 2)]
    assert stored["problems"]["huge"].endswith("MemoryError: no room\n")
    assert "- huge failed: MemoryError: no room" in (tmp_path / "speed-cpu.md").read_text()


@pytest.mark.parametrize(
    ("option", "name", "near"), [("case", "tree-floor", "trees-floor"), ("curve", "dept", "depth")]
)
def test_an_unknown_name_is_refused_with_the_nearest(option, name, near):
    done = invoke(f"--{option}", name)
    assert isinstance(done.exception, ValueError)
    assert f"did you mean {near!r}?" in str(done.exception)


def test_a_kernel_that_raises_fails_its_case_alone():
    def build(device):
        raise RuntimeError("no such kernel")

    result = run_case("x", Case("a", "b", "time", None, build), 1, "cpu")
    assert result.verdict == "FAILED"
    assert result.error.endswith("RuntimeError: no such kernel\n")
