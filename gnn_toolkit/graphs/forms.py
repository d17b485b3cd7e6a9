"""The forms in which edges are given to a convolution, brought to one: edge_index [2, E] and edge_weight [E]."""

import torch
from torch import Tensor
from torch_geometric import EdgeIndex

from gnn_toolkit import _checks
from gnn_toolkit._memo import remembered

SPARSE = (torch.sparse_coo, torch.sparse_csr, torch.sparse_csc)


def to_edge_index(edge_index: object, edge_weight: Tensor | None = None) -> tuple[Tensor, Tensor | None]:
    """Return edge_index [2, E] as a plain tensor, and edge_weight [E].

    A sparse matrix is read as PyG does: its rows are targets and its columns sources (``adj_t``), its values the
    weights. What is read of one is remembered with it.

    Args:
        edge_index: a tensor [2, E], a PyG ``EdgeIndex``, or a torch sparse matrix [N, N] in COO, CSR or CSC layout.
        edge_weight: [E]; ``None`` beside a sparse matrix, which has its own.

    Raises:
        ValueError: another form, or weights beside a sparse matrix.

    >>> to_edge_index(torch.tensor([[0.0, 2.0], [0.0, 0.0]]).to_sparse_csr())
    (tensor([[1],
            [0]]), tensor([2.]))
    """
    if edge_weight is not None:
        _checks.tensor("edge_weight", edge_weight)
    if isinstance(edge_index, EdgeIndex):
        return edge_index.as_tensor(), edge_weight
    if not isinstance(edge_index, Tensor):
        form = f"{type(edge_index).__module__}.{type(edge_index).__name__}"
        allowed = "a tensor [2, E], an EdgeIndex, a torch sparse matrix or an Adjacency"
        remedy = "a torch_sparse.SparseTensor has .to_torch_sparse_csr_tensor(), a list of Adjacency Adjacency.join"
        raise ValueError(_checks.problem("edge_index", allowed, form, remedy))
    if not is_sparse_matrix(edge_index):
        return edge_index, edge_weight
    if edge_weight is not None:
        remedy = "set the values of the matrix, or pass edge_index [2, E]"
        raise ValueError(_checks.problem("edge_weight", "None beside a sparse matrix", "a tensor", remedy))
    return _read(edge_index)


def is_sparse_matrix(edge_index: object) -> bool:
    """Return whether this is a torch tensor of a sparse layout.

    >>> is_sparse_matrix(torch.eye(2).to_sparse()), is_sparse_matrix(torch.eye(2))
    (True, False)
    """
    return isinstance(edge_index, Tensor) and edge_index.layout in SPARSE


def _read(matrix: Tensor) -> tuple[Tensor, Tensor]:
    if matrix.dim() != 2 or matrix.size(0) != matrix.size(1):
        remedy = "rows are targets and columns sources, of the same nodes"
        raise ValueError(_checks.problem("edge_index", "a square sparse matrix", list(matrix.shape), remedy))
    return remembered(matrix, "edges of a matrix", lambda: _parts(matrix))


def _parts(matrix: Tensor) -> tuple[Tensor, Tensor]:
    if matrix.layout == torch.sparse_coo:
        matrix = matrix.coalesce()
        return matrix.indices().flip(0), matrix.values()
    by_row = matrix.layout == torch.sparse_csr
    pointers, inner = (
        (matrix.crow_indices(), matrix.col_indices()) if by_row else (matrix.ccol_indices(), matrix.row_indices())
    )
    outer = torch.repeat_interleave(torch.arange(matrix.size(0), device=matrix.device), pointers.diff())
    return torch.stack([inner.long(), outer] if by_row else [outer, inner.long()]), matrix.values()
