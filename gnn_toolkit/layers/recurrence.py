"""The walk over a DAG that all recurrent layers share; what differs between them is the cell."""

import math
from collections.abc import Sequence
from typing import Optional

import torch
from torch import Tensor, nn
from torch_geometric.nn import MessagePassing
from torch_geometric.utils import scatter

from gnn_toolkit import _checks
from gnn_toolkit.graphs.order import LevelOrder, level_order
from gnn_toolkit.layers import vendor
from gnn_toolkit.layers.cells import Cell
from gnn_toolkit.layers.kernels import fused

BACKENDS = ("auto", "message_passing", "fused", "vendor")
AGGREGATIONS = ("sum", "mean", "max")

States = list[list[Tensor]]  # one list a state (h, and c for the LSTM) of one tensor a layer and direction


class DAGRecurrence(MessagePassing):
    """A stack of recurrent layers that visit a DAG in topological order: what DAGRNN, DAGGRU and DAGLSTM share.

    ``h_v = cell(x_v, {h_u : u -> v})``, with the equations of :mod:`gnn_toolkit.layers.cells`. Parameters carry the
    names and shapes of ``torch.nn``'s recurrent layers, so their ``state_dict`` loads here and back; with several
    relations ``weight_hh_l*`` has a leading dimension for them.
    """

    def __init__(
        self,
        cell: Cell,
        in_channels: int,
        hidden_channels: int,
        num_layers: int = 1,
        bias: bool = True,
        dropout: float = 0.0,
        bidirectional: bool = False,
        num_relations: int = 1,
        backend: str = "auto",
        aggr: str = "sum",
    ) -> None:
        super().__init__()
        self.reduce = _checks.choice("aggr", aggr, AGGREGATIONS)
        self.cell = cell
        self.in_channels = _checks.positive("in_channels", in_channels)
        self.hidden_channels = _checks.positive("hidden_channels", hidden_channels)
        self.num_layers = _checks.positive("num_layers", num_layers)
        self.num_relations = _checks.positive("num_relations", num_relations)
        if not 0.0 <= dropout <= 1.0:
            raise ValueError(_checks.problem("dropout", "a probability in [0, 1]", dropout, "pass e.g. 0.1"))
        self.dropout = float(dropout)
        self.bias, self.bidirectional = bias, bidirectional
        self.backend = _checks.choice("backend", backend, BACKENDS)
        rows = cell.num_gates * hidden_channels
        relations = () if num_relations == 1 else (num_relations,)
        for layer, suffix in self._passes():
            width = in_channels if layer == 0 else hidden_channels * self.num_directions
            shapes = {"weight_ih": (rows, width), "weight_hh": (*relations, rows, hidden_channels)}
            shapes |= {"bias_ih": (rows,), "bias_hh": (rows,)} if bias else {}
            for name, shape in shapes.items():
                self.register_parameter(f"{name}_{suffix}", nn.Parameter(torch.empty(shape)))
        self.reset_parameters()

    @property
    def num_directions(self) -> int:
        """2 where the layer also walks the reversed graph, else 1."""
        return 2 if self.bidirectional else 1

    def _passes(self) -> list[tuple[int, str]]:
        """Return (layer, suffix of the parameters' names) of every walk, in torch's order."""
        ways = ("", "_reverse")[: self.num_directions]
        return [(layer, f"l{layer}{way}") for layer in range(self.num_layers) for way in ways]

    def reset_parameters(self) -> None:
        """Draw every parameter from U(-1/sqrt(H), 1/sqrt(H)), as ``torch.nn`` does and in the same order."""
        bound = 1.0 / math.sqrt(self.hidden_channels)
        for parameter in self.parameters():
            nn.init.uniform_(parameter, -bound, bound)

    def add_forget_bias(self, value: float) -> None:
        """Add ``value`` to the bias of the gate that keeps the past: the LSTM's forget, the GRU's update gate.

        With a larger bias a fresh layer remembers longer (Jozefowicz et al. 2015; Tallec and Ollivier 2018).

        Raises:
            ValueError: the cell has no such gate, or the layer no biases.
        """
        if self.cell.num_gates == 1 or not self.bias:
            remedy = "use it on a GRU or LSTM with bias=True"
            raise ValueError(_checks.problem("add_forget_bias", "gates with a bias", self, remedy))
        gates = self.cell.num_gates
        with torch.no_grad():
            for _, suffix in self._passes():
                # The second gate of a GRU or LSTM; with a gate for every relation, all from the second on but g and o.
                for gate in getattr(self, f"bias_ih_{suffix}").chunk(gates)[1 : max(2, gates - 2)]:
                    gate.add_(value)

    def _walk_all(
        self,
        x: Tensor,
        edge_index: Tensor,
        hx: Sequence[Sequence[Tensor]] | None,
        edge_type: Tensor | None,
        level: Tensor | None,
    ) -> tuple[Tensor, list[tuple[Tensor, ...]]]:
        """Check the input, run every layer and direction, and return outputs and final states in node order."""
        _checks.features("x", x, self.in_channels)
        order = level_order(edge_index, x.size(0), level=level, edge_type=edge_type, num_relations=self.num_relations)
        out, final = self.run_order(
            x if order.is_sorted else x[order.nodes],
            order,
            None if hx is None else self._initial_in_places(hx, order),
        )
        rows = self._rows(order, (order.ends, order.starts))
        states = [tuple(h[rows[k % len(rows)]] for k, h in enumerate(state)) for state in final]
        return out if order.is_sorted else out[order.places], states

    def _rows(self, order: LevelOrder, sides: tuple[Tensor, Tensor]) -> list[Tensor]:
        """Return, for each direction, the rows that bring the states at its side of the graph into node order."""
        return [torch.argsort(order.nodes[places]) for places in sides[: self.num_directions]]

    def _initial_in_places(self, hx: Sequence[Sequence[Tensor]], order: LevelOrder) -> States:
        self._check_states(hx)
        rows = [torch.argsort(row) for row in self._rows(order, (order.starts, order.ends))] * self.num_layers
        shapes = [(row.numel(), self.hidden_channels) for row in rows]
        for state in hx:
            got = [tuple(t.shape) for t in state]
            if torch.compiler.is_compiling():  # the number of starts is known when the compiled layer runs
                for (rows_given, width), (starts, hidden) in zip(got, shapes, strict=True):
                    torch._check(width == hidden)
                    torch._check(rows_given == starts)
            elif got != shapes:
                remedy = "one tensor a layer and direction; rows are the starts (forward) or ends (reverse)"
                raise ValueError(_checks.problem("hx", f"tensors of shapes {shapes}", got, remedy))
        return [[h[row] for h, row in zip(state, rows, strict=True)] for state in hx]

    def _check_states(self, hx: Sequence[object]) -> None:
        if len(hx) != self.cell.num_states:
            raise ValueError(_checks.problem("hx", f"{self.cell.num_states} states", len(hx), "an LSTM takes (h, c)"))

    def run_order(self, x: Tensor, order: LevelOrder, initial: States | None) -> tuple[Tensor, States]:
        """Run every layer and direction over an order that is at hand, without any check.

        Args:
            x: [N, in_channels] in the order's places.
            order: where to walk.
            initial: for each state a list of layers * directions tensors, rows as in ``order.starts`` (forward) or
                ``order.ends`` (reverse), or ``None`` for zeros.

        Returns:
            outputs [N, D * H] in places, and the final states: rows as in ``order.ends`` or ``order.starts``.
        """
        backend = self._backend_for(order)
        if backend == "vendor":
            options = (self.num_layers, self.bias, self.dropout, self.training, self.bidirectional)
            return vendor.run(self.cell, x, order, initial, list(self.parameters()), *options)
        final: States = [[] for _ in range(self.cell.num_states)]
        passes = [(order, order.starts, order.ends)]
        if self.bidirectional:
            passes.append((order.reverse, order.ends, order.starts))
        for layer in range(self.num_layers):
            outputs = []
            for direction, (way, starts, ends) in enumerate(passes):
                k = layer * self.num_directions + direction
                start = None if initial is None else [state[k][_rows_of(way, order, starts)] for state in initial]
                states = self._walk(x if way is order else x[_places(order, way)], way, k, start, backend)
                states = states if way is order else [state[_places(way, order)] for state in states]
                outputs.append(states[0])
                for kept, state in zip(final, states, strict=True):
                    kept.append(state[ends])
            x = torch.cat(outputs, -1) if self.bidirectional else outputs[0]
            if layer < self.num_layers - 1:
                x = nn.functional.dropout(x, self.dropout, self.training)
        return x, final

    def _walk(self, x: Tensor, order: LevelOrder, k: int, start: list[Tensor] | None, backend: str) -> list[Tensor]:
        """Walk pass ``k`` and return each state [N, H] in places."""
        weight_ih, weight_hh, bias_ih, bias_hh = self._parameters_of(k)
        relations = weight_hh if self.num_relations > 1 else weight_hh[None]
        if backend == "fused":
            return fused.walk(self.cell, x, (weight_ih, relations, bias_ih, bias_hh), order, start, self.reduce)
        gates = nn.functional.linear(x, weight_ih, bias_ih)
        return self._pass_messages(gates, relations, bias_hh, order, start)

    def _pass_messages(
        self, gates: Tensor, weight: Tensor, bias: Tensor | None, order: LevelOrder, start: list[Tensor] | None
    ) -> list[Tensor]:
        """Walk level by level with PyG's ``propagate``: the meaning of all backends.

        Initial states are the states of extra nodes that precede the starts: a level 0 that is given, not computed.
        """
        order = order if start is None else order.with_initial
        extra = 0 if start is None else start[0].size(0)
        blocks = [] if start is None or not extra else [torch.cat(start, -1)]
        nodes = order.node_ptr.tolist()
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
        slots = order.edge_ptr[level * self.num_relations : (level + 1) * self.num_relations + 1].tolist()
        if slots[0] == slots[-1]:
            width = self.cell.num_states * self.hidden_channels
            return gates.new_zeros(self.num_relations, gates.size(0), width)
        oldest = order.oldest_level[level]
        window = torch.cat(blocks[oldest:level]) if level - oldest > 1 else blocks[oldest]
        base = order.node_ptr[[oldest, level]].to(gates.device).unsqueeze(1)
        edge_gates = self.cell.edge_gates(gates)
        sums = []
        for weight, a, b in zip(weights, slots[:-1], slots[1:], strict=True):
            edge_index = torch.stack([order.source[a:b], order.target[a:b]]) - base
            sums.append(
                self.propagate(
                    edge_index,
                    size=(window.size(0), gates.size(0)),
                    state=(window, None),
                    gates=(None, edge_gates),
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

    def explain_message(self, inputs: Tensor, edges: Tensor) -> Tensor:
        """Weigh the messages along some edges with an explainer's mask of all edges; initial states keep weight 1."""
        mask = self._edge_mask
        assert mask is not None, "an explainer sets the mask before it runs the layer"
        mask = mask.sigmoid() if self._apply_sigmoid else mask
        return inputs * torch.cat([mask, mask.new_ones(1)])[edges.clamp(max=mask.size(0))].unsqueeze(1)

    def aggregate(self, inputs: Tensor, index: Tensor, dim_size: int) -> Tensor:
        """Return a level's aggregates: ``h_u`` as ``aggr`` says; the memories that an LSTM keeps are always summed."""
        h, kept = inputs.split([self.hidden_channels, inputs.size(1) - self.hidden_channels], 1)
        total = scatter(h, index, 0, dim_size, self.reduce)
        return torch.cat([total, scatter(kept, index, 0, dim_size, "sum")], 1) if kept.size(1) else total

    def _parameters_of(self, k: int) -> tuple[Tensor, Tensor, Tensor | None, Tensor | None]:
        _, suffix = self._passes()[k]
        names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        weight_ih, weight_hh, bias_ih, bias_hh = (getattr(self, f"{name}_{suffix}", None) for name in names)
        assert weight_ih is not None
        assert weight_hh is not None
        return weight_ih, weight_hh, bias_ih, bias_hh

    def _backend_for(self, order: LevelOrder) -> str:
        if self.backend == "auto":
            if self.explain:
                return "message_passing"
            is_faster = True
            if order.nodes.device.type == "cpu":
                # There torch's LSTM is the faster one, and fails under autocast without bfloat16 instructions; its RNN
                # and GRU are faster only where nothing is learnt, for they start sooner.
                is_lstm = self.cell.vendor == "lstm"
                is_faster = not torch.is_autocast_enabled("cpu") if is_lstm else not torch.is_grad_enabled()
            return "vendor" if order.is_paths and is_faster else "fused"
        if self.backend == "vendor" and not order.is_paths:
            traced = torch.compiler.is_compiling()
            got = "a compiler that traces any graph" if traced else "a graph with branching, merging or typed edges"
            expected = "a batch of paths with one relation for backend='vendor'"
            raise ValueError(_checks.problem("backend", expected, got, "use backend='auto'"))
        return self.backend

    def __repr__(self) -> str:
        relations = f", num_relations={self.num_relations}" if self.num_relations > 1 else ""
        sizes = f"{self.in_channels}, {self.hidden_channels}, num_layers={self.num_layers}"
        return f"{type(self).__name__}({sizes}, bidirectional={self.bidirectional}{relations})"


def _places(here: LevelOrder, there: LevelOrder) -> Tensor:
    """Return, for each place of ``there``, the place of the same node ``here``."""
    return here.places[there.nodes]


def _rows_of(way: LevelOrder, order: LevelOrder, starts: Tensor) -> Tensor:
    """Return the rows that bring states given for ``starts``, places of ``order``, into the order of ``way.starts``."""
    row = torch.empty_like(order.nodes)
    row[starts] = torch.arange(starts.numel(), device=starts.device)
    return row[_places(order, way)[way.starts]]
