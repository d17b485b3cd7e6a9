"""The recurrence ``h_t = a_t h_(t-1) + b_t`` along the first dimension: step by step, or in blocks side by side.

A step of few numbers costs a call and hardly any arithmetic. So where steps are narrow, the sequence is cut into blocks
of L steps that are walked side by side, three times:

    1. each block by itself, from a state of zero, to its last state H and the product A of its coefficients;
    2. from block to block, ``c_(k+1) = A_k c_k + H_k``: the same recurrence, L times shorter;
    3. each block again, from the state c before it, now writing every h.

The third walk is the plain recurrence, and nothing of the first but A and H is ever written out. T steps take
``2 L + L + T / L`` calls instead of T, and L = sqrt(T) or so makes that least. A product of coefficients can leave
the range of the numbers where no state does: if A is not finite, or is too small for its last digit and some
coefficient exceeds 1 in size, the steps at hand are walked one by one. So what is finite step by step is finite here.

Measured on two cores, float32, forward alone: a path of 10,000 steps of 128 numbers takes 71 ms step by step and 15 ms
in blocks; 64 paths of 1000 steps, whose steps have 8192 numbers, 20 ms step by step and 69 ms in blocks. Hence
``NARROW``. On a GPU one kernel walks all steps, whatever their width: :mod:`.on_gpu`.
"""

import math

import torch
from torch import Tensor

from gnn_toolkit.layers.kernels import gpu

NARROW = 4096  # numbers a step: from there on a step's arithmetic outweighs its call
LONGEST = 64  # steps of a block: longer products leave the range of the numbers more often
AT_ONCE = 1 << 15  # numbers that the blocks side by side may have, so that a walk stays in the processor's caches
SHORT = 48  # steps: fewer are walked one by one


def run(a: Tensor, b: Tensor, start: Tensor, out: Tensor, reverse: bool) -> None:
    """Write h into ``out``.

    Args:
        a: [T, B, C] or [1, B, C]; ``B`` and ``C`` may be 1 for what shares a coefficient.
        b: [T, B, C].
        start: [B, C], the state before the first step walked.
        out: [T, B, C].
        reverse: whether the last step is walked first.
    """
    steps, width = b.size(0), b[0].numel() if b.size(0) else 0
    if (kernels := gpu.kernels_for(b)) is not None:
        return kernels.scan(a, b, start.contiguous(), out, reverse)
    a = a.expand(steps, *a.shape[1:])
    if steps < SHORT or width >= NARROW or not width:
        return step_by_step(a, b, start, out, reverse)
    length = min(LONGEST, max(8, math.isqrt(steps * 2 // 3)))
    each = length * max(2, min(AT_ONCE // width, steps // length))
    firsts = range(0, steps, each)
    for first in reversed(firsts) if reverse else firsts:
        part = slice(first, min(first + each, steps))
        in_blocks(a[part], b[part], start, out[part], reverse, length)
        start = out[part][0 if reverse else -1]
    return None


def step_by_step(a: Tensor, b: Tensor, start: Tensor, out: Tensor, reverse: bool) -> None:
    """Write h into ``out``, one step after another."""
    steps = list(zip(a.unbind(), b.unbind(), out.unbind(), strict=True))
    for a_t, b_t, h_t in reversed(steps) if reverse else steps:
        start = torch.addcmul(b_t, a_t, start, out=h_t)


def in_blocks(a: Tensor, b: Tensor, start: Tensor, out: Tensor, reverse: bool, length: int) -> None:
    """Write h into ``out``, in blocks of some length; steps beyond whole blocks are walked last, one by one."""
    count = b.size(0) // length
    whole, rest = slice(0, count * length), slice(count * length, b.size(0))
    if reverse:
        left = b.size(0) - count * length
        whole, rest = slice(left, b.size(0)), slice(0, left)
    columns = [t[whole].unflatten(0, (count, length)).unbind(1) for t in (a, b, out)] if count else []
    if count:
        a_s, b_s, h_s = ((column[::-1] if reverse else column) for column in columns)
        product, state = a_s[0].clone(), b_s[0].clone()
        for a_t, b_t in zip(a_s[1:], b_s[1:], strict=True):
            torch.addcmul(b_t, a_t, state, out=state)
            product.mul_(a_t)
        if not _is_in_range(product, a[whole]):
            return step_by_step(a, b, start, out, reverse)
        before = torch.empty_like(state)
        before[-1 if reverse else 0] = start
        earlier, later = (slice(1, None), slice(0, -1)) if reverse else (slice(0, -1), slice(1, None))
        run(product[earlier], state[earlier], start, before[later], reverse)
        for a_t, b_t, h_t in zip(a_s, b_s, h_s, strict=True):
            before = torch.addcmul(b_t, a_t, before, out=h_t)
        start = before[0 if reverse else -1]
    step_by_step(a[rest], b[rest], start, out[rest], reverse)
    return None


def _is_in_range(product: Tensor, a: Tensor) -> bool:
    """Return whether products of coefficients stand for the coefficients one by one."""
    size = product.abs()
    low, high = (float(bound) for bound in size.aminmax())
    if not high < math.inf:
        return False
    return low >= torch.finfo(size.dtype).tiny or float(a.abs().max()) <= 1.0
