"""Recurrences in time whose graph convolutions follow the edges: DCRNN and TGCN."""

from typing import Any

import torch
from torch import Tensor

from gnn_toolkit import _checks
from gnn_toolkit.layers.bases import Basis, Chebyshev, Diffusion, Neighbours
from gnn_toolkit.layers.gcn import GCNConv
from gnn_toolkit.layers.temporal import TimeRecurrence
from gnn_toolkit.layers.time_cells import gru_cell
from gnn_toolkit.layers.time_inputs import Graph


class _GatedUnit(TimeRecurrence):
    """A recurrence in time whose state is ``h`` alone."""

    def forward(
        self,
        x: Tensor,
        edge_index: Any,
        edge_weight: Any = None,
        hx: Tensor | None = None,
        *,
        edge_time: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Return the outputs of all steps [..., T, N, H] and the final state [..., N, H]."""
        out, (h_n,) = self._run(x, (edge_index, edge_weight, edge_time), None if hx is None else (hx,))
        return out, h_n


class DCRNN(_GatedUnit):
    """Gated recurrent unit over a directed graph with diffusion convolutions (Li et al. 2018, section 2.3).

        r = sigmoid(Theta_r * [x_t, h_(t-1)] + b_r),  u likewise
        C = tanh(Theta_C * [x_t, r . h_(t-1)] + b_C),  h_t = u . h_(t-1) + (1 - u) . C

    with the diffusion convolution of their eq. 2, ``Theta * x = sum over k < K of ((D_O^-1 A)^k theta_k1 + (D_I^-1
    A^T)^k theta_k2) x`` (:class:`~gnn_toolkit.layers.bases.Diffusion`). Arguments, shapes and errors are those of
    :class:`~gnn_toolkit.GConvGRU`, without what concerns a Laplacian.

    Args:
        in_channels: width F of ``x``.
        out_channels: width H of the state.
        K: number of terms; the convolution walks ``K - 1`` steps along the edges and as many against them.
        variant: ``"paper"``, or ``"authors"`` for what the authors' program does instead of powers.
        reset_after: whether the reset gate acts after the product, as in ``torch.nn.GRU``.
        bias: whether to learn biases.
        backend: as :class:`~gnn_toolkit.GConvGRU` has it.

    >>> layer = DCRNN(2, 8)
    >>> layer(torch.randn(12, 3, 2), torch.tensor([[0, 1], [1, 2]]))[0].shape
    torch.Size([12, 3, 8])
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        K: int = 3,
        *,
        variant: str = "paper",
        reset_after: bool = False,
        bias: bool = True,
        backend: str = "auto",
    ) -> None:
        steps = _checks.positive("K", K) - 1
        basis = Diffusion(steps, _checks.choice("variant", variant, ("paper", "authors")))
        super().__init__(gru_cell(reset_after), basis, in_channels, out_channels, bias, backend)


class TGCN(_GatedUnit):
    """Gated recurrent unit that reads a graph through convolutions of Kipf and Welling (Zhao et al. 2019).

        f(A, x_t) = sigmoid(A_hat relu(A_hat x_t W_0) W_1)
        u = sigmoid(W_u [f(A, x_t), h_(t-1)] + b_u),  r likewise
        c = tanh(W_c [f(A, x_t), r . h_(t-1)] + b_c),  h_t = u . h_(t-1) + (1 - u) . c

    In the paper states are not convolved. The authors' program has one convolution of input and state together instead:
    ``A_hat [x_t, h_(t-1)] W`` instead of ``W [f(A, x_t), h_(t-1)]``, for all gates. PyG Temporal's has one convolution
    of the input alone: ``f(A, x_t) = A_hat x_t``. Arguments, shapes and errors
    are those of :class:`~gnn_toolkit.GConvGRU`, without ``K`` and what concerns a Laplacian.

    Args:
        in_channels: width F of ``x``.
        out_channels: width H of the state, and in the paper's form of both convolutions.
        variant: ``"paper"``, ``"authors"`` or, as in PyG Temporal, ``"linear"``.
        reset_after: whether the reset gate acts after the product, as in ``torch.nn.GRU``.
        bias: whether to learn biases.
        backend: as :class:`~gnn_toolkit.GConvGRU` has it.

    >>> layer = TGCN(1, 8, variant="authors")
    >>> layer(torch.randn(12, 3, 1), torch.tensor([[0, 1], [1, 2]]))[0].shape
    torch.Size([12, 3, 8])
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        variant: str = "paper",
        reset_after: bool = False,
        bias: bool = True,
        backend: str = "auto",
    ) -> None:
        self._convolves = _checks.choice("variant", variant, ("paper", "authors", "linear")) == "paper"
        basis: Basis = Neighbours() if variant == "authors" else Chebyshev(1)
        of_input = Neighbours() if variant == "linear" else None
        super().__init__(gru_cell(reset_after), basis, in_channels, out_channels, bias, backend, of_input=of_input)
        if self._convolves:
            self.first = GCNConv(self.in_channels, self.out_channels, bias=False)
            self.second = GCNConv(self.out_channels, self.out_channels, bias=False)

    def _width(self) -> int:
        return self.out_channels if self._convolves else self.in_channels

    def _read(self, x: Tensor, graphs: list[Graph]) -> Tensor:
        if not self._convolves:
            return x
        graphs = [(edges, None if weight is None else weight.to(x.dtype)) for edges, weight in graphs]
        steps = [x] if len(graphs) == 1 else x.split(1, 1)
        inner = [self.first(part, *graph).relu() for part, graph in zip(steps, graphs, strict=True)]
        read = [self.second(part, *graph).sigmoid() for part, graph in zip(inner, graphs, strict=True)]
        return torch.cat(read, 1) if len(read) > 1 else read[0]
