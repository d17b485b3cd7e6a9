"""One layer of a recurrence, in one direction, by message passing: the meaning of every backend."""

from typing import Optional

import torch
from torch import Tensor
from torch_geometric.utils import scatter

from gnn_toolkit._transforms import numbers
from gnn_toolkit.graphs.order import LevelOrder
from gnn_toolkit.layers.cells import Cell
from gnn_toolkit.layers.observed import ObservedMessagePassing


class LevelWalk(ObservedMessagePassing):
    """A cell that PyG's ``propagate`` carries over a DAG, level after level.

    Attributes:
        cell: its equations.
        hidden_channels: width H of a state.
        num_relations: number of edge types R.
        aggr: ``"sum"``, ``"mean"`` or ``"max"``: how the messages of one type into a node become one.
    """

    cell: Cell
    hidden_channels: int
    num_relations: int

    def pass_messages(
        self, gates: Tensor, weight: Tensor, bias: Tensor | None, order: LevelOrder, start: list[Tensor] | None
    ) -> list[Tensor]:
        """Return each state [N, H] in places.

        Initial states are the states of extra nodes that precede the starts: a level 0 that is given, not computed.

        Args:
            gates: [N, G * H], the input's part, in places.
            weight: [R, G * H, H].
            bias: [G * H], of the predecessors' part.
            order: where to walk.
            start: each state's initial values, rows as in ``order.starts``; ``None`` for zeros.
        """
        order = order if start is None else order.with_initial
        extra = 0 if start is None else start[0].size(0)
        blocks = [] if start is None or not extra else [torch.cat(start, -1)]
        nodes = numbers(order.node_ptr)
        for level in range(len(blocks), order.num_levels):
            mine = gates[nodes[level] - extra : nodes[level + 1] - extra]
            sums = self._sums(blocks, mine, order, level, weight, bias)
            blocks.append(self.cell.update(mine, sums, weight, bias))
        width = self.cell.num_states * self.hidden_channels
        states = torch.cat(blocks)[extra:] if blocks else gates.new_zeros(0, width)
        return list(states.chunk(self.cell.num_states, -1))

    def _sums(
        self, blocks: list[Tensor], gates: Tensor, order: LevelOrder, level: int, weights: Tensor, bias: Tensor | None
    ) -> Tensor:
        """Return the aggregated messages into one level, [R, n, S * H], one ``propagate`` for each relation."""
        slots = numbers(order.edge_ptr[level * self.num_relations : (level + 1) * self.num_relations + 1])
        if slots[0] == slots[-1]:
            width = self.cell.num_states * self.hidden_channels
            return gates.new_zeros(self.num_relations, gates.size(0), width)
        oldest = order.oldest_level[level]
        window = torch.cat(blocks[oldest:level]) if level - oldest > 1 else blocks[oldest]
        first, here = numbers(order.node_ptr[[oldest, level]])
        edge_gates = self.cell.edge_gates(gates)
        sums = []
        for weight, a, b in zip(weights, slots[:-1], slots[1:], strict=True):
            ends = self.by_flow(order.source[a:b] - first, order.target[a:b] - here)
            sums.append(
                self.propagate(
                    torch.stack(ends),
                    size=self.by_flow(window.size(0), gates.size(0)),
                    state=window,
                    gates=edge_gates,
                    weight=weight,
                    bias=bias,
                    edges=order.edges[a:b],
                )
            )
        return torch.stack(sums)

    # PyG reads this signature, and does not know `Tensor | None`.
    def message(
        self,
        state_j: Tensor,
        gates_i: Tensor,
        weight: Tensor,
        bias: Optional[Tensor],  # noqa: UP045
    ) -> Tensor:
        """Return what each edge carries: the cell's message."""
        return self.cell.message(state_j, gates_i, weight, bias)

    def aggregate(self, inputs: Tensor, index: Tensor, dim_size: int) -> Tensor:
        """Return a level's aggregates: of ``h_u`` and, in an LSTM, of the memories that are kept."""
        return scatter(inputs, index, 0, dim_size, str(self.aggr))
