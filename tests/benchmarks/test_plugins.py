"""Plugins: what they add, and what is refused with file and line."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from benchmarks import plugins
from benchmarks.run import trials
from benchmarks.run.workdir import Output
from benchmarks.suites import suite
from benchmarks.tables import MODELS, TASKS, VIEWS
from gnn_toolkit import bench

HEAD = """
from dataclasses import replace
from gnn_toolkit.bench import ACCURACY, Builder, Metric, Model, Objective, Task, View
from benchmarks.tasks.club import CLUB
"""
SUITE = 'title = "t"\nseeds = 1\nplugins = ["mine.py"]\n[[compare]]\ntask = "{}"\nview = "{}"\nmodel = "{}"\n'


@pytest.fixture(autouse=True)
def tables_as_before(monkeypatch: pytest.MonkeyPatch):
    """Put the tables back after a test; what a test's plugin added is forgotten."""
    monkeypatch.setattr(plugins, "_loaded", set())
    tables: list[dict[str, Any]] = [TASKS, VIEWS, MODELS]
    before = [dict(table) for table in tables]
    yield
    for table, old in zip(tables, before, strict=True):
        table.clear()
        table.update(old)


def write(folder: Path, source: str, task: str = "mine", view: str = "graph", model: str = "GCN") -> str:
    (folder / "mine.py").write_text(HEAD + source, encoding="utf-8")
    (folder / "s.toml").write_text(SUITE.format(task, view, model), encoding="utf-8")
    return str(folder / "s.toml")


def test_a_file_adds_to_the_tables_and_its_trials_name_it(tmp_path: Path):
    found = suite.load(write(tmp_path, 'TASKS = {"mine": replace(CLUB, title="mine")}'))
    trial = trials.plan(found, "cpu")[-1]
    assert (trial.task, trial.config["plugins"]) == ("mine", [str(tmp_path / "mine.py")])
    record = trials.run(replace(trial, config=trial.config | {"steps": 2}), Output(tmp_path), lambda step: None)
    assert record.about["title"] == "mine"


def test_a_module_or_one_thing_in_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "other_tasks.py").write_text(HEAD + 'MY_CLUB = CLUB\nTASKS = {"again": CLUB}\n', encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    plugins.load(["other_tasks", "other_tasks:MY_CLUB"])
    assert TASKS["again"] is TASKS["my-club"] is TASKS["club"]
    sys.modules.pop("other_tasks")


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (
            "1 / 0",
            r"plugin .*mine.py: expected a module that can be imported, got ZeroDivisionError: .*mine.py, line 5",
        ),
        ("def f(:", r"plugin .*mine.py: .*SyntaxError: .*mine.py, line 5"),
        ("import nothing_here", r"plugin .*mine.py: .*ModuleNotFoundError: .*nothing_here.*line 5"),
        ("x = 1", "mine.py: expected a table TASKS, VIEWS or MODELS, got none of them"),
        ('TASKS = {"club": CLUB}', "mine.py: 'club': expected a new name, got one in use"),
        ('TASKS = {"mine": 3}', "mine.py: 'mine': expected a Task, View or Model, got <class 'int'>"),
    ],
)
def test_what_does_not_fit_is_named(source: str, message: str, tmp_path: Path):
    with pytest.raises(ValueError, match=message):
        suite.load(write(tmp_path, source))


def test_a_file_that_is_not_there(tmp_path: Path):
    path = write(tmp_path, "")
    (tmp_path / "mine.py").unlink()
    with pytest.raises(ValueError, match=r"plugins: expected a Python file, got .*mine.py; a plugin's path starts"):
        suite.load(path)


BROKEN = """
import torch
from torch_geometric.data import Data
class Ring:
    def __call__(self, data):
        nodes = torch.arange(data.num_nodes)
        return Data(x=data.x, y=data.y, edge_index=torch.stack([nodes, nodes.roll(1)]))
class Nan(Objective):
    def loss(self, model, batch):
        return super().loss(model, batch) * float("nan")
def lost(seed):
    from functools import partial
    data = CLUB.load(seed)
    return replace(data, objective=partial(Nan, metric=ACCURACY, out_channels=2, readout="nodes"))
def unmeasured(seed):
    from functools import partial
    metric = replace(ACCURACY, points=lambda logits, y: logits[:, 0] * float("nan"))
    return replace(CLUB.load(seed), objective=partial(Objective, metric=metric, out_channels=2, readout="nodes"))
def empty(seed):
    from gnn_toolkit.bench import OneGraph
    source = CLUB.load(seed).source
    masks = {**source.masks, "test": torch.zeros(34, dtype=torch.bool)}
    return replace(CLUB.load(seed), source=OneGraph(source.example, masks))
VIEWS = {"ring": View("a ring", Ring(), "dag"), "plain ring": View("a ring", Ring())}
TASKS = {"lost": replace(CLUB, load=lost), "unmeasured": replace(CLUB, load=unmeasured)}
TASKS |= {"empty": replace(CLUB, load=empty)}
"""


@pytest.mark.parametrize(
    ("task", "view", "model", "message"),
    [
        ("club", "ring", "LSTM", "cycle"),
        ("lost", "graph", "GCN", "the training loss is nan at step 1"),
        ("unmeasured", "graph", "GCN", "the accuracy of GCN on unmeasured is nan: see the metric and the data"),
        ("empty", "graph", "GCN", "split 'test': expected graphs or nodes, got none; give it at least one"),
    ],
)
def test_a_trial_that_makes_no_sense_fails_with_a_sentence(
    task: str, view: str, model: str, message: str, tmp_path: Path
):
    trial = trials.plan(suite.load(write(tmp_path, BROKEN, task, view, model)), "cpu")[-1]
    with pytest.raises((ValueError, ArithmeticError), match=message):
        trials.run(trial, Output(tmp_path), lambda step: None)


def test_a_view_that_promises_no_order_gets_no_recurrence(tmp_path: Path):
    with pytest.raises(
        ValueError, match=r"view: expected for GRU on club edges of the kind .* got 'plain ring' \(graph"
    ):
        suite.load(write(tmp_path, BROKEN, "club", "plain ring", "GRU"))


def test_the_public_names_are_the_runner_s_own():
    for name in bench._PLACES:
        assert getattr(bench, name).__doc__
    assert bench.Task is type(TASKS["club"])
    with pytest.raises(AttributeError, match="no attribute 'Tusk'"):
        _ = bench.Tusk
