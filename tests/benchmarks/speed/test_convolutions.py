import pytest
import torch

from benchmarks.speed import timing
from benchmarks.speed.convolutions import CURVES, Convolution, advantage, against_dense, against_pyg, graph
from benchmarks.speed.scaling import Point


@pytest.mark.parametrize("options", [{}, {"cached": False}, {"learned": True}], ids=str)
def test_our_layer_agrees_with_pyg_s_at_a_tiny_size(options: dict[str, bool]):
    made = against_pyg("cpu", 9, 20, 5, 4, **options)
    for _ in range(2):
        timing.assert_agreement(made.ours(), made.expected())
    assert len(made.ours()) == (5 if "learned" in options else 3)  # output; weight, bias; features, edge weights


def test_the_floor_is_the_layer_without_edges():
    made = against_dense("cpu", 9, 20, 5, 4)
    timing.assert_agreement(made.ours(), made.expected())
    lonely = Convolution("cpu", 9, 0, 5, 4)
    timing.assert_agreement(lonely.ours(), lonely.dense())


def test_every_step_without_a_cache_sees_other_edges():
    work, seen = Convolution("cpu", 9, 20, 5, 4, cached=False), []
    work.layers[0].register_forward_pre_hook(lambda _, given: seen.append(given[1]))
    step = work.ours
    step()
    step()
    assert seen[0] is not seen[1]
    assert seen[0].equal(seen[1])


def test_the_graph_is_undirected_and_without_loops():
    torch.manual_seed(0)
    edges = graph(30, 100)
    assert edges.shape == (2, 100)
    assert (edges[0] != edges[1]).all()
    assert sorted(edges.t().tolist()) == sorted(edges.flip(0).t().tolist())


def test_the_lines_of_the_curve_are_steps_on_the_same_graph():
    lines = CURVES["edges"].lines
    ours, theirs, dense = (lines[name](100, "cpu")() for name in ("ours", "PyG", "dense product alone"))
    timing.assert_agreement(ours, theirs)
    assert [t.shape for t in dense] == [t.shape for t in ours]


def test_the_advantage_is_told_where_both_were_measured():
    points = [
        Point("edges", *at) for at in (("ours", 10, 1.0), ("ours", 20, 2.0), ("PyG", 10, 3.5), ("dense", 10, 1.0))
    ]
    assert advantage(points) == ["PyG's layer takes longer: 3.5 times at 10 edges"]
