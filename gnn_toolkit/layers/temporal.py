"""The walk in time over a graph that GConvGRU, GConvLSTM, DCRNN and TGCN share: a basis, a cell, and one loop."""

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

from gnn_toolkit import _checks
from gnn_toolkit.graphs.adjacency import Adjacency
from gnn_toolkit.graphs.forms import to_edge_index
from gnn_toolkit.layers.bases import Basis
from gnn_toolkit.layers.gcn import GCNConv
from gnn_toolkit.layers.kernels import over_time
from gnn_toolkit.layers.kernels.terms import flat
from gnn_toolkit.layers.time_cells import PeepholeLSTMCell, ResetAfterGRUCell, ResetBeforeGRUCell, TimeCell

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

    def __init__(
        self,
        cell: TimeCell,
        basis: Basis,
        in_channels: int,
        hidden_channels: int,
        bias: bool,
        backend: str,
    ) -> None:
        super().__init__()
        self.cell, self.basis = cell, basis
        self.backend = _checks.choice("backend", backend, BACKENDS)
        self.in_channels = _checks.positive("in_channels", in_channels)
        self.hidden_channels = _checks.positive("hidden_channels", hidden_channels)
        rows = sum(cell.blocks) * hidden_channels
        self.weight_ih = nn.Parameter(torch.empty(rows, self._width() * basis.num_terms))
        self.weight_hh = nn.Parameter(torch.empty(rows, hidden_channels * basis.num_terms))
        self.bias_ih = nn.Parameter(torch.empty(rows)) if bias else None
        self.bias_hh = nn.Parameter(torch.empty(rows)) if bias else None
        self.reset_parameters()

    def _width(self) -> int:
        """Return the width of what the gates read of the input."""
        return self.in_channels

    def reset_parameters(self) -> None:
        """Draw every parameter from U(-1/sqrt(H), 1/sqrt(H)), as ``torch.nn``'s recurrent cells do."""
        bound = 1.0 / math.sqrt(self.hidden_channels)
        for parameter in self.parameters(recurse=False):
            nn.init.uniform_(parameter, -bound, bound)
        for convolution in self.children():
            if isinstance(convolution, GCNConv):
                convolution.reset_parameters()

    def _run(
        self, x: Tensor, edge_index: Any, edge_weight: Tensor | None, hx: Sequence[Tensor] | None
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Check the input, walk, and return the outputs [..., T, N, H] and the final states [..., N, H]."""
        self._check(x)
        batch, steps, nodes = x.shape[:-3], x.size(-3), x.size(-2)
        edge_index, edge_weight = to_edge_index(edge_index, edge_weight)
        states = self._start(x, hx)
        x = x if x.dim() == 4 else x.unsqueeze(0)
        features = self._read(x, edge_index, edge_weight)
        matrices = self.basis.matrices(edge_index, edge_weight, nodes, x.dtype)
        walk = self._fused if self._is_fused(matrices, x) else self._step_by_step
        out, states = walk(matrices, self._joined(matrices, features), states, nodes)
        per_node = (nodes, -1, self.hidden_channels)
        finals = tuple(h.view(per_node).transpose(0, 1).reshape(*batch, nodes, -1) for h in states)
        return out.view(steps, *per_node).permute(2, 0, 1, 3).reshape(*batch, steps, nodes, -1), finals

    def _read(self, x: Tensor, edge_index: Tensor, edge_weight: Tensor | None) -> Tensor:
        """Return what the gates read of the input, [B, T, N, F]."""
        return x

    def _joined(self, matrices: list[Adjacency], x: Tensor) -> Tensor:
        """Return the terms of the input at every step side by side, [T, N * B, K * F]: the graph is read once."""
        batch, steps, nodes, width = x.shape
        terms = self.basis.terms(matrices, x.permute(2, 1, 0, 3).reshape(nodes, -1))
        per_node = torch.stack([term.view(nodes, steps, batch, width) for term in terms], 3).transpose(0, 1)
        return per_node.reshape(steps, nodes * batch, -1)

    def _is_fused(self, matrices: list[Adjacency], x: Tensor) -> bool:
        """Return whether the kernel runs; edges that learn, and types that change on the way, are autograd's."""
        learns = any(matrix.value.requires_grad for matrix in matrices)
        casts = torch.is_autocast_enabled(x.device.type)
        if self.backend == "fused" and (learns or casts):
            got = "edge weights that require a gradient" if learns else "autocast"
            raise ValueError(_checks.problem("backend", "'message_passing' or 'auto' here", got, "use backend='auto'"))
        return self.backend == "fused" or (self.backend == "auto" and not learns and not casts)

    def _fused(
        self, matrices: list[Adjacency], x: Tensor, states: tuple[Tensor, ...], nodes: int
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Return what :meth:`_step_by_step` does, from the kernel."""
        kind, width = KERNELS[type(self.cell)], self.hidden_channels
        bias, inner = self.bias_ih, None
        if bias is not None and self.bias_hh is not None:
            outer = bias.size(0)
            if kind == "gru":  # r and z add both biases up; n's second one stays inside the reset
                outer, inner = 2 * width, self.bias_hh[2 * width :]
            bias = bias + nn.functional.pad(self.bias_hh[:outer], (0, bias.size(0) - outer))
        h_0, c_0 = states if kind == "lstm" else (states[0], states[0].new_empty(0, width))
        plan = [number for step in self.basis.plan for number in step]
        weights = (self.weight_ih, bias, self.weight_hh, inner, getattr(self._cell(), "peephole", None))
        options = (flat(matrices, x.dtype), plan, self.basis.first, nodes, kind)
        h, c, *_ = over_time.forward(x, *weights, h_0, c_0, *options)
        return h, (h[-1], c[-1]) if kind == "lstm" else (h[-1],)

    def _step_by_step(
        self, matrices: list[Adjacency], x: Tensor, states: tuple[Tensor, ...], nodes: int
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Return the outputs [T, N * B, H] and the final states [N * B, H]: the meaning of both backends."""
        gates = nn.functional.linear(x, self.weight_ih, self.bias_ih)
        sizes = [count * self.hidden_channels for count in self.cell.blocks]
        weights = self.weight_hh.split(sizes)
        biases = [None] * len(sizes) if self.bias_hh is None else self.bias_hh.split(sizes)

        def recur(h: Tensor, block: int) -> Tensor:
            terms = self.basis.terms(matrices, h.view(nodes, -1))
            joined = torch.cat([term.view_as(h) for term in terms], 1) if len(terms) > 1 else terms[0].view_as(h)
            return nn.functional.linear(joined, weights[block], biases[block])

        cell, outputs = self._cell(), []
        for step in gates.unbind(0):
            states = cell.advance(step, states, recur)
            outputs.append(states[0])
        return torch.stack(outputs), states

    def _cell(self) -> TimeCell:
        """Return the cell with its own parameters, if it has any."""
        return self.cell

    def _start(self, x: Tensor, hx: Sequence[Tensor] | None) -> tuple[Tensor, ...]:
        """Return the initial states node by node, [N * B, H]."""
        shape = (*x.shape[:-3], x.size(-2), self.hidden_channels)
        if hx is None:
            return tuple(x.new_zeros(shape).view(-1, shape[-1]) for _ in range(self.cell.num_states))
        if any(tuple(h.shape) != shape for h in hx):
            got = [list(h.shape) for h in hx]
            remedy = "one row a node, and for each graph of the batch"
            raise ValueError(_checks.problem("hx", f"states of shape {list(shape)}", got, remedy))
        rows = [h if h.dim() == 2 else h.transpose(0, 1) for h in hx]
        return tuple(h.reshape(-1, self.hidden_channels) for h in rows)

    def _check(self, x: Tensor) -> None:
        if x.dim() not in (3, 4) or x.size(-1) != self.in_channels or not x.size(-3):
            width = self.in_channels
            allowed = f"shape [steps, num_nodes, {width}] or [batch, steps, num_nodes, {width}] with a step at least"
            raise ValueError(_checks.problem("x", allowed, list(x.shape), "check in_channels of the layer"))
        _checks.features("x", x, self.in_channels, batched=True)

    def extra_repr(self) -> str:
        """Return the sizes and the basis."""
        return f"{self.in_channels}, {self.hidden_channels}, {self.basis}"
