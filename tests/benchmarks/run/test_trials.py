"""Trials: the plan of a suite, and what a configuration says reaches the model."""

from dataclasses import replace

import pytest

from benchmarks.run import trials
from benchmarks.suites import suite
from benchmarks.tables import TASKS

QUICK = suite.load("quick")


def test_plan_has_each_baseline_once_a_split():
    planned = trials.plan(replace(QUICK, seeds=2).only(["club"], ["GCN"]), "cpu")
    names = [(trial.model, trial.seed) for trial in planned]
    assert names == [("majority class", 0), ("majority class", 1), ("GCN", 0), ("GCN", 1)]
    everything = trials.plan(QUICK, "cpu")
    assert len({trial.id for trial in everything}) == len(everything)


def test_the_id_tells_suites_and_configurations_apart():
    planned = trials.plan(QUICK.only(["club"], ["GCN"]), "cpu")
    others = trials.plan(replace(QUICK, name="mine").only(["club"], ["GCN"]), "cpu")
    longer = trials.plan(QUICK.only(["club"], ["GCN"]).set(["steps=101"]), "cpu")
    models = {trial.id for plan in (planned, others, longer) for trial in plan if trial.view}
    assert len(models) == 3 * QUICK.seeds


def test_forget_bias_reaches_the_gate():
    config = TASKS["palindrome"].configured({"length": 10})
    network = trials.build("LSTM", trials.objective_of("palindrome", "path", config))
    forget = dict(network.named_parameters())["layers.0.bias_ih_l0"].chunk(4)[1]
    assert float(forget.mean().detach()) == pytest.approx(config.forget_bias, abs=0.1)
