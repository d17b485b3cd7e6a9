"""Rows: seeds grouped, baselines first, failures left out, configurations chosen on validation."""

import pytest

from benchmarks.results.rows import best, by_task, rows
from benchmarks.run.records import Record, Trial


def record(view, model, seed, test, validation=None, task="club", rate=0.1, **more):
    config = {"settings": {"seed": seed, "learning_rate": rate}} if view else {}
    status = "failed" if test is None else "done"
    return Record(
        Trial(task, view, model, seed, config), status, test, curve={"best_validation": validation, "step": []}, **more
    )


def test_seeds_are_grouped_baselines_first_and_failures_left_out():
    table = rows(
        [
            record("no edges", "MLP", 0, 0.5),
            record("graph", "GCN", 1, 0.9, seconds=4.0),
            record("graph", "GCN", 0, 0.8, seconds=2.0),
            record("graph", "GCN", 2, None),
            record("BFS path", "LSTM", 0, 0.7),
            record("", "majority class", 0, 0.5),
        ]
    )
    assert [row.label for row in table] == ["majority class", "LSTM on BFS path", "GCN on graph", "MLP on no edges"]
    gcn = table[2]
    assert gcn.scores == {0: 0.8, 1: 0.9}
    assert gcn.test.mean == pytest.approx(0.85)
    assert gcn.mean("seconds") == 3.0
    assert gcn.mean("energy_joules") is None
    assert table[0].test.interval is None


def test_intervals_end_where_the_metric_does():
    table = rows([record("graph", "GCN", seed, test) for seed, test in enumerate((0.9, 1.0, 1.0))])
    assert table[0].test.interval is not None
    assert table[0].test.interval[1] == 1.0


def test_the_configuration_is_chosen_on_validation_and_never_on_the_test():
    tried = [
        record("graph", "GCN", seed, test, validation, rate=rate)
        for rate, test, validation in ((0.1, 0.9, 0.6), (0.2, 0.5, 0.8))
        for seed in (0, 1)
    ]
    (row,) = rows(tried)
    assert (row.tried, row.validation, row.scores) == (2, 0.8, {0: 0.5, 1: 0.5})
    (row,) = rows([*tried, record("graph", "GCN", 0, 0.7, 0.9, rate=0.3)])  # only one seed: not comparable
    assert (row.tried, row.validation) == (3, 0.8)


def test_a_seed_that_ended_early_keeps_its_last_score_and_has_the_step_that_reached_the_target():
    early = {"step": [50, 100], "validation": [0.5, 0.999], "best_validation": 0.999}
    late = {"step": [50, 100, 150, 170], "validation": [0.1, 0.2, 0.996, 0.9], "best_validation": 0.996}
    never = {"step": [50, 100, 150, 170], "validation": [0.1, 0.2, 0.3, 0.2], "best_validation": 0.3}
    trials = [Trial("palindrome", "path", "GRU", seed, {"seed": seed, "target": 0.995}) for seed in range(3)]
    curves = zip(trials, (early, late, never), strict=True)
    (row,) = rows(Record(trial, test=0.5, curve=curve) for trial, curve in curves)
    assert row.steps_to_target == {0: 100, 1: 150, 2: None}
    steps, scores = row.course()
    assert steps == [50, 100, 150, 170]
    assert scores.tolist() == [[0.5, 0.999, 0.999, 0.999], late["validation"], never["validation"]]


def test_a_lower_loss_is_chosen():
    tried = [record("path", "GRU", 0, 1.5, loss, task="text", rate=loss) for loss in (1.7, 1.4, 1.6)]
    (row,) = rows(tried)
    assert row.validation == 1.4


def test_peaks_and_targets():
    table = rows(
        [
            record("graph", "GCN", 0, 0.9, peak_memory_mib=100.0, seconds_to_target=2.0),
            record("graph", "GCN", 1, 0.9, peak_memory_mib=300.0),
        ]
    )
    assert table[0].peak("peak_memory_mib") == 300.0
    assert table[0].peak("peak_gpu_memory_mib") is None
    assert (table[0].reached, table[0].mean("seconds_to_target")) == (1, 2.0)


def test_the_best_are_all_with_the_same_digits():
    table = rows(
        [
            record("graph", "GCN", 0, 0.9001),
            record("no edges", "MLP", 0, 0.9),
            record("path", "RNN", 0, 1.4, task="text"),
            record("path", "GRU", 0, 1.5, task="text"),
        ]
    )
    tasks = by_task(table)
    assert [row.model for row in best(tasks["club"])] == ["GCN", "MLP"]
    assert [row.model for row in best(tasks["text"])] == ["RNN"]  # nats: lower is better
