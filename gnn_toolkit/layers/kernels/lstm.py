"""Long short-term memory with a forget gate for every edge.

    i = sigmoid(a_i + q_i),  g = tanh(a_g + q_g),  o = sigmoid(a_o + q_o)
    f_e = sigmoid(a_f,v + p_r,u)  with  p_r,u = W_f,r h_u           for every edge e = u -> v of type r
    c_v = i * g + aggregate over e of f_e * c_u,  h_v = o * tanh(c_v)

``p_r,u`` is computed once a node, when the node is done, and not once an edge; so all products together are those of a
plain LSTM, however many edges there are.

Backward, step 1 of the derivation in :mod:`gnn_toolkit.layers.kernels`, with D the whole gradient of c_v:

    D   = dc_v + dh_v * o * (1 - tanh(c_v)^2)
    di~ = D * g * i * (1 - i),  dg~ = D * i * (1 - g^2),  do~ = dh_v * tanh(c_v) * o * (1 - o) = dh_v * h_v * (1 - o)
    df~_e = D * c_u * f_e * (1 - f_e),  da_f,v = sum over e of df~_e,  dc_u += D * f_e

What an edge asks of its source through the forget gate is summed at the source, ``dp_r,u = sum over e of df~_e``, and
enters when the source's level is reached: ``dh_u += W_f,r^T dp_r,u``, and at the end ``dW_f,r = sum of dp_r,u h_u^T``.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from gnn_toolkit.layers.cells import LSTMCell
from gnn_toolkit.layers.kernels.inputs import differentiable, fresh, input_gates, stacked, states
from gnn_toolkit.layers.kernels.slopes import memory_slopes, output_slopes
from gnn_toolkit.layers.kernels.walk import Step, Walk, chunks


def _products(weight: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return the products of the sums to i [R * H, H], h to p [H, R * H], and the sums to g and o [R * H, 2 H]."""
    hidden = weight.size(2)
    w_i, w_f, w_go = weight.split([hidden, hidden, 2 * hidden], 1)
    return stacked(w_i), w_f.flatten(0, 1).t(), stacked(w_go)


@torch.library.custom_op("gnn_toolkit::dag_lstm", mutates_args=())
def forward(
    x: Tensor,
    weight_ih: Tensor,
    bias: Tensor | None,
    weight: Tensor,
    h_0: Tensor,
    c_0: Tensor,
    structure: Sequence[Tensor],
    aggr: str,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return the states h and c [S + N, H], i, tanh(c), g, o [N, 4 H] and f_e [E, H]."""
    relations, hidden = weight.size(0), h_0.size(1)
    walk = Walk(structure, h_0.size(0), aggr)
    h, c = (states(start, x.size(0)) for start in (h_0, c_0))
    acts = input_gates(x, weight_ih, bias, x.new_empty(x.size(0), 4 * hidden))
    forget = x.new_empty(walk.structure.source.size(0), hidden)
    to_i, to_p, to_go = _products(weight)
    asked = x.new_empty(h.size(0), relations * hidden)
    torch.mm(h_0, to_p, out=asked[: walk.extra])
    nodes = [h[walk.extra :], c[walk.extra :], asked[walk.extra :], *acts.split(hidden, 1), acts[:, 2 * hidden :]]
    for step in walk.forward(nodes, [forget]):
        h_v, c_v, p_v, i, a_f, g, o, go = step.nodes
        s = walk.sums(step, h, walk.mode)
        kept = None
        if s is not None:
            source, local, source_row, *_ = step.into
            (f,) = step.edges
            i.addmm_(s, to_i)
            go.addmm_(s, to_go)
            torch.index_select(asked.view(-1, hidden), 0, source_row, out=f).add_(a_f.index_select(0, local)).sigmoid_()
            kept = walk.gather_into(step, c.index_select(0, source).mul_(f))
        i.sigmoid_()
        o.sigmoid_()
        torch.mul(i, g.tanh_(), out=c_v) if kept is None else torch.addcmul(kept, i, g.tanh_(), out=c_v)
        torch.mul(o, torch.tanh(c_v, out=a_f), out=h_v)  # a_f has served: tanh(c) takes its place
        if step.outof[0].size(0):
            torch.mm(h_v, to_p, out=p_v)
    return h, c, acts, forget


@torch.library.custom_op("gnn_toolkit::dag_lstm_backward", mutates_args=())
def backward(
    dh: Tensor | None,
    dc: Tensor | None,
    h: Tensor,
    c: Tensor,
    acts: Tensor,
    forget: Tensor,
    weight: Tensor,
    structure: Sequence[Tensor],
    extra: int,
    aggr: str,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return the gradients of the gates, the weight and the initial h and c."""
    hidden = h.size(1)
    walk = Walk(structure, extra, aggr)
    h_shares = walk.prepare(h)
    dh, dc = fresh(dh, h), fresh(dc, c)
    dgates = torch.empty_like(acts)
    for parts in chunks(dgates, h[extra:], acts):
        _slopes(*parts)
    dforget = c.index_select(0, walk.structure.source).mul_(forget)
    edges = [] if (shares := walk.shares(dforget)) is None else [shares]
    dforget.addcmul_(dforget, forget, value=-1)
    kept, messages = torch.empty_like(forget), walk.messages(dh)
    # Once a node is done, its part of dc has served; dp, which only the weight still needs, takes its place.
    dasked = dc if weight.size(0) == 1 and not extra else h.new_empty(h.size(0), weight.size(0) * hidden)
    from_i, from_p, from_go = (product.t() for product in _products(weight))
    nodes = [dh[extra:], dc[extra:], dasked[extra:], *dgates.split(hidden, 1), dgates[:, 2 * hidden :]]
    for step in walk.backward(nodes, [forget, dforget, kept, *edges]):
        dh_v, dc_v, dp_v, di, to_c, dg, do, dgo = step.nodes
        dp = _collect(walk, step, dh_v, dc_v, (messages, kept, dforget, h_shares), from_p)
        dc_v.addcmul_(dh_v, to_c)
        di.mul_(dc_v)
        dg.mul_(dc_v)
        do.mul_(dh_v)
        if step.into[0].size(0):
            f, df, k, *share = step.edges
            whole = dc_v.index_select(0, step.into[1])
            if share:
                whole.mul_(share[0])
            df.mul_(whole)
            torch.mul(whole, f, out=k)
            walk.send(step, messages, (di, from_i), (dgo, from_go))
        dp_v.zero_() if dp is None else dp_v.copy_(dp)
    for step in walk.given([dh[:extra], dc[:extra], dasked[:extra]]):
        dh_v, dc_v, dp_v = step.nodes
        dp = _collect(walk, step, dh_v, dc_v, (messages, kept, dforget, h_shares), from_p)
        dp_v.zero_() if dp is None else dp_v.copy_(dp)
    del messages, kept
    dgates[:, hidden : 2 * hidden] = walk.sum_edges(dforget)
    dweight = walk.weight_gradient(dgates, h)
    dweight[:, hidden : 2 * hidden] = (dasked.t() @ h).view(-1, hidden, hidden)
    return dgates, dweight, dh[:extra].clone(), dc[:extra].clone()


def _collect(
    walk: Walk, step: Step, dh: Tensor, dc: Tensor, left: tuple[Tensor, Tensor, Tensor, Tensor | None], from_p: Tensor
) -> Tensor | None:
    """Add to dh and dc of a block what its successors left in the messages and on the edges, and return its dp."""
    if not step.outof[0].size(0):
        return None
    messages, kept, dforget, shares = left
    walk.collect(step, dh, messages, shares)
    dc.add_(walk.sum_outof(step, kept))
    dp = walk.sum_outof(step, dforget, by_row=True)
    dh.addmm_(dp, from_p)
    return dp


def _slopes(dgates: Tensor, h: Tensor, acts: Tensor) -> None:
    """Write what the walk multiplies by D and ``dh_v``: the slopes of the gates and, where f's stand, of c in h."""
    i, tanh_c, g, o = acts.chunk(4, 1)
    di, to_c, dg, do = dgates.chunk(4, 1)
    memory_slopes(i, g, (di, dg))
    output_slopes(h, o, tanh_c, (do, to_c))


@forward.register_fake
def _(x: Tensor, weight_ih: Tensor, bias: Any, weight: Tensor, h_0: Tensor, c_0: Any, structure: Any, *_: Any) -> Any:
    hidden = h_0.size(1)
    h, c = (h_0.new_empty(h_0.size(0) + x.size(0), hidden) for _ in range(2))
    return h, c, x.new_empty(x.size(0), 4 * hidden), x.new_empty(structure[0].size(0), hidden)


@backward.register_fake
def _(
    dh: Tensor, dc: Any, h: Tensor, c: Any, acts: Tensor, forget: Any, weight: Tensor, _: Any, extra: int, *__: Any
) -> Any:
    return torch.empty_like(acts), torch.empty_like(weight), *(h.new_empty(extra, h.size(1)) for _ in range(2))


differentiable(forward, backward, lambda weight: LSTMCell())
