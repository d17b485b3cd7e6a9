import pytest
import torch
from torch import Tensor, nn

from gnn_toolkit.layers.cells import Cell, GRUCell, LSTMCell, RNNCell

F, H = 4, 3
PAIRS: list[tuple[Cell, type[nn.RNNCellBase], dict[str, str]]] = [
    (RNNCell(), nn.RNNCell, {}),
    (RNNCell("relu"), nn.RNNCell, {"nonlinearity": "relu"}),
    (GRUCell(), nn.GRUCell, {}),
    (LSTMCell(), nn.LSTMCell, {}),
]


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def weights(cell: Cell, num_relations: int = 1) -> tuple[Tensor, Tensor]:
    rows = cell.num_gates * H
    return normal(num_relations, rows, H, seed=1), normal(rows, seed=2)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize(("cell", "kind", "options"), PAIRS)
def test_with_one_predecessor_a_cell_is_torch_s(
    cell: Cell, kind: type[nn.RNNCellBase], options: dict[str, str], bias: bool
):
    torch.manual_seed(0)
    theirs = kind(F, H, bias=bias, **options).double()  # type: ignore[call-arg]
    x, state = normal(5, F), normal(5, cell.num_states * H, seed=3)
    gates = nn.functional.linear(x, theirs.weight_ih, theirs.bias_ih)
    b_hh = theirs.bias_hh if bias else None
    carried = cell.message(state, cell.edge_gates(gates), theirs.weight_hh, b_hh)
    found = cell.update(gates, carried[None], theirs.weight_hh[None], b_hh)
    hx = state.chunk(cell.num_states, -1)
    expected = theirs(x, hx if len(hx) == 2 else hx[0])
    torch.testing.assert_close(found, torch.cat(expected, -1) if isinstance(expected, tuple) else expected)


@pytest.mark.parametrize(("cell", "kind", "options"), PAIRS)
def test_without_predecessors_a_cell_is_torch_s_from_a_state_of_zeros(
    cell: Cell, kind: type[nn.RNNCellBase], options: dict[str, str]
):
    torch.manual_seed(0)
    theirs = kind(F, H, **options).double()  # type: ignore[call-arg]
    x = normal(5, F)
    gates = nn.functional.linear(x, theirs.weight_ih, theirs.bias_ih)
    sums = x.new_zeros(1, 5, cell.num_states * H)
    expected = theirs(x)
    found = cell.update(gates, sums, theirs.weight_hh[None], theirs.bias_hh)
    torch.testing.assert_close(found, torch.cat(expected, -1) if isinstance(expected, tuple) else expected)


@pytest.mark.parametrize("cell", [RNNCell(), RNNCell("relu"), GRUCell(), LSTMCell()])
def test_sums_of_two_relations_under_one_weight_are_the_sum_of_the_sums(cell: Cell):
    weight, bias = weights(cell)
    gates, sums = normal(5, cell.num_gates * H), normal(2, 5, cell.num_states * H, seed=3)
    found = cell.update(gates, sums, weight.expand(2, -1, -1), bias)
    torch.testing.assert_close(found, cell.update(gates, sums.sum(0, keepdim=True), weight, bias))


def test_an_rnn_adds_up_what_each_relation_s_weight_makes_of_its_sum():
    weight, bias = weights(RNNCell(), 2)
    gates, sums = normal(5, H), normal(2, 5, H, seed=3)
    expected = torch.tanh(gates + sums[0] @ weight[0].T + sums[1] @ weight[1].T + bias)
    torch.testing.assert_close(RNNCell().update(gates, sums, weight, bias), expected)


def test_a_gru_passes_on_the_plain_sum_of_all_states():
    weight, bias = weights(GRUCell(), 2)
    gates, sums = normal(5, 3 * H), normal(2, 5, H, seed=3)
    gates[:, H : 2 * H] = 1000.0  # z = 1: the node keeps what its predecessors hold
    torch.testing.assert_close(GRUCell().update(gates, sums, weight, bias), sums[0] + sums[1])
    gates[:, H : 2 * H] = -1000.0  # z = 0, r = 0: nothing of the past is left but the bias
    gates[:, :H] = -1000.0
    torch.testing.assert_close(GRUCell().update(gates, sums, weight, bias), torch.tanh(gates[:, 2 * H :]))


def test_an_lstm_s_forget_gate_sees_only_its_own_edge_s_state_and_relation():
    weight, bias = weights(LSTMCell())
    state, gates = normal(4, 2 * H), normal(4, 4 * H, seed=3)
    found = LSTMCell().message(state, LSTMCell().edge_gates(gates), weight[0], bias)
    h, c = state[:, :H], state[:, H:]
    forget = torch.sigmoid(gates[:, H : 2 * H] + h @ weight[0, H : 2 * H].T + bias[H : 2 * H])
    torch.testing.assert_close(found, torch.cat([h, forget * c], 1))


@pytest.mark.parametrize("cell", [RNNCell(), GRUCell()])
def test_other_messages_are_the_states_as_they_are(cell: Cell):
    state = normal(4, H)
    weight, bias = weights(cell)
    assert cell.edge_gates(normal(5, cell.num_gates * H)).shape == (5, 0)
    assert cell.message(state, state[:, :0], weight[0], bias) is state


def test_each_cell_names_a_kernel_of_torch():
    cells = [RNNCell(), RNNCell("relu"), GRUCell(), LSTMCell()]
    assert [cell.vendor for cell in cells] == ["rnn_tanh", "rnn_relu", "gru", "lstm"]
    assert all(callable(getattr(torch, cell.vendor)) for cell in cells)
    assert [(cell.num_gates, cell.num_states) for cell in cells] == [(1, 1), (1, 1), (3, 1), (4, 2)]
