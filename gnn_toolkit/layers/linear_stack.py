"""The stack of linear recurrences over a DAG; what differs between its layers is the cell."""

import math
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn.parameter import UninitializedParameter
from torch_geometric.utils import scatter

from gnn_toolkit import _transforms
from gnn_toolkit.graphs.level_sort import inverse
from gnn_toolkit.graphs.order import LevelOrder
from gnn_toolkit.layers.kernels import flow, linear
from gnn_toolkit.layers.kernels.blend import blend
from gnn_toolkit.layers.kernels.scan import scan
from gnn_toolkit.layers.linear_cells import AveragingCell, LinearCell
from gnn_toolkit.layers.stacked import StackedRecurrence


class LinearRecurrence(StackedRecurrence):
    """Layers whose states solve ``h_v = sum over e = (u -> v) of a_e * h_u + b_v``, with a and b from their input.

    The equations are those of :mod:`gnn_toolkit.layers.linear_cells`, the solution that of
    :func:`gnn_toolkit.layers.linear_recurrence`.
    """

    backends: ClassVar = ("auto", "message_passing", "fused")
    aggregations: ClassVar = ("sum", "mean")
    cell: LinearCell

    def _shapes(self, layer: int) -> dict[str, tuple[int, ...]]:
        """Return the shapes of a layer's parameters, of one direction."""
        rows = self.cell.rows
        bias = {"bias_ih": (rows,)} if self.bias else {}
        return {"weight_ih": (rows, self.width_into(layer))} | bias | self.cell.shapes()

    @property
    def state_width(self) -> int:
        """Width S of a state."""
        return self.cell.state_width

    def weights(self, suffix: str) -> dict[str, Tensor]:
        """Return the parameters of a walk as they are now, by name without its suffix."""
        return {name: getattr(self, f"{name}_{suffix}") for name in self._shapes(0)}

    def own_weights(self, suffix: str) -> dict[str, Tensor]:
        """Return the parameters of a walk to write into, or raise a ``ValueError`` where one is reparametrised."""
        return {name: self.own(f"{name}_{suffix}").detach() for name in self._shapes(0)}

    def reset_parameters(self) -> None:
        """Draw weights and biases as ``torch.nn.Linear`` does, and then what the cell draws otherwise."""
        for _, suffix in self.passes():
            if isinstance(self.own(f"weight_ih_{suffix}"), UninitializedParameter):
                continue
            weights = self.own_weights(suffix)
            bound = 1.0 / math.sqrt(weights["weight_ih"].size(1))
            for value in weights.values():
                value.uniform_(-bound, bound)
            self.cell.draw(weights)

    def step(self, x: Tensor, states: Tensor) -> tuple[Tensor, Tensor]:
        """Take the next step of B paths, all layers, without dropout; the layer must not be bidirectional.

        Args:
            x: [B, F].
            states: [num_layers, B, S].

        Returns:
            outputs [B, H] of the last layer, and the new states.
        """
        found = []
        for (_, suffix), state in zip(self.passes(), states, strict=True):
            weights, gates = self._gates(x, suffix)
            a, b = self.cell.coefficients(gates, weights)
            found.append(_real(a[:, 0] * self._as_cell(state.to(gates.dtype)) + b))
            x = self.cell.readout(found[-1], gates, weights)
        return x, torch.stack(found)

    def _along(
        self, x: Tensor, order: LevelOrder, k: int, start: list[Tensor] | None, backend: str
    ) -> tuple[Tensor, list[Tensor]]:
        """Walk pass ``k`` along the edges; return outputs [N, H] and the state [N, S] in places."""
        weights, gates = self._gates(x, self.passes()[k][1])
        first = None if start is None else self._as_cell(start[0].to(gates.dtype))
        if backend == "fused" and _is_dense(order):
            h = self._scan(gates, weights, order.num_levels, first)
        else:
            a, b = self.cell.coefficients(gates, weights)
            if first is not None:  # as if an edge of type 0 led from an initial state to its start
                into = a[:, 0] if a.size(0) == 1 else a[order.starts, 0]
                b = b.index_add(0, order.starts, into * first)
            h = (self._solve if backend == "fused" else self.pass_messages)(a, b, order)
        state = _real(h)
        self._name_anomaly([state], order, k)
        out = self.cell.readout(state, gates, weights)
        return out.to(x.dtype), [state.to(x.dtype)]

    def _gates(self, x: Tensor, suffix: str) -> tuple[dict[str, Tensor], Tensor]:
        """Return the weights of a walk, and the gates of x; half precision becomes float32."""
        weights = self.weights(suffix)
        gates = nn.functional.linear(x, weights["weight_ih"], weights.get("bias_ih"))
        if gates.dtype in (torch.float16, torch.bfloat16):
            return {name: weight.float() for name, weight in weights.items()}, gates.float()
        return weights, gates

    def _scan(self, gates: Tensor, weights: dict[str, Tensor], steps: int, first: Tensor | None) -> Tensor:
        """Return the states [N, C] of paths of one length, step by step side by side."""
        if isinstance(self.cell, AveragingCell):
            logits = self.cell.logits(gates).unflatten(0, (steps, -1))
            first = logits.new_zeros(logits.size(1), self.cell.hidden) if first is None else first
            return blend(logits, first).flatten(0, 1)
        a, b = self.cell.coefficients(gates, weights)
        a, b = a[:, 0].unflatten(0, (min(steps, a.size(0)), -1)), b.unflatten(0, (steps, -1))
        return scan(a, b, torch.zeros_like(b[0]) if first is None else first).flatten(0, 1)

    def _solve(self, a: Tensor, b: Tensor, order: LevelOrder) -> Tensor:
        """Return the states [N, C] by the fused operator."""
        if self.num_relations > 1:
            return linear.solve(self._of_edges(a, order, inverse(order.edges)), b, flow.flow(order), flow.EDGE)
        a = a[:, 0]
        if self.aggr == "mean" and not (order.is_paths or order.is_forest):
            a = a / _predecessors(order, a)
        return linear.solve(a, b, flow.flow(order), flow.SHARED if a.size(0) == 1 else flow.TARGET)

    def pass_messages(self, a: Tensor, b: Tensor, order: LevelOrder) -> Tensor:
        """Return the states [N, C] by message passing, level after level: the meaning of every backend."""
        nodes, slots = _transforms.numbers(order.node_ptr), _transforms.numbers(order.edge_ptr[:: self.num_relations])
        a, blocks = self._of_edges(a, order), []
        for level in range(order.num_levels):
            offsets = b[nodes[level] : nodes[level + 1]]
            edges = slice(slots[level], slots[level + 1])
            if edges.start < edges.stop:
                oldest = order.oldest_level[level]
                window = torch.cat(blocks[oldest:level])
                ends = self.by_flow(order.source[edges] - nodes[oldest], order.target[edges] - nodes[level])
                offsets = offsets + self.propagate(
                    torch.stack(ends),
                    size=self.by_flow(window.size(0), offsets.size(0)),
                    state=window,
                    coefficient=a[edges],
                    edges=order.edges[edges],
                )
            blocks.append(offsets)
        return torch.cat(blocks) if blocks else b

    def message(self, state_j: Tensor, coefficient: Tensor) -> Tensor:
        """Return what each edge carries: ``a_e * h_u``."""
        return coefficient * state_j

    def aggregate(self, inputs: Tensor, index: Tensor, dim_size: int) -> Tensor:
        """Return the sums of the messages into a level's nodes; the coefficients make them means."""
        return scatter(inputs, index, 0, dim_size, "sum")

    def _of_edges(self, a: Tensor, order: LevelOrder, slot: Tensor | None = None) -> Tensor:
        """Return the coefficient of every edge [E, C], slot by slot, or of the edges at the given slots."""
        target, relation = order.target, order.relation
        if slot is not None:
            target, relation = target[slot], relation[slot]
        edges = a[torch.zeros_like(target) if a.size(0) == 1 else target, relation]
        return edges / _predecessors(order, a)[target] if self.aggr == "mean" else edges

    def _as_cell(self, state: Tensor) -> Tensor:
        """Return a state [.., S] as the cell computes with it: complex, or as it is."""
        return torch.view_as_complex(state.unflatten(-1, (-1, 2)).contiguous()) if self.cell.is_complex else state

    def _backend_for(self, order: LevelOrder) -> str:
        if self.backend == "fused" and _transforms.is_transforming():
            _transforms.refuse(self.backend)
        if self.backend == "auto":
            return "message_passing" if self.is_observed or _transforms.is_transforming() else "fused"
        return self.backend


def _real(state: Tensor) -> Tensor:
    """Return states as real tensors."""
    return torch.view_as_real(state).flatten(-2) if state.is_complex() else state


def _is_dense(order: LevelOrder) -> bool:
    """Return whether an order is that of paths of one length, which lie step by step."""
    return order.is_paths and 0 < order.nodes.size(0) == order.starts.size(0) * order.num_levels


def _predecessors(order: LevelOrder, like: Tensor) -> Tensor:
    """Return the number of edges into each node [N, 1], at least 1, in the real type of ``like``."""
    ones = torch.ones_like(order.target)
    counts = torch.zeros_like(order.nodes).index_add(0, order.target, ones).clamp(min=1)
    return counts.to(like.real.dtype).unsqueeze(1)
