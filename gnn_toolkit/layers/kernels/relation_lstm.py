"""Long short-term memory with a forget gate for every relation.

With ``C_r = sum of c_u over the edges u -> v of type r`` and gates laid out as i, f_1, ..., f_R, g, o:

    i = sigmoid(a_i + q_i),  f_r = sigmoid(a_fr + q_fr),  g = tanh(a_g + q_g),  o = sigmoid(a_o + q_o)
    c_v = i * g + sum over r of f_r * C_r,  h_v = o * tanh(c_v)

All gates are one product of the sums with ``W_r``, node by node and not edge by edge. Backward, step 1 of the
derivation in :mod:`gnn_toolkit.layers.kernels`, with D the whole gradient of c_v:

    D   = dc_v + dh_v * o * (1 - tanh(c_v)^2)
    di~ = D * g * i * (1 - i),  dg~ = D * i * (1 - g^2),  do~ = dh_v * tanh(c_v) * o * (1 - o)
    df~_r = D * C_r * f_r * (1 - f_r),  and dc_u += D * f_r for every edge u -> v of type r
"""

from typing import Any

import torch
from torch import Tensor

from gnn_toolkit.layers.kernels.walk import Structure, Walk, weight_gradient


@torch.library.custom_op("gnn_toolkit::dag_relation_lstm", mutates_args=())
def forward(
    gates: Tensor,
    weight: Tensor,
    initial: Tensor,
    source: Tensor,
    target: Tensor,
    node_ptr: Tensor,
    edge_ptr: Tensor,
    aggr: str,
) -> tuple[Tensor, Tensor, Tensor]:
    """Return h, c [S + N, 2 H], the gates [N, (3 + R) H], and s_r and C_r [R, N, 2 H]."""
    relations, hidden = weight.size(0), weight.size(2)
    walk = Walk(Structure(source, target, node_ptr, edge_ptr, aggr), initial.size(0))
    states = torch.cat([initial, gates.new_empty(gates.size(0), 2 * hidden)])
    acts = gates.clone()
    sums = gates.new_zeros(relations, gates.size(0), 2 * hidden)
    products = [w.t() for w in weight]
    i, *f, g, o = acts.split(hidden, 1)
    columns = [acts, acts[:, : (1 + relations) * hidden], i, g, o, *states[walk.extra :].split(hidden, 1)]
    nodes = [*columns, *f, *sums]
    for act, squash, i, g, o, h, c, *rest, origins, locals_ in walk.levels(nodes, [source, walk.local]):
        for s, product, origin, local in zip(rest[relations:], products, origins, locals_, strict=True):
            if origin.numel():
                walk.add_up(s, local, states.index_select(0, origin), hidden)
                act.addmm_(s[:, :hidden], product)
        squash.sigmoid_()
        torch.mul(i, g.tanh_(), out=c)
        for f_r, s, origin in zip(rest[:relations], rest[relations:], origins, strict=True):
            if origin.numel():
                c.addcmul_(f_r, s[:, hidden:])
        torch.mul(o.sigmoid_(), c.tanh(), out=h)
    return states, acts, sums


@torch.library.custom_op("gnn_toolkit::dag_relation_lstm_backward", mutates_args=())
def backward(
    dstates: Tensor,
    states: Tensor,
    acts: Tensor,
    sums: Tensor,
    weight: Tensor,
    source: Tensor,
    target: Tensor,
    node_ptr: Tensor,
    edge_ptr: Tensor,
    aggr: str,
) -> tuple[Tensor, Tensor, Tensor]:
    """Return the gradients of the gates, the weight and the initial states h, c side by side."""
    relations, hidden = weight.size(0), weight.size(2)
    extra = states.size(0) - acts.size(0)
    walk = Walk(Structure(source, target, node_ptr, edge_ptr, aggr), extra)
    h, c = states.split(hidden, 1)
    shares = walk.shares(h, sums[..., :hidden])
    dstates = dstates.clone()
    i, *forget, g, o = acts.split(hidden, 1)
    squashed = c[extra:].tanh()
    slope_f = [kept * f * (1 - f) for kept, f in zip(sums[..., hidden:], forget, strict=True)]
    slope_c = torch.cat([g * i * (1 - i), *slope_f, i * (1 - g * g)], 1).unflatten(1, (2 + relations, hidden))
    dgates = torch.empty_like(acts)
    by_c, do = dgates[:, :-hidden].unflatten(1, (2 + relations, hidden)), dgates[:, -hidden:]
    nodes = [*dstates[extra:].split(hidden, 1), squashed * o * (1 - o), o * (1 - squashed * squashed), slope_c]
    nodes += [dgates, by_c, do, *forget]
    edges = [source, walk.local, walk.local if shares is None else shares]
    for dh, dc, to_o, to_c, slope, dq, by_c, do, *rest in walk.levels(nodes, edges, reverse=True):
        dc.addcmul_(dh, to_c)
        torch.mul(dc.unsqueeze(1), slope, out=by_c)
        torch.mul(dh, to_o, out=do)
        for w, f, origin, local, share in zip(weight, rest[:relations], *rest[relations:], strict=True):
            if origin.numel():
                back = torch.cat([dq @ w, dc * f], 1).index_select(0, local)
                if shares is not None:
                    back[:, :hidden].mul_(share)
                dstates.index_add_(0, origin, back)
    return dgates, weight_gradient(dgates, sums[..., :hidden]), dstates[:extra].clone()


@forward.register_fake
def _(gates: Tensor, weight: Tensor, initial: Tensor, *_: Any) -> tuple[Tensor, ...]:
    relations, hidden = weight.size(0), weight.size(2)
    states = gates.new_empty(initial.size(0) + gates.size(0), 2 * hidden)
    return states, torch.empty_like(gates), gates.new_empty(relations, gates.size(0), 2 * hidden)


@backward.register_fake
def _(dstates: Tensor, states: Tensor, acts: Tensor, sums: Tensor, weight: Tensor, *_: Any) -> tuple[Tensor, ...]:
    initial = states.new_empty(states.size(0) - acts.size(0), states.size(1))
    return torch.empty_like(acts), torch.empty_like(weight), initial


def _setup(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, ...]) -> None:
    _, weight, _, *structure, aggr = inputs
    ctx.set_materialize_grads(False)
    ctx.save_for_backward(*output, weight, *structure)
    ctx.aggr = aggr


def _backward(ctx: Any, dstates: Tensor | None, *_: Tensor | None) -> tuple[Tensor | None, ...]:
    if dstates is None:
        return (None,) * 8
    return (*backward(dstates, *ctx.saved_tensors, ctx.aggr), *[None] * 5)


forward.register_autograd(_backward, setup_context=_setup)
