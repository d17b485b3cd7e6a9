"""The base of all recurrent layers over a DAG: layers and directions, checks, states, and the order of the walks."""

import warnings
from collections.abc import Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torch.nn.parameter import UninitializedParameter

from gnn_toolkit import _checks
from gnn_toolkit.graphs.order import LevelOrder, level_order
from gnn_toolkit.layers.lazy import wait_for_width
from gnn_toolkit.layers.observed import ObservedMessagePassing, refuse_jit_trace

FLOWS = ("source_to_target", "target_to_source")

States = list[list[Tensor]]  # one list a state (h, and c for the LSTM) of one tensor a layer and direction


class StackedRecurrence(ObservedMessagePassing):
    """Layers that visit a DAG in topological order, along its edges and, if they are to, against them.

    What one layer does in one direction is :meth:`_along`; this class stacks such walks. Parameters are looked up by
    name at every call, so pruning and reparametrisations act on every backend.
    """

    _input, _sizes = "x", ("in_channels", "hidden_channels")  # the names of the arguments that errors speak of
    backends: ClassVar[tuple[str, ...]]
    aggregations: ClassVar[tuple[str, ...]]
    cell: Any

    def __init__(
        self,
        cell: Any,
        in_channels: int,
        hidden_channels: int,
        num_layers: int = 1,
        *,
        bias: bool = True,
        dropout: float = 0.0,
        bidirectional: bool = False,
        num_relations: int = 1,
        backend: str = "auto",
        aggr: str = "mean",
        flow: str = "source_to_target",
    ) -> None:
        super().__init__(aggr=_checks.choice("aggr", aggr, self.aggregations), flow=_checks.choice("flow", flow, FLOWS))
        self.cell = cell
        is_lazy = in_channels == -1 and self._input == "x"
        self.in_channels = -1 if is_lazy else _checks.positive(self._sizes[0], in_channels)
        self.hidden_channels = _checks.positive(self._sizes[1], hidden_channels)
        self.num_layers = _checks.positive("num_layers", num_layers)
        self.num_relations = _checks.positive("num_relations", num_relations)
        self.dropout = _checks.probability("dropout", dropout)
        if self.dropout and self.num_layers == 1:
            text = "dropout acts between layers: with num_layers=1 it does nothing, set dropout=0.0"
            warnings.warn(text, stacklevel=4)
        self.bias, self.bidirectional = bool(bias), bool(bidirectional)
        self.backend = _checks.choice("backend", backend, self.backends)
        for layer, suffix in self.passes():
            for name, shape in self._shapes(layer).items():
                waits = is_lazy and layer == 0 and name == "weight_ih"
                value: Any = UninitializedParameter() if waits else nn.Parameter(torch.empty(shape))
                self.register_parameter(f"{name}_{suffix}", value)
        if is_lazy:
            wait_for_width(self)
        self.reset_parameters()

    def _shapes(self, layer: int) -> dict[str, tuple[int, ...]]:
        """Return the shapes of a layer's parameters, of one direction, ``weight_ih`` first."""
        raise NotImplementedError

    def reset_parameters(self) -> None:
        """Draw every parameter anew."""
        raise NotImplementedError

    def _along(
        self, x: Tensor, order: LevelOrder, k: int, start: list[Tensor] | None, backend: str
    ) -> tuple[Tensor, list[Tensor]]:
        """Walk pass ``k`` along the edges; return outputs [N, H] and each state [N, S] in places."""
        raise NotImplementedError

    def _backend_for(self, order: LevelOrder) -> str:
        """Return the backend that walks an order."""
        raise NotImplementedError

    @property
    def num_states(self) -> int:
        """Number of states of a node: 2 for an LSTM's h and c."""
        return 1

    @property
    def state_width(self) -> int:
        """Width S of a state."""
        return self.hidden_channels

    @property
    def num_directions(self) -> int:
        """2 where the layer also walks the reversed graph, else 1."""
        return 2 if self.bidirectional else 1

    @property
    def out_channels(self) -> int:
        """Width of the outputs, ``D * H``."""
        return self.num_directions * self.hidden_channels

    def passes(self) -> list[tuple[int, str]]:
        """Return (layer, suffix of the parameters' names) of every walk, in torch's order."""
        ways = ("", "_reverse")[: self.num_directions]
        return [(layer, f"l{layer}{way}") for layer in range(self.num_layers) for way in ways]

    def width_into(self, layer: int) -> int:
        """Return the width of what a layer reads."""
        return self.in_channels if layer == 0 else self.out_channels

    def flat_weights(self) -> list[Tensor]:
        """Return the parameters of every walk as they are now, by name.

        What stands under a name may be a parameter, or what pruning, a parametrisation or weight drop made of it.
        """
        names = [f"{name}_{suffix}" for layer, suffix in self.passes() for name in self._shapes(layer)]
        return [getattr(self, name) for name in names]

    def own(self, name: str) -> nn.Parameter:
        """Return a parameter to write into, or raise a ``ValueError`` where the name holds a reparametrised tensor."""
        parameter = self._parameters.get(name)
        if parameter is None:
            remedy = "initialise the layer before it is pruned or reparametrised"
            raise ValueError(_checks.problem(name, "a parameter of its own", "a tensor made of others", remedy))
        return parameter

    def _walk_all(
        self, x: Tensor, edge_index: Tensor, hx: Any, edge_type: Tensor | None, level: Tensor | None
    ) -> tuple[Tensor, list[tuple[Tensor, ...]]]:
        """Check the input, run every layer and direction, and return outputs and final states in node order."""
        refuse_jit_trace(self)
        _checks.choice("flow", self.flow, FLOWS)
        weight = self.flat_weights()[0]
        _checks.features("x", x, self.in_channels, weight=weight)
        _checks.on_device(x, edge_index=edge_index, edge_type=edge_type, level=level)
        order = level_order(edge_index, x.size(0), level=level, edge_type=edge_type, num_relations=self.num_relations)
        order = order if self.flow == FLOWS[0] else order.reverse
        out, final = self.run_order(
            x if order.is_sorted else x[order.nodes],
            order,
            None if hx is None else self._initial(hx, order, weight),
        )
        rows = (order.ends_by_node, order.starts_by_node)[: self.num_directions] * self.num_layers
        states = [tuple(h[row] for h, row in zip(state, rows, strict=True)) for state in final]
        return out if order.is_sorted else out[order.places], states

    def _initial(self, hx: Sequence[Sequence[Tensor]], order: LevelOrder, weight: Tensor) -> States:
        """Return checked initial states with the rows of ``order.starts`` (forward) and ``order.ends`` (reverse)."""
        self._check_states(hx, weight)
        sides = (order.starts_by_node, order.ends_by_node)[: self.num_directions] * self.num_layers
        rows = [torch.argsort(side) for side in sides]
        shapes = [(row.numel(), self.state_width) for row in rows]
        for state in hx:
            got = [tuple(t.shape) for t in state]
            if torch.compiler.is_compiling() and len(got) == len(shapes) and all(len(shape) == 2 for shape in got):
                # The number of starts is found when the compiled layer runs.
                for (rows_given, width), (starts, hidden) in zip(got, shapes, strict=True):
                    torch._check(width == hidden)
                    torch._check(rows_given == starts)
            elif got != shapes:
                remedy = "one tensor a layer and direction; rows are the starts (forward) or ends (reverse)"
                raise ValueError(_checks.problem("hx", f"tensors of shapes {shapes}", got, remedy))
        return [[h[row] for h, row in zip(state, rows, strict=True)] for state in hx]

    def _check_states(self, hx: Sequence[Sequence[Tensor] | Tensor], weight: Tensor) -> None:
        """Raise a ``ValueError`` unless there are as many states as the cell has, of the layer's type and device."""
        if not isinstance(hx, Sequence) or len(hx) != self.num_states:
            got = len(hx) if isinstance(hx, Sequence) else type(hx).__name__
            raise ValueError(_checks.problem("hx", f"{self.num_states} states", got, "an LSTM takes (h, c)"))
        for state in hx:
            if not isinstance(state, (Tensor, Sequence)):
                remedy = "pass the final state of another call"
                raise ValueError(_checks.problem("hx", "tensors", type(state).__name__, remedy))
            for h in (state,) if isinstance(state, Tensor) else state:
                _checks.like("hx", h, weight)

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
        final: States = [[] for _ in range(self.num_states)]
        for layer in range(self.num_layers):
            outputs = []
            for direction in range(self.num_directions):
                k = layer * self.num_directions + direction
                start = None if initial is None else [state[k] for state in initial]
                out, states = (self._along, self._against)[direction](x, order, k, start, backend)
                outputs.append(out)
                for kept, state in zip(final, states, strict=True):
                    kept.append(state[order.starts if direction else order.ends])
            x = torch.cat(outputs, -1) if self.bidirectional else outputs[0]
            if layer < self.num_layers - 1:
                x = nn.functional.dropout(x, self.dropout, self.training)
        return x, final

    def _against(
        self, x: Tensor, order: LevelOrder, k: int, start: list[Tensor] | None, backend: str
    ) -> tuple[Tensor, list[Tensor]]:
        """Walk pass ``k`` against the edges; input and states are in the places of ``order``."""
        start = None if start is None else [state[order.reverse_starts] for state in start]
        out, states = self._along(x[order.to_reverse], order.reverse, k, start, backend)
        turned = [state[order.from_reverse] for state in states]
        return turned[0] if out is states[0] else out[order.from_reverse], turned

    def explain_message(self, inputs: Tensor, edges: Tensor) -> Tensor:
        """Weigh the messages along some edges with an explainer's mask of all edges; initial states keep weight 1."""
        mask = self._edge_mask
        assert mask is not None, "an explainer sets the mask before it runs the layer"
        mask = mask.sigmoid() if self._apply_sigmoid else mask
        return inputs * torch.cat([mask, mask.new_ones(1)])[edges.clamp(max=mask.size(0))].unsqueeze(1)

    def _name_anomaly(self, states: list[Tensor], order: LevelOrder, k: int) -> None:
        """Under anomaly detection, raise a ``RuntimeError`` that names the first level whose states are not finite."""
        if torch.compiler.is_compiling() or not torch.is_anomaly_enabled():
            return
        for name, state in zip("hc", states, strict=False):
            bad = ~state.detach().isfinite().all(1)
            if bool(bad.any()):
                place = int(bad.nonzero()[0])
                raise RuntimeError(
                    f"{type(self).__name__}: {name} is not finite from level {int(order.level[place])} of "
                    f"{order.num_levels} on (pass {self.passes()[k][1]}, node {int(order.nodes[place])}); "
                    "sums over predecessors grow with the depth: use aggr='mean'"
                )

    def __repr__(self) -> str:
        relations = f", num_relations={self.num_relations}" if self.num_relations > 1 else ""
        sizes = f"{self.in_channels}, {self.hidden_channels}, num_layers={self.num_layers}"
        return f"{type(self).__name__}({sizes}, bidirectional={self.bidirectional}{relations})"
