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

from gnn_toolkit.layers.kernels.walk import gather_sums, levels, scatter_back, weight_gradient


@torch.library.custom_op("gnn_toolkit::dag_gru", mutates_args=())
def forward(
    gates: Tensor,
    weight: Tensor,
    bias_n: Tensor,
    initial: Tensor,
    source: Tensor,
    local: Tensor,
    node_ptr: Tensor,
    edge_ptr: Tensor,
    scale: Tensor,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return the states h [S + N, H], the gates r, z, n [N, 3 H], ``q_n + b_n`` [N, H] and the sums s [R, N, H]."""
    extra, hidden = initial.size(0), weight.size(2)
    h = torch.cat([initial, gates.new_empty(gates.size(0), hidden)])
    acts = gates.clone()
    q_n = bias_n.expand(gates.size(0), hidden).clone()
    sums = gates.new_zeros(weight.size(0), gates.size(0), hidden)
    for level in levels(node_ptr, edge_ptr, weight.size(0), extra):
        act, reset_part, total = acts[level.gates], q_n[level.gates], None
        for r, s in gather_sums(level, h, sums, source, local, scale):
            act[:, : 2 * hidden].addmm_(s, weight[r, : 2 * hidden].t())
            reset_part.addmm_(s, weight[r, 2 * hidden :].t())
            total = s if total is None else total + s
        act[:, : 2 * hidden].sigmoid_()
        reset, update, new = act.split(hidden, 1)
        new.addcmul_(reset, reset_part).tanh_()
        if total is None:
            torch.sub(new, update * new, out=h[level.states])
        else:
            torch.lerp(new, total, update, out=h[level.states])
    return h, acts, q_n, sums


@torch.library.custom_op("gnn_toolkit::dag_gru_backward", mutates_args=())
def backward(
    dh: Tensor,
    acts: Tensor,
    q_n: Tensor,
    sums: Tensor,
    weight: Tensor,
    source: Tensor,
    local: Tensor,
    node_ptr: Tensor,
    edge_ptr: Tensor,
    scale: Tensor,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return the gradients of the gates, the weight, ``b_n`` and the initial states."""
    extra, hidden = dh.size(0) - acts.size(0), weight.size(2)
    dh = dh.clone()
    reset, update, new = acts.split(hidden, 1)
    new_slope = (1 - update) * (1 - new * new)
    update_slope = (sums.sum(0) - new) * update * (1 - update)
    reset_slope = q_n * reset * (1 - reset)
    dq, dn = torch.empty_like(acts), torch.empty_like(q_n)
    for level in reversed(levels(node_ptr, edge_ptr, weight.size(0), extra)):
        rows = level.gates
        dh_v, dq_v, dn_v = dh[level.states], dq[rows], dn[rows]
        torch.mul(dh_v, new_slope[rows], out=dn_v)
        torch.mul(dn_v, reset_slope[rows], out=dq_v[:, :hidden])
        torch.mul(dh_v, update_slope[rows], out=dq_v[:, hidden : 2 * hidden])
        torch.mul(dn_v, reset[rows], out=dq_v[:, 2 * hidden :])
        for r, edges in enumerate(level.edges):
            if edges.stop > edges.start:
                ds = torch.addmm(dh_v * update[rows], dq_v, weight[r])
                scatter_back(level, r, dh, ds, source, local, scale)
    dgates = torch.cat([dq[:, : 2 * hidden], dn], 1)
    return dgates, weight_gradient(dq, sums), dq[:, 2 * hidden :].sum(0), dh[:extra].clone()


@forward.register_fake
def _(gates: Tensor, weight: Tensor, bias_n: Tensor, initial: Tensor, *_: Any) -> tuple[Tensor, ...]:
    nodes, hidden = gates.size(0), weight.size(2)
    h = gates.new_empty(initial.size(0) + nodes, hidden)
    sums = gates.new_empty(weight.size(0), nodes, hidden)
    return h, torch.empty_like(gates), gates.new_empty(nodes, hidden), sums


@backward.register_fake
def _(dh: Tensor, acts: Tensor, q_n: Tensor, sums: Tensor, weight: Tensor, *_: Any) -> tuple[Tensor, ...]:
    hidden = weight.size(2)
    initial = dh.new_empty(dh.size(0) - acts.size(0), hidden)
    return torch.empty_like(acts), torch.empty_like(weight), dh.new_empty(hidden), initial


def _setup(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, ...]) -> None:
    _, weight, _, _, *structure = inputs
    ctx.set_materialize_grads(False)
    ctx.save_for_backward(*output[1:], weight, *structure)


def _backward(ctx: Any, dh: Tensor, *_: Tensor | None) -> tuple[Tensor | None, ...]:
    return (*backward(dh, *ctx.saved_tensors), *[None] * 5)


forward.register_autograd(_backward, setup_context=_setup)
