"""Gates of a recurrence in time, all in place: nonlinearities going forward, and their derivatives coming back.

The formulas are those of :mod:`gnn_toolkit.layers.kernels.over_time`. Every tensor holds all nodes of one step, [M, H]
for each gate.
"""

import torch
from torch import Tensor


def lstm(acts: Tensor, before: Tensor, peephole: Tensor | None, out: tuple[Tensor, Tensor, Tensor]) -> None:
    """Write h, c and tanh(c), from the gates before their nonlinearities, which are applied in place."""
    hidden = before.size(1)
    h, c, tanh_c = out
    i, f, g, o = acts.split(hidden, 1)
    if peephole is not None:
        i.addcmul_(peephole[0], before)
        f.addcmul_(peephole[1], before)
    acts[:, : 2 * hidden].sigmoid_()
    torch.mul(f, before, out=c).addcmul_(i, g.tanh_())
    if peephole is not None:
        o.addcmul_(peephole[2], c)
    torch.tanh(c, out=tanh_c)
    torch.mul(o.sigmoid_(), tanh_c, out=h)


def blend_back(out: tuple[Tensor, Tensor], z: Tensor, n: Tensor, before: Tensor, dh: Tensor) -> None:
    """Write dz~ and dn~, and leave in ``dh`` what goes straight back to the state before."""
    dq_z, dq_n = out
    new = torch.addcmul(dh, dh, z, value=-1)
    torch.sub(before, n, out=dq_z).mul_(new).mul_(z)
    torch.mul(n, n, out=dq_n)
    torch.addcmul(new, new, dq_n, value=-1, out=dq_n)
    dh.mul_(z)


def lstm_back(
    dq: Tensor, forward: tuple[Tensor, Tensor], before: Tensor, peephole: Tensor | None, dh: Tensor, dc: Tensor
) -> None:
    """Write the gradient of the gates into ``dq``, and that of the memory before into ``dc``, which holds D's part."""
    acts, tanh_c = forward
    i, f, g, o = acts.chunk(4, 1)
    d_i, d_f, d_g, d_o = dq.chunk(4, 1)
    through = dh.mul_(o)
    dc.add_(through).addcmul_(through * tanh_c, tanh_c, value=-1)
    torch.mul(through, tanh_c, out=d_o).addcmul_(d_o, o, value=-1)
    if peephole is not None:
        dc.addcmul_(peephole[2], d_o)
    torch.mul(dc, i, out=d_i)
    torch.mul(g, g, out=d_g)
    torch.addcmul(d_i, d_i, d_g, value=-1, out=d_g)
    d_i.mul_(g).addcmul_(d_i, i, value=-1)
    dc.mul_(f)
    torch.mul(dc, before, out=d_f).addcmul_(d_f, f, value=-1)
    if peephole is not None:
        dc.addcmul_(peephole[0], d_i).addcmul_(peephole[1], d_f)


def peephole_gradient(dq: Tensor, c_0: Tensor, c: Tensor) -> Tensor:
    """Return the gradient of p_i, p_f and p_o, [3, H]; zeros where nothing has a memory."""
    hidden = c_0.size(1)
    if not c.size(0):
        return c.new_zeros(3, hidden)
    before, gates = torch.cat([c_0.unsqueeze(0), c[:-1]]), dq.split(hidden, 2)
    pairs = ((gates[0], before), (gates[1], before), (gates[3], c))
    return torch.stack([(gate * memory).sum((0, 1)) for gate, memory in pairs])
