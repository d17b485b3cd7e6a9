"""The fused kernels' computation by operators that torch differentiates: their meaning, and their second derivatives.

Inputs and structure are those of the kernels, so that a kernel's backward pass can fall back on it.
"""

from bisect import bisect_right
from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor
from torch_geometric.utils import scatter

from gnn_toolkit._transforms import numbers
from gnn_toolkit.graphs.incidence import Incidence
from gnn_toolkit.layers.cells import Cell


def walk(
    cell: Cell,
    x: Tensor,
    weight_ih: Tensor,
    bias: Tensor | None,
    weight: Tensor,
    inner_bias: Tensor | None,
    initial: Sequence[Tensor],
    structure: Sequence[Tensor],
    aggr: str,
) -> list[Tensor]:
    """Return each state, [S + N, H].

    Args:
        cell: the equations.
        x: [N, F] in places.
        weight_ih: [G * H, F].
        bias: [G * H], of the input's part, or ``None``.
        weight: [R, G * H, H].
        inner_bias: [G * H], of the predecessors' part, or ``None``.
        initial: each state's first rows, [S, H].
        structure: an :class:`~gnn_toolkit.graphs.incidence.Incidence`; of paths, ``node_ptr`` is enough.
        aggr: ``"sum"``, ``"mean"`` or ``"max"``.
    """
    edges = Edges(Incidence(*structure), weight.size(0), x.device)
    gates = torch.nn.functional.linear(x, weight_ih, bias)
    extra = initial[0].size(0)
    given = edges.bounds.index(extra)
    # One tensor a block; those of initial states are there before the walk begins.
    blocks = list(torch.cat(list(initial), 1).split([b - a for a, b in pairwise(edges.bounds[: given + 1])]))
    for block in range(given, len(edges.bounds) - 1):
        begin, end = edges.bounds[block], edges.bounds[block + 1]
        mine = gates[begin - extra : end - extra]
        sums, into, oldest = [], cell.edge_gates(mine), edges.oldest(block)
        window = torch.cat(blocks[oldest:block]) if block else mine.new_empty(0, cell.num_states * initial[0].size(1))
        for relation, matrix in enumerate(weight):
            u, v = edges.of(block, relation, oldest)
            message = cell.message(window.index_select(0, u), into.index_select(0, v), matrix, inner_bias)
            sums.append(scatter(message, v, 0, end - begin, aggr))
        blocks.append(cell.update(mine, torch.stack(sums), weight, inner_bias))
    return list(torch.cat([*blocks, torch.cat(list(initial), 1)[:0]]).chunk(cell.num_states, 1))


class Edges:
    """The incoming edges of each block of an incidence."""

    def __init__(self, incidence: Incidence, relations: int, device: torch.device) -> None:
        self.incidence, self.relations, self.device = incidence, relations, device
        self.bounds: list[int] = numbers(incidence.node_ptr)
        self.is_paths = incidence.in_start.size(0) < self.bounds[-1]
        self.slots: list[int] = numbers(incidence.in_ptr)

    def oldest(self, block: int) -> int:
        """Return the first block that an edge into this one comes from; the one before where there is no edge."""
        if self.is_paths or self.slots[block] == self.slots[block + 1]:
            return max(block - 1, 0)
        first = int(self.incidence.source[self.slots[block] : self.slots[block + 1]].min())
        return bisect_right(self.bounds, first) - 1

    def of(self, block: int, relation: int, oldest: int) -> tuple[Tensor, Tensor]:
        """Return sources and targets of the edges of one type, counted from the first place of each one's block."""
        if self.is_paths:  # row by row from the block before
            count = self.bounds[block + 1] - self.bounds[block] if block else 0
            rows = torch.arange(count, device=self.device)
            return rows, rows
        slots = slice(self.slots[block], self.slots[block + 1])
        source = self.incidence.source[slots]
        chosen = self.incidence.source_row[slots] == source * self.relations + relation
        return source[chosen] - self.bounds[oldest], self.incidence.local[slots][chosen]
