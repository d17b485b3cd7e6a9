import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torch.library import opcheck

from gnn_toolkit.graphs import product
from gnn_toolkit.graphs.product import MANY, compress, compress_op, sddmm, sddmm_op, spmm, spmm_op


@st.composite
def matrices(draw: st.DrawFn) -> tuple[Tensor, int]:
    """Edges, loops and parallel edges among them."""
    num_nodes = draw(st.integers(1, 6))
    node = st.integers(0, num_nodes - 1)
    edges = draw(st.lists(st.tuples(node, node), max_size=12))
    return torch.tensor(edges, dtype=torch.long).view(-1, 2).t(), num_nodes


def dense(edge_index: Tensor, value: Tensor, num_nodes: int) -> Tensor:
    """Return the matrix with the sum of the values of u -> v in row v and column u."""
    zeros = torch.zeros(num_nodes, num_nodes, dtype=value.dtype)
    return zeros.index_put((edge_index[1], edge_index[0]), value, accumulate=True)


def sample(dtype: torch.dtype = torch.float64) -> tuple[Tensor, Tensor, Tensor, list[Tensor]]:
    """Five nodes; a loop, a parallel edge, a node without edges: edges, values, features, structure."""
    edge_index = torch.tensor([[0, 3, 1, 1, 2, 3], [2, 2, 1, 2, 0, 2]])
    generator = torch.Generator().manual_seed(0)
    value = torch.randn(6, dtype=dtype, generator=generator)
    return edge_index, value, torch.randn(5, 3, dtype=dtype, generator=generator), compress(edge_index, 5, False)


@given(matrices(), st.booleans(), st.sampled_from([torch.int64, torch.int32]))
def test_the_structure_lists_every_edge_by_row_and_by_column(
    graph: tuple[Tensor, int], transposed: bool, dtype: torch.dtype
):
    edge_index, num_nodes = graph
    edge, rowptr, row, col, t_rowptr, t_col, t_slot = compress(edge_index.to(dtype), num_nodes, transposed)
    source, target = edge_index.flip(0) if transposed else edge_index
    assert edge.sort().values.tolist() == list(range(edge_index.size(1)))
    assert row.long().equal(target[edge])
    assert col.long().equal(source[edge])
    assert row.tolist() == sorted(target.tolist())
    assert rowptr.diff().long().equal(torch.bincount(target, minlength=num_nodes))
    assert t_rowptr.diff().long().equal(torch.bincount(source, minlength=num_nodes))
    assert t_col.equal(row[t_slot])
    assert col[t_slot].tolist() == sorted(source.tolist())


@pytest.mark.parametrize("count", [MANY - 1, MANY])
def test_sorting_and_counting_give_the_same(count: int, monkeypatch: pytest.MonkeyPatch):
    edge_index = torch.randint(50, (2, count), generator=torch.Generator().manual_seed(0))
    found = compress(edge_index, 60, False)
    monkeypatch.setattr(product, "MANY", 2 * MANY - count)
    other = compress(edge_index, 60, False)
    assert all(a.equal(b) and a.dtype == b.dtype for a, b in zip(found, other, strict=True))


@given(matrices(), st.booleans())
def test_the_products_are_the_dense_ones(graph: tuple[Tensor, int], transposed: bool):
    edge_index, num_nodes = graph
    value, x = torch.randn(edge_index.size(1), dtype=torch.float64), torch.randn(num_nodes, 3, dtype=torch.float64)
    edge, *indices = compress(edge_index, num_nodes, False)
    matrix = dense(edge_index, value, num_nodes)
    out = spmm(value[edge], x, indices, transposed)
    torch.testing.assert_close(out, (matrix.t() if transposed else matrix) @ x)
    sampled = sddmm(x, 2 * x + 1, indices)
    torch.testing.assert_close(sampled, (x @ (2 * x + 1).t())[edge_index[1], edge_index[0]][edge])


@pytest.mark.parametrize("transposed", [False, True])
def test_gradients_of_both_orders_are_right(transposed: bool):
    _, value, x, (_, *indices) = sample()
    leaves = (value.requires_grad_(), x.requires_grad_())
    assert torch.autograd.gradcheck(lambda v, a: spmm(v, a, indices, transposed), leaves)
    assert torch.autograd.gradgradcheck(lambda v, a: spmm(v, a, indices, transposed), leaves)
    other = torch.randn_like(x).requires_grad_()
    assert torch.autograd.gradcheck(lambda a, b: sddmm(a, b, indices), (x, other))
    assert torch.autograd.gradgradcheck(lambda a, b: sddmm(a, b, indices), (x, other))


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_short_types_are_as_right_as_they_can_be(dtype: torch.dtype):
    edge_index, value, x, (edge, *indices) = sample(torch.float32)
    leaves = [t.to(dtype).requires_grad_() for t in (value, x)]
    out = spmm(leaves[0][edge], leaves[1], indices, False)
    assert out.dtype == dtype
    expected = [t.requires_grad_() for t in (value, x)]
    torch.testing.assert_close(out.float(), dense(edge_index, value, 5) @ x, atol=0.05, rtol=0.02)
    found = torch.autograd.grad(out.sum(), leaves)
    right = torch.autograd.grad((dense(edge_index, value, 5) @ x).sum(), expected)
    for a, b in zip(found, right, strict=True):
        torch.testing.assert_close(a.float(), b, atol=0.05, rtol=0.02)


def test_compilers_are_told_the_truth():
    edge_index, value, x, (_, *indices) = sample()
    leaves = (value.requires_grad_(), x.requires_grad_())
    opcheck(compress_op, (edge_index, 5, True))
    for transposed in (False, True):
        opcheck(spmm_op, (*leaves, indices, transposed))
    opcheck(sddmm_op, (x, x.detach().clone().requires_grad_(), indices))


@pytest.mark.parametrize("node", [5, -1])
def test_a_node_that_is_missing_is_refused(node: int):
    with pytest.raises(ValueError, match=rf"^edge_index: expected node indices in \[0, 5\), got {node};"):
        compress(torch.tensor([[0], [node]]), 5, False)
