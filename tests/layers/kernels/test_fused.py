"""From a cell and torch's layout to a kernel: against the plain walk of messages."""

from typing import Any

import pytest
import torch
from torch import Tensor

from gnn_toolkit import DAGGRU, DAGLSTM, DAGRNN
from gnn_toolkit.graphs.order import level_order
from gnn_toolkit.layers.kernels import fused
from gnn_toolkit.testing import assert_parity, random_dag

EDGES = random_dag(7, 12, torch.Generator().manual_seed(1))
TREE = torch.tensor([[0, 0, 1, 1], [1, 2, 3, 4]])


def normal(*shape: int, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, dtype=torch.float64, generator=generator).requires_grad_()


@pytest.mark.parametrize("edges", [EDGES, TREE], ids=["a DAG", "a tree"])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize(
    ("kind", "options"),
    [(DAGRNN, {}), (DAGRNN, {"nonlinearity": "relu"}), (DAGGRU, {}), (DAGLSTM, {}), (DAGLSTM, {"forget": "relation"})],
)
def test_a_kernel_walks_as_messages_do(kind: Any, options: dict[str, Any], bias: bool, edges: Tensor):
    torch.manual_seed(0)
    layer = kind(4, 3, bias=bias, **options).double()
    count = int(edges.max()) + 1
    order = level_order(edges, count)
    x, start = normal(count, 4), [normal(order.starts.numel(), 3, seed=s + 1) for s in range(layer.cell.num_states)]
    weight_ih, weight_hh, bias_ih, bias_hh = layer.weights("l0")
    parameters = (weight_ih, weight_hh[None], bias_ih, bias_hh)
    for given in (None, start):
        found = fused.walk(layer.cell, x, parameters, order, given, "mean")
        gates = torch.nn.functional.linear(x, weight_ih, bias_ih)
        expected = layer.pass_messages(gates, weight_hh[None], bias_hh, order, given)
        leaves = [x, *layer.parameters(), *(given or [])]
        assert_parity(found, expected, [(leaves, leaves)])


def test_every_cell_has_a_kernel():
    assert len({id(kernel) for kernel in fused.KERNELS.values()}) == len(fused.KERNELS) == 4
