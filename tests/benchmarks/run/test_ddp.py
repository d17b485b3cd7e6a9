"""Two processes that train together come to what one comes to."""

from dataclasses import replace

import pytest

from benchmarks.run import ddp, trials
from benchmarks.run.workdir import Output
from benchmarks.suites import suite


def trial(devices, task="palindrome-10", model="GRU"):
    chosen = suite.load("quick").only([task], [model]).set(["steps=30", "evaluate_every=10"])
    return trials.plan(replace(chosen, seeds=1), "cpu", devices)[-1]


def test_two_processes_agree_with_one(tmp_path):
    steps = []
    one = trials.run(trial(1), Output(tmp_path / "one"), lambda step: None)
    two = ddp.run(trial(2), Output(tmp_path / "two"), steps.append)
    assert steps == list(range(1, 31))
    assert two.curve["loss"] == pytest.approx(one.curve["loss"], rel=1e-3)
    assert two.test == pytest.approx(one.test, abs=0.02)
    assert one.curve["loss"][-1] < 0.97 * one.curve["loss"][0]


def test_one_graph_cannot_be_cut_in_two(tmp_path):
    with pytest.raises(ValueError, match="batch_size: expected a multiple of the 2 devices, got 1"):
        ddp.run(trial(2, "club", "GCN"), Output(tmp_path / "two"), lambda step: None)
