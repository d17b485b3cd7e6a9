"""Pointwise derivatives of the gated cells, written into buffers: the local step of every backward pass.

With ``x~`` a gate before its nonlinearity, and D the whole gradient of a memory c:

    LSTM:   di~ = D g i (1 - i),  dg~ = D i (1 - g^2),  df~ = D c_u f (1 - f),  do~ = dh h (1 - o)
            D = dc + dh o (1 - tanh(c)^2) = dc + dh (o - h tanh(c))
    GRU:    dn~ = dh (1 - z) (1 - n^2),  dr~ = dn~ q_n r (1 - r)
            dz~ = dh (h - n) (1 - z) = dh (h_before - n) z (1 - z)

The first functions prepare all nodes at once, before D and ``dh`` are there; the last two finish one step in time.
"""

import torch
from torch import Tensor


def memory_slopes(i: Tensor, g: Tensor, out: tuple[Tensor, Tensor]) -> None:
    """Write what ``di~`` and ``dg~`` are for each unit of D."""
    di, dg = out
    torch.mul(i, g, out=di)
    torch.addcmul(i, di, g, value=-1, out=dg)
    di.addcmul_(di, i, value=-1)


def forget_slope(kept: Tensor, f: Tensor, out: Tensor) -> None:
    """Write what ``df~`` is for each unit of D, with ``kept`` the memory that the gate f acts on."""
    torch.mul(kept, f, out=out).addcmul_(out, f, value=-1)


def output_slopes(h: Tensor, o: Tensor, tanh_c: Tensor, out: tuple[Tensor, Tensor]) -> None:
    """Write what ``do~`` and D are for each unit of ``dh``; ``tanh_c`` may be the buffer of the second."""
    do, to_c = out
    torch.addcmul(h, h, o, value=-1, out=do)
    torch.addcmul(o, h, tanh_c, value=-1, out=to_c)


def gru_slopes(h: Tensor, acts: Tensor, q_n: Tensor, out: tuple[Tensor, Tensor]) -> None:
    """Write, for all nodes at once, what reaches r, z and n by way of ``dn~`` and ``dh``.

    Args:
        h: [n, H], the new states.
        acts: [n, 3 H], the gates r, z, n.
        q_n: [n, H], what the reset gate acts on.
        out: ``dq`` [n, 3 H], of which n's part is left as ``1 - z``, and ``dn`` [n, H].
    """
    dq, dn = out
    r, z, n = acts.chunk(3, 1)
    dq_r, dq_z, keep = dq.chunk(3, 1)
    forget_slope(q_n, r, dq_r)
    torch.neg(z, out=keep).add_(1)
    torch.sub(h, n, out=dq_z).mul_(keep)
    torch.mul(n, n, out=dn)
    torch.addcmul(keep, keep, dn, value=-1, out=dn)


def blend_back(out: tuple[Tensor, Tensor], z: Tensor, n: Tensor, before: Tensor, dh: Tensor) -> None:
    """Write dz~ and dn~ of a GRU's step, and leave in ``dh`` what goes straight back to the state before."""
    dq_z, dq_n = out
    new = torch.addcmul(dh, dh, z, value=-1)
    torch.sub(before, n, out=dq_z).mul_(new).mul_(z)
    torch.mul(n, n, out=dq_n)
    torch.addcmul(new, new, dq_n, value=-1, out=dq_n)
    dh.mul_(z)


def lstm_back(
    dq: Tensor, forward: tuple[Tensor, Tensor], before: Tensor, peephole: Tensor | None, dh: Tensor, dc: Tensor
) -> None:
    """Write the gradient of an LSTM's gates at one step.

    Args:
        dq: [M, 4 H], for the result.
        forward: the gates i, f, g, o [M, 4 H] and tanh(c) [M, H].
        before: [M, H], the memory before.
        peephole: [3, H], the rows p_i, p_f, p_o, or ``None``.
        dh: [M, H], the whole gradient of h; is overwritten.
        dc: [M, H], D's part that comes from later steps; becomes the gradient of the memory before.
    """
    acts, tanh_c = forward
    i, f, g, o = acts.chunk(4, 1)
    d_i, d_f, d_g, d_o = dq.chunk(4, 1)
    through = dh.mul_(o)
    dc.add_(through).addcmul_(through * tanh_c, tanh_c, value=-1)
    torch.mul(through, tanh_c, out=d_o).addcmul_(d_o, o, value=-1)
    if peephole is not None:
        dc.addcmul_(peephole[2], d_o)
    memory_slopes(i, g, (d_i, d_g))
    forget_slope(before, f, d_f)
    for slope in (d_i, d_f, d_g):
        slope.mul_(dc)
    dc.mul_(f)
    if peephole is not None:
        dc.addcmul_(peephole[0], d_i).addcmul_(peephole[1], d_f)
