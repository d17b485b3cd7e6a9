"""Gated recurrent unit in torch's form.

With ``s = sum over r of s_r`` and ``b_n`` the bias inside the reset:

    r = sigmoid(a_r + q_r),  z = sigmoid(a_z + q_z),  n = tanh(a_n + r * (q_n + b_n)),  h = (1 - z) * n + z * s

Backward, step 1 of the derivation in :mod:`gnn_toolkit.layers.kernels`:

    dn~ = dh * (1 - z) * (1 - n^2)                  (before the tanh)
    dz~ = dh * (s - n) * z * (1 - z) = dh * (h - n) * (1 - z)
    dr~ = dn~ * (q_n + b_n) * r * (1 - r)           (before the sigmoid)
    da = (dr~, dz~, dn~),  dq = (dr~, dz~, dn~ * r),  db_n = sum over v of dn~ * r

and step 2 gains a term, because s also enters h itself: ``ds_r = W_r^T dq + dh * z``.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from gnn_toolkit.layers.cells import GRUCell
from gnn_toolkit.layers.kernels.inputs import differentiable, fresh, input_gates, stacked, states
from gnn_toolkit.layers.kernels.slopes import gru_slopes
from gnn_toolkit.layers.kernels.walk import Walk, chunks


@torch.library.custom_op("gnn_toolkit::dag_gru", mutates_args=())
def forward(
    x: Tensor,
    weight_ih: Tensor,
    bias: Tensor | None,
    weight: Tensor,
    bias_n: Tensor,
    h_0: Tensor,
    structure: Sequence[Tensor],
    aggr: str,
) -> tuple[Tensor, Tensor, Tensor]:
    """Return the states h [S + N, H], the gates r, z, n [N, 3 H] and ``q_n + b_n`` [N, H]."""
    hidden = h_0.size(1)
    walk = Walk(structure, h_0.size(0), aggr)
    h = states(h_0, x.size(0))
    acts = input_gates(x, weight_ih, bias, x.new_empty(x.size(0), 3 * hidden))
    q_n = bias_n.expand(x.size(0), hidden).clone()
    product = stacked(weight)
    product_rz, product_n = product[:, : 2 * hidden], product[:, 2 * hidden :]
    for step in walk.forward([h[walk.extra :], acts[:, : 2 * hidden], *acts.split(hidden, 1), q_n]):
        state, rz, r, z, n, q = step.nodes
        s = walk.sums(step, h, walk.mode)
        if s is not None:
            rz.addmm_(s, product_rz)
            q.addmm_(s, product_n)
        rz.sigmoid_()
        n.addcmul_(r, q).tanh_()
        if s is None:
            torch.addcmul(n, z, n, value=-1, out=state)
        else:
            torch.lerp(n, s if weight.size(0) == 1 else s.view(s.size(0), -1, hidden).sum(1), z, out=state)
    return h, acts, q_n


@torch.library.custom_op("gnn_toolkit::dag_gru_backward", mutates_args=())
def backward(
    dh: Tensor | None,
    h: Tensor,
    acts: Tensor,
    q_n: Tensor,
    weight: Tensor,
    structure: Sequence[Tensor],
    extra: int,
    aggr: str,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return the gradients of the gates, the weight, ``b_n`` and the initial states."""
    hidden = h.size(1)
    walk = Walk(structure, extra, aggr)
    shares = walk.prepare(h)
    dh = fresh(dh, h)
    dq, dn = torch.empty_like(acts), torch.empty_like(q_n)
    for dq_part, dn_part, h_part, acts_part, q_part in chunks(dq, dn, h[extra:], acts, q_n):
        gru_slopes(h_part, acts_part, q_part, (dq_part, dn_part))
    messages = walk.messages(dh)
    product = stacked(weight).t()
    r, z, _ = acts.split(hidden, 1)
    for step in walk.backward([dh[extra:], r, z, dn, dq, *dq.split(hidden, 1)]):
        dh_v, r_v, z_v, dn_v, dq_v, dq_r, dq_z, dq_n = step.nodes
        walk.collect(step, dh_v, messages, shares)
        dn_v.mul_(dh_v)
        dq_r.mul_(dn_v)
        dq_z.mul_(dh_v)
        torch.mul(dn_v, r_v, out=dq_n)
        walk.send(step, messages, (dq_v, product), through=dh_v.mul_(z_v))
    for step in walk.given([dh[:extra]]):
        walk.collect(step, step.nodes[0], messages, shares)
    dweight, dbias_n = walk.weight_gradient(dq, h), dq[:, 2 * hidden :].sum(0)
    dq[:, 2 * hidden :] = dn
    return dq, dweight, dbias_n, dh[:extra].clone()


@forward.register_fake
def _(x: Tensor, weight_ih: Tensor, bias: Any, weight: Tensor, bias_n: Tensor, h_0: Tensor, *_: Any) -> Any:
    nodes, hidden = x.size(0), h_0.size(1)
    return h_0.new_empty(h_0.size(0) + nodes, hidden), x.new_empty(nodes, 3 * hidden), x.new_empty(nodes, hidden)


@backward.register_fake
def _(dh: Any, h: Tensor, acts: Tensor, q_n: Tensor, weight: Tensor, structure: Any, extra: int, *_: Any) -> Any:
    hidden = h.size(1)
    return torch.empty_like(acts), torch.empty_like(weight), h.new_empty(hidden), h.new_empty(extra, hidden)


differentiable(forward, backward, lambda weight: GRUCell())
