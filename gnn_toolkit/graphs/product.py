"""The product of a sparse matrix with node features, both ways, as operators that autograd and compilers know.

The structure of a matrix is a list of six index tensors: the entries row by row (``rowptr``, and ``row`` and ``col`` of
each slot), the same entries column by column (``t_rowptr``, ``t_col``), and the former slot of each of the latter
(``t_slot``). Values are kept once, row by row.
"""

import warnings
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from gnn_toolkit import _checks
from gnn_toolkit._lazy import Lazy
from gnn_toolkit._transforms import is_transforming

if TYPE_CHECKING:
    from scipy import sparse
else:
    sparse = Lazy("scipy.sparse")

MANY = 4000  # edges, from which on counting pays

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    torch.eye(1).to_sparse_csr()  # torch says once a process that this layout is in beta, silenced


def compress(edge_index: Tensor, num_nodes: int, transposed: bool) -> list[Tensor]:
    """Return the structure of the matrix with an entry for each edge: in row v and column u for ``u -> v``.

    Args:
        edge_index: integer tensor [2, E].
        num_nodes: number of nodes N.
        transposed: whether rows are sources instead.

    Returns:
        ``edge``, the edge in each slot; then ``rowptr``, ``row``, ``col``, ``t_rowptr``, ``t_col``, ``t_slot``.

    Raises:
        ValueError: an index out of range.

    >>> edge, rowptr, *_ = compress(torch.tensor([[0, 1, 1], [1, 0, 1]]), 2, False)
    >>> edge, rowptr
    (tensor([1, 0, 2]), tensor([0, 1, 3], dtype=torch.int32))
    """
    if torch.onnx.is_in_onnx_export():
        return _unsorted(edge_index, num_nodes, transposed)
    if torch.compiler.is_compiling():
        return compress_op(edge_index, num_nodes, transposed)
    _checks.edges(edge_index, num_nodes)
    narrow = torch.int32 if max(num_nodes, edge_index.size(1)) < 2**31 else torch.int64
    col, row = (edge_index.flip(0) if transposed else edge_index).to(narrow)
    count = edge_index.is_cpu and edge_index.size(1) >= MANY
    return (_counted if count else _sorted)(row, col, num_nodes)


def _unsorted(edge_index: Tensor, num_nodes: int, transposed: bool) -> list[Tensor]:
    """As the edges come: enough for arithmetic of torch's own."""
    col, row = edge_index.flip(0) if transposed else edge_index
    edge, rowptr = (torch.arange(n, device=col.device) for n in (col.size(0), num_nodes + 1))
    return [edge, rowptr, row, col, rowptr, row, edge]


def _counted(row: Tensor, col: Tensor, size: int) -> list[Tensor]:
    """By SciPy's counting sorts."""
    place = torch.arange(row.size(0), dtype=row.dtype).numpy()
    entries = sparse.coo_array((place, (row.numpy(), col.numpy())), shape=(size, size))
    entries.has_canonical_format = True  # parallel edges stay apart
    by_row = entries.tocsr()
    by_col = sparse.csr_array((place, by_row.indices, by_row.indptr), shape=(size, size)).tocsc()
    rowptr, col, t_rowptr, t_col = (
        torch.from_numpy(index).to(row.dtype)
        for index in (by_row.indptr, by_row.indices, by_col.indptr, by_col.indices)
    )
    edge, t_slot = (torch.from_numpy(matrix.data).long() for matrix in (by_row, by_col))
    rows = torch.repeat_interleave(torch.arange(size, dtype=row.dtype), rowptr.diff(), output_size=row.size(0))
    return [edge, rowptr, rows, col, t_rowptr, t_col, t_slot]


def _sorted(row: Tensor, col: Tensor, size: int) -> list[Tensor]:
    """By sorting: on a GPU, and where SciPy's fixed costs count; many edges on a CPU took two to four times as long."""
    row, edge = torch.sort(row, stable=True)
    col = col[edge]
    t_row, t_slot = torch.sort(col, stable=True)
    return [edge, _pointers(row, size), row, col, _pointers(t_row, size), row[t_slot], t_slot]


def _pointers(ordered: Tensor, size: int) -> Tensor:
    bounds = torch.arange(size + 1, dtype=ordered.dtype, device=ordered.device)
    return torch.searchsorted(ordered, bounds, out_int32=ordered.dtype == torch.int32)


compress_op = torch.library.custom_op("gnn_toolkit::compress", compress, mutates_args=())


@compress_op.register_fake
def _(edge_index: Tensor, num_nodes: int, transposed: bool) -> list[Tensor]:
    count = edge_index.size(1)
    edge, t_slot = (edge_index.new_empty(count, dtype=torch.int64) for _ in range(2))
    sizes = (num_nodes + 1, count, count, num_nodes + 1, count)
    return [edge, *(edge_index.new_empty(n, dtype=torch.int32) for n in sizes), t_slot]


def spmm(value: Tensor, x: Tensor, indices: list[Tensor], transposed: bool) -> Tensor:
    """Return ``A @ x``, or ``A^T @ x``, for x [N, F].

    By an operator of its own; under a transform of functions, with forward-mode derivatives, for batches of gradients
    and in an export to ONNX by torch's own arithmetic.

    Args:
        value: [E] entries row by row.
        x: [N, F], of the type of ``value``.
        indices: the structure, as :func:`compress` returns it.
        transposed: whether to multiply by the transpose.
    """
    if not (is_transforming(value, x) or torch.onnx.is_in_onnx_export()):
        if torch.compiler.is_compiling() or torch._C._len_torch_dispatch_stack():
            return spmm_op(value, x, indices, transposed)
        return _Product.apply(value, x, indices, transposed)  # what the operator does, called at less cost
    rowptr, row, col, *_ = indices
    target, source = (col, row) if transposed else (row, col)
    messages = value.unsqueeze(1) * x.index_select(0, source)
    return x.new_zeros(rowptr.size(0) - 1, x.size(1)).index_add(0, target, messages)


def sddmm(a: Tensor, b: Tensor, indices: list[Tensor]) -> Tensor:
    """Return ``<a_i, b_j>`` for each entry (i, j) of the structure, row by row: [E]. Computed as :func:`spmm` is."""
    if not is_transforming(a, b):
        return sddmm_op(a, b, indices)
    _, row, col, *_ = indices
    return (a.index_select(0, row) * b.index_select(0, col)).sum(1)


@torch.library.custom_op("gnn_toolkit::spmm", mutates_args=())
def spmm_op(value: Tensor, x: Tensor, indices: list[Tensor], transposed: bool) -> Tensor:
    """Return :func:`spmm` for compilers and dispatch modes, which know it by its name."""
    return _multiply(value, x, indices, transposed)


def _multiply(value: Tensor, x: Tensor, indices: list[Tensor], transposed: bool) -> Tensor:
    """Return :func:`spmm` by ``embedding_bag``, a sum of weighted rows for each row of ``A``.

    It is the fastest sparse product that torch has: it took 4.6 ms on 20,000 rows of 128 with 400,000 entries where
    ``torch.sparse.mm`` on CSR took 22 ms.
    """
    rowptr, _, col, t_rowptr, t_col, t_slot = indices
    rows, columns = (t_rowptr, t_col) if transposed else (rowptr, col)
    weights = value.index_select(0, t_slot) if transposed else value
    return torch.embedding_bag(x.contiguous(), columns, rows, False, 0, False, weights, True)[0]


@spmm_op.register_fake
def _(value: Tensor, x: Tensor, indices: list[Tensor], transposed: bool) -> Tensor:
    return x.new_empty(indices[0].size(0) - 1, x.size(1))


@torch.library.custom_op("gnn_toolkit::sddmm", mutates_args=())
def sddmm_op(a: Tensor, b: Tensor, indices: list[Tensor]) -> Tensor:
    """Return :func:`sddmm` by the sampled product of CSR matrices."""
    rowptr, row, col, *_ = indices
    if a.dtype not in (torch.float32, torch.float64):
        return sddmm_op(a.float(), b.float(), indices).to(a.dtype)
    if col.numel() > a.size(0) * b.size(0):  # more than torch lets a matrix hold: many parallel edges
        return (a[row] * b[col]).sum(1)
    shape = (a.size(0), b.size(0))
    pattern = torch.sparse_csr_tensor(rowptr, col, a.new_zeros(col.numel()), shape, check_invariants=False)
    return torch.sparse.sampled_addmm(pattern, a.contiguous(), b.contiguous().t(), beta=0.0).values()


@sddmm_op.register_fake
def _(a: Tensor, b: Tensor, indices: list[Tensor]) -> Tensor:
    return a.new_empty(indices[2].size(0))


def _keep(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
    first, second, ctx.indices, *rest = inputs
    ctx.transposed = bool(rest and rest[0])
    ctx.save_for_backward(first, second)


def _product_backward(ctx: Any, grad: Tensor) -> tuple[Any, ...]:
    value, x = ctx.saved_tensors
    of_value = of_x = None
    if ctx.needs_input_grad[0]:
        of_value = sddmm(*((x, grad) if ctx.transposed else (grad, x)), ctx.indices)
    if ctx.needs_input_grad[1]:
        of_x = spmm(value, grad, ctx.indices, not ctx.transposed)
    return of_value, of_x, [None] * len(ctx.indices), None


def _sampled_backward(ctx: Any, grad: Tensor) -> tuple[Any, ...]:
    a, b = ctx.saved_tensors
    of_a = spmm(grad, b, ctx.indices, False) if ctx.needs_input_grad[0] else None
    of_b = spmm(grad, a, ctx.indices, True) if ctx.needs_input_grad[1] else None
    return of_a, of_b, [None] * len(ctx.indices)


spmm_op.register_autograd(_product_backward, setup_context=_keep)
sddmm_op.register_autograd(_sampled_backward, setup_context=_keep)


class _Product(torch.autograd.Function):
    """:func:`spmm_op` without the dispatcher, which would look into the list of indices at every call."""

    @staticmethod
    def forward(ctx: Any, value: Tensor, x: Tensor, indices: list[Tensor], transposed: bool) -> Tensor:
        """Return the product."""
        _keep(ctx, (value, x, indices, transposed), None)
        return _multiply(value, x, indices, transposed)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Any, ...]:
        """Return the gradients of ``value`` and ``x``."""
        return *_product_backward(ctx, grad)[:2], None, None
