"""The gated average ``h_t = (1 - s_t) h_(t-1) + s_t v_t`` with ``s = sigmoid(q)``, fused: a minimal GRU's recurrence.

It is linear, with ``a = 1 - s`` and ``b = s v``. With g as for any linear recurrence,

    g_t = dh_t + (1 - s_(t+1)) g_(t+1),   dv = s g,   dq = (v - h) dv

the last because ``dq = s (1 - s) (v - h_(t-1)) g`` and ``(1 - s) (v - h_(t-1)) = v - h``. Only h is kept for the way
back: to compute s again costs less than to write and read it. Where steps are wide, they are walked some at a time, so
that what is made of them is still in the processor's caches; narrow ones are walked in blocks side by side.
"""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from gnn_toolkit._transforms import is_transforming
from gnn_toolkit.layers.kernels import blocks, gpu
from gnn_toolkit.layers.kernels.scan import scan

_NUMBERS = 1 << 17  # of h that are made at a time


def blend(gates: Tensor, start: Tensor, reverse: bool = False) -> Tensor:
    """Return h [T, B, H].

    Args:
        gates: [T, B, 2 H], q and v side by side.
        start: [B, H], the state before the first step; where ``reverse``, after the last.
        reverse: whether to walk from the last step to the first.
    """
    return plain(gates, start, reverse) if is_transforming() else forward(gates, start, reverse)


def plain(gates: Tensor, start: Tensor, reverse: bool) -> Tensor:
    """Return what :func:`blend` does, by the linear recurrence."""
    logit, value = gates.chunk(2, -1)
    return scan(torch.sigmoid(-logit), torch.sigmoid(logit) * value, start, reverse)


@torch.library.custom_op("gnn_toolkit::blend_scan", mutates_args=())
def forward(gates: Tensor, start: Tensor, reverse: bool) -> Tensor:
    """Return what :func:`blend` does."""
    hidden = start.size(1)
    h = gates.new_empty(*gates.shape[:2], hidden)
    if (kernels := gpu.kernels_for(gates)) is not None:
        kernels.blend(gates, start.contiguous(), h, reverse)
        return h
    if start.numel() < blocks.NARROW:
        logit, value = gates.split(hidden, -1)
        share = torch.sigmoid(logit)
        blocks.run(1 - share, share * value, start, h, reverse)
        return h
    for part, (share,) in _parts(h, reverse, 1):
        logit, value = gates[part].split(hidden, -1)
        torch.sigmoid(logit, out=share)
        steps = list(zip(share.unbind(), value.unbind(), h[part].unbind(), strict=True))
        for s, v, out in reversed(steps) if reverse else steps:
            start = torch.lerp(start, v, s, out=out)
    return h


@torch.library.custom_op("gnn_toolkit::blend_scan_backward", mutates_args=())
def backward(dh: Tensor, gates: Tensor, h: Tensor, reverse: bool) -> tuple[Tensor, Tensor]:
    """Return the gradients of the gates and the start."""
    dgates, carried = torch.empty_like(gates), torch.zeros_like(h[:1].sum(0))
    if (kernels := gpu.kernels_for(gates)) is not None:
        kernels.blend_back(dh, gates, h, (dgates, carried), reverse)
        return dgates, carried
    if carried.numel() < blocks.NARROW:
        return _narrow_backward(dh, gates, h, reverse, dgates, carried)
    one = h.new_ones(())
    for part, (share, kept, g) in _parts(h, not reverse, 3):
        logit, value = gates[part].split(h.size(2), -1)
        torch.sigmoid(logit, out=share)
        torch.sub(one, share, out=kept)
        steps = list(zip(dh[part].unbind(), kept.unbind(), g.unbind(), strict=True))
        (given, after, found), *others = steps if reverse else reversed(steps)
        torch.add(given, carried, out=found)
        for given, keep, out in others:
            found, after = torch.addcmul(given, after, found, out=out), keep
        torch.mul(after, found, out=carried)
        _gates_back(value, h[part], share, g, dgates[part])
    return dgates, carried


def _narrow_backward(
    dh: Tensor, gates: Tensor, h: Tensor, reverse: bool, dgates: Tensor, carried: Tensor
) -> tuple[Tensor, Tensor]:
    if not h.numel():
        return dgates, carried
    logit, value = gates.split(h.size(2), -1)
    share, g = torch.sigmoid(logit), torch.empty(h.shape, dtype=h.dtype, device=h.device)
    kept = 1 - share
    (first, last), (front, back) = ((-1, 0) if reverse else (0, -1)), (slice(0, -1), slice(1, None))
    earlier, later = (back, front) if reverse else (front, back)
    g[last] = dh[last]
    blocks.run(kept[later], dh[earlier], g[last], g[earlier], not reverse)
    _gates_back(value, h, share, g, dgates)
    return dgates, kept[first] * g[first]


def _gates_back(value: Tensor, h: Tensor, share: Tensor, g: Tensor, out: Tensor) -> None:
    """Write the gradients of q and v."""
    dlogit, dvalue = out.split(h.size(2), -1)
    torch.mul(g, share, out=dvalue)
    torch.sub(value, h, out=dlogit).mul_(dvalue)


@forward.register_fake
def _(gates: Tensor, start: Tensor, reverse: bool) -> Tensor:
    return gates.new_empty(*gates.shape[:2], start.size(1))


@backward.register_fake
def _(dh: Tensor, gates: Tensor, h: Tensor, reverse: bool) -> tuple[Tensor, Tensor]:
    return gates.new_empty(gates.shape), h.new_empty(h.shape[1:])


def _parts(h: Tensor, reverse: bool, buffers: int) -> Iterator[tuple[slice, list[Tensor]]]:
    """Yield the steps that are walked at a time, and room for numbers of theirs, the same for all."""
    count = max(1, _NUMBERS // h[0].numel()) if h.size(0) else 1
    room = [h.new_empty(min(count, h.size(0)), *h.shape[1:]) for _ in range(buffers)]
    firsts = range(0, h.size(0), count)
    for first in reversed(firsts) if reverse else firsts:
        last = min(first + count, h.size(0))
        yield slice(first, last), [part[: last - first] for part in room]


def _keep(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
    gates, start, ctx.reverse = inputs
    ctx.save_for_backward(gates, start, output)


def _run(ctx: Any, dh: Tensor) -> Any:
    gates, start, h = ctx.saved_tensors
    if torch.compiler.is_compiling() or not (torch.is_grad_enabled() or is_transforming(dh)):
        return *backward(dh, gates, h, ctx.reverse), None
    again = torch.is_grad_enabled()
    with torch.enable_grad():  # by operations that can be differentiated and batched themselves
        inputs = (gates.view_as(gates), start.view_as(start))
        wanted = [k for k, needed in enumerate(ctx.needs_input_grad[:2]) if needed]
        of = [inputs[k] for k in wanted]
        found = torch.autograd.grad(plain(*inputs, ctx.reverse), of, dh, create_graph=again, allow_unused=True)
    given = dict(zip(wanted, found, strict=True))
    return given.get(0), given.get(1), None


forward.register_autograd(_run, setup_context=_keep)
