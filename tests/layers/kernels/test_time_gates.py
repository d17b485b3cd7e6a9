"""The gates in place against the cells' equations, and their derivatives against autograd."""

import pytest
import torch
from torch import Tensor

from gnn_toolkit.layers.kernels.slopes import blend_back, lstm_back
from gnn_toolkit.layers.kernels.time_gates import lstm, peephole_gradient
from gnn_toolkit.layers.time_cells import PeepholeLSTMCell

ROWS, HIDDEN = 5, 3


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def forward(gates: Tensor, memory: Tensor, peephole: Tensor | None) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return h, c, tanh(c) and the gates after their nonlinearities."""
    acts, out = gates.clone(), [torch.empty(ROWS, HIDDEN, dtype=torch.float64) for _ in range(3)]
    lstm(acts, memory, peephole, (out[0], out[1], out[2]))
    return out[0], out[1], out[2], acts


@pytest.mark.parametrize("looks", [False, True])
def test_the_lstm_s_gates_are_the_cell_s_and_their_derivatives_autograd_s(looks: bool):
    gates, memory, peephole = normal(ROWS, 4 * HIDDEN), normal(ROWS, HIDDEN, seed=1), normal(3, HIDDEN, seed=2)
    leaves = [t.clone().requires_grad_() for t in (gates, memory, peephole)]
    cell = PeepholeLSTMCell(leaves[2] if looks else None)
    expected = cell.advance(leaves[0], (torch.zeros_like(memory), leaves[1]), lambda h, block: torch.zeros_like(gates))
    h, c, tanh_c, acts = forward(gates, memory, peephole if looks else None)
    for ours, theirs in zip((h, c, tanh_c), (*expected, expected[1].tanh()), strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-12, rtol=0)
    dh, dc = normal(ROWS, HIDDEN, seed=3), normal(ROWS, HIDDEN, seed=4)
    of_gates, of_memory, of_look = torch.autograd.grad(expected, leaves, [dh, dc], allow_unused=True)
    dq, back = torch.empty_like(acts), dc.clone()
    lstm_back(dq, (acts, tanh_c), memory, peephole if looks else None, dh.clone(), back)
    torch.testing.assert_close(dq, of_gates, atol=1e-12, rtol=0)
    torch.testing.assert_close(back, of_memory, atol=1e-12, rtol=0)
    if looks:
        look = peephole_gradient(dq[None], memory, c[None])
        torch.testing.assert_close(look, of_look, atol=1e-12, rtol=0)


def test_nothing_has_peepholes_without_a_memory():
    empty = torch.empty(0, ROWS, HIDDEN, dtype=torch.float64)
    assert (
        peephole_gradient(normal(2, ROWS, 3 * HIDDEN), torch.empty(0, HIDDEN), empty).tolist() == [[0.0] * HIDDEN] * 3
    )


def test_the_derivative_of_a_blend_is_autograd_s():
    leaves = [normal(ROWS, HIDDEN, seed=seed).requires_grad_() for seed in range(3)]
    z, n = leaves[0].sigmoid(), leaves[1].tanh()
    before, dh = leaves[2], normal(ROWS, HIDDEN, seed=3)
    of_z, of_n, of_before = torch.autograd.grad((1 - z) * n + z * before, leaves, dh)
    out, back = (torch.empty_like(dh), torch.empty_like(dh)), dh.clone()
    blend_back(out, z.detach(), n.detach(), before.detach(), back)
    for ours, theirs in zip((*out, back), (of_z, of_n, of_before), strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-12, rtol=0)
