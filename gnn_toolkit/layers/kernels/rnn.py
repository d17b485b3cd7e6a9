"""Elman recurrence: ``h_v = phi(a_v + q_v)`` with phi tanh or relu.

Backward, step 1 of the derivation in :mod:`gnn_toolkit.layers.kernels`: ``dq_v = da_v = dh_v * phi'``, where
``phi' = 1 - h_v^2`` for tanh and ``[h_v > 0]`` for relu.
"""

from typing import Any

import torch
from torch import Tensor

from gnn_toolkit.layers.kernels.walk import gather_sums, levels, scatter_back, weight_gradient


@torch.library.custom_op("gnn_toolkit::dag_rnn", mutates_args=())
def forward(
    gates: Tensor,
    weight: Tensor,
    initial: Tensor,
    source: Tensor,
    local: Tensor,
    node_ptr: Tensor,
    edge_ptr: Tensor,
    scale: Tensor,
    relu: bool,
) -> tuple[Tensor, Tensor]:
    """Return the states h [S + N, H] and the sums s [R, N, H]."""
    extra = initial.size(0)
    h = torch.cat([initial, gates])
    sums = gates.new_zeros(weight.size(0), *gates.shape)
    for level in levels(node_ptr, edge_ptr, weight.size(0), extra):
        states = h[level.states]
        for r, s in gather_sums(level, h, sums, source, local, scale):
            states.addmm_(s, weight[r].t())
        states.relu_() if relu else states.tanh_()
    return h, sums


@torch.library.custom_op("gnn_toolkit::dag_rnn_backward", mutates_args=())
def backward(
    dh: Tensor,
    h: Tensor,
    sums: Tensor,
    weight: Tensor,
    source: Tensor,
    local: Tensor,
    node_ptr: Tensor,
    edge_ptr: Tensor,
    scale: Tensor,
    relu: bool,
) -> tuple[Tensor, Tensor, Tensor]:
    """Return the gradients of the gates, the weight and the initial states."""
    extra = h.size(0) - sums.size(1)
    dh = dh.clone()
    slope = (h > 0).to(h.dtype) if relu else 1 - h * h
    for level in reversed(levels(node_ptr, edge_ptr, weight.size(0), extra)):
        dq = dh[level.states].mul_(slope[level.states])
        for r, edges in enumerate(level.edges):
            if edges.stop > edges.start:
                scatter_back(level, r, dh, dq @ weight[r], source, local, scale)
    dq = dh[extra:]
    return dq.clone(), weight_gradient(dq, sums), dh[:extra].clone()


@forward.register_fake
def _(gates: Tensor, weight: Tensor, initial: Tensor, *_: Any) -> tuple[Tensor, Tensor]:
    rows = initial.size(0) + gates.size(0)
    return gates.new_empty(rows, gates.size(1)), gates.new_empty(weight.size(0), *gates.shape)


@backward.register_fake
def _(dh: Tensor, h: Tensor, sums: Tensor, weight: Tensor, *_: Any) -> tuple[Tensor, Tensor, Tensor]:
    extra = h.size(0) - sums.size(1)
    return h.new_empty(sums.shape[1:]), torch.empty_like(weight), h.new_empty(extra, h.size(1))


def _setup(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, Tensor]) -> None:
    _, weight, _, *structure, relu = inputs
    ctx.set_materialize_grads(False)
    ctx.save_for_backward(*output, weight, *structure)
    ctx.relu = relu


def _backward(ctx: Any, dh: Tensor, _: Tensor | None) -> tuple[Tensor | None, ...]:
    return (*backward(dh, *ctx.saved_tensors, ctx.relu), *[None] * 6)


forward.register_autograd(_backward, setup_context=_setup)
