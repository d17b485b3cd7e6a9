"""Elman recurrence: ``h_v = phi(a_v + q_v)`` with phi tanh or relu.

Backward, step 1 of the derivation in :mod:`gnn_toolkit.layers.kernels`: ``dq_v = da_v = dh_v * phi'``, where
``phi' = 1 - h_v^2`` for tanh and ``[h_v > 0]`` for relu.
"""

from typing import Any

import torch
from torch import Tensor

from gnn_toolkit.layers.kernels.walk import Structure, Walk, weight_gradient


@torch.library.custom_op("gnn_toolkit::dag_rnn", mutates_args=())
def forward(
    gates: Tensor,
    weight: Tensor,
    initial: Tensor,
    source: Tensor,
    target: Tensor,
    node_ptr: Tensor,
    edge_ptr: Tensor,
    aggr: str,
    relu: bool,
) -> tuple[Tensor, Tensor]:
    """Return the states h [S + N, H] and the sums s [R, N, H]."""
    walk = Walk(Structure(source, target, node_ptr, edge_ptr, aggr), initial.size(0))
    h = torch.cat([initial, gates])
    sums = gates.new_zeros(weight.size(0), *gates.shape)
    products = [w.t() for w in weight]
    for state, *into, sources, locals_ in walk.levels([h[walk.extra :], *sums], [source, walk.local]):
        for s, product, origin, local in zip(into, products, sources, locals_, strict=True):
            if origin.numel():
                walk.add_up(s, local, h.index_select(0, origin), s.size(1))
                state.addmm_(s, product)
        state.relu_() if relu else state.tanh_()
    return h, sums


@torch.library.custom_op("gnn_toolkit::dag_rnn_backward", mutates_args=())
def backward(
    dh: Tensor,
    h: Tensor,
    sums: Tensor,
    weight: Tensor,
    source: Tensor,
    target: Tensor,
    node_ptr: Tensor,
    edge_ptr: Tensor,
    aggr: str,
    relu: bool,
) -> tuple[Tensor, Tensor, Tensor]:
    """Return the gradients of the gates, the weight and the initial states."""
    extra = h.size(0) - sums.size(1)
    walk = Walk(Structure(source, target, node_ptr, edge_ptr, aggr), extra)
    shares = walk.shares(h, sums)
    dh = dh.clone()
    slope = (h > 0).to(h.dtype) if relu else 1 - h * h
    edges = [source, walk.local, walk.local if shares is None else shares]
    for dq, phi, *pieces in walk.levels([dh[extra:], slope[extra:]], edges, reverse=True):
        dq.mul_(phi)
        for w, origin, local, share in zip(weight, *pieces, strict=True):
            if origin.numel():
                back = (dq @ w).index_select(0, local)
                dh.index_add_(0, origin, back if shares is None else back.mul_(share))
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
    _, weight, _, *structure, aggr, relu = inputs
    ctx.set_materialize_grads(False)
    ctx.save_for_backward(*output, weight, *structure)
    ctx.options = (aggr, relu)


def _backward(ctx: Any, dh: Tensor | None, _: Tensor | None) -> tuple[Tensor | None, ...]:
    if dh is None:
        return (None,) * 9
    return (*backward(dh, *ctx.saved_tensors, *ctx.options), *[None] * 6)


forward.register_autograd(_backward, setup_context=_setup)
