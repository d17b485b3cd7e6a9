"""Calls of the recurrences with wrong arguments, drawn at random: a result, or an error that begins with a name."""

import random
import re
import warnings
from collections import Counter
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn.utils.rnn import pack_sequence

from gnn_toolkit import DAGGRU, DAGLSTM, DAGRNN, GRU, LSTM, RNN

F, H, CALLS = 3, 2, 340
EDGES = torch.tensor([[0, 1, 1], [2, 2, 3]])
X, SEQUENCE = torch.randn(4, F), torch.randn(5, 2, F)
SIZES: list[Any] = [np.int64(F), torch.tensor(F), 0, -1, -2, 3.0, "3", None, True, [3]]
LAYERS: list[Any] = [*[1, 2] * 4, np.int32(2), 0, 1.0, None, "2", True]
OPTIONS: dict[str, list[Any]] = {
    "bias": [True, False, 0, 1],
    "dropout": [0.0, 0.5, np.float64(0.5), -1.0, 2.0, "0.1", None, True],
    "bidirectional": [True, False, 0],
    "backend": ["auto", "fused", "message_passing", "vendor", "fast", None, 3],
}
DAG_OPTIONS: dict[str, list[Any]] = {
    **OPTIONS,
    "num_relations": [1, 2, np.int64(2), 0, None, 1.5],
    "aggr": ["mean", "sum", "max", "median", None],
    "flow": ["source_to_target", "target_to_source", "both"],
}
TENSORS: list[Any] = [
    X.double(),
    X.half(),
    X.long(),
    X.bool(),
    X.to(torch.complex64),
    X.to("meta"),
    X.to_sparse(),
    X[:, :2],
    X[:2],
    X[0],
    X[:0],
    X[None],
    torch.tensor(1.0),
    X.numpy(),
    X.tolist(),
    (X, X),
    None,
    "x",
    3,
]
INDICES: list[Any] = [
    *[EDGES] * 24,
    EDGES.int(),
    EDGES.float(),
    EDGES.t(),
    EDGES[:, :0],
    EDGES + 5,
    EDGES - 1,
    EDGES.flip(0),
    torch.tensor([[0, 1], [1, 0]]),
    torch.tensor([[0, 1, 2], [1, 2, 3]]),
    EDGES.to("meta"),
    EDGES.numpy(),
    EDGES.tolist(),
    None,
    "edges",
    3,
]
TYPES: list[Any] = [
    *[None] * 12,
    torch.zeros(3, dtype=torch.long),
    torch.ones(3),
    torch.tensor([0, 5, 0]),
    [0, 1, 0],
    1,
]
LEVELS: list[Any] = [
    *[None] * 12,
    torch.tensor([0, 0, 1, 1]),
    torch.zeros(4),
    torch.zeros(4, dtype=torch.long),
    [0] * 4,
]
STATES: list[Any] = [
    *[None] * 6,
    torch.zeros(2, H),
    [torch.zeros(2, H)],
    ([torch.zeros(2, H)], [torch.zeros(2, H)]),
    [torch.zeros(2, H).double()],
    [torch.zeros(3, H)],
    [None],
    [],
    torch.zeros(1, 2, H),
    (torch.zeros(1, 2, H), torch.zeros(1, 2, H)),
    torch.zeros(1, 2, H).double(),
    torch.zeros(1, 2, H, device="meta"),
    [[0.0]],
    "hx",
    0,
]
SEQUENCES: list[Any] = [
    *[SEQUENCE] * 5,
    SEQUENCE[:, 0],
    [SEQUENCE[:, 0], SEQUENCE[:2, 1]],
    (SEQUENCE[:, 0],),
    pack_sequence([SEQUENCE[:, 0], SEQUENCE[:2, 1]]),
    pack_sequence([SEQUENCE[:, 0].double()]),
    torch.nested.nested_tensor([SEQUENCE[:, 0], SEQUENCE[:2, 1]], layout=torch.jagged),
    SEQUENCE[..., :2],
    SEQUENCE[:0],
    SEQUENCE[:, :0],
    SEQUENCE[None],
    [],
    [None],
    [SEQUENCE[:0, 0]],
    *TENSORS,
]
NAMES = (
    r"x|edge_index|edge_type|level|hx|input(\[\d+\]|\.data)?|backend|aggr|flow|bias|dropout|bidirectional|num_relations|"
    r"num_layers|(in|hidden)_channels|(input|hidden)_size|nonlinearity|batch_first"
)


def outcome(kind: Any, draw: random.Random) -> str:
    """Return how one drawn call ends: ``result``, or the name that its error begins with."""
    is_dag = kind in (DAGRNN, DAGGRU, DAGLSTM)
    table = DAG_OPTIONS if is_dag else OPTIONS
    options = {name: draw.choice(values) for name, values in table.items() if draw.random() < 0.15}
    sizes = [good if draw.random() < 0.9 else draw.choice(SIZES) for good in (F, H)]
    hx = {} if draw.random() < 0.5 else {"hx": draw.choice(STATES)}
    try:
        layer = kind(*sizes, *([] if draw.random() < 0.6 else [draw.choice(LAYERS)]), **options)
        if is_dag:
            x = X if draw.random() < 0.7 else draw.choice(TENSORS)
            found = layer(
                x, draw.choice(INDICES), **hx, edge_type=draw.choice(TYPES), level=draw.choice(LEVELS)
            )  # fmt: skip
        else:
            found = layer(draw.choice(SEQUENCES), **hx)
    except (ValueError, TypeError) as error:
        named = re.match(rf"({NAMES}): expected ", str(error))
        return named[1] if named else f"{type(error).__name__}: {error}"
    assert isinstance(found[0], Tensor | tuple | list)
    return "result"


@pytest.mark.parametrize("kind", [DAGRNN, DAGGRU, DAGLSTM, RNN, GRU, LSTM])
def test_every_call_gives_a_result_or_names_the_argument(kind: Any):
    draw, ends = random.Random(kind.__name__), Counter[str]()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "dropout acts between layers")
        for number in range(CALLS):
            try:
                end = outcome(kind, draw)
            except Exception as error:
                raise AssertionError(f"call {number} of {kind.__name__}: {type(error).__name__}: {error}") from error
            assert re.fullmatch(f"result|{NAMES}", end), f"call {number} of {kind.__name__}: {end}"
            ends[end] += 1
    assert ends["result"] > CALLS / 20
    assert len(ends) > 8
