"""Sums over incoming edges, and what they give back, on an order written out by hand."""

from typing import Any

import pytest
import torch
from torch import Tensor

from gnn_toolkit.graphs.order import level_order, path_order
from gnn_toolkit.layers.kernels.walk import MODES, Walk, chunks

# 0 -> 3, 1 -> 3, 1 -> 4 twice, 3 -> 4; node 2 alone. Levels: 0, 1, 2; then 3; then 4.
EDGES = torch.tensor([[0, 1, 1, 1, 3], [3, 3, 4, 4, 4]])
TYPES = torch.tensor([0, 1, 0, 0, 1])
ROWS = torch.tensor([[1.0, 10.0], [2.0, 20.0], [3.0, 30.0], [4.0, 40.0], [5.0, 50.0]])


def walk(aggr: str = "sum", relations: int = 1) -> Walk:
    types = TYPES if relations > 1 else None
    order = level_order(EDGES, 5, edge_type=types, num_relations=relations)
    assert order.nodes.tolist() == [0, 1, 2, 3, 4]
    return Walk(list(order.incidence), 0, aggr)


def test_the_blocks_come_in_order_and_back():
    steps = list(walk().forward([ROWS]))
    assert [step.nodes[0][:, 0].tolist() for step in steps] == [[1, 2, 3], [4], [5]]
    assert [step.places for step in steps] == [slice(0, 3), slice(3, 4), slice(4, 5)]
    again = list(walk().backward([ROWS]))
    assert [step.places for step in again] == [step.places for step in reversed(steps)]


@pytest.mark.parametrize(
    ("aggr", "first"), [("sum", [[3.0], [8.0]]), ("mean", [[1.5], [8.0 / 3]]), ("max", [[2.0], [4.0]])]
)
def test_aggregates_of_one_type(aggr: str, first: list[list[float]]):
    one = walk(aggr)
    found = [one.sums(step, ROWS, one.mode) for step in one.forward([ROWS])]
    assert found[0] is None
    torch.testing.assert_close(torch.cat([t for t in found if t is not None])[:, :1], torch.tensor(first))
    torch.testing.assert_close(one.all_sums(ROWS, one.mode)[3:, :1], torch.tensor(first))
    assert not one.all_sums(ROWS, one.mode)[:3].any()


def test_aggregates_of_two_types_stand_side_by_side():
    two = walk("mean", relations=2)
    found = [two.sums(step, ROWS[:, :1], two.mode) for step in two.forward([ROWS])]
    assert [t.tolist() for t in found if t is not None] == [[[1.0, 2.0]], [[2.0, 4.0]]]


@pytest.mark.parametrize("relations", [1, 2])
@pytest.mark.parametrize("aggr", MODES)
def test_each_edge_passes_back_its_share(aggr: str, relations: int):
    one = walk(aggr, relations)
    h = ROWS.clone().requires_grad_()
    weight = torch.arange(1.0, 1 + 5 * relations * 2).view(5, -1)
    expected = torch.autograd.grad((reference(h, aggr, relations) * weight).sum(), h)[0]
    messages = weight.clone()
    shares = one.prepare(ROWS)
    if one._counts is not None:
        messages.view(5, relations, -1).div_(one._counts.unsqueeze(2))
    found = torch.zeros_like(ROWS)
    for step in one.backward([found]):
        one.collect(step, step.nodes[0], messages, shares)
    torch.testing.assert_close(found, expected)


def reference(h: Tensor, aggr: str, relations: int) -> Tensor:
    rows = []
    for v in range(5):
        for r in range(relations):
            into = [
                h[u]
                for (u, w), t in zip(EDGES.t().tolist(), TYPES.tolist(), strict=True)
                if w == v and (t == r or relations == 1)
            ]
            joined = torch.stack(into) if into else torch.zeros(1, 2)
            rows.append({"sum": joined.sum(0), "mean": joined.mean(0), "max": joined.amax(0)}[aggr])
    return torch.stack(rows).view(5, -1)


def test_what_edges_carry_is_gathered_at_both_ends():
    one = walk()
    order = level_order(EDGES, 5)
    carried = ROWS[order.source]
    into = [one.gather_into(step, step.edges[0]) for step in one.forward([ROWS], [carried])]
    torch.testing.assert_close(torch.cat(into), one.sum_edges(carried))
    torch.testing.assert_close(torch.cat(into), one.all_sums(ROWS, one.mode))
    out = [one.sum_outof(step, torch.ones(5, 1)) for step in one.forward([ROWS])]
    assert torch.cat(out).flatten().tolist() == [1, 3, 0, 1, 0]


def test_on_paths_nothing_is_gathered():
    order = path_order(torch.tensor([2, 1, 1]))
    one: Any = Walk(list(order.incidence), 0, "max")
    assert one.mode == MODES["sum"]
    rows = torch.tensor([[1.0], [2.0], [3.0], [4.0]])
    steps = list(one.forward([rows]))
    assert [one.sums(step, rows, one.mode) is None for step in steps] == [True, False, False]
    assert one.sums(steps[1], rows, 0).tolist() == [[1.0]]
    assert one.all_sums(rows, 0).flatten().tolist() == [0, 0, 1, 3]


def test_rows_come_some_thousand_at_a_time():
    pieces = [a.size(0) for a, _ in chunks(torch.empty(9000, 1), torch.empty(9000, 2))]
    assert pieces == [4096, 4096, 808]
