"""The right column of the table in docs/from-pyg-temporal.md runs line by line, and gives what the left one says."""

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch_geometric.nn import GCNConv

PAGE = (Path(__file__).parents[1] / "docs" / "from-pyg-temporal.md").read_text(encoding="utf-8")
ROWS = [tuple(cells) for cells in re.findall(r"^\| `(.+?)` \| `(.+?)` \|$", PAGE, re.MULTILINE)]


def names() -> dict[str, Any]:
    """Return what the first example defines, and a dataset with the attributes of PyG Temporal's."""
    torch.manual_seed(0)
    found: dict[str, Any] = {}
    exec(re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)[0], found)
    snapshots = [step.numpy() for step in found["x"]]
    edges, weights = found["edge_index"].numpy(), found["edge_weight"].numpy()
    found["dataset"] = SimpleNamespace(
        features=snapshots, targets=[np.zeros(3)] * 12, edge_index=edges, edge_weight=weights
    )
    return found


def test_every_line_runs_and_its_state_is_of_use_to_the_next():
    found = names()
    assert len(ROWS) == 15
    for _, line in ROWS:
        exec(line, found)
    assert [len(part) for part in (found["train"], found["test"])] == [9, 3]
    assert found["signal"].x.equal(found["x"])
    assert found["h"].shape == found["state"][1].shape == (3, 32)
    assert found["weight"][0].shape == (4, 4)


def test_a_window_is_the_loop_that_stands_beside_it():
    for number in (3, 4):
        (loop, line), found = ROWS[number], names()
        for _, before in ROWS[:2]:
            exec(before, found)
        start = found["h"]
        exec(line, found)
        expected, found["h"] = found["h"], start
        exec(loop.replace("h = layer", "_, h = layer"), found)
        torch.testing.assert_close(found["h"], expected)


def test_a_linear_tgcn_is_a_convolution_of_pyg_and_a_dense_layer_for_each_gate():
    found = names()
    exec(dict(ROWS)["layer = TGCN(4, 32)"], found)
    layer, x = found["layer"], found["x"]

    def gate(k: int, state: Tensor, value: Tensor) -> Tensor:
        conv, rows = GCNConv(4, 32), slice(32 * k, 32 * k + 32)
        conv.load_state_dict({"lin.weight": layer.weight_ih[rows], "bias": layer.bias_ih[rows]})
        dense = torch.nn.functional.linear(state, layer.weight_hh[rows], layer.bias_hh[rows])
        return conv(value, found["edge_index"], found["edge_weight"]) + dense

    h = torch.zeros(3, 32)
    for value in x:
        r, z = (torch.sigmoid(gate(k, h, value)) for k in (0, 1))
        h = (1 - z) * torch.tanh(gate(2, r * h, value)) + z * h
    torch.testing.assert_close(layer(x, found["edge_index"], found["edge_weight"])[1], h)
