import pytest
import torch

from benchmarks.speed import linear, timing
from benchmarks.speed.graphs import caterpillar, layered, molecules, path, recursive_tree
from benchmarks.speed.scaling import Point

TINY = {
    "gru": lambda: linear.against_gru("cpu", batch=2, steps=5, hidden=3),
    "path": lambda: linear.against_dag_gru("cpu", path(60), 3),
    "deep": lambda: linear.against_dag_gru("cpu", layered(5, width=3), 4),
    "caterpillar": lambda: linear.against_dag_gru("cpu", caterpillar(120), 3),
    "tree": lambda: linear.against_dag_gru("cpu", recursive_tree(30), 4),
    "molecules": lambda: linear.against_dag_gru("cpu", molecules(count=2), 4),
    "nodes": lambda: linear.against_node_by_node("cpu", molecules(count=2), 4),
    "wide": lambda: linear.wide("cpu", layered(4, width=6), "target", 3),
    "wide edges": lambda: linear.wide("cpu", layered(4, width=6), "edge", 3),
    "dense": lambda: linear.dense("cpu", batch=2, steps=60, channels=3),
}


@pytest.mark.parametrize("name", TINY)
def test_every_kind_of_case_agrees_at_a_tiny_size(name):
    torch.manual_seed(0)
    made = TINY[name]()
    timing.assert_agreement(made.ours(), made.expected())
    made.rival()


@pytest.mark.parametrize("per", ["target", "edge"])
def test_the_copy_reads_and_writes_the_bytes_of_the_recurrence(per):
    torch.manual_seed(0)
    graph = layered(3, width=4)
    rows = {"edge": graph["edge_index"].size(1), "target": 12}[per]
    work = linear.Alone(lambda a, b: b, torch.rand(rows, 5), torch.rand(12, 5))
    written = sum(t.numel() for t in work.copy() if t.dim())
    assert written == 12 * 5 + rows * 5 + 12 * 5  # h, then the gradients of a and b


def test_graphs_are_what_the_titles_say():
    torch.manual_seed(0)
    spine, legs = caterpillar(10)["edge_index"].split([4, 5], 1)
    assert spine.tolist() == [[0, 1, 2, 3], [1, 2, 3, 4]]
    assert legs.tolist() == [[0, 1, 2, 3, 4], [5, 6, 7, 8, 9]]
    source, target = recursive_tree(50)["edge_index"]
    assert (source < target).all()
    assert target.tolist() == list(range(1, 50))
    batch = molecules(count=3)
    source, target = batch["edge_index"]
    assert batch["num_nodes"] == 54
    assert (source // 18 == target // 18).all()
    assert (source < target).all()
    assert source.numel() == 3 * 20
    for graph in (caterpillar(10), path(7), batch):
        source, target = graph["edge_index"]
        assert (graph["level"][source] < graph["level"][target]).all()


def test_flatness_is_judged_by_the_time_per_node():
    points = [Point("linear-path", "linear_recurrence", 1000, 1.0), Point("linear-path", "x", 10_000, 16.0)]
    (text,) = linear.flatness(points)
    assert text.endswith("1000 ns at 1,000, 1600 ns at 10,000; flat within 1.60 (bar ≤ 1.5): MISSED")
    (line,) = linear.CURVES["linear-path"].lines.values()
    assert [t.shape for t in line(30, "cpu")()] == [(30, 32)] * 3


def test_the_bars_are_those_promised():
    bars = {name: case.bar for name, case in linear.CASES.items() if case.bar is not None}
    promised = {"mingru-1000": 4.0, "linear-path": 20.0, "linear-deep": 5.0}
    assert bars == {**promised, "linear-wide": 3.0, "linear-wide-edges": 3.0}
