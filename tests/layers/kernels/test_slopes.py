"""Local derivatives against autograd's."""

import torch
from torch import Tensor

from gnn_toolkit.layers.kernels.slopes import forget_slope, gru_slopes, memory_slopes, output_slopes


def normal(seed: int, width: int = 2) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(5, width, dtype=torch.float64, generator=generator).requires_grad_()


def buffers(count: int, width: int = 2) -> list[Tensor]:
    return [torch.empty(5, width, dtype=torch.float64) for _ in range(count)]


def test_an_lstm_s_gates_and_memory():
    a_i, a_f, a_g, a_o, before = (normal(seed) for seed in range(5))
    i, f, g, o = torch.sigmoid(a_i), torch.sigmoid(a_f), torch.tanh(a_g), torch.sigmoid(a_o)
    c = i * g + f * before
    h = o * torch.tanh(c)
    of_c = torch.autograd.grad(c.sum(), [a_i, a_f, a_g], retain_graph=True)
    of_h = torch.autograd.grad(h.sum(), [a_o, c])
    di, df, dg, do, to_c = buffers(5)
    i, f, g, o, c, h, kept = (t.detach() for t in (i, f, g, o, c, h, before))
    memory_slopes(i, g, (di, dg))
    forget_slope(kept, f, df)
    to_c.copy_(torch.tanh(c))
    output_slopes(h, o, to_c, (do, to_c))
    for found, expected in zip((di, df, dg, do, to_c), (*of_c, *of_h), strict=True):
        torch.testing.assert_close(found, expected, atol=1e-12, rtol=0)


def test_a_gru_s_gates():
    a_r, a_z, a_n, q_n, s = (normal(seed) for seed in range(5))
    r, z = torch.sigmoid(a_r), torch.sigmoid(a_z)
    n = torch.tanh(a_n + r * q_n)
    h = (1 - z) * n + z * s
    of_r, of_z, of_n = torch.autograd.grad(h.sum(), [a_r, a_z, a_n])
    (dq,), (dn,) = buffers(1, 6), buffers(1)
    gru_slopes(h.detach(), torch.cat([r, z, n], 1).detach(), q_n.detach(), (dq, dn))
    dq_r, dq_z, keep = dq.chunk(3, 1)
    torch.testing.assert_close(dn, of_n)
    torch.testing.assert_close(dq_r * dn, of_r)
    torch.testing.assert_close(dq_z, of_z)
    torch.testing.assert_close(keep, 1 - z.detach())
