"""The linear recurrence ``h_v = sum over e = (u -> v) of a_e h_u + b_v`` over a DAG, there and back.

It is the sparse unit-triangular system ``(I - A) h = b``. With ``g`` the gradient of the loss with respect to b,

    g = (I - A^H)^-1 dh      the same solve on the reversed graph, with conjugate coefficients
    da_e = g_v conj(h_u)     summed over what shares a coefficient
    th = (I - A)^-1 (tb + sum over e of ta_e h_u)      tangents, forward

so every derivative is made of solves, and can itself be differentiated. Functions that batch calls lay them side by
side as channels, which do not mix.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from gnn_toolkit._transforms import FUNCTORCH, is_transforming, numbers
from gnn_toolkit.layers.kernels import by_level
from gnn_toolkit.layers.kernels.contracted import contracted
from gnn_toolkit.layers.kernels.flow import TURNED, Flow, along, coefficient_gradient, times


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
        return plain(a, b, edges, per, turned)
    if torch.compiler.is_compiling():
        return _solve(a, b, edges.tensors(), per, turned)
    return _Solve.apply(a, b, edges, per, turned)  # type: ignore[no-any-return]


def compute(a: Tensor, b: Tensor, edges: Flow, per: str, turned: bool) -> Tensor:
    """Return h, by level or along chains, whichever takes fewer calls."""
    chains = edges.chains
    if chains is not None and chains.pays(b.size(-1)):
        return contracted(a, b, edges, per, turned, chains)
    return by_level.by_level(a, b, edges, per, turned)


def plain(a: Tensor, b: Tensor, edges: Flow, per: str, turned: bool) -> Tensor:
    """Return what :func:`solve` does, in plain operations that torch differentiates and batches itself."""
    source, target, row = edges.ends(per, turned)
    seen = edges.incidence
    ptr = numbers(seen.out_ptr if turned else seen.in_ptr)
    blocks = range(len(ptr) - 1)
    h = b
    for k in reversed(blocks) if turned else blocks:
        if ptr[k] < ptr[k + 1]:
            slots = slice(ptr[k], ptr[k + 1])
            message = times(a if row is None else a[row[slots]], h[source[slots]])
            h = h.index_add(0, target[slots], message)
    return h


@torch.library.custom_op("gnn_toolkit::linear_solve", mutates_args=())
def _solve(a: Tensor, b: Tensor, structure: Sequence[Tensor], per: str, turned: bool) -> Tensor:
    return by_level.by_level(a, b, Flow.of(structure), per, turned)


@torch.library.custom_op("gnn_toolkit::linear_solve_backward", mutates_args=())
def _solve_backward(
    dh: Tensor, a: Tensor, h: Tensor, structure: Sequence[Tensor], per: str, turned: bool
) -> tuple[Tensor, Tensor]:
    edges = Flow.of(structure)
    g = by_level.by_level(a.conj().resolve_conj(), dh, edges, TURNED[per], not turned)
    return by_level.gradient(g, h, a, edges, per, turned), g


@_solve.register_fake
def _(a: Tensor, b: Tensor, structure: Any, per: str, turned: bool) -> Tensor:
    return b.new_empty(b.shape)


@_solve_backward.register_fake
def _(dh: Tensor, a: Tensor, h: Tensor, structure: Any, per: str, turned: bool) -> tuple[Tensor, Tensor]:
    return a.new_empty(a.shape), h.new_empty(h.shape)


class _Solve(torch.autograd.Function):
    """The solve with its derivatives, for autograd, forward-mode derivatives and the transforms of ``torch.func``."""

    @staticmethod
    def forward(a: Tensor, b: Tensor, edges: Flow, per: str, turned: bool) -> Tensor:
        return compute(a, b, edges, per, turned)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        a, _, *ctx.about = inputs
        ctx.save_for_backward(a, output)
        ctx.save_for_forward(a, output)

    @staticmethod
    def backward(ctx: Any, dh: Tensor) -> Any:
        a, h = ctx.saved_tensors
        edges, per, turned = ctx.about
        conj = a.conj().resolve_conj()
        if torch.is_grad_enabled() or is_transforming(dh):
            g = solve(conj, dh, edges, TURNED[per], not turned)
            da = coefficient_gradient(g, h, a, edges, per, turned) if ctx.needs_input_grad[0] else None
        else:
            g = compute(conj, dh, edges, TURNED[per], not turned)
            da = by_level.gradient(g, h, a, edges, per, turned) if ctx.needs_input_grad[0] else None
        return da, g, None, None, None

    @staticmethod
    def jvp(ctx: Any, ta: Tensor | None, tb: Tensor | None, *_: Any) -> Tensor:
        a, h = ctx.saved_tensors
        edges, per, turned = ctx.about
        offset = torch.zeros_like(h) if tb is None else tb
        if ta is not None:
            offset = offset + along(ta, h, edges, per, turned)
        return solve(a, offset, edges, per, turned)

    @staticmethod
    def vmap(info: Any, in_dims: tuple[Any, ...], a: Tensor, b: Tensor, edges: Flow, per: str, turned: bool) -> Any:
        a, b = side_by_side(a, b, in_dims[:2], info.batch_size)
        h = solve(a, b, edges, per, turned).unflatten(-1, (info.batch_size, -1))
        return h, h.dim() - 2


class _Permuted(torch.autograd.Function):
    """Rows in another order, whose gradient is gathered by the inverse and not scattered."""

    generate_vmap_rule = True

    @staticmethod
    def forward(rows: Tensor, index: Tensor, inverse: Tensor) -> Tensor:
        return rows.index_select(0, index)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        ctx.save_for_backward(*inputs[1:])
        ctx.save_for_forward(*inputs[1:])

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Any:
        index, inverse = ctx.saved_tensors
        return permuted(gradient, inverse, index), None, None

    @staticmethod
    def jvp(ctx: Any, tangent: Tensor, *_: Any) -> Tensor:
        return permuted(tangent, *ctx.saved_tensors)


def permuted(rows: Tensor, index: Tensor, inverse: Tensor) -> Tensor:
    """Return ``rows[index]`` for a permutation and its inverse."""
    if torch.compiler.is_compiling() or is_batched_gradient(rows):
        return rows.index_select(0, index)
    return _Permuted.apply(rows, index, inverse)  # type: ignore[no-any-return]


def is_batched_gradient(gradient: Tensor) -> bool:
    """Return whether a gradient is one of those of ``torch.autograd.grad(is_grads_batched=True)``."""
    return not torch.compiler.is_compiling() and bool(FUNCTORCH.is_legacy_batchedtensor(gradient))


def side_by_side(a: Tensor, b: Tensor, dims: Sequence[int | None], count: int) -> tuple[Tensor, Tensor]:
    """Return a and b of a batch of calls as those of one call with more channels, call by call."""
    pairs = zip((a, b), dims, strict=True)
    a, b = (t.unsqueeze(0).expand(count, *t.shape) if d is None else t.movedim(d, 0) for t, d in pairs)
    return a.movedim(0, -2).flatten(-2), b.movedim(0, -2).flatten(-2)


def _keep(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
    a, _, structure, *ctx.about = inputs
    ctx.save_for_backward(a, output, *structure)


def _run(ctx: Any, dh: Tensor) -> Any:
    a, h, *structure = ctx.saved_tensors
    per, turned = ctx.about
    if torch.compiler.is_compiling() or not (torch.is_grad_enabled() or is_transforming(dh)):
        da, g = _solve_backward(dh, a, h, structure, per, turned)
    else:
        edges = Flow.of(structure)
        g = solve(a.conj().resolve_conj(), dh, edges, TURNED[per], not turned)
        da = coefficient_gradient(g, h, a, edges, per, turned)
    return da, g, [None] * len(structure), None, None


_solve.register_autograd(_run, setup_context=_keep)
