"""The cells of a recurrence in time, with a dense product for the graph's, against torch's own cells."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from gnn_toolkit.layers.time_cells import PeepholeLSTMCell, ResetAfterGRUCell, ResetBeforeGRUCell, gru_cell

ROWS, WIDTH, HIDDEN = 4, 2, 3


def dense(cell: Any, theirs: nn.Module) -> Any:
    """Return the dense product of a cell's blocks, with the weights of torch's."""
    sizes = [count * HIDDEN for count in cell.blocks]
    weights, biases = theirs.get_parameter("weight_hh").split(sizes), theirs.get_parameter("bias_hh").split(sizes)
    return lambda h, block: nn.functional.linear(h, weights[block], biases[block])


def sample(theirs: nn.Module) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    x, h, c = torch.randn(ROWS, WIDTH), torch.randn(ROWS, HIDDEN), torch.randn(ROWS, HIDDEN)
    gates = nn.functional.linear(x, theirs.get_parameter("weight_ih"), theirs.get_parameter("bias_ih"))
    return x, gates, h, c


def test_the_unit_that_resets_after_the_product_is_torch_s():
    torch.manual_seed(0)
    theirs, cell = nn.GRUCell(WIDTH, HIDDEN), gru_cell(reset_after=True)
    x, gates, h, _ = sample(theirs)
    torch.testing.assert_close(cell.advance(gates, (h,), dense(cell, theirs))[0], theirs(x, h))


def test_without_peepholes_the_memory_is_torch_s():
    torch.manual_seed(0)
    theirs, cell = nn.LSTMCell(WIDTH, HIDDEN), PeepholeLSTMCell()
    x, gates, h, c = sample(theirs)
    for ours, expected in zip(cell.advance(gates, (h, c), dense(cell, theirs)), theirs(x, (h, c)), strict=True):
        torch.testing.assert_close(ours, expected)


def test_the_unit_that_resets_before_the_product_hands_it_the_state_that_is_left():
    torch.manual_seed(0)
    theirs, cell = nn.GRUCell(WIDTH, HIDDEN), gru_cell(reset_after=False)
    _, gates, h, _ = sample(theirs)
    product = dense(cell, theirs)
    r, z = torch.sigmoid(gates[:, : 2 * HIDDEN] + product(h, 0)).chunk(2, 1)
    n = torch.tanh(gates[:, 2 * HIDDEN :] + product(r * h, 1))
    torch.testing.assert_close(cell.advance(gates, (h,), product)[0], (1 - z) * n + z * h)


@pytest.mark.parametrize(("after", "kind"), [(True, ResetAfterGRUCell), (False, ResetBeforeGRUCell)])
def test_a_unit_is_chosen_by_where_it_resets(after: bool, kind: type):
    assert isinstance(gru_cell(after), kind)
    assert sum(gru_cell(after).blocks) == 3


def test_a_peephole_looks_at_the_memory_before_and_after():
    peephole = torch.tensor([[5.0], [-5.0], [7.0]])
    h, c = torch.zeros(1, 1), torch.ones(1, 1)
    gates = torch.zeros(1, 4)
    new_h, new_c = PeepholeLSTMCell(peephole).advance(gates, (h, c), lambda state, block: torch.zeros(1, 4))
    forget = torch.sigmoid(torch.tensor(-5.0))
    torch.testing.assert_close(new_c, forget.view(1, 1))  # g is 0: the input gate lets nothing in
    torch.testing.assert_close(new_h, (torch.sigmoid(7.0 * forget) * torch.tanh(forget)).view(1, 1))
