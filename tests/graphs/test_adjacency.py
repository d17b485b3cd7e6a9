import copy
import gc
import pickle
import weakref
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torch_geometric.data import Batch, Data
from torch_geometric.loader import DataLoader
from torch_geometric.utils import to_dense_adj

from gnn_toolkit.graphs import Adjacency, PrepareAdjacency, adjacency, gcn_norm
from gnn_toolkit.testing import random_graph


def eye(n: int) -> Tensor:
    return torch.eye(n, dtype=torch.float64)


def sample() -> tuple[Tensor, Tensor]:
    """Five nodes, the last isolated; a loop, a parallel edge, a weight of zero."""
    edge_index = torch.tensor([[0, 3, 1, 1, 2, 3], [2, 2, 1, 2, 0, 2]])
    return edge_index, torch.tensor([0.5, 2.0, 3.0, 0.0, 1.0, 4.0], dtype=torch.float64)


@st.composite
def graphs(draw: st.DrawFn) -> tuple[Tensor, Tensor, int]:
    """Edges, loops and parallel edges among them, with weights of at least zero."""
    num_nodes = draw(st.integers(1, 6))
    node = st.integers(0, num_nodes - 1)
    edges = draw(st.lists(st.tuples(node, node), max_size=12))
    weights = draw(st.lists(st.sampled_from([0.0, 0.5, 1.0, 3.0]), min_size=len(edges), max_size=len(edges)))
    edge_index = torch.tensor(edges, dtype=torch.long).view(-1, 2).t()
    return edge_index, torch.tensor(weights, dtype=torch.float64), num_nodes


OPTIONS = st.fixed_dictionaries(
    {
        "improved": st.booleans(),
        "add_self_loops": st.booleans(),
        "flow": st.sampled_from(["source_to_target", "target_to_source"]),
    }
)


@given(graphs(), st.booleans(), OPTIONS)
def test_the_matrix_is_that_of_the_normalised_edges(
    graph: tuple[Tensor, Tensor, int], weighted: bool, options: dict[str, Any]
):
    edge_index, weight, num_nodes = graph
    given = weight if weighted else None
    matrix = adjacency(edge_index, given, num_nodes, dtype=torch.float64, **options)
    index, value = gcn_norm(edge_index, given, num_nodes, dtype=torch.float64, **options)
    expected = to_dense_adj(index, edge_attr=value, max_num_nodes=num_nodes)[0]
    turned = options["flow"] == "target_to_source"
    torch.testing.assert_close(matrix @ eye(num_nodes), expected if turned else expected.t())


def test_without_normalisation_weights_are_used_as_they_are():
    edge_index, weight = sample()
    expected = to_dense_adj(edge_index, edge_attr=-weight, max_num_nodes=5)[0].t()
    assert (adjacency(edge_index, -weight, 5, normalize=False) @ eye(5)).equal(expected)


def test_it_is_remembered_until_an_input_changes():
    edge_index, weight = sample()
    first = adjacency(edge_index, weight, 5)
    assert adjacency(edge_index, weight, 5) is first
    assert adjacency(edge_index, None, 5) is not first
    improved = adjacency(edge_index, weight, 5, improved=True)
    assert not torch.equal(improved.value, first.value)
    assert all(a is b for a, b in zip(improved.indices, first.indices, strict=True))
    weight[0] = 9.0
    changed = adjacency(edge_index, weight, 5)
    assert not torch.equal(changed.value, first.value)
    edge_index[1, 0] = 4
    moved = adjacency(edge_index, weight, 5)
    assert (moved @ eye(5))[4, 0] > 0
    assert adjacency(edge_index, weight, 6).num_nodes == 6


def test_it_is_forgotten_with_its_edges():
    edge_index, weight = sample()
    matrix = weakref.ref(adjacency(edge_index, weight, 5).value)
    assert matrix() is not None
    del edge_index
    gc.collect()
    assert matrix() is None


def test_weights_that_learn_are_normalised_anew_with_a_structure_that_is_kept():
    edge_index, weight = sample()
    weight.requires_grad_()
    first, second = adjacency(edge_index, weight, 5), adjacency(edge_index, weight, 5)
    assert first.value is not second.value
    assert first.indices[0] is second.indices[0]
    for matrix in (first, second):
        (gradient,) = torch.autograd.grad((matrix @ eye(5)).sum(), weight)
        assert gradient.abs().sum() > 0
    with torch.no_grad():
        assert not adjacency(edge_index, weight, 5).value.requires_grad


def test_what_is_prepared_for_inference_can_be_trained_with():
    edge_index, weight = sample()
    with torch.inference_mode():
        inferred = adjacency(edge_index, weight, 5)
        of_inference = adjacency(edge_index.clone(), weight.clone(), 5)
    assert adjacency(edge_index, weight, 5) is inferred
    x = eye(5).requires_grad_()
    (gradient,) = torch.autograd.grad((inferred @ x).sum(), x)
    assert gradient.abs().sum() > 0
    torch.testing.assert_close(of_inference @ eye(5), inferred @ eye(5))


def test_the_edges_come_back_sorted_by_target():
    edge_index, weight = sample()
    index, value = adjacency(edge_index, weight, 5, normalize=False).edges()
    assert index[1].tolist() == [0, 1, 2, 2, 2, 2]
    assert to_dense_adj(index, edge_attr=value).equal(to_dense_adj(edge_index, edge_attr=weight))


def test_it_goes_where_it_is_sent():
    matrix = adjacency(*sample(), 5)
    assert matrix.to("meta").value.is_meta
    assert all(index.is_meta for index in matrix.to("meta").indices)
    single = matrix.to(torch.float32)
    assert single.value.dtype == torch.float32
    assert single.indices[0].dtype == torch.int32
    assert (single @ eye(5).float()).dtype == torch.float32
    assert (single @ eye(5)).dtype == (matrix @ eye(5).float()).dtype == torch.float64
    data = Data(adj_t=matrix, num_nodes=5).to("meta")
    assert data.adj_t.value.is_meta
    assert matrix.cpu().value.equal(matrix.value)


def test_it_can_be_copied_and_stored():
    matrix = adjacency(*sample(), 5)
    for other in (copy.deepcopy(matrix), pickle.loads(pickle.dumps(matrix))):
        assert (other @ eye(5)).equal(matrix @ eye(5))


def graph(seed: int) -> Any:
    generator = torch.Generator().manual_seed(seed)
    edge_index = random_graph(4 + seed, 5, generator)
    weight = torch.rand(edge_index.size(1), dtype=torch.float64, generator=generator)
    return Data(edge_index=edge_index, edge_weight=weight, num_nodes=4 + seed)


def test_a_batch_is_prepared_whole_or_joined_from_its_parts():
    graphs: list[Any] = [graph(seed) for seed in range(3)]
    whole = PrepareAdjacency()(Batch.from_data_list(graphs)).adj_t
    assert whole.num_nodes == 15
    (batch,) = DataLoader([PrepareAdjacency()(g.clone()) for g in graphs], batch_size=3)
    joined = Adjacency.join(batch.adj_t)
    torch.testing.assert_close(joined @ eye(15), whole @ eye(15))


def test_the_transform_leaves_the_graph_and_reads_the_weights_it_is_told():
    data = graph(1)
    data.strength = -data.edge_weight
    before = data.clone()
    plain = PrepareAdjacency()(data.clone())
    assert plain.edge_index.equal(before.edge_index)
    torch.testing.assert_close(plain.adj_t @ eye(5), adjacency(data.edge_index, data.edge_weight, 5) @ eye(5))
    signed = PrepareAdjacency(attr="strength", signed=True, add_self_loops=False)(data.clone())
    expected = adjacency(data.edge_index, data.edge_weight, 5, add_self_loops=False)
    torch.testing.assert_close(signed.adj_t @ eye(5), -(expected @ eye(5)))
    with pytest.raises(ValueError, match=r"^edge_weight: expected weights of at least 0"):
        PrepareAdjacency(attr="strength")(data.clone())
    with pytest.raises(ValueError, match=r"^data: expected a graph with edge_index"):
        PrepareAdjacency()(Data(num_nodes=2))


@pytest.mark.parametrize(
    ("edge_index", "weight", "message"),
    [
        (torch.tensor([[0], [5]]), None, r"edge_index: expected node indices in \[0, 5\), got 5"),
        (torch.tensor([[-1], [0]]), None, r"edge_index: expected node indices in \[0, 5\), got -1"),
        (torch.tensor([[0.0], [1.0]]), None, r"edge_index: expected dtype torch.int64, got torch.float32"),
        (torch.tensor([0, 1]), None, r"edge_index: expected shape \[2, num_edges\], got \[2\]"),
        (torch.tensor([[0], [1]]), torch.ones(2), r"edge_weight: expected a floating-point tensor of shape \[1\]"),
        (torch.tensor([[0], [1]]), -torch.ones(1), r"edge_weight: expected weights of at least 0, got -1.0 at edge 0"),
    ],
)
def test_bad_input_is_refused(edge_index: Tensor, weight: Tensor | None, message: str):
    for _ in range(2):  # nothing wrong is remembered
        with pytest.raises(ValueError, match=f"^{message}"):
            adjacency(edge_index, weight, 5)


@pytest.mark.parametrize("loops", [True, False])
def test_a_walk_is_remembered_apart_from_the_symmetric_form(loops: bool):
    edge_index, weight = torch.tensor([[0, 1, 2], [2, 2, 0]]), torch.tensor([1.0, 3.0, 2.0])
    symmetric = adjacency(edge_index, weight, 3, add_self_loops=loops)
    walk = adjacency(edge_index, weight, 3, add_self_loops=loops, walk=True)
    a = torch.zeros(3, 3).index_put((edge_index[1], edge_index[0]), weight) + loops * torch.eye(3)
    expected = a / a.sum(1, keepdim=True).clamp(min=1e-9)
    torch.testing.assert_close(walk @ torch.eye(3), expected)
    assert adjacency(edge_index, weight, 3, add_self_loops=loops, walk=True) is walk
    assert adjacency(edge_index, weight, 3, add_self_loops=loops) is symmetric
    with pytest.raises(ValueError, match=r"^edge_weight: expected weights of at least 0, got -1.0"):
        adjacency(edge_index, -weight, 3, add_self_loops=loops, walk=True)
