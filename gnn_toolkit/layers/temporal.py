"""The walk in time over a graph that GConvGRU, GConvLSTM, DCRNN and TGCN share: a basis, a cell, and one loop."""

import math
from collections.abc import Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from gnn_toolkit import _checks
from gnn_toolkit._transforms import is_transforming, refuse
from gnn_toolkit.graphs.adjacency import Adjacency
from gnn_toolkit.layers import time_inputs
from gnn_toolkit.layers.bases import Basis
from gnn_toolkit.layers.gcn import GCNConv
from gnn_toolkit.layers.kernels import over_time, step_by_step
from gnn_toolkit.layers.kernels.terms import flat
from gnn_toolkit.layers.time_cells import PeepholeLSTMCell, ResetAfterGRUCell, ResetBeforeGRUCell, TimeCell
from gnn_toolkit.layers.time_inputs import Graph

BACKENDS = ("auto", "message_passing", "fused")
KERNELS: dict[type, str] = {ResetAfterGRUCell: "gru", ResetBeforeGRUCell: "early_gru", PeepholeLSTMCell: "lstm"}


class TimeRecurrence(nn.Module):
    """A recurrence in time over a graph: a recurrent cell whose matrix products are graph convolutions.

        a_t = b_ih + sum over k of Z_k(x_t) W_ih[k]^T                      (all gates, all steps: before the walk)
        h_t = cell(a_t, h_(t-1)),  with q(h) = b_hh + sum over k of Z_k(h) W_hh[k]^T

    with the terms ``Z_k`` of a basis (:mod:`gnn_toolkit.layers.bases`) and the equations of a cell
    (:mod:`gnn_toolkit.layers.time_cells`). Parameters are named as in ``torch.nn.GRUCell`` and ``LSTMCell`` and have
    their shapes where the basis has one term; with K terms, columns ``k * F`` to ``(k + 1) * F`` of a weight are term
    k's.

    Inside, a state is kept node by node, [N, B * H], so that one sparse product serves the whole batch.
    """

    parameter_names: tuple[str, ...] = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")

    def __init__(
        self,
        cell: TimeCell,
        basis: Basis,
        in_channels: int,
        out_channels: int,
        bias: bool,
        backend: str,
        *,
        of_input: Basis | None = None,
    ) -> None:
        super().__init__()
        self.cell, self.basis, self.of_input = cell, basis, of_input
        self.backend = _checks.choice("backend", backend, BACKENDS)
        self.in_channels = _checks.positive("in_channels", in_channels)
        self.out_channels = _checks.positive("out_channels", out_channels)
        rows, read = sum(cell.blocks) * self.out_channels, basis if of_input is None else of_input
        self.weight_ih = nn.Parameter(torch.empty(rows, self._width() * read.num_terms))
        self.weight_hh = nn.Parameter(torch.empty(rows, self.out_channels * basis.num_terms))
        self.bias_ih = nn.Parameter(torch.empty(rows)) if bias else None
        self.bias_hh = nn.Parameter(torch.empty(rows)) if bias else None
        self.reset_parameters()

    def _width(self) -> int:
        """Return the width of what the gates read of the input."""
        return self.in_channels

    def reset_parameters(self) -> None:
        """Draw the layer's parameters from U(-1/sqrt(H), 1/sqrt(H)), as ``torch.nn``'s recurrent cells do."""
        bound = 1.0 / math.sqrt(self.out_channels)
        for name in self.parameter_names:
            redraw(self, name, bound)
        for convolution in self.children():
            if isinstance(convolution, GCNConv):
                convolution.reset_parameters()

    def _run(
        self,
        x: Tensor,
        edges: tuple[Any, Any, Any],
        hx: Sequence[Tensor] | None,
        basis: Basis | None = None,
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Check the input, walk, and return the outputs [..., T, N, H] and the final states [..., N, H].

        Args:
            x: as the layers take it.
            edges: edge_index, edge_weight and edge_time.
            hx: the initial states.
            basis: instead of the layer's own, of the same number of terms.
        """
        basis, given = self.basis if basis is None else basis, x.dim() if isinstance(x, Tensor) else 0
        x = time_inputs.window(x, self.in_channels, self.weight_ih)
        graphs = time_inputs.graphs(*edges, x, signed=basis.signed)
        batch, steps, nodes, _ = x.shape
        states = self._start(x, hx, given)
        matrices = [basis.matrices(*graph, nodes, time_inputs.precision(x)) for graph in graphs]
        of_input, through = basis, matrices
        if self.of_input is not None:
            of_input, sees = self.of_input, bool(self.of_input.plan)
            through = [of_input.matrices(*g, nodes, time_inputs.precision(x)) if sees else [] for g in graphs]
        read = self._joined(of_input, through, self._read(x, graphs))
        walk = self._fused if self._is_fused(basis, matrices, x) else self._step_by_step
        of_steps = walk(basis, matrices, read, states, nodes)
        per_node = (steps, nodes, batch, self.out_channels)
        out = _own(of_steps[0].reshape(per_node).permute(2, 0, 1, 3)[(0,) * (4 - given)])
        finals = (state[-1].reshape(per_node[1:]).transpose(0, 1) for state in of_steps)
        return out, tuple(_own(h[0] if given < 4 else h) for h in finals)

    def _read(self, x: Tensor, graphs: list[Graph]) -> Tensor:
        """Return what the gates read of the input, [B, T, N, F]."""
        return x

    def _joined(self, basis: Basis, matrices: list[list[Adjacency]], x: Tensor) -> Tensor:
        """Return the terms of all steps' input side by side, [T, N * B, K * F]; a graph that stays is read once."""
        batch, steps, nodes, width = x.shape
        rows = x.permute(2, 1, 0, 3)  # [N, T, B, F]
        parts = [rows] if len(matrices) == 1 else rows.split(1, 1)
        found = []
        for of_graph, part in zip(matrices, parts, strict=True):
            terms = basis.terms(of_graph, part.reshape(nodes, part.size(1) * batch * width))
            found.append(torch.stack([term.reshape(part.shape).to(x.dtype) for term in terms], 3))
        joined = found[0] if len(found) == 1 else torch.cat(found, 1)
        return joined.transpose(0, 1).reshape(steps, nodes * batch, basis.num_terms * width)

    def _is_fused(self, basis: Basis, matrices: list[list[Adjacency]], x: Tensor) -> bool:
        """Return whether the kernel runs; what it cannot do, plain operations do step by step."""
        if self.backend == "message_passing":
            return False
        if is_transforming():
            if self.backend == "fused":
                refuse("fused")
            return False
        reasons = {
            "edge weights that require a gradient": bool(basis.plan)
            and any(matrix.value.requires_grad for graph in matrices for matrix in graph),
            "autocast": torch.is_autocast_enabled(x.device.type),
            "a cell without a kernel": type(self.cell) not in KERNELS,
            "a basis with terms of its own": type(basis).terms is not Basis.terms,
        }
        got = next((reason for reason, holds in reasons.items() if holds), None)
        if got is not None and self.backend == "fused":
            raise ValueError(_checks.problem("backend", "'message_passing' or 'auto' here", got, "use backend='auto'"))
        return got is None

    def _fused(
        self, basis: Basis, matrices: list[list[Adjacency]], x: Tensor, states: tuple[Tensor, ...], nodes: int
    ) -> list[Tensor]:
        """Return what :meth:`_step_by_step` does, from the kernel."""
        kind = KERNELS[type(self.cell)]
        bias, inner = self._biases(kind)
        h, c, *_ = over_time.forward(
            x=x,
            weight_ih=self.weight_ih,
            bias=bias,
            weight=self.weight_hh,
            bias_n=inner,
            peephole=getattr(self._cell(), "peephole", None),
            h_0=states[0],
            c_0=states[1] if kind == "lstm" else states[0].new_empty(0, self.out_channels),
            matrices=flat([matrix for graph in matrices for matrix in graph], x.dtype) if basis.plan else [],
            plan=[number for step in basis.plan for number in step],
            first=basis.first,
            nodes=nodes,
            kind=kind,
        )
        return [h, c] if kind == "lstm" else [h]

    def _biases(self, kind: str) -> tuple[Tensor | None, Tensor | None]:
        """Return the bias of the gates, and the one that stays inside the reset, of ``"gru"`` alone."""
        bias, own, inner = self.bias_ih, self.bias_hh, None
        if own is not None and kind == "gru":  # r and z add both biases up; n's second one stays inside
            outer = 2 * self.out_channels
            own, inner = nn.functional.pad(own[:outer], (0, own.size(0) - outer)), own[outer:]
        return (own if bias is None else bias if own is None else bias + own), inner

    def _step_by_step(
        self, basis: Basis, matrices: list[list[Adjacency]], x: Tensor, states: tuple[Tensor, ...], nodes: int
    ) -> list[Tensor]:
        """Return the states of all steps [T, N * B, H]: the meaning of both backends."""
        terms = [partial(basis.terms, of_step) for of_step in matrices]
        return step_by_step.walk(
            cell=self._cell(),
            gates=nn.functional.linear(x, self.weight_ih, self.bias_ih),
            states=states,
            weight=self.weight_hh,
            bias=self.bias_hh,
            terms=terms if len(terms) == x.size(0) else terms * x.size(0),
            nodes=nodes,
        )

    def _cell(self) -> TimeCell:
        """Return the cell with its own parameters, if it has any."""
        return self.cell

    def _start(self, x: Tensor, hx: Sequence[Tensor] | None, given: int) -> tuple[Tensor, ...]:
        """Return the initial states node by node, [N * B, H], of an input that came with so many dimensions."""
        batch, _, nodes, _ = x.shape
        shape = (batch, nodes, self.out_channels)[int(given < 4) :]
        states = time_inputs.states(hx, shape, self.cell.num_states, self.weight_ih)
        if states is None:
            return tuple(x.new_zeros(nodes * batch, self.out_channels) for _ in range(self.cell.num_states))
        rows = [h if given < 4 else h.transpose(0, 1) for h in states]
        return tuple(h.reshape(-1, self.out_channels) for h in rows)

    def extra_repr(self) -> str:
        """Return the sizes and the basis."""
        return f"{self.in_channels}, {self.out_channels}, {self.basis}"


def _own(value: Tensor) -> Tensor:
    """Return a copy, so that operations in place do not reach what the backward pass needs."""
    return value.clone(memory_format=torch.contiguous_format)


def redraw(module: nn.Module, name: str, bound: float) -> None:
    """Draw a parameter from U(-bound, bound), also one that pruning or a parametrisation keeps under another name."""
    value = getattr(module, name, None)
    if value is None:
        return
    if parametrize.is_parametrized(module, name):
        fresh = torch.empty_like(value, requires_grad=False)
        setattr(module, name, fresh.uniform_(-bound, bound) if bound else fresh.zero_())
        return
    own = dict(module.named_parameters(recurse=False))
    target: Tensor = next((own[key] for key in (name, f"{name}_orig") if key in own), value)
    if bound:
        nn.init.uniform_(target, -bound, bound)
    else:
        nn.init.zeros_(target)
