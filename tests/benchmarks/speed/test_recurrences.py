import pytest
import torch

from benchmarks.speed import recurrences, timing
from benchmarks.speed.graphs import dags, grid, trees
from benchmarks.speed.scaling import Point

TINY = {
    "floor": lambda: recurrences.against_floor("cpu", grid(side=3, copies=2), 4, 5),
    "trees": lambda: recurrences.against_message_passing("cpu", "DAGLSTM", trees(count=2, leaves=(2, 5)), 4, 5),
    "dags": lambda: recurrences.against_message_passing("cpu", "DAGGRU", dags(count=2, nodes=9), 4, 5),
    "nodes": lambda: recurrences.against_node_by_node("cpu", dags(count=2, nodes=9), 4, 5),
    "order": lambda: recurrences.ordering("cpu", dags(count=2, nodes=9), 4, 5),
    "deep": lambda: recurrences.deep_memory("cpu", levels=4, width=3, hidden=5),
}


@pytest.mark.parametrize("name", TINY)
def test_every_kind_of_case_agrees_at_a_tiny_size(name):
    torch.manual_seed(0)
    made = TINY[name]()
    timing.assert_agreement(made.ours(), made.expected())
    made.rival()


def test_deep_graphs_keep_gradients_finite():
    torch.manual_seed(0)
    assert all(gradient.isfinite().all() for gradient in recurrences.deep_step(600, 2, 4, "cpu", "fused")())


def test_flatness_is_judged_by_the_time_per_node():
    points = [Point("nodes", "fused", 1000, 1.0), Point("nodes", "fused", 10_000, 16.0)]
    (text,) = recurrences.flatness(points)
    assert text.endswith("1000 ns at 1,000, 1600 ns at 10,000; flat within 1.60 (bar ≤ 1.5): MISSED")
    assert recurrences.flatness(points[:1])[0].endswith("flat within 1.00 (bar ≤ 1.5): met")
