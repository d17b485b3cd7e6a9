from collections.abc import Callable

import pytest

from gnn_toolkit.layers.cells import RNNCell
from gnn_toolkit.layers.kernels import rnn


@pytest.mark.parametrize("nonlinearity", ["tanh", "relu"])
@pytest.mark.parametrize("relations", [1, 3])
def test_states_and_all_gradients_are_the_plain_walk_s(
    nonlinearity: str, relations: int, check_kernel: Callable[..., None]
):
    check_kernel(rnn.forward, RNNCell(nonlinearity), relations, relu=nonlinearity == "relu")
