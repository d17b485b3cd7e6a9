from collections.abc import Callable

import pytest

from gnn_toolkit.layers.cells import GRUCell
from gnn_toolkit.layers.kernels import gru


@pytest.mark.parametrize("relations", [1, 3])
def test_states_and_all_gradients_are_the_plain_walk_s(relations: int, check_kernel: Callable[..., None]):
    check_kernel(gru.forward, GRUCell(), relations, inner=True)
