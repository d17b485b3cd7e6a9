"""The walk of the Graph LSTM along the edges from nodes already visited, as one operator with its own backward pass.

With a_v the gates' part that does not wait for neighbours, share_v one over the number of neighbours, and for every
edge e = u -> v from a visited node keep_e, the gate of its memory times share_v:

    q_v = W (share_v * sum over e of h_u),  u, g, o = sigmoid, tanh, sigmoid of a_v + q_v
    m_v = base_v + sum over e of keep_e * m_u + u * g,  h_v = tanh(o * m_v)

Backward, with D the whole gradient of m_v and dt = dh_v (1 - h_v^2) that of ``o * m_v``:

    D = dm_v + dt * o,  du~ = D g u (1 - u),  dg~ = D u (1 - g^2),  do~ = dt m_v o (1 - o)
    dbase_v = D,  dkeep_e = D * m_u,  dm_u += D * keep_e,  dh_u += share_v * W^T dq_v
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from gnn_toolkit._transforms import is_transforming
from gnn_toolkit.graphs.incidence import Incidence
from gnn_toolkit.layers.kernels.inputs import fresh
from gnn_toolkit.layers.kernels.plain import Edges
from gnn_toolkit.layers.kernels.slopes import memory_slopes
from gnn_toolkit.layers.kernels.walk import SUM, Walk


def plain(
    gates: Tensor, base: Tensor, keep: Tensor, weight: Tensor, share: Tensor, structure: Sequence[Tensor]
) -> tuple[Tensor, Tensor]:
    """Return h and m [N, H] by operators that torch differentiates; arguments as of :func:`forward`."""
    edges, hidden = Edges(Incidence(*structure), 1, gates.device), base.size(1)
    blocks: list[Tensor] = []
    for block, (begin, end) in enumerate(zip(edges.bounds, edges.bounds[1:], strict=False)):
        oldest = edges.oldest(block)
        a, m = gates[begin:end], base[begin:end]
        slots = slice(edges.slots[block], edges.slots[block + 1])
        if slots.stop > slots.start:
            u, v = edges.of(block, 0, oldest)
            before = torch.cat(blocks[oldest:block]).index_select(0, u)
            h_u, m_u = before.split(hidden, 1)
            a = a + (torch.zeros_like(m).index_add(0, v, h_u) * share[begin:end]) @ weight.t()
            m = m.index_add(0, v, keep[slots] * m_u)
        i, g, o = a.chunk(3, 1)
        m = m + i.sigmoid() * g.tanh()
        blocks.append(torch.cat([(o.sigmoid() * m).tanh(), m], 1))
    h, m = torch.cat([*blocks, torch.cat([base, base], 1)[:0]]).split(hidden, 1)
    return h, m


@torch.library.custom_op("gnn_toolkit::visits", mutates_args=())
def forward(
    gates: Tensor, base: Tensor, keep: Tensor, weight: Tensor, share: Tensor, structure: Sequence[Tensor]
) -> tuple[Tensor, Tensor, Tensor]:
    """Return h and m [N, H], and the gates u, g, o [N, 3 H].

    Args:
        gates: a, [N, 3 H], in places.
        base: [N, H], in places.
        keep: [E, H], slot by slot.
        weight: W, [3 H, H].
        share: [N, 1], in places.
        structure: the :class:`~gnn_toolkit.graphs.incidence.Incidence` of the edges from visited nodes.
    """
    walk, hidden = Walk(structure, 0, "sum"), base.size(1)
    h, m, acts = torch.empty_like(base), torch.empty_like(base), gates.contiguous().clone()
    nodes = [h, m, base, share, *acts.split(hidden, 1), acts]
    for step in walk.forward(nodes, [keep]):
        h_v, m_v, base_v, share_v, u, g, o, all_gates = step.nodes
        s = walk.sums(step, h, SUM)
        if s is None:
            m_v.copy_(base_v)
        else:
            all_gates.addmm_(s.mul_(share_v), weight.t())
            kept = m.index_select(0, step.into[0]).mul_(step.edges[0])
            torch.add(base_v, walk.gather_into(step, kept), out=m_v)
        m_v.addcmul_(u.sigmoid_(), g.tanh_())
        torch.mul(o.sigmoid_(), m_v, out=h_v).tanh_()
    return h, m, acts


@torch.library.custom_op("gnn_toolkit::visits_backward", mutates_args=())
def backward(
    dh: Tensor | None,
    dm: Tensor | None,
    h: Tensor,
    m: Tensor,
    acts: Tensor,
    keep: Tensor,
    weight: Tensor,
    share: Tensor,
    structure: Sequence[Tensor],
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return the gradients of gates, base, keep and weight."""
    walk, hidden = Walk(structure, 0, "sum"), h.size(1)
    dh, dm = fresh(dh, h), fresh(dm, m)
    dgates, dkeep, kept, messages = (torch.empty_like(t) for t in (acts, keep, keep, h))
    u, g, o = acts.split(hidden, 1)
    du, dg, do = dgates.split(hidden, 1)
    memory_slopes(u, g, (du, dg))
    torch.mul(m, o, out=do).addcmul_(do, o, value=-1)
    nodes = [dh, dm, h, o, messages, share, du, dg, do, dgates]
    for step in walk.backward(nodes, [keep, kept, dkeep]):
        dh_v, dm_v, h_v, o_v, to_before, share_v, du_v, dg_v, do_v, all_gates = step.nodes
        walk.collect(step, dh_v, messages, None)
        if step.outof[0].size(0):
            dm_v.add_(walk.sum_outof(step, kept))
        dt = torch.addcmul(dh_v, dh_v * h_v, h_v, value=-1)
        dm_v.addcmul_(dt, o_v)
        do_v.mul_(dt)
        du_v.mul_(dm_v)
        dg_v.mul_(dm_v)
        if step.into[0].size(0):
            k, kept_e, dk = step.edges
            whole = dm_v.index_select(0, step.into[1])
            torch.mul(whole, k, out=kept_e)
            torch.mul(whole, m.index_select(0, step.into[0]), out=dk)
            torch.mm(all_gates, weight, out=to_before).mul_(share_v)
    dweight = dgates.t() @ walk.all_sums(h, SUM).mul_(share)
    return dgates, dm, dkeep, dweight


@forward.register_fake
def _(gates: Tensor, base: Tensor, *_: Any) -> Any:
    return torch.empty_like(base), torch.empty_like(base), gates.new_empty(gates.shape)


@backward.register_fake
def _(dh: Any, dm: Any, h: Tensor, m: Tensor, acts: Tensor, keep: Tensor, weight: Tensor, *_: Any) -> Any:
    return torch.empty_like(acts), torch.empty_like(m), torch.empty_like(keep), torch.empty_like(weight)


def _keep(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, ...]) -> None:
    *tensors, structure = inputs
    ctx.set_materialize_grads(False)
    ctx.save_for_backward(*tensors, *output, *structure)


def _run(ctx: Any, dh: Tensor | None, dm: Tensor | None, _: Any) -> tuple[Any, ...]:
    gates, base, keep, weight, share, h, m, acts, *structure = ctx.saved_tensors
    nothing = (None, [None] * len(structure))
    if torch.compiler.is_compiling() or not (torch.is_grad_enabled() or is_transforming(dh, dm)):
        return *backward(dh, dm, h, m, acts, keep, weight, share, structure), *nothing
    create_graph = torch.is_grad_enabled()
    with torch.enable_grad():
        views = [t.view_as(t) for t in (gates, base, keep, weight)]
        states = plain(views[0], views[1], views[2], views[3], share, structure)
        pairs = [(s, d) for s, d in zip(states, (dh, dm), strict=True) if d is not None]
        wanted = [view for view, needed in zip(views, ctx.needs_input_grad, strict=False) if needed]
        outputs, given = zip(*pairs, strict=True)
        found = iter(torch.autograd.grad(outputs, wanted, given, create_graph=create_graph, allow_unused=True))
    return *(next(found) if needed else None for needed in ctx.needs_input_grad[:4]), *nothing


forward.register_autograd(_run, setup_context=_keep)
