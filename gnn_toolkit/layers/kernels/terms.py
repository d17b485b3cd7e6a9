"""The terms of a basis of graph convolutions in place, and their transposes."""

from collections.abc import Sequence

import torch
from torch import Tensor

from gnn_toolkit.graphs.adjacency import Adjacency

PARTS = 6  # tensors a matrix


def flat(matrices: Sequence[Adjacency], dtype: torch.dtype) -> list[Tensor]:
    """Return, for each matrix, values, row pointers and columns, and those of its transpose, in one list."""
    tensors: list[Tensor] = []
    for matrix in matrices:
        rowptr, _, col, t_rowptr, t_col, t_slot = matrix.indices
        value = matrix.value.to(dtype)
        tensors += [value, rowptr, col, value.index_select(0, t_slot), t_rowptr, t_col]
    return tensors


class Terms:
    """The terms ``Z_k`` of a state [N * B, H], node by node, and the sum of their transposes.

    Args:
        plan: triples of :class:`gnn_toolkit.layers.bases.Basis`, one after another.
        first: number of the first term that counts.
        matrices: as :func:`flat` returns them.
        nodes: number of nodes N.
    """

    def __init__(self, plan: Sequence[int], first: int, matrices: Sequence[Tensor], nodes: int) -> None:
        self.plan = [(plan[k], plan[k + 1], plan[k + 2]) for k in range(0, len(plan), 3)]
        self.first, self.nodes = first, nodes
        halves = [tuple(matrices[k : k + PARTS // 2]) for k in range(0, len(matrices), PARTS // 2)]
        self.matrices, self.transposes = halves[::2], halves[1::2]

    def forward(self, x: Tensor) -> list[Tensor]:
        """Return the terms that count, x itself among them."""
        terms = [x]
        for matrix, source, minus in self.plan:
            y = self._product(self.matrices[matrix], terms[source])
            terms.append(y if minus < 0 else torch.lerp(terms[minus], y, 2.0, out=y))  # 2 y - Z_minus
        return terms[self.first :]

    def backward(self, gradients: list[Tensor]) -> Tensor:
        """Return the gradient of x from those of the terms that count, which are overwritten."""
        of: list[Tensor | None] = [*[None] * self.first, *gradients]
        for term in range(len(self.plan), 0, -1):
            matrix, source, minus = self.plan[term - 1]
            gradient = of[term]
            assert gradient is not None, "every term counts, or one that does is made of it"
            y = self._product(self.transposes[matrix], gradient)
            y = y if minus < 0 else y.mul_(2.0)
            there = of[source]
            of[source] = y if there is None else there.add_(y)
            if minus >= 0:
                subtracted = of[minus]
                of[minus] = gradient.neg_() if subtracted is None else subtracted.sub_(gradient)
        gradient = of[0]
        assert gradient is not None, "x counts, or a term that does is made of it"
        return gradient

    def _product(self, matrix: Sequence[Tensor], x: Tensor) -> Tensor:
        value, pointers, columns = matrix
        wide = x.view(self.nodes, -1)
        return torch.embedding_bag(wide, columns, pointers, False, 0, False, value, True)[0].view(x.shape)
