"""Estimates come from like trials on this machine, in proportion to the steps, and from nothing else."""

from dataclasses import replace

import pytest

from benchmarks.measure.machine import describe
from benchmarks.run.estimate import seconds_of
from benchmarks.run.records import Record, Trial

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
