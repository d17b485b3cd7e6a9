"""Graph convolutions whose weights evolve in time: EvolveGCN-O and EvolveGCN-H."""

import math
from typing import Any

import torch
from torch import Tensor, nn

from gnn_toolkit import _checks
from gnn_toolkit.graphs.adjacency import adjacency
from gnn_toolkit.layers import time_inputs
from gnn_toolkit.layers.temporal import redraw
from gnn_toolkit.layers.time_cells import PeepholeLSTMCell, ResetBeforeGRUCell, TimeCell
from gnn_toolkit.layers.time_inputs import Graph


class _EvolveGCN(nn.Module):
    """What both share: ``out_t = A_hat_t x_t W_t``, where a recurrent cell makes ``W_t`` of ``W_(t-1)``.

    The cell treats each column of W as one vector of F entries; its biases are matrices [F, C], as in the paper.
    Inside, columns are rows, so that the equations are those of :mod:`gnn_toolkit.layers.time_cells`.
    """

    parameter_names: tuple[str, ...] = ("weight", "weight_ih", "weight_hh")

    def __init__(self, cell: TimeCell, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.cell = cell
        self.in_channels = _checks.positive("in_channels", in_channels)
        self.out_channels = _checks.positive("out_channels", out_channels)
        rows = sum(cell.blocks) * self.in_channels
        self.weight = nn.Parameter(torch.empty(self.in_channels, self.out_channels))
        self.weight_ih = nn.Parameter(torch.empty(rows, self.in_channels))
        self.weight_hh = nn.Parameter(torch.empty(rows, self.in_channels))
        self.bias = nn.Parameter(torch.empty(rows, self.out_channels))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the weights from U(-1/sqrt(columns), 1/sqrt(columns)) and set the biases to 0, as the authors do."""
        for name in self.parameter_names:
            redraw(self, name, 1.0 / math.sqrt(getattr(self, name).size(1)))
        redraw(self, "bias", 0.0)

    def forward(
        self,
        x: Tensor,
        edge_index: Any,
        edge_weight: Any = None,
        hx: tuple[Tensor, ...] | None = None,
        *,
        edge_time: Tensor | None = None,
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Return the outputs of all steps [..., T, N, C], before any nonlinearity, and the state after the last."""
        windows = time_inputs.window(x, self.in_channels, self.weight_ih)
        graphs = time_inputs.graphs(edge_index, edge_weight, edge_time, windows)
        states, weights = self._start(windows, x.dim(), hx), []
        for step in (windows if x.dim() == 4 else windows[0]).unbind(-3):
            states = self._evolve(step, states)
            weights.append(states[0].transpose(-1, -2))
        out = self._along_edges(windows, graphs) @ torch.stack(weights, -3)
        return out[(0,) * (4 - x.dim())], tuple(state.transpose(-1, -2) for state in states)

    def _start(self, x: Tensor, given: int, hx: tuple[Tensor, ...] | None) -> tuple[Tensor, ...]:
        """Return the states, columns as rows, for an input that came with so many dimensions."""
        if hx is None:
            weight = self.weight.t()
            return (weight, torch.zeros_like(weight))[: self.cell.num_states]
        each = given == 4 and isinstance(hx, (list, tuple)) and any(getattr(h, "ndim", 0) == 3 for h in hx)
        shape = (*x.shape[: int(each)], self.in_channels, self.out_channels)
        states = time_inputs.states(hx, shape, self.cell.num_states, self.weight_ih)
        return tuple(h.transpose(-1, -2) for h in states or ())

    def _evolve(self, x: Tensor, states: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """Return the states one step later, from the features of the step [..., N, F]."""
        read = self._summary(x, states[0])
        gates = nn.functional.linear(read, self.weight_ih) + self.bias.t()
        weights = self.weight_hh.split([count * self.in_channels for count in self.cell.blocks])
        return self.cell.advance(gates, states, lambda state, block: nn.functional.linear(state, weights[block]))

    def _summary(self, x: Tensor, weight: Tensor) -> Tensor:
        """Return what the cell reads, [..., C, F]: the weights themselves."""
        return weight

    def _along_edges(self, x: Tensor, graphs: list[Graph]) -> Tensor:
        """Return ``A_hat_t x_t`` of all steps [B, T, N, F], in one product where the edges stay."""
        parts = [x] if len(graphs) == 1 else x.split(1, 1)
        found = []
        for part, (edge_index, edge_weight) in zip(parts, graphs, strict=True):
            first = part.movedim(-2, 0)
            matrix = adjacency(edge_index, edge_weight, x.size(-2), dtype=time_inputs.precision(x))
            found.append((matrix @ first.flatten(1)).to(x.dtype).reshape(first.shape).movedim(0, -2))
        return torch.cat(found, 1) if len(found) > 1 else found[0]


class EvolveGCNO(_EvolveGCN):
    """Graph convolution whose weights evolve by themselves (EvolveGCN-O, Pareja et al. 2020).

    ``out_t = A_hat_t x_t W_t`` with ``W_t = LSTM(W_(t-1))``, the weights being the cell's input and output at once. The
    authors' program has a gated recurrent unit instead of the LSTM, as in :class:`EvolveGCNH`.

    Args:
        in_channels: width F of ``x``.
        out_channels: width C of the output.
        variant: ``"paper"`` (LSTM; the state is ``(W, memory)``) or ``"authors"`` (GRU; the state is ``(W,)``).

    Shapes:
        - ``x`` [B, T, N, F] or [T, N, F]; or one step [N, F]
        - ``edge_index`` [2, E] and ``edge_weight`` [E] for all steps, or lists of T of them, or one of all edges with
          ``edge_time`` [E], the step of each
        - ``hx`` and the state after the last step: tensors [F, C]; the learnt ``weight`` starts where ``None``
        - output [B, T, N, C], [T, N, C] or [N, C], before any nonlinearity

    Raises:
        ValueError: on input that does not fit, or whose type or device is not the layer's.

    >>> layer, edge_index = EvolveGCNO(4, 2), torch.tensor([[0, 1], [1, 2]])
    >>> out, state = layer(torch.randn(6, 3, 4), edge_index)
    >>> out.shape, state[0].shape
    (torch.Size([6, 3, 2]), torch.Size([4, 2]))
    """

    def __init__(self, in_channels: int, out_channels: int, *, variant: str = "paper") -> None:
        choice = _checks.choice("variant", variant, ("paper", "authors"))
        super().__init__(PeepholeLSTMCell() if choice == "paper" else ResetBeforeGRUCell(), in_channels, out_channels)


class EvolveGCNH(_EvolveGCN):
    """Graph convolution whose weights evolve with the nodes' features (EvolveGCN-H, Pareja et al. 2020).

    ``out_t = A_hat_t x_t W_t`` with ``W_t = GRU(summary(x_t)^T, W_(t-1))``. The summary has one node a column of W: the
    C nodes of the largest scores ``y = x_t p / |p|``, each scaled by ``tanh(y)``; the last comes again where there are
    fewer than C. z keeps the old weights, as everywhere here; in the paper it takes the new ones.

    Arguments, shapes and errors are those of :class:`EvolveGCNO`, without ``variant``; the state is ``(W,)``, for a
    batch [B, F, C], since every graph evolves weights of its own.

    >>> layer, edge_index = EvolveGCNH(4, 2), torch.tensor([[0, 1], [1, 2]])
    >>> out, state = layer(torch.randn(6, 3, 4), edge_index)
    >>> out.shape, state[0].shape
    (torch.Size([6, 3, 2]), torch.Size([4, 2]))
    """

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__(ResetBeforeGRUCell(), in_channels, out_channels)
        self.scorer = nn.Parameter(torch.empty(in_channels))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the weights from U(-1/sqrt(columns), 1/sqrt(columns)) and set the biases to 0, as the authors do."""
        super().reset_parameters()
        redraw(self, "scorer", 1.0 / math.sqrt(self.in_channels))

    def _summary(self, x: Tensor, weight: Tensor) -> Tensor:
        if not x.size(-2):
            raise ValueError(_checks.problem("x", "a node at least, to choose from", "none", "give features of a node"))
        score = x @ (self.scorer / self.scorer.norm())
        count = min(self.out_channels, x.size(-2))
        top, node = score.topk(count, -1)
        chosen = x.gather(-2, node.unsqueeze(-1).expand(*node.shape, x.size(-1))) * torch.tanh(top).unsqueeze(-1)
        again = torch.arange(self.out_channels, device=x.device).clamp(max=count - 1)
        return chosen.index_select(-2, again)
