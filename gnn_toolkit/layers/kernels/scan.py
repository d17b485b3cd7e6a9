"""The linear recurrence ``h_t = a_t h_(t-1) + b_t`` along the first dimension of dense tensors, there and back.

The derivatives are those of :mod:`gnn_toolkit.layers.kernels.linear`: scans in the other direction.
"""

from typing import Any

import torch
from torch import Tensor

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
        return _scan(a, b, start, reverse)
    return _Scan.apply(a, b, start, reverse)  # type: ignore[no-any-return]


@torch.library.custom_op("gnn_toolkit::linear_scan", mutates_args=())
def _scan(a: Tensor, b: Tensor, start: Tensor, reverse: bool) -> Tensor:
    return step_by_step(a, b, start, reverse)


@_scan.register_fake
def _(a: Tensor, b: Tensor, start: Tensor, reverse: bool) -> Tensor:
    return b.new_empty(b.shape)


def step_by_step(a: Tensor, b: Tensor, start: Tensor, reverse: bool) -> Tensor:
    """Return what :func:`scan` does, one step after another."""
    h = torch.empty_like(b, memory_format=torch.contiguous_format)
    steps = zip(a.expand_as(b), b, h, strict=True)
    before = start
    for a_t, b_t, h_t in reversed(list(steps)) if reverse else steps:
        before = torch.addcmul(b_t, a_t, before, out=h_t)
    return h


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


def _before(h: Tensor, start: Tensor, reverse: bool) -> Tensor:
    """Return the state before each step."""
    return torch.cat([h[1:], start[None]] if reverse else [start[None], h[:-1]])[: h.size(0)]


def _after(a: Tensor, reverse: bool) -> Tensor:
    """Return the coefficient of the step after each one, as a scan in the other direction takes it; the outermost 1."""
    if a.size(0) == 1:
        return a
    one = torch.ones_like(a[:1])
    return torch.cat([one, a[:-1]] if reverse else [a[1:], one])


def _back(ctx: Any, a: Tensor, start: Tensor, h: Tensor, dh: Tensor, reverse: bool) -> Any:
    conj = a.conj().resolve_conj()
    g = scan(_after(conj, reverse), dh, torch.zeros_like(start), not reverse)
    da = (g * _before(h, start, reverse).conj()).sum_to_size(a.shape) if ctx.needs_input_grad[0] else None
    outer = slice(-1, None) if reverse else slice(0, 1)
    dstart = (conj.expand_as(h)[outer] * g[outer]).sum(0) if ctx.needs_input_grad[2] else None
    return da, g, dstart, None


class _Scan(torch.autograd.Function):
    """The scan with its derivatives, for autograd, forward-mode derivatives and the transforms of ``torch.func``."""

    @staticmethod
    def forward(a: Tensor, b: Tensor, start: Tensor, reverse: bool) -> Tensor:
        return step_by_step(a, b, start, reverse)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        a, _, start, ctx.reverse = inputs
        ctx.save_for_backward(a, start, output)
        ctx.save_for_forward(a, start, output)

    @staticmethod
    def backward(ctx: Any, dh: Tensor) -> Any:
        return _back(ctx, *ctx.saved_tensors, dh, ctx.reverse)

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
    return _back(ctx, *ctx.saved_tensors, dh, ctx.reverse)


_scan.register_autograd(_run, setup_context=_keep)
