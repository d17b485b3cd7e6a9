from collections.abc import Callable

import networkx as nx
import pytest
import torch
from torch import Tensor

from gnn_toolkit import DAGGRU, GCNConv
from gnn_toolkit.layers import reference
from gnn_toolkit.testing import assert_layer, assert_parity, assert_refuses, random_dag, random_graph

WEIGHT = torch.randn(4, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(1))


def seeded(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def sound(x: Tensor, edge_index: Tensor) -> Tensor:
    """Sum the neighbours' features: a layer without a fault, for the broken ones to be measured against."""
    return torch.tanh((x + torch.zeros_like(x).index_add(0, edge_index[1], x[edge_index[0]])) @ WEIGHT.to(x.dtype))


def by_edge_order(x: Tensor, edge_index: Tensor) -> Tensor:
    place = torch.arange(edge_index.size(1), dtype=x.dtype)[:, None]
    return sound(x, edge_index) + torch.zeros_like(x).index_add(0, edge_index[1], place * x[edge_index[0]])[:, :3]


def by_numbering(x: Tensor, edge_index: Tensor) -> Tensor:
    return sound(x, edge_index) * torch.linspace(1, 2, x.size(0), dtype=x.dtype)[:, None]


def to_float32(x: Tensor, edge_index: Tensor) -> Tensor:
    return sound(x, edge_index).float()


def one_row_too_few(x: Tensor, edge_index: Tensor) -> Tensor:
    return sound(x, edge_index)[1:]


def only_nodes_with_edges(x: Tensor, edge_index: Tensor) -> Tensor:
    return sound(x, edge_index)[: int(edge_index.max()) + 1 if edge_index.numel() else 0]


def flat(x: Tensor, edge_index: Tensor) -> Tensor:
    return sound(x, edge_index)[:, 0]


def over_all_graphs(x: Tensor, edge_index: Tensor) -> Tensor:
    return sound(x, edge_index) - sound(x, edge_index).mean(0)


class _HalfGradient(torch.autograd.Function):
    @staticmethod
    def forward(ctx: object, x: Tensor) -> Tensor:
        return x.clone()

    @staticmethod
    def backward(ctx: object, *grads: Tensor) -> Tensor:
        return grads[0] / 2


def wrong_gradient(x: Tensor, edge_index: Tensor) -> Tensor:
    half: Tensor = _HalfGradient.apply(x)  # type: ignore[assignment]
    return sound(half, edge_index)


def cut_gradient(x: Tensor, edge_index: Tensor) -> Tensor:
    neighbours = torch.zeros_like(x).index_add(0, edge_index[1], x[edge_index[0]])
    return torch.tanh((x + neighbours.detach()) @ WEIGHT)


def wrong_value(x: Tensor, edge_index: Tensor) -> Tensor:
    return sound(x, edge_index) + 1e-6


@pytest.mark.parametrize("acyclic", [True, False])
def test_a_sound_layer_passes(acyclic: bool):
    assert_layer(sound, 4, reference=sound, acyclic=acyclic)


@pytest.mark.parametrize("acyclic", [True, False])
@pytest.mark.parametrize(
    ("layer", "clause"),
    [
        (by_edge_order, "the order of the edges does not matter"),
        (by_numbering, "renumbering the nodes renumbers the output"),
        (to_float32, "dtype and device kept"),
        (one_row_too_few, "one row a node"),
        (only_nodes_with_edges, "one row a node"),
        (flat, "one row a node"),
        (over_all_graphs, "a disjoint union gives what its parts give"),
    ],
)
def test_a_broken_layer_fails_by_the_clause_that_it_breaks(
    layer: Callable[[Tensor, Tensor], Tensor], clause: str, acyclic: bool
):
    with pytest.raises(AssertionError, match=f"^{clause}"):
        assert_layer(layer, 4, acyclic=acyclic)


@pytest.mark.parametrize(
    ("layer", "what"), [(wrong_gradient, "gradient 0"), (cut_gradient, "gradient 0"), (wrong_value, "output 0")]
)
def test_a_layer_that_differs_from_its_reference_fails(layer: Callable[[Tensor, Tensor], Tensor], what: str):
    with pytest.raises(AssertionError, match=f"^{what}: "):
        assert_layer(layer, 4, reference=sound)


def test_the_contract_finds_a_layer_of_the_library_with_a_reference_of_another_kind():
    layer = DAGGRU(4, 3).double()
    params = dict(layer.named_parameters())
    assert_layer(lambda x, e: layer(x, e)[0], 4, reference=lambda x, e: reference.dag("gru", params, x, e)[0])
    swapped = {**params, "bias_hh_l0": params["bias_hh_l0"].flip(0)}
    with pytest.raises(AssertionError, match=r"^output 0"):
        assert_layer(lambda x, e: layer(x, e)[0], 4, reference=lambda x, e: reference.dag("gru", swapped, x, e)[0])


def test_a_layer_with_checks_refuses():
    assert_refuses(GCNConv(4, 3), 4)


def no_checks(x: Tensor, edge_index: Tensor) -> Tensor:
    return x


def anonymous_checks(x: Tensor, edge_index: Tensor) -> Tensor:
    raise ValueError("bad input")


def only_x_checked(x: Tensor, edge_index: Tensor) -> Tensor:
    if x.size(1) != 4:
        raise ValueError("x: expected 4 columns")
    return x


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (no_checks, "^x: expected a ValueError"),
        (anonymous_checks, "^the error names x"),
        (only_x_checked, "^edge_index: expected a ValueError"),
    ],
)
def test_a_layer_without_checks_fails(layer: Callable[[Tensor, Tensor], Tensor], message: str):
    with pytest.raises(AssertionError, match=message):
        assert_refuses(layer, 4)


def test_parity_counts_the_outputs_and_names_the_one_that_differs():
    a, b = torch.ones(2), torch.zeros(2)
    with pytest.raises(AssertionError, match="2 outputs against 1"):
        assert_parity([a, a], [a])
    with pytest.raises(AssertionError, match="output 1"):
        assert_parity([a, a], [a, b])
    assert_parity([a, a], [a, a.clone()])


def test_parity_sees_a_gradient_that_hides_in_a_sum():
    x = torch.ones(2, dtype=torch.float64, requires_grad=True)
    y = torch.ones(2, dtype=torch.float64, requires_grad=True)
    assert_parity([x * 1], [y * 1], [([x], [y])])
    with pytest.raises(AssertionError, match="gradient 0"):
        assert_parity([x * 1], [y.flip(0)], [([x], [y])])


def test_parity_takes_an_unused_input_for_a_gradient_of_zero():
    x = torch.ones(2, dtype=torch.float64, requires_grad=True)
    y = torch.ones(2, dtype=torch.float64, requires_grad=True)
    assert_parity([x * 1], [y * 1], [([x, y], [y, x])])
    with pytest.raises(AssertionError, match="gradient 1"):
        assert_parity([x + y], [x + 1.0], [([x, y], [x, y])])


@pytest.mark.parametrize(("num_nodes", "num_edges"), [(1, 0), (5, 4), (9, 36), (4, 100)])
def test_random_dags_are_acyclic_and_of_the_size_asked_for(num_nodes: int, num_edges: int):
    most = num_nodes * (num_nodes - 1) // 2
    for seed in range(5):
        edge_index = random_dag(num_nodes, num_edges, seeded(seed))
        graph = nx.DiGraph(edge_index.t().tolist())
        assert nx.is_directed_acyclic_graph(graph)
        assert graph.number_of_edges() == edge_index.size(1) == min(num_edges, most)
        assert edge_index.numel() == 0 or int(edge_index.max()) < num_nodes


def test_random_dags_have_no_fixed_numbering():
    assert any(bool((e[0] > e[1]).any()) for e in (random_dag(6, 5, seeded(seed)) for seed in range(5)))
    assert random_dag(6, 5, seeded(0)).equal(random_dag(6, 5, seeded(0)))
    assert not random_dag(6, 5, seeded(0)).equal(random_dag(6, 5, seeded(1)))


def test_random_graphs_have_every_edge_both_ways_and_no_loops():
    pairs = [tuple(edge) for edge in random_graph(8, 12, seeded(0)).t().tolist()]
    assert len(set(pairs)) == len(pairs) == 24
    assert {(v, u) for u, v in pairs} == set(pairs)
    assert all(u != v for u, v in pairs)
