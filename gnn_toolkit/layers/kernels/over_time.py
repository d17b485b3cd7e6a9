"""A recurrence in time over a graph as one op, with its own backward: backpropagation through time.

The equations are those of :mod:`gnn_toolkit.layers.time_cells`, with ``q = sum over k of Z_k(h) W_k``. Let ``dX`` be
the gradient of the loss with respect to X, and ``x~`` a gate before its nonlinearity. From the last step to the first,

    GRU:    dn~ = dh (1 - z) (1 - n^2),  dz~ = dh (h_(t-1) - n) z (1 - z)
            resets after:   dr~ = dn~ q_n r (1 - r),   dq = (dr~, dz~, r dn~)
            resets before:  dm = sum over k of Z_k^T(dn~ W_nk^T) for m = r h,  dr~ = dm h r (1 - r)
    LSTM:   do~ = dh tanh(c) o (1 - o),  D = dc + dh o (1 - tanh(c)^2) + p_o do~
            di~ = D g i (1 - i),  df~ = D c_(t-1) f (1 - f),  dg~ = D i (1 - g^2)
            dc_(t-1) = D f + p_i di~ + p_f df~

and what goes back to ``h_(t-1)`` is ``sum over k of Z_k^T(dq W_k^T)`` and the direct part, ``z dh`` and ``r dm``. The
terms ``Z_k(h)`` are not kept for the weights' gradients: a sparse product costs less than the memory.

These formulas serve one backward pass. Where it is to be differentiated again, or runs for many gradients at once, the
outputs are computed anew in plain operations (:mod:`gnn_toolkit.layers.kernels.step_by_step`), which autograd knows.
"""

from collections.abc import Sequence
from itertools import accumulate, pairwise
from typing import Any

import torch
from torch import Tensor

from gnn_toolkit._transforms import is_transforming
from gnn_toolkit.layers.kernels import step_by_step
from gnn_toolkit.layers.kernels.inputs import input_gates
from gnn_toolkit.layers.kernels.slopes import blend_back, lstm_back
from gnn_toolkit.layers.kernels.terms import Terms
from gnn_toolkit.layers.kernels.time_gates import lstm, peephole_gradient

# How many gates come at a time: forward, and backward, where each look at the graph is undone at once.
FORWARD = {"gru": (2, 1), "early_gru": (2, 1), "lstm": (4,)}
BACKWARD = {"gru": (3,), "early_gru": (2, 1), "lstm": (4,)}


class _Weights:
    """The blocks of a weight: for some gates, one block a term, [rows, H] and transposed."""

    def __init__(self, weight: Tensor, hidden: int, counts: tuple[int, ...]) -> None:
        ends = [0, *accumulate(count * hidden for count in counts)]
        self.rows = [slice(a, b) for a, b in pairwise(ends)]
        self.plain = [weight[rows].split(hidden, 1) for rows in self.rows]
        self.turned = [[block.t() for block in blocks] for blocks in self.plain]

    def add(self, terms: list[Tensor], block: int, out: Tensor) -> Tensor:
        """Add ``sum over k of Z_k W_k`` to ``out`` and return it."""
        for term, weight in zip(terms, self.turned[block], strict=True):
            out.addmm_(term, weight)
        return out

    def back(self, terms: Terms, block: int, dq: Tensor, x: Tensor, gradient: "_Weights") -> Tensor:
        """Return ``sum over k of Z_k^T(dq W_k^T)`` and add ``dq^T Z_k(x)`` to the weight's gradient."""
        turned = dq.t()
        for term, place in zip(terms.forward(x), gradient.plain[block], strict=True):
            place.addmm_(turned, term)
        return terms.backward([dq @ weight for weight in self.plain[block]])


@torch.library.custom_op("gnn_toolkit::over_time", mutates_args=())
def forward(
    x: Tensor,
    weight_ih: Tensor,
    bias: Tensor | None,
    weight: Tensor,
    bias_n: Tensor | None,
    peephole: Tensor | None,
    h_0: Tensor,
    c_0: Tensor,
    matrices: Sequence[Tensor],
    plan: Sequence[int],
    first: int,
    nodes: int,
    kind: str,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return all states h [T, M, H] and c, the gates [T, M, G * H], and what else the backward needs [T, M, H].

    Args:
        x: [T, M, K * F], the terms of the input side by side, with M = N * B rows, node by node.
        weight_ih: [G * H, K * F].
        bias: [G * H] or ``None``.
        weight: [G * H, K * H].
        bias_n: [H], the bias inside the reset; of ``"gru"`` alone.
        peephole: [3, H] or ``None``; of ``"lstm"`` alone.
        h_0: [M, H].
        c_0: [M, H]; of another kind than ``"lstm"`` [0, H].
        matrices: as :func:`gnn_toolkit.layers.kernels.terms.flat` returns them, of all steps or one step after another.
        plan: of the basis.
        first: of the basis.
        nodes: number of nodes N.
        kind: ``"gru"``, ``"early_gru"`` or ``"lstm"``.
    """
    steps, rows, hidden = x.size(0), *h_0.shape
    terms, weights = Terms.of_steps(plan, first, matrices, nodes, steps), _Weights(weight, hidden, FORWARD[kind])
    acts = x.new_empty(steps, rows, weight.size(0))
    input_gates(x.flatten(0, 1), weight_ih, bias, acts.flatten(0, 1))
    h, near = (x.new_empty(steps, rows, hidden) for _ in range(2))
    c = x.new_empty(steps if kind == "lstm" else 0, rows, hidden)
    before, memory = h_0, c_0
    if kind == "lstm":
        for graph, gates, *out in zip(terms, acts, h, c, near, strict=True):
            lstm(weights.add(graph.forward(before), 0, gates), memory, peephole, (out[0], out[1], out[2]))
            before, memory = out[0], out[1]
        return h, c, acts, near
    rz_all, r_all, z_all, n_all = acts[..., : 2 * hidden], *acts.split(hidden, 2)
    for graph, rz, r, z, n, inner, out in zip(terms, rz_all, r_all, z_all, n_all, near, h, strict=True):
        seen = graph.forward(before)
        weights.add(seen, 0, rz).sigmoid_()
        if kind == "gru":
            inner.copy_(inner.new_zeros(()) if bias_n is None else bias_n)
            n.addcmul_(r, weights.add(seen, 1, inner))
        else:
            weights.add(graph.forward(torch.mul(r, before, out=inner)), 1, n)
        torch.lerp(n.tanh_(), before, z, out=out)
        before = out
    return h, c, acts, near


@torch.library.custom_op("gnn_toolkit::over_time_backward", mutates_args=())
def backward(
    dh_all: Tensor | None,
    dc_all: Tensor | None,
    saved: Sequence[Tensor],
    weight: Tensor,
    peephole: Tensor | None,
    matrices: Sequence[Tensor],
    plan: Sequence[int],
    first: int,
    nodes: int,
    kind: str,
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]:
    """Return the gradients of the gates, the weight, ``bias_n``, the peepholes, h_0 and c_0."""
    h_0, c_0, h, c, acts, near = saved
    hidden, dq, dweight = h_0.size(1), torch.empty_like(acts), torch.zeros_like(weight)
    terms = Terms.of_steps(plan, first, matrices, nodes, h.size(0))
    weights, gradient = (_Weights(each, hidden, BACKWARD[kind]) for each in (weight, dweight))
    dn = torch.empty_like(h if kind == "gru" else h[:0])  # n's part of the gates, where it is not that of dq
    dh, dc = torch.zeros_like(h_0), torch.zeros_like(c_0)
    dh_all, dc_all = (None if given is None else given.contiguous() for given in (dh_all, dc_all))
    for t in range(h.size(0) - 1, -1, -1):
        before, dq_t = h_0 if t == 0 else h[t - 1], dq[t]
        if dh_all is not None:
            dh.add_(dh_all[t])
        if kind == "lstm":
            if dc_all is not None:
                dc.add_(dc_all[t])
            lstm_back(dq_t, (acts[t], near[t]), c_0 if t == 0 else c[t - 1], peephole, dh, dc)
            dh = weights.back(terms[t], 0, dq_t, before, gradient)
            continue
        r, z, n = acts[t].split(hidden, 1)
        dq_r, dq_z, dq_n = dq_t.split(hidden, 1)
        blend_back((dq_z, dq_n), z, n, before, dh)
        if kind == "gru":
            dn[t].copy_(dq_n)
            torch.mul(near[t], dq_n.mul_(r), out=dq_r).addcmul_(dq_r, r, value=-1)
            dh.add_(weights.back(terms[t], 0, dq_t, before, gradient))
        else:
            through = weights.back(terms[t], 1, dq_n, near[t], gradient).mul_(r)
            torch.mul(through, before, out=dq_r).addcmul_(dq_r, r, value=-1)
            dh.add_(through).add_(weights.back(terms[t], 0, dq_t[:, : 2 * hidden], before, gradient))
    dbias = dq[:, :, -hidden:].sum((0, 1))
    if kind == "gru":
        dq[:, :, 2 * hidden :] = dn
    return dq, dweight, dbias, peephole_gradient(dq, c_0, c), dh, dc


@forward.register_fake
def _(x: Tensor, weight_ih: Tensor, bias: Any, weight: Tensor, *rest: Any) -> Any:
    _, _, h_0, *_, kind = rest
    steps, rows, hidden = x.size(0), *h_0.shape
    h, near = (x.new_empty(steps, rows, hidden) for _ in range(2))
    c = x.new_empty(steps if kind == "lstm" else 0, rows, hidden)
    return h, c, x.new_empty(steps, rows, weight.size(0)), near


@backward.register_fake
def _(dh: Any, dc: Any, saved: Sequence[Tensor], weight: Tensor, *rest: Any) -> Any:
    h_0, c_0, _, _, acts, _ = saved
    hidden = h_0.size(1)
    small = (h_0.new_empty(hidden), h_0.new_empty(3, hidden))
    return torch.empty_like(acts), torch.empty_like(weight), *small, torch.empty_like(h_0), torch.empty_like(c_0)


TENSORS = ("x", "weight_ih", "bias", "weight", "bias_n", "peephole", "h_0", "c_0")
OPTIONS = ("plan", "first", "nodes", "kind")


def _keep(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, ...]) -> None:
    tensors, matrices = inputs[: len(TENSORS)], inputs[len(TENSORS)]
    ctx.set_materialize_grads(False)
    ctx.options = dict(zip(OPTIONS, inputs[len(TENSORS) + 1 :], strict=True))
    ctx.num_saved = len(output)
    ctx.save_for_backward(*tensors, *output, *matrices)


def _run(ctx: Any, dh: Tensor | None, dc: Tensor | None, *_: Any) -> tuple[Any, ...]:
    saved = ctx.saved_tensors  # once: where activations are recomputed, each look would compute them again
    tensors: dict[str, Any] = dict(zip(TENSORS, saved, strict=False))
    rest = saved[len(TENSORS) :]
    output, matrices = rest[: ctx.num_saved], list(rest[ctx.num_saved :])
    wanted = [name for name, needed in zip(TENSORS, ctx.needs_input_grad, strict=False) if needed]
    graph = {"matrices": matrices, **ctx.options}
    if torch.compiler.is_compiling() or not (torch.is_grad_enabled() or is_transforming(dh, dc)):
        of = _by_kernel(tensors, output, graph, wanted, dh, dc)
    else:
        of = _by_autograd(tensors, graph, wanted, dh, dc)
    nothing = [
        None if ctx.options["plan"] else [],
        None,
        None,
        None,
    ]  # torch takes numbers as one, but for an empty list
    return *(of.get(name) for name in TENSORS), [None] * len(matrices), *nothing


def _by_kernel(
    tensors: dict[str, Any],
    output: Sequence[Tensor],
    graph: dict[str, Any],
    wanted: Sequence[str],
    dh: Tensor | None,
    dc: Tensor | None,
) -> dict[str, Tensor]:
    """Return the gradients of the tensors that went in, by name, by the formulas above."""
    gates, *of_weight = backward(
        dh_all=dh,
        dc_all=dc,
        saved=[tensors["h_0"], tensors["c_0"], *output],
        weight=tensors["weight"],
        peephole=tensors["peephole"],
        **graph,
    )
    found: dict[str, Tensor] = dict(zip(("weight", "bias_n", "peephole", "h_0", "c_0"), of_weight, strict=True))
    if "x" in wanted:
        found["x"] = gates @ tensors["weight_ih"]
    if "weight_ih" in wanted:
        found["weight_ih"] = gates.flatten(0, 1).t() @ tensors["x"].flatten(0, 1)
    if "bias" in wanted:
        found["bias"] = gates.sum((0, 1))
    return {name: found[name] for name in wanted}


def _by_autograd(
    tensors: dict[str, Any],
    graph: dict[str, Any],
    wanted: Sequence[str],
    dh: Tensor | None,
    dc: Tensor | None,
) -> dict[str, Tensor | None]:
    """Return what :func:`_by_kernel` does, in plain operations that can be differentiated and batched themselves."""
    again = torch.is_grad_enabled()
    with torch.enable_grad():
        # Views, so that an input made of another gets its own gradient alone.
        views = {name: tensors[name].view_as(tensors[name]) for name in wanted}
        states = step_by_step.forward(**{**tensors, **views, **graph})
        pairs = [(state, given) for state, given in zip(states, (dh, dc), strict=True) if given is not None]
        found = torch.autograd.grad(
            [state for state, _ in pairs],
            list(views.values()),
            [given for _, given in pairs],
            create_graph=again,
            allow_unused=True,
        )
    return dict(zip(wanted, found, strict=True))


forward.register_autograd(_run, setup_context=_keep)
