"""Recurrences in time whose graph convolutions are Chebyshev's: GConvGRU, GConvLSTM and GCLSTM."""

import math
from dataclasses import replace
from numbers import Real
from typing import Any

import torch
from torch import Tensor, nn

from gnn_toolkit import _checks
from gnn_toolkit._transforms import is_transforming
from gnn_toolkit.layers.bases import NORMALIZATIONS, Chebyshev
from gnn_toolkit.layers.temporal import TimeRecurrence
from gnn_toolkit.layers.time_cells import PeepholeLSTMCell, gru_cell

State = tuple[Tensor, Tensor]


class GConvGRU(TimeRecurrence):
    """Gated recurrent unit over a graph with Chebyshev convolutions (after Seo et al. 2016, section 3).

        r = sigmoid(W_xr * x_t + W_hr * h_(t-1) + b_r),  z likewise
        n = tanh(W_xn * x_t + W_hn * (r . h_(t-1)) + b_n),  h_t = (1 - z) . n + z . h_(t-1)

    with ``W * x = sum over k < K of T_k(L~) x W_k`` (:class:`~gnn_toolkit.layers.bases.Chebyshev`). Without edges and
    with ``K=1`` it is a gated recurrent unit for each node; with one step a convolution.

    Args:
        in_channels: width F of ``x``.
        out_channels: width H of the state.
        K: number of terms; the convolution reaches ``K - 1`` hops a step.
        lambda_max: largest eigenvalue of the Laplacian, or a bound; ``None`` for one that always holds. A call may give
            its own: a number, a tensor of one, or one for each node (that of its graph, in a batch of graphs).
        normalization: of the Laplacian: ``"sym"``, ``"rw"`` or ``None``, as PyG's ``ChebConv`` has it.
        degrees: which edges a degree counts, ``"in"``, or ``"out"`` as PyG does; on an undirected graph the same.
        reset_after: whether the reset gate acts after the product, as in ``torch.nn.GRU``: one product a step instead
            of two. The papers reset before it.
        bias: whether to learn biases ``b_ih`` and ``b_hh``, as ``torch.nn`` has.
        backend: ``"fused"`` (own kernel: one op for the window), ``"message_passing"`` (the same in plain operations,
            step by step; also for edge weights that learn, under autocast, ``torch.func`` and forward-mode
            derivatives) or ``"auto"``, the first of them that fits.

    Shapes:
        - ``x`` [B, T, N, F] or [T, N, F]: T steps; or one step [N, F]
        - ``edge_index`` [2, E] and ``edge_weight`` [E] where the graph stays, or an ``EdgeIndex`` or sparse matrix as
          :class:`GCNConv` takes; where it changes, lists of T of them, or one of all edges with ``edge_time`` [E], the
          step of each
        - ``hx`` and the final state [B, N, H] or [N, H]; zeros where ``None``
        - output [B, T, N, H], [T, N, H] or [N, H]

    Raises:
        ValueError: on input that does not fit, or whose type or device is not the layer's; ``edge_weight`` is brought
            to the type of ``x``.

    >>> layer, edge_index = GConvGRU(2, 8, K=3), torch.tensor([[0, 1], [1, 2]])
    >>> x = torch.randn(12, 3, 2)
    >>> out, h = layer(x, edge_index)
    >>> first, h = layer(x[:5], edge_index)
    >>> rest, h = layer(x[5:], edge_index, hx=h)
    >>> torch.allclose(torch.cat([first, rest]), out, atol=1e-6)
    True
    """

    basis: Chebyshev

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        K: int = 3,
        *,
        lambda_max: float | Tensor | None = None,
        normalization: str | None = "sym",
        degrees: str = "in",
        reset_after: bool = False,
        bias: bool = True,
        backend: str = "auto",
    ) -> None:
        basis = _chebyshev(K, lambda_max, normalization, degrees)
        super().__init__(gru_cell(reset_after), basis, in_channels, out_channels, bias, backend)

    def forward(
        self,
        x: Tensor,
        edge_index: Any,
        edge_weight: Any = None,
        hx: Tensor | None = None,
        *,
        edge_time: Tensor | None = None,
        lambda_max: float | Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Return the outputs of all steps [..., T, N, H] and the final state [..., N, H]."""
        edges, initial = (edge_index, edge_weight, edge_time), None if hx is None else (hx,)
        out, (h_n,) = self._run(x, edges, initial, _with_bound(self.basis, lambda_max, x))
        return out, h_n


class _ChebyshevLSTM(TimeRecurrence):
    """A recurrence in time whose state is a pair ``(h, c)`` and whose basis Chebyshev's."""

    basis: Chebyshev

    def forward(
        self,
        x: Tensor,
        edge_index: Any,
        edge_weight: Any = None,
        hx: State | None = None,
        *,
        edge_time: Tensor | None = None,
        lambda_max: float | Tensor | None = None,
    ) -> tuple[Tensor, State]:
        """Return the outputs of all steps [..., T, N, H] and the final (h, c), each [..., N, H]."""
        edges = (edge_index, edge_weight, edge_time)
        out, (h_n, c_n) = self._run(x, edges, hx, _with_bound(self.basis, lambda_max, x))
        return out, (h_n, c_n)


class GConvLSTM(_ChebyshevLSTM):
    """Long short-term memory over a graph with Chebyshev convolutions and peepholes (Seo et al. 2016, Model 2).

        i = sigmoid(W_xi * x_t + W_hi * h_(t-1) + w_ci . c_(t-1) + b_i),  f likewise
        c_t = f . c_(t-1) + i . tanh(W_xc * x_t + W_hc * h_(t-1) + b_c)
        o = sigmoid(W_xo * x_t + W_ho * h_(t-1) + w_co . c_t + b_o),  h_t = o . tanh(c_t)

    with ``*`` as in :class:`GConvGRU`, whose arguments, shapes and errors it has, but for ``hx`` and the final state:
    pairs ``(h, c)``.

    Args:
        in_channels: width F of ``x``.
        out_channels: width H of the state.
        K: number of terms.
        lambda_max: as :class:`GConvGRU` has it, and so the next two.
        normalization: of the Laplacian.
        degrees: which edges a degree counts.
        peepholes: whether the gates look at the memory, through weights [3, H] in the order i, f, o.
        bias: whether to learn biases.
        backend: as :class:`GConvGRU` has it.

    >>> layer = GConvLSTM(2, 8)
    >>> out, (h, c) = layer(torch.randn(4, 12, 3, 2), torch.tensor([[0, 1], [1, 2]]))
    >>> out.shape, c.shape
    (torch.Size([4, 12, 3, 8]), torch.Size([4, 3, 8]))
    """

    parameter_names = (*TimeRecurrence.parameter_names, "peephole")

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        K: int = 3,
        *,
        lambda_max: float | Tensor | None = None,
        normalization: str | None = "sym",
        degrees: str = "in",
        peepholes: bool = True,
        bias: bool = True,
        backend: str = "auto",
    ) -> None:
        basis = _chebyshev(K, lambda_max, normalization, degrees)
        super().__init__(PeepholeLSTMCell(), basis, in_channels, out_channels, bias, backend)
        self.peephole = nn.Parameter(torch.empty(3, self.out_channels)) if peepholes else None
        self.reset_parameters()

    def _cell(self) -> PeepholeLSTMCell:
        return PeepholeLSTMCell(self.peephole)


class GCLSTM(_ChebyshevLSTM):
    """Long short-term memory that reads the graph through its state alone (Chen et al. 2022, GC-LSTM).

    A :class:`GConvLSTM` without peepholes whose input meets dense weights: ``W_x x_t`` instead of ``W_x * x_t``.
    Arguments, shapes and errors are those of :class:`GConvLSTM`, without ``peepholes``.

    Args:
        in_channels: width F of ``x``.
        out_channels: width H of the state.
        K: number of terms of the state.
        lambda_max: as :class:`GConvGRU` has it, and so the next two.
        normalization: of the Laplacian.
        degrees: which edges a degree counts.
        bias: whether to learn biases.
        backend: as :class:`GConvGRU` has it.

    >>> layer = GCLSTM(2, 8)
    >>> layer.weight_ih.shape, layer.weight_hh.shape
    (torch.Size([32, 2]), torch.Size([32, 24]))
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        K: int = 3,
        *,
        lambda_max: float | Tensor | None = None,
        normalization: str | None = "sym",
        degrees: str = "in",
        bias: bool = True,
        backend: str = "auto",
    ) -> None:
        basis, cell = _chebyshev(K, lambda_max, normalization, degrees), PeepholeLSTMCell()
        super().__init__(cell, basis, in_channels, out_channels, bias, backend, of_input=Chebyshev(1))


def _chebyshev(K: int, lambda_max: Any, normalization: str | None, degrees: str) -> Chebyshev:
    if normalization not in NORMALIZATIONS:
        remedy = "pick one of these"
        raise ValueError(_checks.problem("normalization", "'sym', 'rw' or None", repr(normalization), remedy))
    terms, counted = _checks.positive("K", K), _checks.choice("degrees", degrees, ("in", "out"))
    return _with_bound(Chebyshev(terms, None, normalization, counted), lambda_max, None)


def _with_bound(basis: Chebyshev, lambda_max: Any, x: Any) -> Chebyshev:
    """Return the basis with a bound of its own, or itself where there is none."""
    if lambda_max is None:
        return basis
    if isinstance(lambda_max, Tensor):
        sizes = [1] if x is None or not isinstance(x, Tensor) or x.dim() < 2 else [1, x.size(-2)]
        fits = lambda_max.dim() < 2 and lambda_max.numel() in sizes and lambda_max.is_floating_point()
        looks = fits and not (torch.compiler.is_compiling() or is_transforming())
        fits = fits and not (lambda_max.is_meta or (looks and not bool((lambda_max > 0).all())))
        got: Any = f"{lambda_max.dtype} {list(lambda_max.shape)}" if lambda_max.numel() > 1 else lambda_max
    else:
        number = isinstance(lambda_max, Real) and not isinstance(lambda_max, bool)
        fits, got = number and 0 < float(lambda_max) < math.inf, repr(lambda_max)
        lambda_max = float(lambda_max) if fits else lambda_max
    if not fits:
        allowed = "a number above 0, or a floating-point tensor of one or of one a node"
        raise ValueError(_checks.problem("lambda_max", allowed, got, "2.0 bounds every normalised Laplacian"))
    return replace(basis, lambda_max=lambda_max)
