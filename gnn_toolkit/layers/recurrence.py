"""The recurrence over a DAG of the layers that follow torch's; what differs between them is the cell."""

import math
from collections.abc import Callable
from typing import ClassVar, Self

import torch
from torch import Tensor, nn
from torch.nn.parameter import UninitializedParameter

from gnn_toolkit import _checks, _transforms
from gnn_toolkit.graphs.order import LevelOrder
from gnn_toolkit.layers import vendor
from gnn_toolkit.layers.cells import Cell
from gnn_toolkit.layers.kernels import fused
from gnn_toolkit.layers.level_walk import LevelWalk
from gnn_toolkit.layers.stacked import StackedRecurrence, States

NAMES = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")


class DAGRecurrence(StackedRecurrence, LevelWalk):
    """A stack of recurrent layers that visit a DAG in topological order: what DAGRNN, DAGGRU and DAGLSTM share.

    ``h_v = cell(x_v, {h_u : u -> v})``, with the equations of :mod:`gnn_toolkit.layers.cells`. Parameters carry the
    names and shapes of ``torch.nn``'s recurrent layers, so their ``state_dict`` loads here and back; with several
    relations ``weight_hh_l*`` has a leading dimension for them.
    """

    backends: ClassVar = ("auto", "message_passing", "fused", "vendor")
    aggregations: ClassVar = ("sum", "mean", "max")
    cell: Cell

    def _shapes(self, layer: int) -> dict[str, tuple[int, ...]]:
        """Return the shapes of a layer's parameters, of one direction."""
        rows = self.cell.num_gates * self.hidden_channels
        relations = () if self.num_relations == 1 else (self.num_relations,)
        shapes = {"weight_ih": (rows, self.width_into(layer)), "weight_hh": (*relations, rows, self.hidden_channels)}
        return shapes | ({"bias_ih": (rows,), "bias_hh": (rows,)} if self.bias else {})

    @property
    def num_states(self) -> int:
        """Number of states of a node: 2 for an LSTM's h and c."""
        return self.cell.num_states

    def weights(self, suffix: str) -> list[Tensor | None]:
        """Return ``weight_ih``, ``weight_hh``, ``bias_ih`` and ``bias_hh`` of a walk as they are now, by name.

        What stands under a name may be a parameter, or what pruning, a parametrisation or weight drop made of it.
        """
        return [getattr(self, f"{name}_{suffix}", None) for name in (NAMES if self.bias else NAMES[:2])] + [None] * (
            0 if self.bias else 2
        )

    def reset_parameters(self) -> None:
        """Draw every parameter from U(-1/sqrt(H), 1/sqrt(H)), as ``torch.nn`` does and in the same order."""
        bound = 1.0 / math.sqrt(self.hidden_channels)
        for parameter in self.parameters():
            if not isinstance(parameter, UninitializedParameter):
                nn.init.uniform_(parameter, -bound, bound)

    def add_forget_bias(self, value: float) -> None:
        """Add ``value`` to the bias of the gate that keeps the past: the LSTM's forget, the GRU's update gate.

        With a larger bias a fresh layer remembers longer (Jozefowicz et al. 2015; Tallec and Ollivier 2018).

        Raises:
            ValueError: the cell has no such gate, or the layer no biases of its own.
        """
        if self.cell.num_gates == 1 or not self.bias:
            remedy = "use it on a GRU or LSTM with bias=True"
            raise ValueError(_checks.problem("add_forget_bias", "gates with a bias", self, remedy))
        gates = self.cell.num_gates
        with torch.no_grad():
            for _, suffix in self.passes():
                # The second gate of a GRU or LSTM; with a gate for every relation, all from the second on but g and o.
                for gate in self.own(f"bias_ih_{suffix}").chunk(gates)[1 : max(2, gates - 2)]:
                    gate.add_(value)

    def run_order(self, x: Tensor, order: LevelOrder, initial: States | None) -> tuple[Tensor, States]:
        """Run every layer and direction over an order that is at hand, by torch's own kernels where they are chosen."""
        if self._backend_for(order) == "vendor":
            return vendor.run(self.stack(), x, order, initial)
        return super().run_order(x, order, initial)

    def flatten_parameters(self) -> None:
        """Lay the parameters out in one block of a GPU's memory, which is how cuDNN reads them; elsewhere do nothing.

        ``.cuda()`` and ``.to()`` do it. As with ``torch.nn.LSTM``, call it where something else replaced parameters.
        """
        own = [self._parameters.get(f"{name}_{suffix}") for _, suffix in self.passes() for name in self._shapes(0)]
        weights = [p for p in own if p is not None and p.is_cuda and not isinstance(p, UninitializedParameter)]
        if self.num_relations > 1 or len(weights) < len(own):
            return
        sizes = (self.cell.vendor.upper(), self.in_channels, self.hidden_channels, self.num_layers, self.bias)
        twin = nn.RNNBase(*sizes, bidirectional=self.bidirectional, device="meta")
        twin._flat_weights = weights  # torch's module of these sizes lays out whatever weights it is given
        twin.flatten_parameters()

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Self:
        super()._apply(fn, recurse)
        self.flatten_parameters()
        return self

    def stack(self) -> vendor.Stack:
        """Return the layers as torch's own kernels take them."""
        return vendor.Stack(
            cell=self.cell,
            weights=self.flat_weights(),
            num_layers=self.num_layers,
            bias=self.bias,
            dropout=self.dropout,
            training=self.training,
            bidirectional=self.bidirectional,
        )

    def _along(
        self, x: Tensor, order: LevelOrder, k: int, start: list[Tensor] | None, backend: str
    ) -> tuple[Tensor, list[Tensor]]:
        """Walk pass ``k`` along the edges; return outputs and each state [N, H] in places."""
        _, suffix = self.passes()[k]
        weight_ih, weight_hh, bias_ih, bias_hh = self.weights(suffix)
        assert weight_ih is not None
        assert weight_hh is not None
        relations = weight_hh if self.num_relations > 1 else weight_hh[None]
        if backend == "fused":
            states = fused.walk(self.cell, x, (weight_ih, relations, bias_ih, bias_hh), order, start, str(self.aggr))
        else:
            gates = nn.functional.linear(x, weight_ih, bias_ih)
            states = self.pass_messages(gates, relations, bias_hh, order, start)
        self._name_anomaly(states, order, k)
        return states[0], states

    def _backend_for(self, order: LevelOrder) -> str:
        if self.backend in ("fused", "vendor") and _transforms.is_transforming():
            _transforms.refuse(self.backend)
        if self.backend == "auto":
            if self.is_observed or _transforms.is_transforming():
                return "message_passing"
            if torch.onnx.is_in_onnx_export():  # ONNX knows torch's operators, and only sequences come here
                return "vendor"
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
