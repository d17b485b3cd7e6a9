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

from gnn_toolkit.layers.kernels.walk import gather_sums, levels, scatter_back, weight_gradient


@torch.library.custom_op("gnn_toolkit::dag_lstm", mutates_args=())
def forward(
    gates: Tensor,
    weight: Tensor,
    initial: Tensor,
    source: Tensor,
    local: Tensor,
    node_ptr: Tensor,
    edge_ptr: Tensor,
    scale: Tensor,
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """Return h and c [S + N, H], the gates i, o, g, a_f [N, 4 H], the sums s [R, N, H] and f_e [E, H]."""
    relations, _, hidden = weight.shape
    extra = initial.size(0)
    zeros = gates.new_zeros(gates.size(0), hidden)
    h, c = torch.cat([initial[:, :hidden], zeros]), torch.cat([initial[:, hidden:], zeros])
    acts = gates.clone()
    sums = gates.new_zeros(relations, gates.size(0), hidden)
    forget = gates.new_empty(source.size(0), hidden)
    asked = gates.new_empty(relations, h.size(0), hidden)  # p_r,u
    for r in range(relations if extra else 0):
        torch.mm(h[:extra], weight[r, 3 * hidden :].t(), out=asked[r, :extra])
    for level in levels(node_ptr, edge_ptr, relations, extra):
        act, cell = acts[level.gates], c[level.states]
        for r, s in gather_sums(level, h, sums, source, local, scale):
            act[:, : 3 * hidden].addmm_(s, weight[r, : 3 * hidden].t())
            edges = level.edges[r]
            f = torch.index_select(asked[r], 0, source[edges], out=forget[edges])
            f.add_(act[:, 3 * hidden :].index_select(0, local[edges])).sigmoid_()
            cell.index_add_(0, local[edges], f * c.index_select(0, source[edges]))
        act[:, : 2 * hidden].sigmoid_()
        i, o, g, _ = act.split(hidden, 1)
        cell.addcmul_(i, g.tanh_())
        state = torch.mul(o, cell.tanh(), out=h[level.states])
        for r in range(relations):
            torch.mm(state, weight[r, 3 * hidden :].t(), out=asked[r, level.states])
    return h, c, acts, sums, forget


@torch.library.custom_op("gnn_toolkit::dag_lstm_backward", mutates_args=())
def backward(
    dh: Tensor,
    dc: Tensor,
    h: Tensor,
    c: Tensor,
    acts: Tensor,
    sums: Tensor,
    forget: Tensor,
    weight: Tensor,
    source: Tensor,
    local: Tensor,
    node_ptr: Tensor,
    edge_ptr: Tensor,
    scale: Tensor,
) -> tuple[Tensor, Tensor, Tensor]:
    """Return the gradients of the gates, the weight and the initial states h, c side by side."""
    relations, _, hidden = weight.shape
    extra = h.size(0) - acts.size(0)
    dh, dc = dh.clone(), dc.clone()
    i, o, g, _ = acts.split(hidden, 1)
    squashed = c[extra:].tanh()
    through = o * (1 - squashed * squashed)
    slopes = torch.cat([g * i * (1 - i), squashed * o * (1 - o), i * (1 - g * g)], 1)
    forget_slope = c.index_select(0, source).mul_(forget).mul_(1 - forget)
    dgates = torch.zeros_like(acts)
    dasked = h.new_zeros(relations, *h.shape)
    weight_iog, weight_f = weight[:, : 3 * hidden], weight[:, 3 * hidden :]
    for level in reversed(levels(node_ptr, edge_ptr, relations, extra)):
        rows = level.gates
        dh_v, whole, da = dh[level.states], dc[level.states], dgates[rows]
        for r in range(relations):
            dh_v.addmm_(dasked[r, level.states], weight_f[r])
        whole.addcmul_(dh_v, through[rows])
        di, do, dg, da_f = da.split(hidden, 1)
        slope_i, slope_o, slope_g = slopes[rows].split(hidden, 1)
        torch.mul(whole, slope_i, out=di)
        torch.mul(dh_v, slope_o, out=do)
        torch.mul(whole, slope_g, out=dg)
        for r, edges in enumerate(level.edges):
            if edges.stop > edges.start:
                at_edge, origin = whole.index_select(0, local[edges]), source[edges]
                df = at_edge * forget_slope[edges]
                da_f.index_add_(0, local[edges], df)
                dasked[r].index_add_(0, origin, df)
                dc.index_add_(0, origin, at_edge.mul_(forget[edges]))
                scatter_back(level, r, dh, da[:, : 3 * hidden] @ weight_iog[r], source, local, scale)
    for r in range(relations if extra else 0):
        dh[:extra].addmm_(dasked[r, :extra], weight_f[r])
    dweight_iog = weight_gradient(dgates[:, : 3 * hidden], sums)
    dweight_f = torch.stack([dp.t() @ h for dp in dasked])
    return dgates, torch.cat([dweight_iog, dweight_f], 1), torch.cat([dh[:extra], dc[:extra]], 1)


@forward.register_fake
def _(gates: Tensor, weight: Tensor, initial: Tensor, source: Tensor, *_: Any) -> tuple[Tensor, ...]:
    relations, hidden = weight.size(0), weight.size(2)
    rows = initial.size(0) + gates.size(0)
    h, c = gates.new_empty(rows, hidden), gates.new_empty(rows, hidden)
    sums = gates.new_empty(relations, gates.size(0), hidden)
    return h, c, torch.empty_like(gates), sums, gates.new_empty(source.size(0), hidden)


@backward.register_fake
def _(dh: Tensor, dc: Tensor, h: Tensor, c: Tensor, acts: Tensor, *rest: Any) -> tuple[Tensor, ...]:
    extra = h.size(0) - acts.size(0)
    return torch.empty_like(acts), torch.empty_like(rest[2]), h.new_empty(extra, 2 * h.size(1))


def _setup(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, ...]) -> None:
    _, weight, _, *structure = inputs
    ctx.set_materialize_grads(False)
    ctx.save_for_backward(*output, weight, *structure)


def _backward(ctx: Any, dh: Tensor | None, dc: Tensor | None, *_: Tensor | None) -> tuple[Tensor | None, ...]:
    h, c, *rest = ctx.saved_tensors
    dh = torch.zeros_like(h) if dh is None else dh
    dc = torch.zeros_like(c) if dc is None else dc
    return (*backward(dh, dc, h, c, *rest), *[None] * 5)


forward.register_autograd(_backward, setup_context=_setup)
