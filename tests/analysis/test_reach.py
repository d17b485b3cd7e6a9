"""Reach by edges and reach by gradients are the same thing, on convolutions and on recurrences."""

import networkx as nx
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from gnn_toolkit import DAGGRU, DAGLSTM, DAGRNN, GCNConv, from_networkx
from gnn_toolkit.analysis import empirical_receptive_field, receptive_field
from gnn_toolkit.testing import random_dag


class Stack(nn.Module):
    """Convolutions with tanh, which never shuts an input out as relu may."""

    def __init__(self, edge_index: Tensor, num_layers: int) -> None:
        super().__init__()
        self.edge_index = edge_index
        self.layers = nn.ModuleList(GCNConv(3, 3) for _ in range(num_layers)).double()

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.layers:
            x = torch.tanh(layer(x, self.edge_index))
        return x


@st.composite
def graphs(draw: st.DrawFn) -> tuple[Tensor, int]:
    """Draw any directed graph: loops, parallel edges, isolated nodes and no edges at all among them."""
    count = draw(st.integers(1, 12))
    node = st.integers(0, count - 1)
    edges = draw(st.lists(st.tuples(node, node), max_size=20))
    return torch.tensor(edges, dtype=torch.long).reshape(-1, 2).t(), count


@given(graphs(), st.integers(1, 4), st.integers(0, 2**31))
def test_k_convolutions_reach_exactly_k_hops(graph: tuple[Tensor, int], layers: int, seed: int):
    edge_index, count = graph
    torch.manual_seed(seed)
    model, x, node = Stack(edge_index, layers), torch.randn(count, 3, dtype=torch.double), seed % count
    expected = receptive_field(edge_index, node, layers, count)
    assert torch.equal(empirical_receptive_field(model, x, node), expected)


@given(graphs(), st.none() | st.integers(0, 4), st.integers(0, 11))
def test_the_field_is_the_ball_of_networkx(graph: tuple[Tensor, int], hops: int | None, node: int):
    edge_index, count = graph
    reverse = nx.DiGraph(edge_index.flip(0).t().tolist())
    reverse.add_nodes_from(range(count))
    ball = nx.single_source_shortest_path_length(reverse, node % count, cutoff=hops)
    assert set(receptive_field(edge_index, node % count, hops, count).nonzero().flatten().tolist()) == set(ball)


@pytest.mark.parametrize("layer", [DAGRNN, DAGGRU, DAGLSTM])
@pytest.mark.parametrize("seed", range(5))
def test_a_recurrence_over_a_dag_reaches_all_ancestors(layer: type, seed: int):
    torch.manual_seed(seed)
    edge_index, count = random_dag(20, 30, torch.Generator().manual_seed(seed)), 20
    recurrence = layer(3, 4).double()
    x, graph = torch.randn(count, 3, dtype=torch.double), nx.DiGraph(edge_index.t().tolist())
    for node in range(count):
        field = empirical_receptive_field(lambda x: recurrence(x, edge_index)[0], x, node)
        assert torch.equal(field, receptive_field(edge_index, node, None, count))
        assert set(field.nonzero().flatten().tolist()) == {node} | (
            nx.ancestors(graph, node) if node in graph else set()
        )


def test_the_reach_in_the_karate_club():
    edge_index = from_networkx(nx.karate_club_graph())["edge_index"]
    assert [int(receptive_field(edge_index, 16, hops).sum()) for hops in range(6)] == [1, 3, 6, 18, 26, 34]


def test_a_shut_relu_and_a_model_blind_to_its_input_have_smaller_fields():
    edge_index, x = torch.tensor([[0, 1], [1, 2]]), torch.ones(3, 1)
    conv = GCNConv(1, 1)
    nn.init.constant_(conv.lin.weight, -1.0)
    assert not empirical_receptive_field(lambda x: conv(x, edge_index).relu(), x, 1).any()
    assert not empirical_receptive_field(lambda x: torch.ones(3, 2), x, 1).any()


def test_the_gradient_is_taken_without_touching_the_parameters_even_where_gradients_are_off():
    conv, edge_index = GCNConv(2, 2), torch.tensor([[0], [1]])
    with torch.no_grad():
        field = empirical_receptive_field(lambda x: conv(x, edge_index), torch.randn(3, 2), 1)
    assert field.tolist() == [True, True, False]
    assert all(parameter.grad is None for parameter in conv.parameters())


def test_the_number_of_nodes_follows_from_the_edges_and_the_node():
    edge_index = torch.tensor([[0], [1]])
    assert receptive_field(edge_index, 1, 1).tolist() == [True, True]
    assert receptive_field(edge_index, 3, None).tolist() == [False, False, False, True]
    assert receptive_field(edge_index[:, :0], 0, 2).tolist() == [True]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((torch.tensor([[0], [5]]), 0, 1, 3), r"edge_index: expected node indices in \[0, 3\), got 5"),
        ((torch.tensor([[0], [1]]), 3, 1, 3), r"node: expected a node in \[0, 3\), got 3"),
        ((torch.tensor([[0], [1]]), -1, 1), r"node: expected a node in \[0, 2\), got -1"),
        ((torch.tensor([[0], [1]]), 0, -1), r"hops: expected a number of at least 0, or None, got -1"),
        ((torch.tensor([[0], [1]]), 0, 1.5), r"hops: expected a number of at least 0, or None, got 1\.5"),
    ],
)
def test_what_does_not_fit_is_refused(arguments: tuple, message: str):
    with pytest.raises(ValueError, match=message):
        receptive_field(*arguments)


def test_what_the_gradient_cannot_be_taken_of_is_refused():
    with pytest.raises(ValueError, match=r"x: expected a floating-point tensor \[num_nodes, width\], got torch\.int64"):
        empirical_receptive_field(lambda x: x, torch.ones(2, 2).long(), 0)
    with pytest.raises(ValueError, match=r"node: expected a node in \[0, 2\), got 2"):
        empirical_receptive_field(lambda x: x, torch.ones(2, 2), 2)
    with pytest.raises(ValueError, match=r"model: expected output of shape \[2, C\], got \[1, 2\]; ask a model"):
        empirical_receptive_field(lambda x: x.sum(0, keepdim=True), torch.ones(2, 2), 0)
