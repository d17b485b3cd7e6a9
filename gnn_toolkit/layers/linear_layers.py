"""Layers over any directed acyclic graph that are linear in their state: DAGMinGRU, DAGMinLSTM, DAGLRU, DAGMamba."""

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from torch import Tensor

from gnn_toolkit import _checks
from gnn_toolkit.layers.linear_cells import LinearCell, LRUCell, MambaCell, MinGRUCell, MinLSTMCell
from gnn_toolkit.layers.linear_stack import LinearRecurrence


class _OverDAG(LinearRecurrence):
    """A linear recurrence that is called with a graph; ``_cell`` makes its cell of H and R."""

    _cell: Callable[[int, int], LinearCell]

    def __init__(
        self,
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
        super().__init__(
            self._cell(hidden_channels, num_relations),
            in_channels,
            hidden_channels,
            num_layers,
            bias=bias,
            dropout=dropout,
            bidirectional=bidirectional,
            num_relations=num_relations,
            backend=backend,
            aggr=aggr,
            flow=flow,
        )

    def forward(
        self,
        x: Tensor,
        edge_index: Tensor,
        hx: Sequence[Tensor] | None = None,
        *,
        edge_type: Tensor | None = None,
        level: Tensor | None = None,
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Return outputs [N, D * H] of the last layer and the final states of every layer and direction."""
        out, (h_n,) = self._walk_all(x, edge_index, None if hx is None else [hx], edge_type, level)
        return out, h_n


class DAGMinGRU(_OverDAG):
    """Minimal gated recurrent unit over a DAG (Feng et al. 2024, section 3.1): gates see x alone, states add up.

        z_v = sigmoid(W_z x_v + b_z),  n_v = W_n x_v + b_n
        h_v = mean over e = (u -> v) of (1 - z_v) * h_u, + z_v * n_v

    On a path it is the paper's plain form, whose candidate n is linear: the paper's function g serves a scan over
    logarithms. Linear in the states, it is solved at the speed of a scan: see :func:`linear_recurrence`.

    With R types of edges there is a gate for each; an edge of type r into v carries ``(1 - z_v,r) * h_u``, and n has
    the mean of the gates. The mean is over all predecessors, whatever their type.

    Args:
        in_channels: width F of ``x``; -1 to take it from the first input.
        hidden_channels: width H of an output.
        num_layers: number of layers; each reads the outputs of the one before.
        bias: whether ``W_ih x`` has a bias.
        dropout: probability of dropping an output between layers while training.
        bidirectional: also walk the reversed graph; outputs are then 2 * H wide.
        num_relations: number R of edge types.
        backend: ``"message_passing"`` (PyG, level by level), ``"fused"`` (:func:`linear_recurrence`), or ``"auto"``:
            fused, and message passing under hooks, explainers, own ``message`` methods, ``torch.func`` and forward-mode
            derivatives.
        aggr: ``"mean"`` of what the predecessors send, or ``"sum"``, which may grow exponentially with the depth.
        flow: ``"source_to_target"``, or ``"target_to_source"`` to walk every edge the other way round.

    Shapes:
        - ``x`` [N, F], ``edge_index`` [2, E], ``edge_type`` [E], ``level`` [N]
        - ``hx``, ``h_n``: ``num_layers * D`` tensors; forward [starts, S] in and [ends, S] out, reverse the other way;
          rows by the numbers of the nodes; here S = H. An initial state counts as one predecessor, of type 0
        - output [N, D * H]
        - ``weight_ih_l*`` [(R + 1) * H, F]: z_1, ..., z_R, n; ``bias_ih_l*`` [(R + 1) * H]

    Raises:
        ValueError: on input that does not fit; a cycle is named.

    >>> import torch
    >>> layer = DAGMinGRU(8, 16)
    >>> out, h_n = layer(torch.randn(3, 8), torch.tensor([[0, 1], [2, 2]]))
    >>> out.shape, h_n[0].shape
    (torch.Size([3, 16]), torch.Size([1, 16]))
    """

    _cell = MinGRUCell


class DAGMinLSTM(_OverDAG):
    """Minimal long short-term memory over a DAG (Feng et al. 2024, section 3.2): two gates, which see x alone.

        f_v = sigmoid(W_f x_v + b_f),  i_v = sigmoid(W_i x_v + b_i),  n_v = W_n x_v + b_n
        h_v = mean over e = (u -> v) of f'_v * h_u, + i'_v * n_v,    f' = f / (f + i),  i' = i / (f + i)

    It has one state. With R types of edges there is a gate f for each, and n has the mean of ``1 - f'_r``.

    Arguments, shapes and errors are those of :class:`DAGMinGRU`; rows of ``weight_ih_l*`` are f_1, ..., f_R, i, n.

    >>> import torch
    >>> layer = DAGMinLSTM(8, 16, bidirectional=True)
    >>> out, h_n = layer(torch.randn(3, 8), torch.tensor([[0, 1], [2, 2]]))
    >>> out.shape, [h.shape[0] for h in h_n]
    (torch.Size([3, 32]), [1, 2])
    """

    _cell = MinLSTMCell


class DAGLRU(_OverDAG):
    """Linear recurrent unit over a DAG (Orvieto et al. 2023, section 3): complex states that all inputs move alike.

        h_v = mean over e = (u -> v) of lambda * h_u, + gamma * (B x_v),    y_v = Re(C h_v) + D x_v
        lambda = exp(-exp(nu) + i exp(theta)),  gamma = sqrt(1 - |lambda|^2)

    so that ``|lambda| < 1`` whatever is learnt. A fresh lambda lies evenly on a ring. With R types of edges there is a
    lambda for each, and gamma follows from the mean of ``|lambda_r|^2``. The paper learns gamma too, from this value
    on; here it follows lambda.

    Arguments, shapes and errors are those of :class:`DAGMinGRU`. A state has two real numbers a channel, its real and
    imaginary part: ``S = 2 * C``. Biases, which the paper has not, begin at 0.

    Args:
        state_channels: number C of complex channels; ``None`` for H.
        r_min: smallest ``|lambda|`` of a fresh layer.
        r_max: largest.
        max_phase: largest angle of a fresh lambda.

    Parameters:
        ``nu_l*``, ``theta_l*`` [R, C]; ``weight_ih_l*`` [2 C + H, F]: B, real and imaginary part by turns, then D;
        ``weight_out_l*`` [H, C, 2]: C

    >>> import torch
    >>> out, h_n = DAGLRU(8, 16)(torch.randn(3, 8), torch.tensor([[0, 1], [2, 2]]))
    >>> out.shape, h_n[0].shape
    (torch.Size([3, 16]), torch.Size([1, 32]))
    """

    def __init__(
        self,
        in_channels: int,
        hidden_channels: int,
        num_layers: int = 1,
        *,
        state_channels: int | None = None,
        r_min: float = 0.0,
        r_max: float = 1.0,
        max_phase: float = 2 * math.pi,
        **options: Any,
    ) -> None:
        channels = None if state_channels is None else _checks.positive("state_channels", state_channels)
        if not 0 <= r_min <= r_max <= 1:
            remedy = "pass e.g. 0.9 and 0.999"
            raise ValueError(_checks.problem("r_min", "0 <= r_min <= r_max <= 1", f"{r_min} and {r_max}", remedy))
        if not 0 <= max_phase <= 2 * math.pi:
            raise ValueError(_checks.problem("max_phase", "an angle in [0, 2 pi]", max_phase, "pass e.g. 0.314"))
        self._cell = partial(LRUCell, channels=channels, ring=(r_min, r_max), max_phase=max_phase)
        super().__init__(in_channels, hidden_channels, num_layers, **options)


class DAGMamba(_OverDAG):
    """Selective state space over a DAG (Gu and Dao 2023, algorithm 2): x decides what is kept and read.

        u, B, C from x_v by one product each;  delta = softplus(W_delta (W_r x_v) + b_delta)
        h_v = mean over e = (u -> v) of exp(delta * A) * h_u, + delta * B * u
        y_v = (sum over the n channels of C * h_v) + D * u

    ``A = -exp(log_a)`` [H, n], so that every coefficient is in (0, 1). It is the paper's recurrence alone: the gate
    around it is that of :class:`gnn_toolkit.models.RecurrentBlock`, and there is no convolution. With R types of edges
    there is an A for each.

    Coefficients, offsets and states take ``N * H * n`` numbers each, which all exist at once.

    Arguments, shapes and errors are those of :class:`DAGMinGRU`; a state has ``S = H * n`` numbers.

    Args:
        state_channels: n, the number of channels of each hidden one.

    Parameters:
        ``weight_ih_l*`` [H + rank + 2 n, F]: u, r, B, C, rank = H / 16 rounded up; ``log_a_l*`` [R, H, n];
        ``weight_delta_l*`` [H, rank], ``bias_delta_l*`` [H]; ``skip_l*`` [H]: D

    >>> import torch
    >>> out, h_n = DAGMamba(8, 16, state_channels=4)(torch.randn(3, 8), torch.tensor([[0, 1], [2, 2]]))
    >>> out.shape, h_n[0].shape
    (torch.Size([3, 16]), torch.Size([1, 64]))
    """

    def __init__(
        self,
        in_channels: int,
        hidden_channels: int,
        num_layers: int = 1,
        *,
        state_channels: int = 16,
        **options: Any,
    ) -> None:
        self._cell = partial(MambaCell, channels=_checks.positive("state_channels", state_channels))
        super().__init__(in_channels, hidden_channels, num_layers, **options)
