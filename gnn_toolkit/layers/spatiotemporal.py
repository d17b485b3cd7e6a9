"""Recurrences in time over a graph: GConvGRU, GConvLSTM, DCRNN and TGCN, each a cell and a basis."""

from typing import Any

import torch
from torch import Tensor, nn

from gnn_toolkit import _checks
from gnn_toolkit.layers.bases import Basis, Chebyshev, Diffusion, Neighbours
from gnn_toolkit.layers.gcn import GCNConv
from gnn_toolkit.layers.temporal import TimeRecurrence
from gnn_toolkit.layers.time_cells import PeepholeLSTMCell, ResetAfterGRUCell, ResetBeforeGRUCell


def _gru(reset_after: bool) -> ResetAfterGRUCell | ResetBeforeGRUCell:
    """Return the cell whose reset gate acts before or after the product."""
    return ResetAfterGRUCell() if reset_after else ResetBeforeGRUCell()


class _GatedUnit(TimeRecurrence):
    """A recurrence in time whose state is ``h`` alone."""

    def forward(
        self, x: Tensor, edge_index: Any, edge_weight: Tensor | None = None, hx: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Return the outputs of all steps [..., T, N, H] and the final state [..., N, H]."""
        out, (h_n,) = self._run(x, edge_index, edge_weight, None if hx is None else (hx,))
        return out, h_n


class GConvGRU(_GatedUnit):
    """Gated recurrent unit over a graph with Chebyshev convolutions (after Seo et al. 2016, section 3).

        r = sigmoid(W_xr * x_t + W_hr * h_(t-1) + b_r),  z likewise
        n = tanh(W_xn * x_t + W_hn * (r . h_(t-1)) + b_n),  h_t = (1 - z) . n + z . h_(t-1)

    with ``W * x = sum over k < K of T_k(L~) x W_k`` (:class:`~gnn_toolkit.layers.bases.Chebyshev`). Without edges and
    with ``order=1`` it is a gated recurrent unit for each node; with one step a convolution.

    Args:
        in_channels: width F of ``x``.
        hidden_channels: width H of the state.
        K: number of terms; the convolution reaches ``K - 1`` hops a step.
        lambda_max: largest eigenvalue of the Laplacian, or a bound.
        reset_after: whether the reset gate acts after the product, as in ``torch.nn.GRU``: one product a step instead
            of two. The papers reset before it.
        bias: whether to learn biases ``b_ih`` and ``b_hh``, as ``torch.nn`` has.
        backend: ``"fused"`` (own kernel: one op for the window, differentiable once), ``"message_passing"`` (the same,
            step by step; also for edge weights that learn and under autocast) or ``"auto"``, the first of them that fits.

    Shapes:
        - ``x`` [B, T, N, F] or [T, N, F]: T steps of a graph whose edges stay
        - ``edge_index`` [2, E], ``edge_weight`` [E]; or an ``EdgeIndex`` or sparse matrix as :class:`GCNConv` takes
        - ``hx`` and the final state [B, N, H] or [N, H]; zeros where ``None``
        - output [B, T, N, H] or [T, N, H]

    Raises:
        ValueError: on input that does not fit.

    >>> layer, edge_index = GConvGRU(2, 8, K=3), torch.tensor([[0, 1], [1, 2]])
    >>> x = torch.randn(12, 3, 2)
    >>> out, h = layer(x, edge_index)
    >>> first, h = layer(x[:5], edge_index)
    >>> rest, h = layer(x[5:], edge_index, hx=h)
    >>> torch.allclose(torch.cat([first, rest]), out, atol=1e-6)
    True
    """

    def __init__(
        self,
        in_channels: int,
        hidden_channels: int,
        K: int = 3,
        *,
        lambda_max: float = 2.0,
        reset_after: bool = False,
        bias: bool = True,
        backend: str = "auto",
    ) -> None:
        super().__init__(_gru(reset_after), _chebyshev(K, lambda_max), in_channels, hidden_channels, bias, backend)


class GConvLSTM(TimeRecurrence):
    """Long short-term memory over a graph with Chebyshev convolutions and peepholes (Seo et al. 2016, Model 2).

        i = sigmoid(W_xi * x_t + W_hi * h_(t-1) + w_ci . c_(t-1) + b_i),  f likewise
        c_t = f . c_(t-1) + i . tanh(W_xc * x_t + W_hc * h_(t-1) + b_c)
        o = sigmoid(W_xo * x_t + W_ho * h_(t-1) + w_co . c_t + b_o),  h_t = o . tanh(c_t)

    with ``*`` as in :class:`GConvGRU`, whose arguments, shapes and errors it has, but for ``hx`` and the final state:
    pairs ``(h, c)``.

    Args:
        in_channels: width F of ``x``.
        hidden_channels: width H of the state.
        K: number of terms.
        lambda_max: largest eigenvalue of the Laplacian, or a bound.
        peepholes: whether the gates look at the memory, through weights [3, H] in the order i, f, o.
        bias: whether to learn biases.
        backend: as :class:`GConvGRU` has it.

    >>> layer = GConvLSTM(2, 8)
    >>> out, (h, c) = layer(torch.randn(4, 12, 3, 2), torch.tensor([[0, 1], [1, 2]]))
    >>> out.shape, c.shape
    (torch.Size([4, 12, 3, 8]), torch.Size([4, 3, 8]))
    """

    def __init__(
        self,
        in_channels: int,
        hidden_channels: int,
        K: int = 3,
        *,
        lambda_max: float = 2.0,
        peepholes: bool = True,
        bias: bool = True,
        backend: str = "auto",
    ) -> None:
        super().__init__(PeepholeLSTMCell(), _chebyshev(K, lambda_max), in_channels, hidden_channels, bias, backend)
        self.peephole = nn.Parameter(torch.empty(3, hidden_channels)) if peepholes else None
        self.reset_parameters()

    def _cell(self) -> PeepholeLSTMCell:
        return PeepholeLSTMCell(self.peephole)

    def forward(
        self, x: Tensor, edge_index: Any, edge_weight: Tensor | None = None, hx: tuple[Tensor, Tensor] | None = None
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """Return the outputs of all steps [..., T, N, H] and the final (h, c), each [..., N, H]."""
        out, (h_n, c_n) = self._run(x, edge_index, edge_weight, hx)
        return out, (h_n, c_n)


class DCRNN(_GatedUnit):
    """Gated recurrent unit over a directed graph with diffusion convolutions (Li et al. 2018, section 2.3).

        r = sigmoid(Theta_r * [x_t, h_(t-1)] + b_r),  u likewise
        C = tanh(Theta_C * [x_t, r . h_(t-1)] + b_C),  h_t = u . h_(t-1) + (1 - u) . C

    with the diffusion convolution of their eq. 2, ``Theta * x = sum over k < K of ((D_O^-1 A)^k theta_k1 + (D_I^-1
    A^T)^k theta_k2) x`` (:class:`~gnn_toolkit.layers.bases.Diffusion`). Arguments, shapes and errors are those of
    :class:`GConvGRU`, without ``lambda_max``.

    Args:
        in_channels: width F of ``x``.
        hidden_channels: width H of the state.
        K: number of terms; the convolution walks ``K - 1`` steps along the edges and as many against them.
        variant: ``"paper"``, or ``"authors"`` for what the authors' program does instead of powers.
        reset_after: whether the reset gate acts after the product, as in ``torch.nn.GRU``.
        bias: whether to learn biases.
        backend: as :class:`GConvGRU` has it.

    >>> layer = DCRNN(2, 8)
    >>> layer(torch.randn(12, 3, 2), torch.tensor([[0, 1], [1, 2]]))[0].shape
    torch.Size([12, 3, 8])
    """

    def __init__(
        self,
        in_channels: int,
        hidden_channels: int,
        K: int = 3,
        *,
        variant: str = "paper",
        reset_after: bool = False,
        bias: bool = True,
        backend: str = "auto",
    ) -> None:
        steps = _checks.positive("K", K) - 1
        basis = Diffusion(steps, _checks.choice("variant", variant, ("paper", "authors")))
        super().__init__(_gru(reset_after), basis, in_channels, hidden_channels, bias, backend)


class TGCN(_GatedUnit):
    """Gated recurrent unit that reads a graph through convolutions of Kipf and Welling (Zhao et al. 2019).

        f(A, x_t) = sigmoid(A_hat relu(A_hat x_t W_0) W_1)
        u = sigmoid(W_u [f(A, x_t), h_(t-1)] + b_u),  r likewise
        c = tanh(W_c [f(A, x_t), r . h_(t-1)] + b_c),  h_t = u . h_(t-1) + (1 - u) . c

    In the paper states are not convolved. The authors' program has one convolution of input and state together instead:
    ``A_hat [x_t, h_(t-1)] W`` instead of ``W [f(A, x_t), h_(t-1)]``, for all gates. Arguments, shapes and errors
    are those of :class:`GConvGRU`, without ``K`` and ``lambda_max``.

    Args:
        in_channels: width F of ``x``.
        hidden_channels: width H of the state, and in the paper's form of both convolutions.
        variant: ``"paper"`` or ``"authors"``.
        reset_after: whether the reset gate acts after the product, as in ``torch.nn.GRU``.
        bias: whether to learn biases.
        backend: as :class:`GConvGRU` has it.

    >>> layer = TGCN(1, 8, variant="authors")
    >>> layer(torch.randn(12, 3, 1), torch.tensor([[0, 1], [1, 2]]))[0].shape
    torch.Size([12, 3, 8])
    """

    def __init__(
        self,
        in_channels: int,
        hidden_channels: int,
        *,
        variant: str = "paper",
        reset_after: bool = False,
        bias: bool = True,
        backend: str = "auto",
    ) -> None:
        self._convolves = _checks.choice("variant", variant, ("paper", "authors")) == "paper"
        basis: Basis = Chebyshev(1) if self._convolves else Neighbours()
        super().__init__(_gru(reset_after), basis, in_channels, hidden_channels, bias, backend)
        if self._convolves:
            self.first = GCNConv(in_channels, hidden_channels, bias=False)
            self.second = GCNConv(hidden_channels, hidden_channels, bias=False)

    def _width(self) -> int:
        return self.hidden_channels if self._convolves else self.in_channels

    def _read(self, x: Tensor, edge_index: Tensor, edge_weight: Tensor | None) -> Tensor:
        if not self._convolves:
            return x
        inner = self.first(x, edge_index, edge_weight).relu()
        return self.second(inner, edge_index, edge_weight).sigmoid()


def _chebyshev(K: int, lambda_max: float) -> Chebyshev:
    if not lambda_max > 0:
        raise ValueError(_checks.problem("lambda_max", "a number above 0", lambda_max, "2.0 bounds every Laplacian"))
    return Chebyshev(_checks.positive("K", K), lambda_max)
