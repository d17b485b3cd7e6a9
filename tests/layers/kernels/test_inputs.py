"""What kernels share: gates of the input, room for states, weights laid side by side."""

import torch

from gnn_toolkit.layers.kernels.inputs import fresh, input_gates, stacked, states


def test_the_input_s_part_of_the_gates():
    x, weight, bias = torch.randn(5, 3), torch.randn(8, 3), torch.randn(8)
    torch.testing.assert_close(input_gates(x, weight, bias, torch.empty(5, 8)), x @ weight.T + bias)
    torch.testing.assert_close(input_gates(x, weight, None, torch.empty(5, 8)), x @ weight.T)


def test_states_begin_with_the_initial_ones():
    first = torch.randn(2, 3)
    rows = states(first, 4)
    assert rows.shape == (6, 3)
    assert rows[:2].equal(first)


def test_a_gradient_may_be_written_into():
    state, gradient = torch.randn(3, 2), torch.randn(2, 3).t()
    copy = fresh(gradient, state)
    assert copy.equal(gradient)
    assert copy.is_contiguous()
    assert copy.data_ptr() != gradient.data_ptr()
    assert fresh(None, state).equal(torch.zeros(3, 2))


def test_one_product_of_all_types():
    for relations in (1, 3):
        weight, sums = torch.randn(relations, 8, 2), torch.randn(5, relations, 2)
        expected = sum(sums[:, r] @ weight[r].T for r in range(relations))
        torch.testing.assert_close(sums.flatten(1) @ stacked(weight), expected)
