"""The walk in plain operations against dense matrices, gate by gate."""

from typing import Any

import pytest
import torch
from torch import Tensor

from gnn_toolkit.layers import reference
from gnn_toolkit.layers.bases import Chebyshev
from gnn_toolkit.layers.kernels import step_by_step
from gnn_toolkit.layers.kernels.terms import flat
from gnn_toolkit.testing import assert_parity, random_graph

STEPS, NODES, WIDTH, HIDDEN = 4, 5, 2, 3
GATES = {"gru": 3, "early_gru": 3, "lstm": 4}


def arguments(kind: str, changes: bool = False, batch: int = 1) -> dict[str, Any]:
    """Return arguments of the walk, with weights of three Chebyshev terms, on one graph or on one a step."""
    generator = torch.Generator().manual_seed(0)

    def normal(*shape: int) -> Tensor:
        return torch.randn(*shape, dtype=torch.float64, generator=generator)

    basis, rows, lstm = Chebyshev(3), GATES[kind] * HIDDEN, kind == "lstm"
    graphs = [(random_graph(NODES, 5, generator)[:, :7], normal(7).abs()) for _ in range(STEPS if changes else 1)]
    matrices = [m for edges, weight in graphs for m in basis.matrices(edges, weight, NODES, torch.float64)]
    return {
        "x": normal(STEPS, NODES * batch, WIDTH),
        "weight_ih": normal(rows, WIDTH),
        "bias": normal(rows),
        "weight": normal(rows, 3 * HIDDEN),
        "bias_n": normal(HIDDEN) if kind == "gru" else None,
        "peephole": normal(3, HIDDEN) if lstm else None,
        "h_0": normal(NODES * batch, HIDDEN),
        "c_0": normal(NODES * batch, HIDDEN) if lstm else torch.empty(0, HIDDEN, dtype=torch.float64),
        "matrices": flat(matrices, torch.float64),
        "plan": [number for step in basis.plan for number in step],
        "first": 0,
        "nodes": NODES,
        "kind": kind,
        "graphs": graphs * (1 if changes else STEPS),
    }


@pytest.mark.parametrize("kind", GATES)
@pytest.mark.parametrize("changes", [False, True], ids=["one graph", "one a step"])
def test_states_and_gradients_are_those_of_dense_matrices(kind: str, changes: bool):
    given = arguments(kind, changes)
    graphs = given.pop("graphs")
    leaves = {name: t.requires_grad_() for name, t in given.items() if isinstance(t, Tensor) and t.numel()}
    ours = step_by_step.forward(**given)
    eye = torch.eye(NODES, dtype=torch.float64)
    terms = [([eye], reference.time_terms("chebyshev", 3, edges, weight, NODES)) for edges, weight in graphs]
    params = {"weight_ih": given["weight_ih"], "weight_hh": given["weight"], "bias_ih": given["bias"]}
    if kind == "gru":
        params["bias_hh"] = torch.nn.functional.pad(given["bias_n"], (2 * HIDDEN, 0))
    if kind == "lstm":
        params["peephole"] = given["peephole"]
    initial = [given["h_0"], given["c_0"]][: 2 if kind == "lstm" else 1]
    out, final = reference.over_time(kind, params, given["x"], terms, initial)
    got = [ours[0], *([ours[1][-1]] if kind == "lstm" else [])]
    inputs = list(leaves.values())
    assert_parity(got, [out, *final[1:]], [(inputs, inputs)])
    assert ours[1].shape == (STEPS if kind == "lstm" else 0, NODES, HIDDEN)
