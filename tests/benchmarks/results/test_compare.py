"""Pairs within a task, ranks across tasks, and changes from run to run."""

import math
from dataclasses import replace

import numpy as np
import pytest

from benchmarks.results.compare import across, against, changes, independent, pairs, resolution
from benchmarks.results.rows import rows
from benchmarks.run.entries import Entries
from benchmarks.run.records import Record, Trial
from benchmarks.tables import TASKS


def records(task, view, model, tests, speed=None, first_seed=0, validation=None):
    return [
        Record(
            Trial(task, view, model, seed, {}),
            test=test,
            steps_per_second=speed and speed[seed - first_seed],
            curve={"best_validation": validation},
        )
        for seed, test in enumerate(tests, first_seed)
    ]


def labels(found):
    return [(pair.first.label, pair.second.label) for pair in found]


def test_models_meet_each_other_and_the_best_baseline():
    table = rows(
        [
            *records("text", "", "unigram", [3.0]),
            *records("text", "", "bigram", [2.3]),
            *records("text", "path", "RNN", [1.6, 1.7, 1.65]),
            *records("text", "path", "GRU", [1.5, 1.59, 1.56]),
        ]
    )
    found = pairs(table)
    assert labels(found) == [
        ("RNN on path", "bigram"),
        ("GRU on path", "bigram"),
        ("RNN on path", "GRU on path"),
    ]
    # The bigram has no seed of its own: its one score stands beside every seed. Lower is better, so over zero is good.
    first = found[0].comparison
    assert (first.difference.count, first.difference.mean) == (3, pytest.approx(0.65))
    assert (first.p, first.family, first.verdict) == (0.25, 3, "ahead")
    assert found[2].comparison.difference.mean == pytest.approx(-0.1)
    assert found[2].comparison.verdict == "behind"
    gru = next(row for row in table if row.model == "GRU")
    assert against(gru, found)["RNN on path"].verdict == "behind"
    assert against(gru, found)["bigram"].difference.mean == pytest.approx(-0.75)


def test_only_shared_seeds_are_compared():
    table = rows(
        [
            *records("club", "graph", "GCN", [0.9, 0.8, 0.7]),
            *records("club", "no edges", "MLP", [0.5, 0.6], first_seed=1),
            *records("club", "BFS path", "LSTM", [0.5], first_seed=7),
            *records("club", "", "majority class", [0.4, 0.5, 0.6]),
        ]
    )
    found = {(pair.first.model, pair.second.model): pair.comparison.difference for pair in pairs(table)}
    assert found["GCN", "MLP"].mean == pytest.approx(0.2)  # 0.8 - 0.5 and 0.7 - 0.6
    assert found["GCN", "MLP"].count == 2
    assert found["GCN", "majority class"].mean == pytest.approx(0.3)  # here the seed draws the split: seed by seed
    assert not any("LSTM" in names for names in found)


def extra(monkeypatch, name, **changes):
    """Put six tasks into the table and return their names."""
    names = [f"{name}-{place}" for place in range(6)]
    for name in names:
        monkeypatch.setitem(TASKS, name, replace(TASKS["palindrome"], **changes))
    return names


def test_ranks_need_six_data_sets_and_choose_nothing_by_scores(monkeypatch):
    tasks = extra(monkeypatch, "extra")
    scores = {"GRU": 0.9, "LSTM": 0.8, "RNN": 0.7}
    found = [r for task in tasks for model, score in scores.items() for r in records(task, "path", model, [score])]
    # Of two views of a model the first of the table stands for it, though the other validated and tested better.
    found += [r for task in tasks for r in records(task, "path + mirror", "RNN", [0.95], validation=0.5)]
    found += records("club", "graph", "GCN", [0.9])
    ranked = across(rows(found))
    assert ranked.ranking is not None
    assert dict(zip(ranked.models, ranked.ranking.ranks, strict=True)) == {"GRU": 1.0, "LSTM": 2.0, "RNN": 3.0}
    assert ranked.tasks == tasks
    assert {view for (_, model), view in ranked.views.items() if model == "RNN"} == {"path"}
    assert ranked.aggregates is not None
    means = [one.mean for one in ranked.aggregates.interquartile_means]
    assert dict(zip(ranked.models, means, strict=True)) == pytest.approx({"GRU": 0.9, "LSTM": 0.8, "RNN": 0.7})
    assert (ranked.declared, ranked.undeclared) == ([], ["RNN"])
    # A suite says which one enters, and when it said so.
    told = across(rows(found), Entries({"RNN": ["path + mirror", "path"]}, 4))
    assert {view for (_, model), view in told.views.items() if model == "RNN"} == {"path + mirror"}
    assert (told.declared, told.undeclared, told.after) == (["RNN"], [], 4)
    assert told.ranking is not None
    assert told.ranking.ranks[told.models.index("RNN")] == 1.0
    assert across(rows(found), Entries({"RNN": ["grid"]})).ranking is None  # it did not run with what was declared
    few = across(rows([record for record in found if record.trial.task != "extra-5"]))
    assert few.ranking is None
    assert len(few.tasks) == 5


def test_two_splits_of_a_data_set_count_once(monkeypatch):
    tasks = extra(monkeypatch, "split", data="one and the same")
    found = [r for task in tasks for model in ("GRU", "LSTM", "RNN") for r in records(task, "path", model, [0.5])]
    table = rows(found)
    assert list(independent(table)) == ["split-0"]
    assert across(table).ranking is None


@pytest.mark.parametrize(
    ("scores", "step"),
    [
        ([[1 / 22, 3 / 22], [0.5]], 1 / 22),
        ([[0.04545, 0.13636], [0.5]], 1 / 22),  # as they are published, to five digits
        ([[0.999, 1.0], [0.096]], 1 / 1000),
        ([[1.0, 1.0], [0.1]], 1 / 10),
        ([[1.25, 1.5], [2.0]], 0.25),  # no shares
        ([[0.5, 0.5], [0.5]], 0.0),
    ],
)
def test_scores_differ_in_steps_of_an_answer(scores, step):
    first, second = scores
    table = rows([*records("club", "graph", "GCN", first), *records("club", "no edges", "MLP", second)])
    assert resolution(table) == pytest.approx(step)


def test_units_are_compared_on_the_same_ones():
    rng = np.random.default_rng(0)

    def with_units(model, share, seeds):
        units = [(rng.random(200) < share).astype(float).tolist() for _ in range(seeds)]
        base = records("digits", "grid" if model == "GCN" else "", model, [float(np.mean(line)) for line in units])
        return [replace(record, units=line) for record, line in zip(base, units, strict=True)]

    table = rows([*with_units("GCN", 0.9, 4), *with_units("logistic regression", 0.5, 1)])
    (pair,) = pairs(table)
    found = pair.comparison.with_units
    assert found is not None
    assert found.interval is not None
    assert found.mean == pytest.approx(pair.comparison.difference.mean)
    assert 0 < found.interval[0] < found.mean < found.interval[1]
    assert [row.test_with_units.method for row in table if row.test_with_units] == ["mixed bootstrap"] * 2
    few = rows([replace(record, units=record.units[:5]) for record in with_units("GCN", 0.9, 2)])
    assert few[0].test_with_units is None


def test_changes_are_marked_only_where_the_interval_says_so():
    before = [
        *records("club", "graph", "GCN", [0.80, 0.81, 0.82], speed=[100.0, 100.0, 110.0]),
        *records("club", "no edges", "MLP", [0.5, 0.6, 0.7]),
        *records("text", "path", "RNN", [1.50, 1.52, 1.54]),
        *records("digits", "grid", "GCN", [0.5]),
        *records("club", "BFS path", "LSTM", [0.5, 0.6]),
    ]
    after = [
        *records("club", "graph", "GCN", [0.90, 0.92, 0.91], speed=[200.0, 210.0, 215.0]),
        *records("club", "no edges", "MLP", [0.9, 0.5, 0.6]),
        *records("text", "path", "RNN", [1.60, 1.63, 1.65]),
        *records("digits", "grid", "GCN", [0.9]),
        *records("club", "BFS path", "LSTM", [0.5, 0.6]),
        *records("club", "DFS path", "LSTM", [0.5, 0.6]),
    ]
    found = {(change.after.task, change.after.model): change for change in changes(before, after)}
    assert {key: change.verdict for key, change in found.items()} == {
        ("text", "RNN"): "regressed",
        ("digits", "GCN"): "not distinguishable",
        ("club", "LSTM"): "the same",
        ("club", "GCN"): "improved",
        ("club", "MLP"): "not distinguishable",
    }
    gcn = found["club", "GCN"]
    assert gcn.comparison.difference.mean == pytest.approx(0.1)
    assert gcn.speed is not None
    assert gcn.speed.mean == pytest.approx(math.prod((2.0, 2.1, 215 / 110)) ** (1 / 3))
    assert gcn.speed_verdict == "faster"
    assert (found["club", "MLP"].speed, found["club", "MLP"].speed_verdict) == (None, "")
