"""The loops over nodes against numbers worked out by hand."""

import math

import torch

from gnn_toolkit.layers.linear_reference import linear_dag

MEET = torch.tensor([[0, 1], [2, 2]])  # 0 and 1 meet in 2
ONES = torch.ones(3, 1, dtype=torch.float64)


def column(*values: float) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float64).unsqueeze(1)


def test_a_minimal_gru_halves_the_mean_or_the_sum_of_its_predecessors():
    params = {"weight_ih_l0": column(0.0, 4.0)}  # z = 1/2, n = 4 x
    x = column(1.0, 2.0, 3.0)
    out, (final,) = linear_dag("mingru", params, x, MEET)
    torch.testing.assert_close(out, column(2.0, 4.0, 0.5 * (2.0 + 4.0) / 2 + 6.0))
    torch.testing.assert_close(final, out[2:])
    out, _ = linear_dag("mingru", params, x, MEET, aggr="sum")
    torch.testing.assert_close(out[2], torch.tensor([0.5 * 6.0 + 6.0], dtype=torch.float64))
    out, (final, turned) = linear_dag(
        "mingru", params | {"weight_ih_l0_reverse": column(0.0, 1.0)}, x, MEET, bidirectional=True
    )
    torch.testing.assert_close(out[:, 1:], column(0.5 + 0.75, 1.0 + 0.75, 1.5))
    torch.testing.assert_close(turned, out[:2, 1:])


def test_a_minimal_lstm_keeps_the_share_of_its_forget_gate():
    params = {"weight_ih_l0": column(0.0, 0.0, 1.0), "bias_ih_l0": torch.tensor([0.0, -math.log(3.0), 0.0]).double()}
    out, _ = linear_dag("minlstm", params, ONES, MEET, initial=[column(1.0, 4.0)])  # f = 1/2, i = 1/4, f' = 2/3
    torch.testing.assert_close(out, column(1.0, 3.0, 2 / 3 * 2.0 + 1 / 3))


def test_a_linear_recurrent_unit_turns_its_state():
    params = {
        "nu_l0": torch.tensor([[math.log(math.log(2.0))]]).double(),  # |lambda| = 1/2, gamma^2 = 3/4
        "theta_l0": torch.tensor([[math.log(math.pi / 2)]]).double(),  # a quarter of a turn
        "weight_ih_l0": column(2 / math.sqrt(3.0), 0.0, 10.0),
        "weight_out_l0": torch.tensor([[[1.0, 1.0]]]).double(),  # Re((1 + i) h) = re - im
    }
    path = torch.tensor([[0, 1], [1, 2]])
    out, (final,) = linear_dag("lru", params, ONES, path)  # h = 1, 1 + i/2, 3/4 + i/2
    torch.testing.assert_close(out, column(11.0, 10.5, 10.25))
    torch.testing.assert_close(final, torch.tensor([[0.75, 0.5]]).double())


def test_a_selective_state_space_forgets_as_its_input_says():
    params = {
        "weight_ih_l0": column(1.0, 0.0, 2.0, 3.0),  # u, r, B, C
        "weight_delta_l0": torch.zeros(1, 1).double(),
        "bias_delta_l0": torch.tensor([math.log(math.e - 1)]).double(),  # delta = 1
        "log_a_l0": torch.tensor([[[math.log(math.log(2.0))]]]).double(),  # a = 1/2
        "skip_l0": torch.tensor([5.0]).double(),
    }
    out, _ = linear_dag("mamba", params, ONES, MEET)  # h = 2, 2, 3; y = 3 h + 5
    torch.testing.assert_close(out, column(11.0, 11.0, 14.0))


def test_each_type_of_edges_has_a_gate_of_its_own():
    params = {"weight_ih_l0": column(0.0, math.log(3.0), 1.0)}  # z = 1/2 and 3/4: a = 1/2 and 1/4, b = 5/8
    out, _ = linear_dag("mingru", params, ONES, MEET, torch.tensor([0, 1]), num_relations=2)
    torch.testing.assert_close(out, column(0.625, 0.625, (0.5 + 0.25) / 2 * 0.625 + 0.625))
