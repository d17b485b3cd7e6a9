"""What a run keeps beside its records: trained models that can be built and used again."""

from dataclasses import replace

import pytest

from benchmarks.run import trials
from benchmarks.run.records import Trial
from benchmarks.run.workdir import Output
from benchmarks.suites import suite
from benchmarks.tasks.config import Config
from gnn_toolkit.training import load_weights


def test_a_kept_model_scores_what_its_record_says(tmp_path):
    chosen = suite.load("quick").only(["club"], ["GCN"]).set(["steps=30"])
    planned, output = trials.plan(replace(chosen, seeds=1), "cpu")[-1], Output(tmp_path, models=True)
    record = trials.run(planned, output, lambda step: None)
    objective = trials.objective_of("club", planned.view, Config(**planned.config))
    model = trials.build(planned.model, objective)
    trial = Trial(**load_weights(output.model(planned), model))
    assert trial == planned
    assert objective.evaluate(model.eval(), "test").mean == pytest.approx(record.test)


def test_no_model_is_kept_where_none_is_wanted(tmp_path):
    chosen = suite.load("quick").only(["club"], ["MLP"]).set(["steps=2"])
    planned = trials.plan(replace(chosen, seeds=1), "cpu")[-1]
    trials.run(planned, Output(tmp_path), lambda step: None)
    assert not (tmp_path / "models").exists()
