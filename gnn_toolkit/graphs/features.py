"""Node features that are mostly zeros, prepared for the layer that reads them."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from gnn_toolkit import _checks
from gnn_toolkit.graphs.product import compress, spmm


class SparseFeatures:
    """Features x [N, F] of which most are zero, for a linear layer at the beginning of a network.

    ``torch.nn.functional.linear`` and ``dropout`` take it instead of a tensor, and with them ``torch.nn.Linear``,
    ``GCNConv`` and every layer that begins with one of these. Dropout draws for the entries that are there and for no
    others, and the gradient of the weight is one sparse product with the transpose, which is ordered once and not in
    every step as for a CSR tensor.

    Args:
        value: [E] entries, row by row.
        indices: their places, as :func:`gnn_toolkit.graphs.product.compress` returns them without ``entry``.

    Shapes:
        - ``linear(x, weight [H, F], bias [H])`` [N, H]

    >>> x = SparseFeatures.of(torch.tensor([[0.0, 2.0, 0.0], [1.0, 0.0, 0.0]]))
    >>> nn.Linear(3, 4)(x).shape
    torch.Size([2, 4])
    """

    layout = torch.sparse_csr

    def __init__(self, value: Tensor, indices: list[Tensor]) -> None:
        self.value, self.indices = value, indices

    @classmethod
    def of(cls, x: Tensor) -> "SparseFeatures":
        """Return the features of a matrix [N, F].

        Raises:
            ValueError: ``x`` is not a floating-point matrix.
        """
        _checks.features("x", x, x.size(-1))
        row, col = x.nonzero(as_tuple=True)
        _, *indices = compress(torch.stack([col, row]), max(x.shape), False)
        # The pointers of a matrix that is not square end at its own last row and column.
        indices[0], indices[3] = indices[0][: x.size(0) + 1], indices[3][: x.size(1) + 1]
        return cls(x[row, col], indices)

    @classmethod
    def identity(cls, count: int, dtype: torch.dtype = torch.float32) -> "SparseFeatures":
        """Return the features of nodes that have none: the identity matrix [count, count], a name for each node.

        >>> SparseFeatures.identity(3).shape
        torch.Size([3, 3])
        """
        diagonal = torch.arange(_checks.count("count", count)).expand(2, -1)
        _, *indices = compress(diagonal, count, False)
        return cls(torch.ones(count, dtype=dtype), indices)

    @property
    def shape(self) -> torch.Size:
        """Number of nodes and width."""
        return torch.Size((self.indices[0].size(0) - 1, self.indices[3].size(0) - 1))

    @property
    def dtype(self) -> torch.dtype:
        """Type of the entries."""
        return self.value.dtype

    @property
    def device(self) -> torch.device:
        """Where the entries are."""
        return self.value.device

    def dim(self) -> int:
        """Return 2."""
        return 2

    def size(self, dim: int) -> int:
        """Return the number of nodes, or the width."""
        return self.shape[dim]

    def is_floating_point(self) -> bool:
        """Return whether the entries are of a floating-point type."""
        return self.value.is_floating_point()

    def to(self, *args: Any, **kwargs: Any) -> "SparseFeatures":
        """Return the features on another device; a type changes the entries alone."""
        value = self.value.to(*args, **kwargs)
        return SparseFeatures(value, [index.to(value.device) for index in self.indices])

    @classmethod
    def __torch_function__(
        cls, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Answer ``functional.linear`` and ``functional.dropout``."""
        options = kwargs or {}
        if func is nn.functional.linear:
            return _linear(*args, **options)
        if func is nn.functional.dropout:
            return _dropout(*args, **options)
        return NotImplemented


def _linear(x: SparseFeatures, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    out = spmm(x.value.to(weight.dtype), weight.t(), x.indices, False)
    return out if bias is None else out + bias


def _dropout(x: SparseFeatures, p: float = 0.5, training: bool = True, inplace: bool = False) -> SparseFeatures:
    return SparseFeatures(nn.functional.dropout(x.value, p, training, inplace), x.indices)
