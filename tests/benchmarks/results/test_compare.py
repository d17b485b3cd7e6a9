"""Pairs within a task, ranks across tasks, and changes from run to run."""

import math

import pytest

from benchmarks.results.compare import across, against, changes, pairs
from benchmarks.results.rows import rows
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


def test_ranks_need_six_tasks(monkeypatch):
    for length in range(6):
        monkeypatch.setitem(TASKS, f"extra-{length}", TASKS["palindrome"])
    tasks = [f"extra-{length}" for length in range(6)]
    scores = {"GRU": 0.9, "LSTM": 0.8, "RNN": 0.7}
    found = [r for task in tasks for model, score in scores.items() for r in records(task, "path", model, [score])]
    # Of two views of a model the one that validated best stands for it.
    found += [r for task in tasks for r in records(task, "path + mirror", "RNN", [0.95], validation=0.5)]
    found += records("club", "graph", "GCN", [0.9])
    ranked = across(rows(found))
    assert ranked.ranking is not None
    assert dict(zip(ranked.models, ranked.ranking.ranks, strict=True)) == {"RNN": 1.0, "GRU": 2.0, "LSTM": 3.0}
    assert ranked.tasks == tasks
    few = across(rows([record for record in found if record.trial.task != "extra-5"]))
    assert few.ranking is None
    assert len(few.tasks) == 5


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
    assert gcn.gain.mean == pytest.approx(0.1)
    assert gcn.speed is not None
    assert gcn.speed.mean == pytest.approx(math.prod((2.0, 2.1, 215 / 110)) ** (1 / 3))
    assert gcn.speed_verdict == "faster"
    assert (found["club", "MLP"].speed, found["club", "MLP"].speed_verdict) == (None, "")
