"""Elman recurrence: ``h_v = phi(a_v + q_v)`` with phi tanh or relu.

Backward, step 1 of the derivation in :mod:`gnn_toolkit.layers.kernels`: ``dq_v = da_v = dh_v * phi'``, where
``phi' = 1 - h_v^2`` for tanh and ``[h_v > 0]`` for relu.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from gnn_toolkit.layers.cells import RNNCell
from gnn_toolkit.layers.kernels.inputs import differentiable, fresh, input_gates, stacked, states
from gnn_toolkit.layers.kernels.walk import Walk


@torch.library.custom_op("gnn_toolkit::dag_rnn", mutates_args=())
def forward(
    x: Tensor,
    weight_ih: Tensor,
    bias: Tensor | None,
    weight: Tensor,
    h_0: Tensor,
    structure: Sequence[Tensor],
    aggr: str,
    relu: bool,
) -> Tensor:
    """Return the states h [S + N, H]."""
    walk = Walk(structure, h_0.size(0), aggr)
    h = states(h_0, x.size(0))
    input_gates(x, weight_ih, bias, h[walk.extra :])
    product = stacked(weight)
    for step in walk.forward([h[walk.extra :]]):
        (state,) = step.nodes
        s = walk.sums(step, h, walk.mode)
        if s is not None:
            state.addmm_(s, product)
        state.relu_() if relu else state.tanh_()
    return h


@torch.library.custom_op("gnn_toolkit::dag_rnn_backward", mutates_args=())
def backward(
    dh: Tensor | None, h: Tensor, weight: Tensor, structure: Sequence[Tensor], extra: int, aggr: str, relu: bool
) -> tuple[Tensor, Tensor, Tensor]:
    """Return the gradients of the gates, the weight and the initial states."""
    walk = Walk(structure, extra, aggr)
    shares = walk.prepare(h)
    dh = fresh(dh, h)
    messages = walk.messages(dh)
    product = stacked(weight).t()
    for step in walk.backward([dh[extra:], h[extra:]]):
        dq, state = step.nodes
        walk.collect(step, dq, messages, shares)
        if relu:
            dq.mul_(state > 0)
        else:
            dq.addcmul_(dq * state, state, value=-1)
        walk.send(step, messages, (dq, product))
    for step in walk.given([dh[:extra]]):
        walk.collect(step, step.nodes[0], messages, shares)
    dq = dh[extra:].clone() if extra else dh
    return dq, walk.weight_gradient(dq, h), dh[:extra].clone()


@forward.register_fake
def _(x: Tensor, weight_ih: Tensor, bias: Tensor | None, weight: Tensor, h_0: Tensor, *_: Any) -> Tensor:
    return h_0.new_empty(h_0.size(0) + x.size(0), h_0.size(1))


@backward.register_fake
def _(dh: Any, h: Tensor, weight: Tensor, structure: Sequence[Tensor], extra: int, *_: Any) -> tuple[Tensor, ...]:
    return h.new_empty(h.size(0) - extra, h.size(1)), torch.empty_like(weight), h.new_empty(extra, h.size(1))


differentiable(forward, backward, lambda weight, relu: RNNCell("relu" if relu else "tanh"))
