"""What is said, and that it says no more than the numbers."""

from dataclasses import replace

from benchmarks.report import prose, standings
from benchmarks.report.analysis import analyse
from benchmarks.report.columns import COLUMNS
from benchmarks.results.compare import AcrossTasks, pairs
from benchmarks.results.ranks import rank
from benchmarks.results.rows import rows
from benchmarks.run.records import Record, Trial


def records(view, model, tests, rate=0.1, **more):
    config = {"settings": {"learning_rate": rate, "seed": 0}, "dropout": 0.0, "num_layers": 2} if view else {}
    return [Record(Trial("club", view, model, seed, config), test=test, **more) for seed, test in enumerate(tests)]


def answer(*groups):
    members = rows([record for group in groups for record in group])
    return members, prose.finding(members, pairs(members))


BASE = records("", "majority class", [0.5, 0.4, 0.6])


def test_three_seeds_are_said_to_be_few():
    members, found = answer(
        BASE,
        records("graph", "GCN", [0.90, 0.91, 0.95], seconds=3.0),
        records("BFS path", "LSTM", [0.90, 0.93, 0.91], seconds=1.0),
    )
    assert found.leader.label == "GCN on graph"
    assert found.verdicts == {"majority class": "ahead", "LSTM on BFS path": "not distinguishable"}
    assert found.cheapest is not None
    assert found.cheapest.label == "LSTM on BFS path"
    assert found.sure == (
        "3 seeds, too few for the permutation test (p is 0.25 at least; among 3 comparisons it takes 7 seeds); "
        "“ahead” rests on Student's test with Holm's correction, and on all seeds agreeing; to find a difference of "
        "0.01 from the best takes about 98 seeds more, with a power of 0.8"
    )
    assert prose.summary(found) == (
        "which side a member of the karate club took: GCN on graph has the best mean, accuracy 0.920 [0.854, 0.986]; "
        "ahead of majority class; not distinguishable from LSTM on BFS path. Of those not distinguishable LSTM on "
        "BFS path trains fastest, in 1.0 s."
    )
    assert "No bootstrap interval" in prose.method(members)


def test_seven_seeds_can_tell():
    base = records("", "majority class", [0.5] * 7)
    _, found = answer(base, records("graph", "GCN", [0.9, 0.91, 0.92, 0.93, 0.94, 0.95, 0.96]))
    assert found.verdicts == {"majority class": "better"}
    assert found.sure == "7 seeds; permutation tests with Holm's correction for 1 comparison"


def test_one_seed_says_nothing():
    _, found = answer(BASE[:1], records("graph", "GCN", [0.9]))
    assert found.sure == "a single seed: nothing can be said about chance"
    assert found.verdicts == {"majority class": "not distinguishable"}


def test_budget_is_stated_and_an_unequal_one_is_too():
    members = rows([*records("graph", "GCN", [0.9]), *records("no edges", "MLP", [0.5])])
    assert prose.budget(members) == "Every model: learning rate 0.1, num layers 2; nothing was tuned."
    members = rows([*records("graph", "GCN", [0.9]), *records("no edges", "MLP", [0.5], rate=0.2)])
    assert prose.budget(members).endswith("; nothing was tuned. Not the same for all: learning_rate.")
    tuned = [*records("graph", "GCN", [0.9]), *records("graph", "GCN", [0.9], rate=0.2)]
    assert "2 configurations each, chosen on validation" in prose.budget(rows(tuned))
    unequal = rows([*tuned, *records("no edges", "MLP", [0.5])])
    assert "UNEQUAL tuning, 1 to 2 configurations" in prose.budget(unequal)


def test_time_to_target_says_how_many_seeds_reached_it():
    column = next(column for column in COLUMNS if column.title == "s to target")
    some = records("graph", "GCN", [0.9], seconds_to_target=2.0) + records("graph", "GCN", [0.9, 0.8])[1:]
    assert [column.text(row) for row in rows(some)] == ["2.0 (1 of 2)"]
    assert [column.text(row) for row in rows([*BASE, *records("no edges", "MLP", [0.5])])] == ["", "never"]


def test_columns_without_any_value_are_left_out():
    titles = [column.title for column in analyse("mine", records("graph", "GCN", [0.9], flops_per_step=2000)).columns]
    assert "FLOPs/step" in titles
    assert not {"joules", "GPU MiB", "peak MiB"} & set(titles)
    assert "joules" in [c.title for c in analyse("mine", records("graph", "GCN", [0.9], energy_joules=5.0)).columns]


def test_ranks_are_put_into_words():
    assert "share 2" in standings.ranked(AcrossTasks(["A", "B", "C"], ["x", "y"], {}))
    told = standings.ranked(AcrossTasks(["A", "B", "C"], list("uvwxyz"), {}, rank([[3.0, 2.0, 1.0]] * 6)))
    assert "the models differ" in told
    assert told.endswith("Each model ran with one view of each data set.")
    found = AcrossTasks(["A", "B", "C"], list("uvwxyz"), {}, rank([[3.0, 2.0, 1.0]] * 6))
    assert standings.ranked(replace(found, declared=["A"], undeclared=["B", "C"])).endswith(
        "The suite declared before its first trial with which view A enters. NOT DECLARED: B and C ran with several "
        "views of a task and enter with the first in the table of views."
    )
    assert "declared after 4 of its trials were finished with" in standings.ranked(
        replace(found, declared=["A"], after=4)
    )
    same = standings.ranked(AcrossTasks(["A", "B", "C"], list("uvwxyz"), {}, rank([[3.0, 2, 1], [1, 2, 3.0]] * 3)))
    assert "the models are not distinguishable" in same


def test_machines_are_told_apart():
    def on(processor):
        machine = {"processor": processor, "cores": 2, "memory_gib": 8, "gpu": "a card", "system": "s", "python": "3"}
        return records("graph", "GCN", [0.9], machine=machine | {"versions": {"torch": "2"}, "revision": "abc"})

    assert prose.machines(on("P")) == ["P, 2 cores, 8 GiB, a card; s; Python 3, torch 2; revision abc."]
    assert [text[:12] for text in prose.machines([*on("P"), *on("P"), *on("Q")])] == ["2 trials: P,", "1 trial: Q, "]
    assert prose.machines(BASE) == ["No trial has finished yet."]


def test_models_that_differ_by_less_than_the_margin_are_equal_within_it():
    steady = [0.900, 0.901, 0.899, 0.900, 0.901, 0.899, 0.900, 0.900]
    _, found = answer(
        records("graph", "GCN", steady),
        records("no edges", "MLP", steady[1:] + steady[:1]),
        records("BFS path", "LSTM", [0.80, 0.95, 0.82, 0.93, 0.81, 0.94, 0.83, 0.95]),
    )
    assert found.verdicts == {"MLP on no edges": "not distinguishable", "LSTM on BFS path": "not distinguishable"}
    _, found = answer(records("graph", "GCN", steady), records("no edges", "MLP", steady[1:] + steady[:1]))
    assert found.verdicts == {"MLP on no edges": "equal within 0.01"}
    assert found.said == [("equal within 0.01 of", ["MLP on no edges"])]
    assert "equal within 0.01 of MLP on no edges" in prose.summary(found)
