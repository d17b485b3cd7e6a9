"""Gates of an LSTM in time with peepholes, in place; derivatives are in :mod:`gnn_toolkit.layers.kernels.slopes`.

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


def peephole_gradient(dq: Tensor, c_0: Tensor, c: Tensor) -> Tensor:
    """Return the gradient of p_i, p_f and p_o, [3, H]; zeros where nothing has a memory."""
    hidden = c_0.size(1)
    if not c.size(0):
        return c.new_zeros(3, hidden)
    before, gates = torch.cat([c_0.unsqueeze(0), c[:-1]]), dq.split(hidden, 2)
    pairs = ((gates[0], before), (gates[1], before), (gates[3], c))
    return torch.stack([(gate * memory).sum((0, 1)) for gate, memory in pairs])
