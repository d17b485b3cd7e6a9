"""The linear recurrence ``h_v = sum over e = (u -> v) of a_e h_u + b_v`` over the levels of a DAG, there and back.

It is the sparse unit-triangular system ``(I - A) h = b``. With ``g`` the gradient of the loss with respect to b,

    g = (I - A^H)^-1 dh      the same solve on the reversed graph, with conjugate coefficients
    da_e = g_v conj(h_u)     summed over what shares a coefficient
    th = (I - A)^-1 (tb + sum over e of ta_e h_u)      tangents, forward

so every derivative is made of solves, and can itself be differentiated. Functions that batch calls lay them side by
side as channels, which do not mix.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from gnn_toolkit._memo import remembered
from gnn_toolkit._transforms import FUNCTORCH
from gnn_toolkit.graphs.incidence import Incidence, incidence
from gnn_toolkit.graphs.order import LevelOrder

EDGE, TARGET, SOURCE, SHARED = "edge", "target", "source", "shared"  # whose row of a an edge takes
_TURNED = {EDGE: EDGE, TARGET: SOURCE, SOURCE: TARGET, SHARED: SHARED}


@dataclass(frozen=True, eq=False)
class Flow:
    """The edges of an order as a linear recurrence walks them.

    Attributes:
        incidence: seen from both ends, in places, with one type.
        target: [E] the place of each slot's target.
        edge: [E] the edge of ``edge_index`` at each slot.
    """

    incidence: Incidence
    target: Tensor
    edge: Tensor

    def tensors(self) -> list[Tensor]:
        """Return all there is, as an operator takes it."""
        return [*self.incidence, self.target, self.edge]


def flow(order: LevelOrder) -> Flow:
    """Return how a linear recurrence walks an order; remembered with it."""

    def make() -> Flow:
        slots = torch.argsort(order.target, stable=True)
        source, target = order.source[slots], order.target[slots]
        zeros = torch.zeros_like(source)
        seen = incidence(source, target, zeros, order.node_ptr, order.nodes.size(0), 1)
        return Flow(seen, target, order.edges[slots])

    return remembered(order, "linear flow", make)


def solve(a: Tensor, b: Tensor, edges: Flow, per: str, turned: bool = False) -> Tensor:
    """Return h [N, C] in places.

    Args:
        a: [rows, G], each coefficient for ``C / G`` consecutive channels.
        b: [N, C] in places.
        edges: where to walk.
        per: whose row of ``a`` an edge takes: its own, that of its target or its source, or the only one.
        turned: whether the edges are turned round; target and source are then those of the turned edge.
    """
    if is_batched_gradient(b):
        return by_level(a, b, edges, per, turned)
    if torch.compiler.is_compiling():
        return _solve(a, b, edges.tensors(), per, turned)
    return _Solve.apply(a, b, edges, per, turned)  # type: ignore[no-any-return]


@torch.library.custom_op("gnn_toolkit::linear_solve", mutates_args=())
def _solve(a: Tensor, b: Tensor, structure: Sequence[Tensor], per: str, turned: bool) -> Tensor:
    edges = Flow(Incidence(*structure[:-2]), structure[-2], structure[-1])
    return by_level(a, b, edges, per, turned)


@_solve.register_fake
def _(a: Tensor, b: Tensor, structure: Any, per: str, turned: bool) -> Tensor:
    return b.new_empty(b.shape)


def by_level(a: Tensor, b: Tensor, edges: Flow, per: str, turned: bool) -> Tensor:
    """Return what :func:`solve` does, level after level."""
    source, target, coefficient = _ends(edges, per, turned)
    bounds = edges.incidence.node_ptr.tolist()
    ptr = (edges.incidence.out_ptr if turned else edges.incidence.in_ptr).tolist()
    h = b.clone(memory_format=torch.contiguous_format)
    blocks = range(len(bounds) - 1)
    for k in reversed(blocks) if turned else blocks:
        if ptr[k] == ptr[k + 1]:
            continue
        slots = slice(ptr[k], ptr[k + 1])
        message = times(a if coefficient is None else a[coefficient[slots]], h[source[slots]])
        h.index_add_(0, target[slots], message)
    return h


def _ends(edges: Flow, per: str, turned: bool) -> tuple[Tensor, Tensor, Tensor | None]:
    """Return each edge's source, target and row of a, in the order of the walk."""
    source, target, edge = edges.incidence.source, edges.target, edges.edge
    if turned:
        out = edges.incidence.out_slot
        source, target, edge = target[out], source[out], edge[out]
    return source, target, {EDGE: edge, TARGET: target, SOURCE: source, SHARED: None}[per]


def times(a: Tensor, rows: Tensor) -> Tensor:
    """Return ``a * rows`` where a coefficient may serve several consecutive channels."""
    groups = a.size(-1)
    if groups == rows.size(-1):
        return a * rows
    return (a.unsqueeze(-1) * rows.view(rows.size(0), groups, -1)).reshape(rows.shape)


def _along(a: Tensor, h: Tensor, edges: Flow, per: str, turned: bool) -> Tensor:
    """Return ``sum over e = (u -> v) of a_e h_u`` for every v, in plain operations."""
    source, target, coefficient = _ends(edges, per, turned)
    message = times(a if coefficient is None else a[coefficient], h[source])
    return torch.zeros_like(h).index_add(0, target, message)


def _coefficients(g: Tensor, h: Tensor, a: Tensor, edges: Flow, per: str, turned: bool) -> Tensor:
    """Return the gradient of a: ``g_v conj(h_u)``, summed over what shares a coefficient, in plain operations."""
    source, target, coefficient = _ends(edges, per, turned)
    product = g[target] * h[source].conj()
    if a.size(-1) != h.size(-1):
        product = product.view(product.size(0), a.size(-1), -1).sum(-1)
    if coefficient is None:
        return product.sum(0, keepdim=True)
    return torch.zeros_like(a).index_add(0, coefficient, product)


class _Solve(torch.autograd.Function):
    """The solve with its derivatives, for autograd, forward-mode derivatives and the transforms of ``torch.func``."""

    @staticmethod
    def forward(a: Tensor, b: Tensor, edges: Flow, per: str, turned: bool) -> Tensor:
        return by_level(a, b, edges, per, turned)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        a, _, *ctx.about = inputs
        ctx.save_for_backward(a, output)
        ctx.save_for_forward(a, output)

    @staticmethod
    def backward(ctx: Any, dh: Tensor) -> Any:
        return _back(ctx, *ctx.saved_tensors, dh, *ctx.about)

    @staticmethod
    def jvp(ctx: Any, ta: Tensor | None, tb: Tensor | None, *_: Any) -> Tensor:
        a, h = ctx.saved_tensors
        edges, per, turned = ctx.about
        offset = torch.zeros_like(h) if tb is None else tb
        if ta is not None:
            offset = offset + _along(ta, h, edges, per, turned)
        return solve(a, offset, edges, per, turned)

    @staticmethod
    def vmap(info: Any, in_dims: tuple[Any, ...], a: Tensor, b: Tensor, edges: Flow, per: str, turned: bool) -> Any:
        a, b = side_by_side(a, b, in_dims[:2], info.batch_size)
        h = solve(a, b, edges, per, turned).unflatten(-1, (info.batch_size, -1))
        return h, h.dim() - 2


def is_batched_gradient(gradient: Tensor) -> bool:
    """Return whether a gradient is one of those of ``torch.autograd.grad(is_grads_batched=True)``."""
    return not torch.compiler.is_compiling() and bool(FUNCTORCH.is_legacy_batchedtensor(gradient))


def side_by_side(a: Tensor, b: Tensor, dims: Sequence[int | None], count: int) -> tuple[Tensor, Tensor]:
    """Return a and b of a batch of calls as those of one call with more channels, call by call."""
    a, b = (
        t.unsqueeze(0).expand(count, *t.shape) if d is None else t.movedim(d, 0)
        for t, d in zip((a, b), dims, strict=True)
    )
    return a.movedim(0, -2).flatten(-2), b.movedim(0, -2).flatten(-2)


def _back(ctx: Any, a: Tensor, h: Tensor, dh: Tensor, edges: Flow, per: str, turned: bool) -> Any:
    g = solve(a.conj().resolve_conj(), dh, edges, _TURNED[per], not turned)
    da = _coefficients(g, h, a, edges, per, turned) if ctx.needs_input_grad[0] else None
    return da, g, None, None, None


def _keep(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
    a, _, structure, *ctx.about = inputs
    ctx.save_for_backward(a, output, *structure)


def _run(ctx: Any, dh: Tensor) -> Any:
    a, h, *structure = ctx.saved_tensors
    edges = Flow(Incidence(*structure[:-2]), structure[-2], structure[-1])
    da, g, *_ = _back(ctx, a, h, dh, edges, *ctx.about)
    return da, g, [None] * len(structure), None, None


_solve.register_autograd(_run, setup_context=_keep)
