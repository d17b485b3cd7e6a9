"""Calls with wrong arguments, drawn at random: a result, or an error whose first word is the argument's name."""

import random
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from gnn_toolkit import GCNConv
from gnn_toolkit.graphs import adjacency, gcn_norm, level_order, topological_levels

EDGES = torch.tensor([[0, 1, 2], [1, 2, 3]])
INDICES: list[Any] = [
    *[EDGES] * 6,
    EDGES.int(),
    EDGES.float(),
    EDGES.bool(),
    EDGES.to(torch.uint8),
    EDGES.to(torch.complex64),
    EDGES.t(),
    EDGES[0],
    EDGES[None],
    EDGES[:, :0],
    EDGES - 1,
    EDGES + 1,
    EDGES.flip(0),
    torch.tensor(3),
    torch.empty(0, dtype=torch.long),
    torch.tensor([[0, 1], [1, 0]]),
    EDGES.to("meta"),
    EDGES.to_sparse(),
    torch.eye(4).to_sparse_csr(),
    torch.eye(3, 4).to_sparse(),
    torch.eye(4, dtype=torch.long).to_sparse(),
    EDGES.numpy(),
    EDGES.tolist(),
    (EDGES[0], EDGES[1]),
    None,
    "edges",
    3,
]
WEIGHTS: list[Any] = [
    *[None, torch.ones(3)] * 4,
    torch.ones(3, requires_grad=True),
    torch.ones(3).double(),
    torch.ones(3).half(),
    torch.ones(3, dtype=torch.long),
    torch.ones(3, dtype=torch.bool),
    torch.ones(3, dtype=torch.complex64),
    -torch.ones(3),
    torch.ones(2),
    torch.ones(3, 1),
    torch.ones(()),
    torch.ones(3, device="meta"),
    torch.ones(3).to_sparse(),
    [1.0, 1.0, 1.0],
    np.ones(3),
    1.0,
    "ones",
]
SIZES: list[Any] = [*[4] * 6, np.int64(4), torch.tensor(4), 3, 0, -1, 4.0, True, None, "4", [4], 5]
FEATURES: list[Any] = [
    *[torch.ones(4, 3)] * 6,
    torch.ones(2, 4, 3),
    torch.ones(4, 3).double(),
    torch.ones(4, 3).half(),
    torch.ones(4, 3, dtype=torch.long),
    torch.ones(4, 3, dtype=torch.bool),
    torch.ones(4, 3, dtype=torch.complex64),
    torch.ones(4, 2),
    torch.ones(3, 3),
    torch.ones(5, 3),
    torch.ones(0, 3),
    torch.ones(3),
    torch.ones(()),
    torch.ones(4, 3, device="meta"),
    torch.ones(4, 3).to_sparse(),
    np.ones((4, 3)),
    [[1.0] * 3] * 4,
    (torch.ones(4, 3), torch.ones(4, 3)),
    None,
    "x",
]
PER_NODE: list[Any] = [
    *[None] * 4,
    torch.arange(4),
    torch.arange(4).int(),
    torch.arange(4).flip(0),
    torch.arange(4).float(),
    torch.arange(4).bool(),
    torch.arange(3),
    torch.arange(4)[None],
    torch.arange(4, device="meta"),
    [0, 1, 2, 3],
    np.arange(4),
    2,
]
PER_EDGE: list[Any] = [
    *[None] * 3,
    torch.tensor([0, 1, 0]),
    torch.tensor([0, 1, 0]).int(),
    torch.tensor([0, 1, 2]),
    torch.tensor([0, -1, 0]),
    torch.tensor([0.0, 1.0, 0.0]),
    torch.tensor([True, False, True]),
    torch.tensor([0, 1]),
    torch.tensor([0, 1, 0], device="meta"),
    [0, 1, 0],
    np.array([0, 1, 0]),
    1,
]
FLOWS: list[Any] = [*["source_to_target"] * 5, "target_to_source", "upwards", None, 1]
WIDTHS: list[Any] = [*[3] * 5, -1, np.int64(3), 0, -2, 3.0, True, None, "3", (3, 3)]

CALLS: dict[str, tuple[Callable[..., Any], dict[str, list[Any]]]] = {
    "gcn_norm": (
        gcn_norm,
        {"edge_index": INDICES, "edge_weight": WEIGHTS, "num_nodes": SIZES, "flow": FLOWS},
    ),
    "adjacency": (
        adjacency,
        {"edge_index": INDICES, "edge_weight": WEIGHTS, "num_nodes": SIZES, "flow": FLOWS},
    ),
    "topological_levels": (topological_levels, {"edge_index": INDICES, "num_nodes": SIZES}),
    "level_order": (
        level_order,
        {
            "edge_index": INDICES,
            "num_nodes": SIZES,
            "level": PER_NODE,
            "edge_type": PER_EDGE,
            "num_relations": [1, 2, 2, np.int64(2), 0, 2.0, None],
        },
    ),
    "GCNConv": (GCNConv, {"in_channels": WIDTHS, "out_channels": WIDTHS}),
    "a call of GCNConv": (
        lambda **given: GCNConv(3, 2)(**given),
        {"x": FEATURES, "edge_index": INDICES, "edge_weight": WEIGHTS},
    ),
    "a product": (lambda x: adjacency(EDGES, None, 4) @ x, {"x": FEATURES}),
}


@pytest.mark.parametrize("name", CALLS)
def test_every_call_gives_a_result_or_names_the_argument(name: str):
    function, choices = CALLS[name]
    draw = random.Random(0)
    seen, wrong = Counter[str](), []
    for _ in range(40 + 40 * len(choices)):
        given = {argument: draw.choice(values) for argument, values in choices.items()}
        try:
            result = function(**given)
        except (ValueError, TypeError) as error:
            outcome = str(error).partition(":")[0]
        else:
            outcome = "result" if is_finite(result) else f"not finite: {result}"
        seen[outcome] += 1
        if outcome not in (*choices, "result"):
            wrong.append((given, outcome))
    assert wrong == []
    assert {*choices, "result"} == set(seen)


def is_finite(result: object) -> bool:
    values = [v for v in (result if isinstance(result, tuple) else (result,)) if isinstance(v, Tensor)]
    return all(bool(v.isfinite().all()) for v in values if v.is_floating_point())
