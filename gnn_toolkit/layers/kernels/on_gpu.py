"""Linear recurrences along the first dimension on a GPU, each way in one kernel: a thread walks the steps of a channel.

No step waits for a call. Coefficients are never multiplied with each other, so what is finite step by step is finite
here. What takes the time is reading, so some steps are read before the first of them is computed.

A tensor is read by its strides over steps, rows and channels; that over steps is negative where the walk is reversed.
"""

# pyright: reportMissingImports=false, reportOperatorIssue=false
import torch
import triton
import triton.language as tl
from torch import Tensor

_LANES = 32  # channels of a program
_AHEAD = 8  # steps that are read at a time


def scan(a: Tensor, b: Tensor, start: Tensor, out: Tensor, reverse: bool) -> None:
    """Write h of ``h_t = a_t h_(t-1) + b_t`` into ``out``; arguments are those of :func:`.blocks.run`."""
    a, kernel = a.expand(b.shape), _scan
    if b.is_complex():
        a, b, start, out = (torch.view_as_real(t.resolve_conj()) for t in (a, b, start, out))
        kernel = _complex_scan
    _walk(kernel, (a, b, out), start, reverse)


def blend(gates: Tensor, start: Tensor, out: Tensor, reverse: bool) -> None:
    """Write h of the gated average into ``out``; arguments are those of :func:`.blend.forward`."""
    _walk(_blend, (*gates.chunk(2, -1), out), start, reverse)


def blend_back(dh: Tensor, gates: Tensor, h: Tensor, out: tuple[Tensor, Tensor], reverse: bool) -> None:
    """Write the gradients of the gates and the start into ``out``; arguments are those of :func:`.blend.backward`."""
    dgates, dstart = out
    _walk(_blend_back, (dh, *gates.chunk(2, -1), h, *dgates.chunk(2, -1)), dstart, not reverse)


def _walk(kernel: "triton.JITFunction[..., None]", over_time: tuple[Tensor, ...], start: Tensor, reverse: bool) -> None:
    """Run a kernel over tensors [T, B, C], and one [B, C] that it reads or writes row by row."""
    steps, rows, channels = over_time[-1].shape[:3]
    if not steps * rows * channels:
        return
    first, sign = (steps - 1, -1) if reverse else (0, 1)
    strides = [stride for t in over_time for stride in (sign * t.stride(0), t.stride(1), t.stride(2))]
    parts, width = [t[first] for t in over_time], rows * channels
    with torch.cuda.device_of(start):
        kernel[(triton.cdiv(width, _LANES),)](
            *parts, start, steps, channels, width, *strides, LANES=_LANES, AHEAD=_AHEAD, num_warps=1
        )


# fmt: off
@triton.jit
def _scan(a, b, h, start, steps, channels, width, a_t, a_b, a_c, b_t, b_b, b_c, h_t, h_b, h_c,
          LANES: tl.constexpr, AHEAD: tl.constexpr):
    lane = tl.program_id(0) * LANES + tl.arange(0, LANES)
    row, channel, mine = lane // channels, lane % channels, lane < width
    a += row * a_b + channel * a_c
    b += row * b_b + channel * b_c
    h += row * h_b + channel * h_c
    state = tl.load(start + lane, mask=mine, other=0.0)
    first = 0
    while first < steps:
        kept, added = (), ()
        for k in tl.static_range(AHEAD):
            there = mine & (first + k < steps)
            kept += (tl.load(a + k * a_t, mask=there, other=0.0),)
            added += (tl.load(b + k * b_t, mask=there, other=0.0),)
        for k in tl.static_range(AHEAD):
            state = kept[k] * state + added[k]
            tl.store(h + k * h_t, state, mask=mine & (first + k < steps))
        a += AHEAD * a_t
        b += AHEAD * b_t
        h += AHEAD * h_t
        first += AHEAD


@triton.jit
def _complex_scan(a, b, h, start, steps, channels, width, a_t, a_b, a_c, b_t, b_b, b_c, h_t, h_b, h_c,
                  LANES: tl.constexpr, AHEAD: tl.constexpr):
    lane = tl.program_id(0) * LANES + tl.arange(0, LANES)
    row, channel, mine = lane // channels, lane % channels, lane < width
    a += row * a_b + channel * a_c
    b += row * b_b + channel * b_c
    h += row * h_b + channel * h_c
    real = tl.load(start + 2 * lane, mask=mine, other=0.0)
    imaginary = tl.load(start + 2 * lane + 1, mask=mine, other=0.0)
    first = 0
    while first < steps:
        kept, turned, added, added_imaginary = (), (), (), ()
        for k in tl.static_range(AHEAD):
            there = mine & (first + k < steps)
            kept += (tl.load(a + k * a_t, mask=there, other=0.0),)
            turned += (tl.load(a + k * a_t + 1, mask=there, other=0.0),)
            added += (tl.load(b + k * b_t, mask=there, other=0.0),)
            added_imaginary += (tl.load(b + k * b_t + 1, mask=there, other=0.0),)
        for k in tl.static_range(AHEAD):
            there = mine & (first + k < steps)
            before = real
            real = kept[k] * before - turned[k] * imaginary + added[k]
            imaginary = kept[k] * imaginary + turned[k] * before + added_imaginary[k]
            tl.store(h + k * h_t, real, mask=there)
            tl.store(h + k * h_t + 1, imaginary, mask=there)
        a += AHEAD * a_t
        b += AHEAD * b_t
        h += AHEAD * h_t
        first += AHEAD


@triton.jit
def _blend(q, v, h, start, steps, channels, width, q_t, q_b, q_c, v_t, v_b, v_c, h_t, h_b, h_c,
           LANES: tl.constexpr, AHEAD: tl.constexpr):
    lane = tl.program_id(0) * LANES + tl.arange(0, LANES)
    row, channel, mine = lane // channels, lane % channels, lane < width
    q += row * q_b + channel * q_c
    v += row * v_b + channel * v_c
    h += row * h_b + channel * h_c
    state = tl.load(start + lane, mask=mine, other=0.0)
    first = 0
    while first < steps:
        logits, values = (), ()
        for k in tl.static_range(AHEAD):
            there = mine & (first + k < steps)
            logits += (tl.load(q + k * q_t, mask=there, other=0.0),)
            values += (tl.load(v + k * v_t, mask=there, other=0.0),)
        for k in tl.static_range(AHEAD):
            state += (values[k] - state) / (1 + tl.exp(-logits[k]))
            tl.store(h + k * h_t, state, mask=mine & (first + k < steps))
        q += AHEAD * q_t
        v += AHEAD * v_t
        h += AHEAD * h_t
        first += AHEAD


@triton.jit
def _blend_back(dh, q, v, h, dq, dv, dstart, steps, channels, width, dh_t, dh_b, dh_c, q_t, q_b, q_c, v_t, v_b, v_c,
                h_t, h_b, h_c, dq_t, dq_b, dq_c, dv_t, dv_b, dv_c, LANES: tl.constexpr, AHEAD: tl.constexpr):
    lane = tl.program_id(0) * LANES + tl.arange(0, LANES)
    row, channel, mine = lane // channels, lane % channels, lane < width
    dh += row * dh_b + channel * dh_c
    q += row * q_b + channel * q_c
    v += row * v_b + channel * v_c
    h += row * h_b + channel * h_c
    dq += row * dq_b + channel * dq_c
    dv += row * dv_b + channel * dv_c
    carried = tl.load(dstart + lane, mask=mine, other=0.0)
    first = 0
    while first < steps:
        given, logits, values, states = (), (), (), ()
        for k in tl.static_range(AHEAD):
            there = mine & (first + k < steps)
            given += (tl.load(dh + k * dh_t, mask=there, other=0.0),)
            logits += (tl.load(q + k * q_t, mask=there, other=-float("inf")),)  # after the last step all is kept
            values += (tl.load(v + k * v_t, mask=there, other=0.0),)
            states += (tl.load(h + k * h_t, mask=there, other=0.0),)
        for k in tl.static_range(AHEAD):
            there = mine & (first + k < steps)
            share, whole = 1 / (1 + tl.exp(-logits[k])), given[k] + carried
            dvalue = share * whole
            carried = whole - dvalue
            tl.store(dv + k * dv_t, dvalue, mask=there)
            tl.store(dq + k * dq_t, (values[k] - states[k]) * dvalue, mask=there)
        dh += AHEAD * dh_t
        q += AHEAD * q_t
        v += AHEAD * v_t
        h += AHEAD * h_t
        dq += AHEAD * dq_t
        dv += AHEAD * dv_t
        first += AHEAD
    tl.store(dstart + lane, carried, mask=mine)
# fmt: on
