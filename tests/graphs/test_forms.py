from typing import Any

import pytest
import torch
from torch import Tensor
from torch_geometric import EdgeIndex as PyGEdgeIndex

from gnn_toolkit.graphs.forms import is_sparse_matrix, to_edge_index

EdgeIndex: Any = PyGEdgeIndex
EDGES = torch.tensor([[0, 1, 1], [2, 0, 2]])
WEIGHTS = torch.tensor([2.0, 3.0, 4.0])
LAYOUTS = [torch.sparse_coo, torch.sparse_csr, torch.sparse_csc]


def matrix(layout: torch.layout) -> Tensor:
    """Return the matrix with the weight of u -> v in row v and column u."""
    return torch.zeros(3, 3).index_put((EDGES[1], EDGES[0]), WEIGHTS).to_sparse(layout=layout)


def as_set(edge_index: Tensor, edge_weight: Tensor) -> set[tuple[float, ...]]:
    return {(*pair, weight) for pair, weight in zip(edge_index.t().tolist(), edge_weight.tolist(), strict=True)}


@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
def test_a_matrix_holds_edges_from_column_to_row(layout: torch.layout):
    edge_index, weight = to_edge_index(matrix(layout))
    assert weight is not None
    assert as_set(edge_index, weight) == as_set(EDGES, WEIGHTS)
    assert edge_index.dtype == torch.int64


@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
def test_what_is_read_of_a_matrix_is_remembered_until_it_changes(layout: torch.layout):
    given = matrix(layout)
    first = to_edge_index(given)
    assert to_edge_index(given)[0] is first[0]
    given.mul_(2)
    weight = to_edge_index(given)[1]
    assert weight is not None
    assert weight.sum() == 2 * WEIGHTS.sum()


@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
def test_gradients_reach_the_values_of_a_matrix(layout: torch.layout):
    dense = matrix(layout).to_dense().requires_grad_()
    _, weight = to_edge_index(dense.to_sparse(layout=layout))
    assert weight is not None
    (gradient,) = torch.autograd.grad((weight**2).sum(), dense)
    assert gradient.equal(2 * dense.detach())


def test_a_matrix_that_is_not_coalesced_adds_up():
    indices, values = torch.tensor([[1, 1], [0, 0]]), torch.tensor([1.0, 2.0])
    given = torch.sparse_coo_tensor(indices, values, (2, 2), check_invariants=True)
    edge_index, weight = to_edge_index(given)
    assert edge_index.tolist() == [[0], [1]]
    assert weight is not None
    assert weight.tolist() == [3.0]


def test_an_edge_index_of_pyg_is_read_without_a_copy():
    given = EdgeIndex(EDGES, sparse_size=(3, 3))
    found, weight = to_edge_index(given, WEIGHTS)
    assert type(found) is Tensor
    assert found is given.as_tensor()
    assert weight is WEIGHTS


def test_a_plain_tensor_stays_what_it_is():
    assert to_edge_index(EDGES, WEIGHTS) == (EDGES, WEIGHTS)
    assert not is_sparse_matrix(EDGES)
    assert not is_sparse_matrix("edges")


@pytest.mark.parametrize("form", [[[0, 1]], [(0, 1), (1, 2)], EDGES.numpy(), "edges", None])
def test_another_form_is_refused_by_name(form: object):
    with pytest.raises(ValueError, match=rf"^edge_index: expected a tensor \[2, E\].*{type(form).__name__}"):
        to_edge_index(form)


def test_weights_beside_a_matrix_are_refused():
    with pytest.raises(ValueError, match=r"^edge_weight: expected None beside a sparse matrix"):
        to_edge_index(matrix(torch.sparse_csr), WEIGHTS)


def test_a_matrix_between_two_kinds_of_nodes_is_refused():
    with pytest.raises(ValueError, match=r"^edge_index: expected a square sparse matrix, got \[2, 3\]"):
        to_edge_index(torch.ones(2, 3).to_sparse())
