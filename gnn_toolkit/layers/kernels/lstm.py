"""Long short-term memory with a forget gate for every edge.

Gates are laid out as i, o, g, f here:

    i = sigmoid(a_i + q_i),  o = sigmoid(a_o + q_o),  g = tanh(a_g + q_g)
    f_e = sigmoid(a_f,v + p_r,u)  with  p_r,u = W_f,r h_u           for every edge e = u -> v of type r
    c_v = i * g + sum over e of f_e * c_u,  h_v = o * tanh(c_v)

``p_r,u`` is computed once a node, when the node is done, and not once an edge; so all products together are those of a
plain LSTM, however many edges there are.

Backward, step 1 of the derivation in :mod:`gnn_toolkit.layers.kernels`, with D the whole gradient of c_v:

    D   = dc_v + dh_v * o * (1 - tanh(c_v)^2)
    di~ = D * g * i * (1 - i),  dg~ = D * i * (1 - g^2),  do~ = dh_v * tanh(c_v) * o * (1 - o)
    df~_e = D * c_u * f_e * (1 - f_e),  da_f,v = sum over e of df~_e,  dc_u += D * f_e

What an edge asks of its source through the forget gate is summed at the source, ``dp_r,u = sum over e of df~_e``, and
enters when the source's level is reached: ``dh_u += W_f,r^T dp_r,u``, and at the end ``dW_f,r = sum of dp_r,u h_u^T``.
"""

from typing import Any

import torch
from torch import Tensor

from gnn_toolkit.layers.kernels.walk import Structure, Walk, weight_gradient


@torch.library.custom_op("gnn_toolkit::dag_lstm", mutates_args=())
def forward(
    gates: Tensor,
    weight: Tensor,
    initial: Tensor,
    source: Tensor,
    target: Tensor,
    node_ptr: Tensor,
    edge_ptr: Tensor,
    aggr: str,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return h, c [S + N, 2 H], the gates i, o, g, a_f [N, 4 H], the sums s [R, N, H] and f_e [E, H]."""
    relations, hidden = weight.size(0), weight.size(2)
    walk = Walk(Structure(source, target, node_ptr, edge_ptr, aggr), initial.size(0))
    states = torch.cat([initial, gates.new_empty(gates.size(0), 2 * hidden)])
    acts = gates.clone()
    sums = gates.new_zeros(relations, gates.size(0), hidden)
    forget = gates.new_empty(source.size(0), hidden)
    products = [(w[: 3 * hidden].t(), w[3 * hidden :].t()) for w in weight]
    asked = gates.new_empty(relations, states.size(0), hidden)  # p_r,u
    for p, (_, product_f) in zip(asked, products, strict=True):
        torch.mm(initial[:, :hidden], product_f, out=p[: walk.extra])
    columns = [acts[:, : 3 * hidden], acts[:, : 2 * hidden], *acts.split(hidden, 1)]
    nodes = [*columns, *states[walk.extra :].split(hidden, 1), *(p[walk.extra :] for p in asked), *sums]
    edges = [source, walk.local, forget]
    for iog, io, i, o, g, a_f, h, c, *rest, origins, locals_, forgets in walk.levels(nodes, edges):
        c.zero_()
        into = zip(rest[relations:], asked, products, origins, locals_, forgets, strict=True)
        for s, p, (product_iog, _), origin, local, f in into:
            if origin.numel():
                torch.index_select(p, 0, origin, out=f).add_(a_f.index_select(0, local)).sigmoid_()
                h_u, c_u = states.index_select(0, origin).split(hidden, 1)
                walk.add_up(s, local, h_u, hidden)
                iog.addmm_(s, product_iog)
                c.index_add_(0, local, c_u.mul_(f))
        io.sigmoid_()
        c.addcmul_(i, g.tanh_())
        torch.mul(o, c.tanh(), out=h)
        for p, (_, product_f) in zip(rest[:relations], products, strict=True):
            torch.mm(h, product_f, out=p)
    return states, acts, sums, forget


@torch.library.custom_op("gnn_toolkit::dag_lstm_backward", mutates_args=())
def backward(
    dstates: Tensor,
    states: Tensor,
    acts: Tensor,
    sums: Tensor,
    forget: Tensor,
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
    shares = walk.shares(h, sums)
    dstates = dstates.clone()
    i, o, g, _ = acts.split(hidden, 1)
    squashed = c[extra:].tanh()
    to_c = o * (1 - squashed * squashed)
    # The walk multiplies these slopes in place by what reaches the node; the last part is summed up from its edges.
    dgates = torch.cat([g * i * (1 - i), squashed * o * (1 - o), i * (1 - g * g), torch.zeros_like(o)], 1)
    forget_slope = c.index_select(0, source).mul_(forget)
    forget_slope.addcmul_(forget_slope, forget, value=-1)
    dasked = h.new_zeros(relations, states.size(0), hidden)
    weights = [(w[: 3 * hidden], w[3 * hidden :]) for w in weight]
    columns = [dgates[:, : 3 * hidden], *dgates.split(hidden, 1)]
    nodes = [*dstates[extra:].split(hidden, 1), to_c, *columns, *(dp[extra:] for dp in dasked)]
    edges = [source, walk.local, forget, forget_slope, forget if shares is None else shares]
    for dh_v, whole, to_c, iog, di, do, dg, da_f, *rest in walk.levels(nodes, edges, reverse=True):
        for dp, (_, weight_f) in zip(rest[:relations], weights, strict=True):
            dh_v.addmm_(dp, weight_f)
        whole.addcmul_(dh_v, to_c)
        di.mul_(whole)
        do.mul_(dh_v)
        dg.mul_(whole)
        for dp, (weight_iog, _), origin, local, f, slope, share in zip(dasked, weights, *rest[relations:], strict=True):
            if origin.numel():
                back = torch.cat([iog @ weight_iog, whole], 1).index_select(0, local)
                df = slope * back[:, hidden:]
                da_f.index_add_(0, local, df)
                dp.index_add_(0, origin, df)
                back[:, hidden:].mul_(f)
                if shares is not None:
                    back[:, :hidden].mul_(share)
                dstates.index_add_(0, origin, back)
    for dp, (_, weight_f) in zip(dasked, weights, strict=True):
        dstates[:extra, :hidden].addmm_(dp[:extra], weight_f)
    dweight = [weight_gradient(dgates[:, : 3 * hidden], sums), torch.stack([dp.t() @ h for dp in dasked])]
    return dgates, torch.cat(dweight, 1), dstates[:extra].clone()


@forward.register_fake
def _(gates: Tensor, weight: Tensor, initial: Tensor, source: Tensor, *_: Any) -> tuple[Tensor, ...]:
    relations, hidden = weight.size(0), weight.size(2)
    states = gates.new_empty(initial.size(0) + gates.size(0), 2 * hidden)
    sums = gates.new_empty(relations, gates.size(0), hidden)
    return states, torch.empty_like(gates), sums, gates.new_empty(source.size(0), hidden)


@backward.register_fake
def _(dstates: Tensor, states: Tensor, acts: Tensor, *rest: Any) -> tuple[Tensor, ...]:
    initial = states.new_empty(states.size(0) - acts.size(0), states.size(1))
    return torch.empty_like(acts), torch.empty_like(rest[2]), initial


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
