"""Each basis against its dense matrices, and what distinguishes one from another."""

from typing import Any

import pytest
import torch
from torch import Tensor
from torch_geometric.nn import ChebConv

from gnn_toolkit.layers import reference
from gnn_toolkit.layers.bases import Basis, Chebyshev, Diffusion, Neighbours
from gnn_toolkit.testing import assert_parity, random_graph

# basis, its name in the reference implementations, K and options
BASES: list[tuple[Basis, str, int, dict[str, Any]]] = [
    (Chebyshev(1), "chebyshev", 1, {}),
    (Chebyshev(4), "chebyshev", 4, {}),
    (Chebyshev(3, 3.0), "chebyshev", 3, {"lambda_max": 3.0}),
    (Chebyshev(3, degrees="out"), "chebyshev", 3, {"degrees": "out"}),
    (Chebyshev(3, 1.5, degrees="out"), "chebyshev", 3, {"degrees": "out", "lambda_max": 1.5}),
    (Chebyshev(3, normalization="rw"), "chebyshev", 3, {"normalization": "rw"}),
    (Chebyshev(3, 3.0, "rw", "out"), "chebyshev", 3, {"normalization": "rw", "lambda_max": 3.0, "degrees": "out"}),
    (Chebyshev(3, normalization=None), "chebyshev", 3, {"normalization": None}),
    (Chebyshev(3, 2.0, None), "chebyshev", 3, {"normalization": None, "lambda_max": 2.0}),
    (Chebyshev(3, None, None, "out"), "chebyshev", 3, {"normalization": None, "degrees": "out"}),
    (Diffusion(0), "diffusion", 1, {}),
    (Diffusion(3), "diffusion", 4, {}),
    (Diffusion(1, "authors"), "authors", 2, {}),
    (Diffusion(3, "authors"), "authors", 4, {}),
    (Neighbours(), "neighbours", 1, {}),
]


def sample() -> tuple[Tensor, Tensor, Tensor]:
    """A directed, weighted graph of nine nodes; two are isolated, one has no edge out."""
    generator = torch.Generator().manual_seed(0)
    edge_index = torch.cat([random_graph(7, 8, generator)[:, :11], torch.tensor([[2, 2], [5, 5]])], 1)
    x = torch.randn(9, 4, dtype=torch.float64, generator=generator)
    return x, edge_index, torch.rand(13, dtype=torch.float64, generator=generator) + 0.1


@pytest.mark.parametrize(("basis", "name", "order", "options"), BASES, ids=str)
def test_terms_and_gradients_are_those_of_dense_matrices(basis: Basis, name: str, order: int, options: dict[str, Any]):
    x, edge_index, weight = sample()
    leaves = [[t.clone().requires_grad_() for t in (x, weight)] for _ in range(2)]
    matrices = basis.matrices(edge_index, leaves[0][1], 9, x.dtype)
    ours = torch.cat(basis.terms(matrices, leaves[0][0]), 1)
    dense = reference.time_terms(name, order, edge_index, leaves[1][1], 9, **options)
    theirs = torch.cat([z @ leaves[1][0] for z in dense], 1)
    assert basis.num_terms == len(dense)
    assert_parity([ours], [theirs], [(leaves[0], leaves[1])], atol=1e-12)


@pytest.mark.parametrize("basis", [Chebyshev(2), Diffusion(1), Neighbours()], ids=str)
def test_weights_of_one_are_no_weights(basis: Basis):
    x, edge_index, weight = sample()
    plain, ones = (basis.matrices(edge_index, w, 9, x.dtype) for w in (None, torch.ones_like(weight)))
    for a, b in zip(basis.terms(plain, x), basis.terms(ones, x), strict=True):
        torch.testing.assert_close(a, b)


def through(basis: Chebyshev, conv: ChebConv, x: Tensor, edges: Tensor, weight: Tensor | None) -> Tensor:
    terms = torch.cat(basis.terms(basis.matrices(edges, weight, x.size(0), x.dtype), x), 1)
    joined = torch.cat([lin.get_parameter("weight") for lin in conv.lins], 1)
    return terms @ joined.t() + conv.bias


@pytest.mark.parametrize("normalization", ["sym", "rw", None])
@pytest.mark.parametrize("lambda_max", [None, 3.0])
def test_chebyshev_is_pyg_s(normalization: str | None, lambda_max: float | None):
    x, directed, weight = sample()
    conv = ChebConv(4, 3, 3, normalization=normalization).double()
    undirected = torch.cat([directed[:, :11], directed[:, :11].flip(0)], 1)
    both = torch.cat([weight[:11], weight[:11]])
    largest = None if lambda_max is None else torch.tensor(lambda_max)
    for degrees, edges, w in (("in", undirected, both), ("out", undirected, both), ("out", directed, weight)):
        basis = Chebyshev(3, lambda_max, normalization, degrees)
        expected = conv(x, edges, w, lambda_max=largest)
        torch.testing.assert_close(through(basis, conv, x, edges, w), expected)
    incoming = through(Chebyshev(3, lambda_max, normalization), conv, x, directed, weight)
    assert (incoming - conv(x, directed, weight, lambda_max=largest)).abs().max() > 0.01


def test_each_graph_of_a_batch_may_have_a_bound_of_its_own():
    x, edges, weight = sample()
    conv, batch = ChebConv(4, 3, 3).double(), torch.tensor([0] * 9 + [1] * 9)
    undirected = torch.cat([edges, edges.flip(0)], 1)
    both = torch.cat([undirected, undirected + 9], 1)
    largest = torch.tensor([1.7, 3.0], dtype=torch.float64)
    expected = conv(torch.cat([x, -x]), both, weight.repeat(4), batch, largest)
    basis = Chebyshev(3, largest[batch])
    torch.testing.assert_close(through(basis, conv, torch.cat([x, -x]), both, weight.repeat(4)), expected)


def test_a_graph_without_edges_has_a_laplacian_of_zeros_where_nothing_normalises():
    none = torch.empty(2, 0, dtype=torch.long)
    basis = Chebyshev(3, normalization=None)
    terms = basis.terms(basis.matrices(none, None, 2, torch.float32), torch.ones(2, 1))
    assert [float(t[0, 0]) for t in terms] == [1.0, -1.0, 1.0]  # L~ = -I


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
