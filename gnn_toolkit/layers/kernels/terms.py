"""The terms of a basis of graph convolutions in place, and their transposes."""

from collections.abc import Sequence

import torch
from torch import Tensor

from gnn_toolkit.graphs.adjacency import Adjacency

PARTS = 7  # tensors a matrix: its values and the six of its structure


def flat(matrices: Sequence[Adjacency], dtype: torch.dtype) -> list[Tensor]:
    """Return, for each matrix, its values in this type and its structure, in one list."""
    return [tensor for matrix in matrices for tensor in (matrix.value.to(dtype), *matrix.indices)]


def prepared(matrices: Sequence[Tensor]) -> list[Adjacency]:
    """Return the matrices that :func:`flat` made a list of."""
    starts = range(0, len(matrices), PARTS)
    return [Adjacency(matrices[k], list(matrices[k + 1 : k + PARTS])) for k in starts]


def per_step(matrices: Sequence[Tensor], plan: Sequence[int], steps: int) -> list[Sequence[Tensor]]:
    """Return the matrices of each step, of a list that holds those of all steps or of each, one step after another."""
    graph = PARTS * (1 + max(plan[::3], default=-1))
    if not plan or len(matrices) <= graph:
        return [matrices] * steps
    return [matrices[k : k + graph] for k in range(0, len(matrices), graph)]


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
        self.matrices = [matrices[k : k + PARTS] for k in range(0, len(matrices), PARTS)]
        self.transposes: dict[int, tuple[Tensor, Tensor, Tensor]] = {}

    @classmethod
    def of_steps(
        cls, plan: Sequence[int], first: int, matrices: Sequence[Tensor], nodes: int, steps: int
    ) -> list["Terms"]:
        """Return the terms at each step, the same object where the graph stays."""
        graphs = per_step(matrices, plan, steps)
        if all(graph is graphs[0] for graph in graphs):
            return [cls(plan, first, matrices, nodes)] * steps
        return [cls(plan, first, graph, nodes) for graph in graphs]

    def forward(self, x: Tensor) -> list[Tensor]:
        """Return the terms that count, x itself among them."""
        terms = [x]
        for number, source, minus in self.plan:
            value, rowptr, _, col, *_ = self.matrices[number]
            y = self._product(value, rowptr, col, terms[source])
            terms.append(y if minus < 0 else torch.lerp(terms[minus], y, 2.0, out=y))  # 2 y - Z_minus
        return terms[self.first :]

    def backward(self, gradients: list[Tensor]) -> Tensor:
        """Return the gradient of x from those of the terms that count, which are overwritten."""
        of: list[Tensor | None] = [*[None] * self.first, *gradients]
        for term in range(len(self.plan), 0, -1):
            number, source, minus = self.plan[term - 1]
            gradient = of[term]
            assert gradient is not None, "every term counts, or one that does is made of it"
            value, pointers, columns = self._transpose(number)
            y = self._product(value, pointers, columns, gradient)
            y = y if minus < 0 else y.mul_(2.0)
            there = of[source]
            of[source] = y if there is None else there.add_(y)
            if minus >= 0:
                subtracted = of[minus]
                of[minus] = gradient.neg_() if subtracted is None else subtracted.sub_(gradient)
        gradient = of[0]
        assert gradient is not None, "x counts, or a term that does is made of it"
        return gradient

    def _transpose(self, number: int) -> tuple[Tensor, Tensor, Tensor]:
        if number not in self.transposes:
            value, _, _, _, t_rowptr, t_col, t_slot = self.matrices[number]
            self.transposes[number] = (value.index_select(0, t_slot), t_rowptr, t_col)
        return self.transposes[number]

    def _product(self, value: Tensor, pointers: Tensor, columns: Tensor, x: Tensor) -> Tensor:
        wide = x.view(self.nodes, x.size(0) // max(self.nodes, 1) * x.size(1))
        return torch.embedding_bag(wide, columns, pointers, False, 0, False, value, True)[0].view(x.shape)
