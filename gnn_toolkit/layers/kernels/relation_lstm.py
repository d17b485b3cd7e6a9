"""Long short-term memory with a forget gate for every relation.

With ``C_r = aggregate of c_u over the edges u -> v of type r`` and gates laid out as i, f_1, ..., f_R, g, o:

    i = sigmoid(a_i + q_i),  f_r = sigmoid(a_fr + q_fr),  g = tanh(a_g + q_g),  o = sigmoid(a_o + q_o)
    c_v = i * g + sum over r of f_r * C_r,  h_v = o * tanh(c_v)

All gates are one product of the sums with ``W_r``, node by node and not edge by edge. Where no node has more than one
predecessor this is also the LSTM with a forget gate for every edge. Backward, step 1 of the derivation in
:mod:`gnn_toolkit.layers.kernels`, with D the whole gradient of c_v:

    D   = dc_v + dh_v * o * (1 - tanh(c_v)^2)
    di~ = D * g * i * (1 - i),  dg~ = D * i * (1 - g^2),  do~ = dh_v * tanh(c_v) * o * (1 - o) = dh_v * h_v * (1 - o)
    df~_r = D * C_r * f_r * (1 - f_r),  and dc_u += D * f_r for every edge u -> v of type r
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from gnn_toolkit.layers.cells import RelationLSTMCell
from gnn_toolkit.layers.kernels.inputs import differentiable, fresh, input_gates, stacked, states
from gnn_toolkit.layers.kernels.slopes import forget_slope, memory_slopes, output_slopes
from gnn_toolkit.layers.kernels.walk import Walk, chunks


@torch.library.custom_op("gnn_toolkit::dag_relation_lstm", mutates_args=())
def forward(
    x: Tensor,
    weight_ih: Tensor,
    bias: Tensor | None,
    weight: Tensor,
    h_0: Tensor,
    c_0: Tensor,
    structure: Sequence[Tensor],
    aggr: str,
) -> tuple[Tensor, Tensor, Tensor]:
    """Return the states h and c [S + N, H] and the gates [N, (3 + R) H]."""
    relations, hidden = weight.size(0), h_0.size(1)
    walk = Walk(structure, h_0.size(0), aggr)
    h, c = (states(start, x.size(0)) for start in (h_0, c_0))
    acts = input_gates(x, weight_ih, bias, x.new_empty(x.size(0), weight.size(1)))
    product = stacked(weight)
    sigmoids, (i, *f, g, o) = acts[:, : (1 + relations) * hidden], acts.split(hidden, 1)
    for step in walk.forward([h[walk.extra :], c[walk.extra :], acts, sigmoids, i, g, o, *f]):
        h_v, c_v, act, sigmoid, i, g, o, *f = step.nodes
        s = walk.sums(step, h, walk.mode)
        if s is not None:
            act.addmm_(s, product)
        sigmoid.sigmoid_()
        torch.mul(i, g.tanh_(), out=c_v)
        kept = walk.sums(step, c, walk.mode)
        if kept is not None:
            for f_r, c_r in zip(f, kept.split(hidden, 1), strict=True):
                c_v.addcmul_(f_r, c_r)
        torch.mul(o.sigmoid_(), c_v.tanh(), out=h_v)
    return h, c, acts


@torch.library.custom_op("gnn_toolkit::dag_relation_lstm_backward", mutates_args=())
def backward(
    dh: Tensor | None,
    dc: Tensor | None,
    h: Tensor,
    c: Tensor,
    acts: Tensor,
    weight: Tensor,
    structure: Sequence[Tensor],
    extra: int,
    aggr: str,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return the gradients of the gates, the weight and the initial h and c."""
    relations, hidden = weight.size(0), h.size(1)
    walk = Walk(structure, extra, aggr)
    shares = walk.prepare(h)
    c_shares = None if shares is None else walk.shares(c.index_select(0, walk.structure.source))
    dh, dc = fresh(dh, h), fresh(dc, c)
    dgates, to_c = torch.empty_like(acts), torch.empty_like(h[extra:])
    for parts in chunks(dgates, to_c, h[extra:], acts, walk.all_sums(c, walk.mode)):
        _slopes(*parts)
    messages, memories = walk.messages(dh), walk.messages(dc)
    product = stacked(weight).t()
    forget = acts[:, hidden : (1 + relations) * hidden].unflatten(1, (relations, hidden))
    by_c, do = dgates[:, :-hidden].unflatten(1, (2 + relations, hidden)), dgates[:, -hidden:]
    for step in walk.backward([dh[extra:], dc[extra:], to_c, dgates, by_c, do, forget]):
        dh_v, dc_v, to_c_v, dq, by_c_v, do_v, f = step.nodes
        walk.collect(step, dh_v, messages, shares)
        walk.collect(step, dc_v, memories, c_shares)
        dc_v.addcmul_(dh_v, to_c_v)
        by_c_v.mul_(dc_v.unsqueeze(1))
        do_v.mul_(dh_v)
        walk.send(step, messages, (dq, product))
        walk.keep(step, memories, dc_v, f)
    for step in walk.given([dh[:extra], dc[:extra]]):
        walk.collect(step, step.nodes[0], messages, shares)
        walk.collect(step, step.nodes[1], memories, c_shares)
    return dgates, walk.weight_gradient(dgates, h), dh[:extra].clone(), dc[:extra].clone()


def _slopes(dgates: Tensor, to_c: Tensor, h: Tensor, acts: Tensor, kept: Tensor) -> None:
    """Write what the walk multiplies by D and ``dh_v``: the slopes of the gates, and of c in h."""
    hidden = h.size(1)
    i, *f, g, o = acts.split(hidden, 1)
    di, *df, dg, do = dgates.split(hidden, 1)
    memory_slopes(i, g, (di, dg))
    for df_r, f_r, c_r in zip(df, f, kept.split(hidden, 1), strict=True):
        forget_slope(c_r, f_r, df_r)
    torch.div(h, o.clamp(min=torch.finfo(h.dtype).tiny), out=to_c)  # tanh(c)
    output_slopes(h, o, to_c, (do, to_c))


@forward.register_fake
def _(x: Tensor, weight_ih: Tensor, bias: Any, weight: Tensor, h_0: Tensor, *_: Any) -> Any:
    h, c = (h_0.new_empty(h_0.size(0) + x.size(0), h_0.size(1)) for _ in range(2))
    return h, c, x.new_empty(x.size(0), weight.size(1))


@backward.register_fake
def _(dh: Any, dc: Any, h: Tensor, c: Tensor, acts: Tensor, weight: Tensor, _: Any, extra: int, *__: Any) -> Any:
    return torch.empty_like(acts), torch.empty_like(weight), *(h.new_empty(extra, h.size(1)) for _ in range(2))


differentiable(forward, backward, lambda weight: RelationLSTMCell(weight.size(0)))
