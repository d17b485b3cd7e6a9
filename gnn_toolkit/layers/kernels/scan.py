"""The linear recurrence ``h_t = a_t h_(t-1) + b_t`` along the first dimension of dense tensors, there and back.

The derivatives are those of :mod:`gnn_toolkit.layers.kernels.linear`: with ``g`` the gradient with respect to b,

    g_t = dh_t + conj(a_(t+1)) g_(t+1),   da_t = g_t conj(h_(t-1)),   dh_0 = conj(a_1) g_1

which is the same recurrence in the other direction, whose first state is the last ``dh``.
"""

from typing import Any

import torch
from torch import Tensor

from gnn_toolkit._transforms import is_transforming
from gnn_toolkit.layers.kernels import blocks
from gnn_toolkit.layers.kernels.linear import is_batched_gradient, side_by_side


def scan(a: Tensor, b: Tensor, start: Tensor, reverse: bool = False) -> Tensor:
    """Return h [T, B, C].

    Args:
        a: [T or 1, B or 1, C], the coefficient of each step.
        b: [T, B, C].
        start: [B, C], the state before the first step; where ``reverse``, after the last.
        reverse: whether to walk from the last step to the first.
    """
    if is_batched_gradient(b):
        return plain(a, b, start, reverse)
    if torch.compiler.is_compiling():
        return forward(a, b, start, reverse)
    return _Scan.apply(a, b, start, reverse)  # type: ignore[no-any-return]


@torch.library.custom_op("gnn_toolkit::linear_scan", mutates_args=())
def forward(a: Tensor, b: Tensor, start: Tensor, reverse: bool) -> Tensor:
    """Return what :func:`scan` does."""
    h = torch.empty(b.shape, dtype=b.dtype, device=b.device)
    blocks.run(a, b, start, h, reverse)
    return h


@torch.library.custom_op("gnn_toolkit::linear_scan_backward", mutates_args=())
def backward(dh: Tensor, a: Tensor, start: Tensor, h: Tensor, reverse: bool) -> tuple[Tensor, Tensor, Tensor]:
    """Return the gradients of a, b and the start."""
    g = torch.empty(h.shape, dtype=h.dtype, device=h.device)
    if not h.numel():
        return torch.zeros_like(a), g, torch.zeros_like(start)
    a, h, start = (t.conj().resolve_conj() for t in (a, h, start))
    first, last = (-1, 0) if reverse else (0, -1)
    earlier, later = _halves(reverse)
    g[last] = dh[last]
    blocks.run(a if a.size(0) == 1 else a[later], dh[earlier], g[last], g[earlier], not reverse)
    if a.shape == h.shape:
        da = torch.empty_like(g)
        torch.mul(g[later], h[earlier], out=da[later])
        torch.mul(g[first], start, out=da[first])
    else:
        inner = (g[later] * h[earlier]).sum(0, keepdim=True) if a.size(0) == 1 else g[later] * h[earlier]
        outer = (g[first] * start)[None]
        parts = [inner, outer] if reverse else [outer, inner]
        da = (inner + outer if a.size(0) == 1 else torch.cat(parts)).sum_to_size(a.shape)
    return da, g, (a[first] * g[first]).expand_as(start).contiguous()


@forward.register_fake
def _(a: Tensor, b: Tensor, start: Tensor, reverse: bool) -> Tensor:
    return b.new_empty(b.shape)


@backward.register_fake
def _(dh: Tensor, a: Tensor, start: Tensor, h: Tensor, reverse: bool) -> tuple[Tensor, Tensor, Tensor]:
    return a.new_empty(a.shape), h.new_empty(h.shape), start.new_empty(start.shape)


def plain(a: Tensor, b: Tensor, start: Tensor, reverse: bool) -> Tensor:
    """Return what :func:`scan` does, in plain operations that torch differentiates and batches itself."""
    states = []
    steps = range(b.size(0))
    for t in reversed(steps) if reverse else steps:
        start = torch.addcmul(b[t], a[min(t, a.size(0) - 1)], start)
        states.append(start)
    if not states:
        return b
    return torch.stack(states[::-1] if reverse else states)


def _halves(reverse: bool) -> tuple[slice, slice]:
    """Return the steps that have one after them, and those that have one before them, in the order of the walk."""
    front, back = slice(0, -1), slice(1, None)
    return (back, front) if reverse else (front, back)


def _back(ctx: Any, a: Tensor, start: Tensor, h: Tensor, dh: Tensor, reverse: bool) -> Any:
    if not (torch.is_grad_enabled() or is_transforming(dh)) or torch.compiler.is_compiling():
        da, g, dstart = backward(dh, a, start, h, reverse)
        return da if ctx.needs_input_grad[0] else None, g, dstart, None
    conj = a.conj().resolve_conj()
    first, last = (-1, 0) if reverse else (0, -1)
    if not h.size(0):
        return torch.zeros_like(a), dh, torch.zeros_like(start), None
    earlier, later = _halves(reverse)
    inner = scan(conj if a.size(0) == 1 else conj[later], dh[earlier], dh[last], not reverse)
    outer = dh[last][None]
    g = torch.cat([outer, inner] if reverse else [inner, outer])
    da = (g * _before(h, start, reverse).conj()).sum_to_size(a.shape) if ctx.needs_input_grad[0] else None
    return da, g, (conj[first] * g[first]).expand_as(start), None


def _before(h: Tensor, start: Tensor, reverse: bool) -> Tensor:
    """Return the state before each step."""
    return torch.cat([h[1:], start[None]] if reverse else [start[None], h[:-1]])[: h.size(0)]


class _Scan(torch.autograd.Function):
    """The scan with its derivatives, for autograd, forward-mode derivatives and the transforms of ``torch.func``."""

    @staticmethod
    def forward(a: Tensor, b: Tensor, start: Tensor, reverse: bool) -> Tensor:
        return forward(a, b, start, reverse)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        a, _, start, ctx.reverse = inputs
        ctx.save_for_backward(a, start, output)
        ctx.save_for_forward(a, start, output)

    @staticmethod
    def backward(ctx: Any, dh: Tensor) -> Any:
        a, start, h = ctx.saved_tensors
        return _back(ctx, a, start, h, dh, ctx.reverse)

    @staticmethod
    def jvp(ctx: Any, ta: Tensor | None, tb: Tensor | None, tstart: Tensor | None, *_: Any) -> Tensor:
        a, start, h = ctx.saved_tensors
        offset = torch.zeros_like(h) if tb is None else tb
        if ta is not None:
            offset = offset + ta * _before(h, start, ctx.reverse)
        return scan(a, offset, torch.zeros_like(start) if tstart is None else tstart, ctx.reverse)

    @staticmethod
    def vmap(info: Any, in_dims: tuple[Any, ...], a: Tensor, b: Tensor, start: Tensor, reverse: bool) -> Any:
        count = info.batch_size
        start = side_by_side(start, start, (in_dims[2],) * 2, count)[0]
        a, b = side_by_side(a, b, in_dims[:2], count)
        return scan(a, b, start, reverse).unflatten(-1, (count, -1)), 2


def _keep(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
    a, _, start, ctx.reverse = inputs
    ctx.save_for_backward(a, start, output)


def _run(ctx: Any, dh: Tensor) -> Any:
    a, start, h = ctx.saved_tensors
    return _back(ctx, a, start, h, dh, ctx.reverse)


forward.register_autograd(_run, setup_context=_keep)
