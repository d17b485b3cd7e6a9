from typing import Any

import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from torch import Tensor
from torch_geometric.nn.conv import gcn_conv
from torch_geometric.utils import to_dense_adj

from gnn_toolkit.graphs import gcn_norm
from gnn_toolkit.graphs.normalize import random_walk
from gnn_toolkit.testing import assert_parity

pyg_norm: Any = gcn_conv.gcn_norm


@st.composite
def graphs(draw: st.DrawFn) -> tuple[Tensor, Tensor, int]:
    """Edges, loops and parallel edges among them, with weights above zero."""
    num_nodes = draw(st.integers(1, 6))
    node = st.integers(0, num_nodes - 1)
    edges = draw(st.lists(st.tuples(node, node), max_size=12))
    weights = draw(st.lists(st.floats(0.125, 4), min_size=len(edges), max_size=len(edges)))
    edge_index = torch.tensor(edges, dtype=torch.long).view(-1, 2).t()
    return edge_index, torch.tensor(weights, dtype=torch.float64), num_nodes


def dense(edge_index: Tensor, edge_weight: Tensor, num_nodes: int) -> Tensor:
    """Return the matrix with entry [u, v] for the edge u -> v, parallel edges added up."""
    return to_dense_adj(edge_index, edge_attr=edge_weight, max_num_nodes=num_nodes)[0]


@given(graphs(), st.booleans(), st.booleans(), st.booleans(), st.sampled_from(["source_to_target", "target_to_source"]))
def test_the_normalisation_is_pyg_s(
    graph: tuple[Tensor, Tensor, int], weighted: bool, improved: bool, add_self_loops: bool, flow: str
):
    edge_index, weight, num_nodes = graph
    given = weight if weighted else None
    options = {"improved": improved, "add_self_loops": add_self_loops, "flow": flow, "dtype": torch.float64}
    found = gcn_norm(edge_index, given, num_nodes, **options)
    # Without weights PyG leaves `improved` without effect.
    expected = pyg_norm(edge_index, torch.ones_like(weight) if given is None else given, num_nodes, **options)
    assert found[0].equal(expected[0])
    torch.testing.assert_close(found[1], expected[1], atol=1e-12, rtol=1e-12)


@given(graphs(), st.booleans())
def test_the_normalisation_is_the_dense_formula(graph: tuple[Tensor, Tensor, int], improved: bool):
    edge_index, weight, num_nodes = graph
    proper = edge_index[0] != edge_index[1]
    edge_index, weight = edge_index[:, proper], weight[proper]
    a = dense(edge_index, weight, num_nodes) + (2 if improved else 1) * torch.eye(num_nodes, dtype=torch.float64)
    d = torch.diag(a.sum(0) ** -0.5)
    found = gcn_norm(edge_index, weight, num_nodes, improved=improved)
    torch.testing.assert_close(dense(*found, num_nodes), d @ a @ d, atol=1e-12, rtol=1e-12)


def test_a_directed_edge_is_scaled_by_the_in_degrees_of_both_ends():
    edge_index = torch.tensor([[0, 1], [2, 2]])
    index, weight = gcn_norm(edge_index, torch.tensor([3.0, 5.0]), 3)
    assert index.tolist() == [[0, 1, 0, 1, 2], [2, 2, 0, 1, 2]]
    torch.testing.assert_close(weight, torch.tensor([3 / 3, 5 / 3, 1, 1, 1 / 9]))
    _, turned = gcn_norm(edge_index, torch.tensor([3.0, 5.0]), 3, flow="target_to_source")
    torch.testing.assert_close(turned, torch.tensor([3 / 2, 5 / 6**0.5, 1 / 4, 1 / 6, 1]))


def test_an_isolated_node_keeps_itself():
    index, weight = gcn_norm(torch.tensor([[0], [1]]), None, 3)
    assert index.tolist() == [[0, 0, 1, 2], [1, 0, 1, 2]]
    torch.testing.assert_close(weight, torch.tensor([0.5**0.5, 1.0, 0.5, 1.0]))


def test_without_loops_a_node_of_no_degree_has_weights_and_gradients_of_zero():
    weight = torch.tensor([1.0, 2.0], dtype=torch.float64, requires_grad=True)
    _, scaled = gcn_norm(torch.tensor([[0, 1], [1, 2]]), weight, 3, add_self_loops=False)
    assert scaled.tolist() == [0.0, 2 / (1 * 2) ** 0.5]
    (gradient,) = torch.autograd.grad(scaled.sum(), weight)
    # 0 -> 1 leaves a node of degree 0: only w_12 / sqrt(w_01 w_12) = sqrt(w_12 / w_01) is left.
    torch.testing.assert_close(gradient, torch.tensor([-0.5 * 2**0.5, 0.5 / 2**0.5], dtype=torch.float64))


def test_a_weight_of_zero_is_allowed():
    _, weight = gcn_norm(torch.tensor([[0], [1]]), torch.tensor([0.0]), 2)
    assert weight.tolist() == [0, 1, 1]


def test_a_loop_that_is_there_keeps_its_weight():
    index, weight = gcn_norm(torch.tensor([[0, 1], [0, 0]]), torch.tensor([3.0, 1.0]), 2)
    assert torch.allclose(dense(index, weight, 2), torch.tensor([[3 / 4, 0.0], [1 / 2, 1.0]]))


@given(graphs())
def test_the_gradient_of_the_weights_is_pyg_s(graph: tuple[Tensor, Tensor, int]):
    edge_index, weight, num_nodes = graph
    loops = edge_index[0][edge_index[0] == edge_index[1]]
    assume(loops.unique().numel() == loops.numel())  # PyG gives a loop that another replaces that one's gradient
    ours, theirs = weight.clone().requires_grad_(), weight.clone().requires_grad_()
    found = gcn_norm(edge_index, ours, num_nodes)[1]
    expected = pyg_norm(edge_index, theirs, num_nodes)[1]
    if found.requires_grad or expected.requires_grad:
        assert_parity([found], [expected], [([ours], [theirs])])


def test_of_parallel_loops_the_last_counts_and_has_the_gradient():
    edge_index = torch.tensor([[0, 1, 0, 0], [0, 0, 1, 0]])
    weight = torch.tensor([3.0, 1.0, 2.0, 5.0], dtype=torch.float64, requires_grad=True)
    _, scaled = gcn_norm(edge_index, weight, 2)
    torch.testing.assert_close(scaled.detach()[-2:], torch.tensor([5 / 6, 1 / 3], dtype=torch.float64))
    assert torch.autograd.gradcheck(lambda w: gcn_norm(edge_index, w, 2)[1], weight)
    assert torch.autograd.grad(scaled.sum(), weight)[0][0] == 0


@given(graphs(), st.lists(st.sampled_from([-1.0, 1.0]), min_size=12, max_size=12))
def test_signed_degrees_sum_absolute_weights(graph: tuple[Tensor, Tensor, int], signs: list[float]):
    edge_index, weight, num_nodes = graph
    sign = torch.tensor(signs, dtype=torch.float64)[: weight.numel()]
    index, plain = gcn_norm(edge_index, weight, num_nodes)
    signed_index, scaled = gcn_norm(edge_index, weight * sign, num_nodes, signed=True)
    assert signed_index.equal(index)
    torch.testing.assert_close(scaled.abs(), plain)  # Kunegis et al. 2010: the degrees are those of |A|
    assert scaled.isfinite().all()
    assert gcn_norm(edge_index, weight, num_nodes, signed=True)[1].equal(plain)


@pytest.mark.parametrize("dtype", [None, torch.float32, torch.float64])
def test_the_type_of_unit_weights_can_be_chosen(dtype: torch.dtype | None):
    assert gcn_norm(torch.tensor([[0], [1]]), None, 2, dtype=dtype)[1].dtype == (dtype or torch.get_default_dtype())


def test_a_negative_weight_is_named():
    with pytest.raises(ValueError, match=r"^edge_weight: expected weights of at least 0, got -1.0 at edge 1;"):
        gcn_norm(torch.tensor([[0, 1], [1, 0]]), torch.tensor([1.0, -1.0]), 2)


@pytest.mark.parametrize("weight", [torch.ones(3), torch.ones(2, 1), torch.ones(2, dtype=torch.long)])
def test_weights_that_do_not_fit_are_refused(weight: Tensor):
    with pytest.raises(ValueError, match=r"^edge_weight: expected a floating-point tensor of shape \[2\]"):
        gcn_norm(torch.tensor([[0, 1], [1, 0]]), weight, 2)


def test_a_node_out_of_range_is_refused():
    with pytest.raises(ValueError, match=r"^edge_index: expected node indices in \[0, 2\), got 2"):
        gcn_norm(torch.tensor([[0], [2]]), None, 2)


@given(graphs())
def test_a_random_walk_leaves_a_node_with_probabilities_that_sum_to_one(graph: tuple[Tensor, Tensor, int]):
    edge_index, weight, num_nodes = graph
    a = dense(*graph)
    for flow, walked in (("source_to_target", a / a.sum(0).clamp(min=1e-9)), ("target_to_source", None)):
        expected = a / a.sum(1, keepdim=True).clamp(min=1e-9) if walked is None else walked
        found = random_walk(edge_index, weight, num_nodes, flow=flow, signed=False)
        torch.testing.assert_close(dense(edge_index, found, num_nodes), expected)


def test_a_signed_walk_divides_by_the_sum_of_sizes():
    edge_index, weight = torch.tensor([[0, 1], [2, 2]]), torch.tensor([1.0, -3.0])
    assert random_walk(edge_index, weight, 3, flow="source_to_target", signed=True).tolist() == [0.25, -0.75]
