from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from gnn_toolkit.graphs import path_order
from gnn_toolkit.layers import vendor
from gnn_toolkit.layers.cells import Cell, GRUCell, LSTMCell, RNNCell

F, H = 4, 3


def normal(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("batch_sizes", [[3, 2, 2, 1], [2, 2, 2], [4], [1, 1]], ids=str)
@pytest.mark.parametrize(
    ("cell", "kind", "options"),
    [
        (RNNCell(), nn.RNN, {}),
        (RNNCell("relu"), nn.RNN, {"nonlinearity": "relu"}),
        (GRUCell(), nn.GRU, {}),
        (LSTMCell(), nn.LSTM, {}),
    ],
)
def test_outputs_and_states_are_in_the_packed_layout(cell: Cell, kind: Any, options: Any, batch_sizes: list[int]):
    torch.manual_seed(0)
    theirs = kind(F, H, 2, bidirectional=True, **options).double()
    sizes = torch.tensor(batch_sizes)
    x, initial = normal(int(sizes.sum()), F), [normal(4, batch_sizes[0], H, seed=s + 1) for s in range(cell.num_states)]
    found, final = vendor.run(
        cell,
        x,
        path_order(sizes),
        [list(state) for state in initial],
        list(theirs.parameters()),
        num_layers=2,
        bias=True,
        dropout=0.0,
        training=False,
        bidirectional=True,
    )
    out, expected = theirs(PackedSequence(x, sizes), tuple(initial) if len(initial) == 2 else initial[0])
    torch.testing.assert_close(found, out.data, atol=1e-12, rtol=0)
    for a, b in zip(final, expected if isinstance(expected, tuple) else [expected], strict=True):
        torch.testing.assert_close(torch.stack(a), b, atol=1e-12, rtol=0)
