import torch

from gnn_toolkit.graphs import level_order
from gnn_toolkit.layers.kernels import flow

EDGES = torch.tensor([[0, 1, 0, 3, 0], [1, 2, 2, 4, 1]])


def test_a_flow_is_remembered_with_its_order_and_survives_being_taken_apart():
    order = level_order(EDGES, 6)
    edges = flow.flow(order)
    assert flow.flow(order) is edges
    again = flow.Flow.of(edges.tensors())
    assert torch.equal(again.edge, edges.edge)
    assert torch.equal(again.incidence.node_ptr, edges.incidence.node_ptr)
    assert edges.num_nodes == 6


def test_ends_of_edges_in_the_order_of_the_walk():
    order = level_order(EDGES, 6)
    edges = flow.flow(order)
    for turned in (False, True):
        source, target, edge = edges.ends(flow.EDGE, turned)
        ends = (target, source) if turned else (source, target)
        assert torch.equal(torch.stack([order.nodes[end] for end in ends]), EDGES[:, edge])
        for per, end in ((flow.TARGET, target), (flow.SOURCE, source)):
            row = edges.ends(per, turned)[2]
            assert row is not None
            assert torch.equal(row, end)
        assert edges.ends(flow.SHARED, turned)[2] is None
        walked, start, bounds = edges.gathers(turned, 4)
        assert sorted(walked.tolist()) == sorted(source.tolist())
        assert start[::4].tolist() == bounds[:-1]
        assert bounds[-1] == 5


def test_a_coefficient_may_serve_several_channels():
    rows = torch.tensor([[1.0, 2.0, 3.0, 4.0]])
    assert flow.times(torch.tensor([[10.0, 100.0]]), rows).tolist() == [[10.0, 20.0, 300.0, 400.0]]
    assert flow.shared_by(rows, 2).tolist() == [[3.0, 7.0]]
    assert flow.times(rows[:0, :1], rows[:0]).shape == (0, 4)
