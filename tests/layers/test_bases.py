"""Each basis against its dense matrices, and what distinguishes one from another."""

import pytest
import torch
from torch import Tensor
from torch_geometric.nn import ChebConv

from gnn_toolkit.layers import reference
from gnn_toolkit.layers.bases import Basis, Chebyshev, Diffusion, Neighbours
from gnn_toolkit.testing import assert_parity, random_graph

BASES = [
    (Chebyshev(1), "chebyshev", 1),
    (Chebyshev(4), "chebyshev", 4),
    (Chebyshev(3, 3.0), "chebyshev3", 3),
    (Diffusion(0), "diffusion", 1),
    (Diffusion(3), "diffusion", 4),
    (Diffusion(1, "authors"), "authors", 2),
    (Diffusion(3, "authors"), "authors", 4),
    (Neighbours(), "neighbours", 1),
]


def sample() -> tuple[Tensor, Tensor, Tensor]:
    """A directed, weighted graph of nine nodes; two are isolated, one has no edge out."""
    generator = torch.Generator().manual_seed(0)
    edge_index = torch.cat([random_graph(7, 8, generator)[:, :11], torch.tensor([[2, 2], [5, 5]])], 1)
    x = torch.randn(9, 4, dtype=torch.float64, generator=generator)
    return x, edge_index, torch.rand(13, dtype=torch.float64, generator=generator) + 0.1


@pytest.mark.parametrize(("basis", "name", "order"), BASES, ids=str)
def test_terms_and_gradients_are_those_of_dense_matrices(basis: Basis, name: str, order: int):
    x, edge_index, weight = sample()
    leaves = [[t.clone().requires_grad_() for t in (x, weight)] for _ in range(2)]
    matrices = basis.matrices(edge_index, leaves[0][1], 9, x.dtype)
    ours = torch.cat(basis.terms(matrices, leaves[0][0]), 1)
    dense = reference.time_terms(name, order, edge_index, leaves[1][1], 9)
    theirs = torch.cat([z @ leaves[1][0] for z in dense], 1)
    assert basis.num_terms == len(dense)
    assert_parity([ours], [theirs], [(leaves[0], leaves[1])], atol=1e-12)


@pytest.mark.parametrize("basis", [Chebyshev(2), Diffusion(1), Neighbours()], ids=str)
def test_weights_of_one_are_no_weights(basis: Basis):
    x, edge_index, weight = sample()
    plain, ones = (basis.matrices(edge_index, w, 9, x.dtype) for w in (None, torch.ones_like(weight)))
    for a, b in zip(basis.terms(plain, x), basis.terms(ones, x), strict=True):
        torch.testing.assert_close(a, b)


def test_chebyshev_is_pyg_s_on_an_undirected_graph():
    x, _, weight = sample()
    edge_index = random_graph(9, 6, torch.Generator().manual_seed(1))
    weight = weight[:6].repeat(2)
    conv = ChebConv(4, 3, 3).double()
    basis = Chebyshev(3)
    terms = torch.cat(basis.terms(basis.matrices(edge_index, weight, 9, x.dtype), x), 1)
    joined = torch.cat([lin.get_parameter("weight") for lin in conv.lins], 1)
    torch.testing.assert_close(terms @ joined.t() + conv.bias, conv(x, edge_index, weight))


def test_walks_sum_to_one_and_go_both_ways():
    basis = Diffusion(1)
    edge_index, weight = torch.tensor([[0, 0, 1], [1, 2, 2]]), torch.tensor([1.0, 3.0, 1.0])
    _, along, against = basis.terms(basis.matrices(edge_index, weight, 3, torch.float32), torch.eye(3))
    assert along.tolist() == [[0, 0.25, 0.75], [0, 0, 1], [0, 0, 0]]
    assert against.tolist() == [[0, 0, 0], [1, 0, 0], [0.75, 0.25, 0]]


def test_the_authors_walk_back_starts_where_the_walk_along_left_off():
    x, edge_index, weight = sample()
    ours, theirs = Diffusion(2), Diffusion(2, "authors")
    matrices = ours.matrices(edge_index, weight, 9, x.dtype)
    paper, authors = ours.terms(matrices, x), theirs.terms(matrices, x)
    torch.testing.assert_close(authors[2], 2 * paper[2] - x)
    torch.testing.assert_close(authors[3], matrices[1] @ paper[1])
