"""Estimates come from like trials on this machine, in proportion to the steps, and from nothing else."""

from dataclasses import replace

import pytest

from benchmarks.measure.machine import describe
from benchmarks.run import estimate, trials
from benchmarks.run.estimate import LIMIT, estimates, measured_seconds, seconds_of
from benchmarks.run.records import Record, Trial
from benchmarks.suites import suite

TRIAL = Trial("club", "graph", "GCN", 0, {"steps": 100, "hidden_channels": 8, "learning_rate": 0.1})
DONE = Record(TRIAL, test=0.5, overall_seconds=5.0, machine=describe())


def test_the_median_of_like_trials_in_proportion_to_the_steps():
    records = [DONE, replace(DONE, overall_seconds=7.0), replace(DONE, overall_seconds=60.0)]
    asked = replace(TRIAL, seed=4, config={**TRIAL.config, "steps": 1000, "learning_rate": 0.2})
    assert seconds_of(asked, records) == pytest.approx(70.0)


@pytest.mark.parametrize(
    "other",
    [
        replace(DONE, trial=replace(TRIAL, model="MLP")),
        replace(DONE, trial=replace(TRIAL, config={**TRIAL.config, "hidden_channels": 9})),
        replace(DONE, machine={**describe(), "processor": "another"}),
        replace(DONE, status="failed"),
        replace(DONE, overall_seconds=None),
    ],
    ids=["model", "size", "machine", "failed", "continued"],
)
def test_what_is_not_like_it_says_nothing(other):
    assert seconds_of(TRIAL, [other]) is None


def club(steps: int = 100, seeds: int = 2) -> list[Trial]:
    chosen = suite.load("quick").only(["club"], ["GCN", "MLP"]).set([f"steps={steps}"])
    return list(trials.plan(replace(chosen, seeds=seeds), "cpu"))


def test_what_is_unlike_any_earlier_trial_is_tried_once_a_kind(monkeypatch):
    asked: list[str] = []
    monkeypatch.setattr(estimate, "measured_seconds", lambda trial: asked.append(trial.title) or 10.0)
    planned = club()
    found = estimates(planned, [])
    assert [seconds is None for seconds in found] == [not trial.view for trial in planned]
    assert set(found) == {None, 10.0}
    assert len(asked) == len(set(asked)) == len({(trial.view, trial.model) for trial in planned if trial.view})


def test_trying_ends_after_a_while(monkeypatch):
    monkeypatch.setattr(estimate, "LIMIT", 0)
    assert estimates(club(), []) == [None] * len(club())
    assert LIMIT == 60


def test_a_trial_with_more_steps_takes_longer():
    few, many = (next(trial for trial in club(steps, 1) if trial.view) for steps in (10, 100_000))
    assert 0 < measured_seconds(few, 0.05) < measured_seconds(many, 0.05)
