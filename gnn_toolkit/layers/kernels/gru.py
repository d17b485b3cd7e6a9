"""Gated recurrent unit in torch's form.

With ``s = sum over r of s_r`` and ``b_n`` the bias inside the reset:

    r = sigmoid(a_r + q_r),  z = sigmoid(a_z + q_z),  n = tanh(a_n + r * (q_n + b_n)),  h = (1 - z) * n + z * s

Backward, step 1 of the derivation in :mod:`gnn_toolkit.layers.kernels`:

    dn~ = dh * (1 - z) * (1 - n^2)                  (before the tanh)
    dz~ = dh * (s - n) * z * (1 - z)                (before the sigmoid)
    dr~ = dn~ * (q_n + b_n) * r * (1 - r)           (before the sigmoid)
    da = (dr~, dz~, dn~),  dq = (dr~, dz~, dn~ * r),  db_n = sum over v of dn~ * r

and step 2 gains a term, because s also enters h itself: ``ds_r = W_r^T dq + dh * z``.
"""

from typing import Any

import torch
from torch import Tensor

from gnn_toolkit.layers.kernels.walk import Structure, Walk, weight_gradient


@torch.library.custom_op("gnn_toolkit::dag_gru", mutates_args=())
def forward(
    gates: Tensor,
    weight: Tensor,
    bias_n: Tensor,
    initial: Tensor,
    source: Tensor,
    target: Tensor,
    node_ptr: Tensor,
    edge_ptr: Tensor,
    aggr: str,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return the states h [S + N, H], the gates r, z, n [N, 3 H], ``q_n + b_n`` [N, H] and the sums s [R, N, H]."""
    walk = Walk(Structure(source, target, node_ptr, edge_ptr, aggr), initial.size(0))
    hidden = weight.size(2)
    h = torch.cat([initial, gates.new_empty(gates.size(0), hidden)])
    acts = gates.clone()
    q_n = bias_n.expand(gates.size(0), hidden).clone()
    sums = gates.new_zeros(weight.size(0), gates.size(0), hidden)
    products = [(w[: 2 * hidden].t(), w[2 * hidden :].t()) for w in weight]
    nodes = [h[walk.extra :], acts[:, : 2 * hidden], *acts.split(hidden, 1), q_n, *sums]
    for state, rz, r, z, n, q, *into, sources, locals_ in walk.levels(nodes, [source, walk.local]):
        total = None
        for s, (product_rz, product_n), origin, local in zip(into, products, sources, locals_, strict=True):
            if origin.numel():
                walk.add_up(s, local, h.index_select(0, origin), hidden)
                rz.addmm_(s, product_rz)
                q.addmm_(s, product_n)
                total = s if total is None else total + s
        rz.sigmoid_()
        n.addcmul_(r, q).tanh_()
        if total is None:
            torch.addcmul(n, z, n, value=-1, out=state)
        else:
            torch.lerp(n, total, z, out=state)
    return h, acts, q_n, sums


@torch.library.custom_op("gnn_toolkit::dag_gru_backward", mutates_args=())
def backward(
    dh: Tensor,
    h: Tensor,
    acts: Tensor,
    q_n: Tensor,
    sums: Tensor,
    weight: Tensor,
    source: Tensor,
    target: Tensor,
    node_ptr: Tensor,
    edge_ptr: Tensor,
    aggr: str,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return the gradients of the gates, the weight, ``b_n`` and the initial states."""
    extra, hidden = dh.size(0) - acts.size(0), weight.size(2)
    walk = Walk(Structure(source, target, node_ptr, edge_ptr, aggr), extra)
    shares = walk.shares(h, sums)
    dh = dh.clone()
    r, z, n = acts.split(hidden, 1)
    slopes = [(1 - z) * (1 - n * n), q_n * r * (1 - r), (sums.sum(0) - n) * z * (1 - z)]  # of n, r, z
    dq, dn = torch.empty_like(acts), torch.empty_like(q_n)
    nodes = [dh[extra:], *slopes, r, z, dn, dq, *dq.split(hidden, 1)]
    edges = [source, walk.local, walk.local if shares is None else shares]
    for dh_v, slope_n, slope_r, slope_z, r_v, z_v, dn_v, dq_v, *parts, origins, locals_, parts_of in walk.levels(
        nodes, edges, reverse=True
    ):
        dq_r, dq_z, dq_n = parts
        torch.mul(dh_v, slope_n, out=dn_v)
        torch.mul(dn_v, slope_r, out=dq_r)
        torch.mul(dh_v, slope_z, out=dq_z)
        torch.mul(dn_v, r_v, out=dq_n)
        for w, origin, local, share in zip(weight, origins, locals_, parts_of, strict=True):
            if origin.numel():
                back = torch.addmm(dh_v * z_v, dq_v, w).index_select(0, local)
                dh.index_add_(0, origin, back if shares is None else back.mul_(share))
    dgates = torch.cat([dq[:, : 2 * hidden], dn], 1)
    return dgates, weight_gradient(dq, sums), dq[:, 2 * hidden :].sum(0), dh[:extra].clone()


@forward.register_fake
def _(gates: Tensor, weight: Tensor, bias_n: Tensor, initial: Tensor, *_: Any) -> tuple[Tensor, ...]:
    nodes, hidden = gates.size(0), weight.size(2)
    h = gates.new_empty(initial.size(0) + nodes, hidden)
    sums = gates.new_empty(weight.size(0), nodes, hidden)
    return h, torch.empty_like(gates), gates.new_empty(nodes, hidden), sums


@backward.register_fake
def _(dh: Tensor, h: Tensor, acts: Tensor, *rest: Any) -> tuple[Tensor, ...]:
    weight = rest[2]
    hidden = weight.size(2)
    initial = dh.new_empty(dh.size(0) - acts.size(0), hidden)
    return torch.empty_like(acts), torch.empty_like(weight), dh.new_empty(hidden), initial


def _setup(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, ...]) -> None:
    _, weight, _, _, *structure, aggr = inputs
    ctx.set_materialize_grads(False)
    ctx.save_for_backward(*output, weight, *structure)
    ctx.aggr = aggr


def _backward(ctx: Any, dh: Tensor | None, *_: Tensor | None) -> tuple[Tensor | None, ...]:
    if dh is None:
        return (None,) * 9
    return (*backward(dh, *ctx.saved_tensors, ctx.aggr), *[None] * 5)


forward.register_autograd(_backward, setup_context=_setup)
