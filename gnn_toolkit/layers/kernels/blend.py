"""The gated average ``h_t = (1 - s_t) h_(t-1) + s_t v_t`` with ``s = sigmoid(q)``, fused: a minimal GRU's recurrence.

It is linear, with ``a = 1 - s`` and ``b = s v``, which are never written out. With g as for any linear recurrence,

    g_t = dh_t + (1 - s_(t+1)) g_(t+1),   dv = s g,   dq = (v - h) dv

the last because ``dq = s (1 - s) (v - h_(t-1)) g`` and ``(1 - s) (v - h_(t-1)) = v - h``. Steps are walked some at a
time, so that what is made of them is still in the processor's caches.
"""

from typing import Any

import torch
from torch import Tensor

from gnn_toolkit._transforms import is_transforming
from gnn_toolkit.layers.kernels.blocks import NARROW
from gnn_toolkit.layers.kernels.scan import scan

_NUMBERS = 1 << 17  # of h that are made at a time


def blend(gates: Tensor, start: Tensor, reverse: bool = False) -> Tensor:
    """Return h [T, B, H].

    Args:
        gates: [T, B, 2 H], q and v side by side.
        start: [B, H], the state before the first step; where ``reverse``, after the last.
        reverse: whether to walk from the last step to the first.
    """
    if is_transforming() or start.numel() < NARROW:
        return plain(gates, start, reverse)
    return forward(gates, start, reverse)[0]


def plain(gates: Tensor, start: Tensor, reverse: bool) -> Tensor:
    """Return what :func:`blend` does, by the linear recurrence."""
    logit, value = gates.chunk(2, -1)
    return scan(torch.sigmoid(-logit), torch.sigmoid(logit) * value, start, reverse)


@torch.library.custom_op("gnn_toolkit::blend_scan", mutates_args=())
def forward(gates: Tensor, start: Tensor, reverse: bool) -> tuple[Tensor, Tensor]:
    """Return h and s, both [T, B, H]."""
    hidden = start.size(1)
    h, share = (gates.new_empty(*gates.shape[:2], hidden) for _ in range(2))
    for part in _parts(h, reverse):
        logit, value = gates[part].split(hidden, -1)
        torch.sigmoid(logit, out=share[part])
        steps = list(zip(share[part].unbind(), value.unbind(), h[part].unbind(), strict=True))
        for s, v, out in reversed(steps) if reverse else steps:
            start = torch.lerp(start, v, s, out=out)
    return h, share


@torch.library.custom_op("gnn_toolkit::blend_scan_backward", mutates_args=())
def backward(dh: Tensor, gates: Tensor, h: Tensor, share: Tensor, reverse: bool) -> tuple[Tensor, Tensor]:
    """Return the gradients of the gates and the start."""
    hidden = h.size(2)
    dgates, g = torch.empty_like(gates), torch.zeros_like(h[0])
    for part in _parts(h, not reverse):
        dlogit, dvalue = dgates[part].split(hidden, -1)
        kept = torch.rsub(share[part], 1)
        found = torch.empty_like(kept)
        steps = list(zip(dh[part].unbind(), kept.unbind(), found.unbind(), strict=True))
        for given, a, out in steps if reverse else reversed(steps):
            torch.add(given, g, out=out)
            g = torch.mul(out, a, out=a)
        torch.mul(found, share[part], out=dvalue)
        torch.sub(gates[part].split(hidden, -1)[1], h[part], out=dlogit).mul_(dvalue)
    return dgates, g.clone()


@forward.register_fake
def _(gates: Tensor, start: Tensor, reverse: bool) -> tuple[Tensor, Tensor]:
    h = gates.new_empty(*gates.shape[:2], start.size(1))
    return h, torch.empty_like(h)


@backward.register_fake
def _(dh: Tensor, gates: Tensor, h: Tensor, share: Tensor, reverse: bool) -> tuple[Tensor, Tensor]:
    return gates.new_empty(gates.shape), h.new_empty(h.shape[1:])


def _parts(h: Tensor, reverse: bool) -> list[slice]:
    """Return the steps that are walked at a time."""
    count = max(1, _NUMBERS // max(1, h[0].numel() if h.size(0) else 1))
    parts = [slice(first, first + count) for first in range(0, h.size(0), count)]
    return parts[::-1] if reverse else parts


def _keep(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, Tensor]) -> None:
    gates, start, ctx.reverse = inputs
    ctx.set_materialize_grads(False)
    ctx.save_for_backward(gates, start, *output)


def _run(ctx: Any, dh: Tensor | None, _: Tensor | None) -> Any:
    gates, start, h, share = ctx.saved_tensors
    if dh is None:
        return None, None, None
    if torch.compiler.is_compiling() or not (torch.is_grad_enabled() or is_transforming(dh)):
        return *backward(dh, gates, h, share, ctx.reverse), None
    again = torch.is_grad_enabled()
    with torch.enable_grad():  # by operations that can be differentiated and batched themselves
        inputs = (gates.view_as(gates), start.view_as(start))
        return *torch.autograd.grad(plain(*inputs, ctx.reverse), inputs, dh, create_graph=again), None


forward.register_autograd(_run, setup_context=_keep)
