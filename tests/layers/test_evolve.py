"""EvolveGCN against plain loops over columns, and its weights as state."""

from typing import Any

import pytest
import torch
from torch import Tensor

from gnn_toolkit import EvolveGCNH, EvolveGCNO
from gnn_toolkit.layers import reference
from gnn_toolkit.testing import assert_layer, assert_parity, random_graph

LAYERS = [lambda: EvolveGCNO(4, 3), lambda: EvolveGCNO(4, 3, variant="authors"), lambda: EvolveGCNH(4, 3)]
layers = pytest.mark.parametrize("build", LAYERS, ids=["O", "O, authors'", "H"])


def make(build: Any) -> Any:
    torch.manual_seed(0)
    layer = build().double()
    torch.nn.init.normal_(layer.bias)
    return layer


def sample(steps: int = 5) -> tuple[Tensor, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(steps, 6, 4, dtype=torch.float64, generator=generator)
    edge_index = random_graph(6, 7, generator)[:, :9]
    return x, edge_index, torch.rand(9, dtype=torch.float64, generator=generator) + 0.1


def plain(layer: Any, x: Tensor, edges: list[Tensor], edge_weight: Tensor) -> tuple[Tensor, list[Tensor]]:
    """Columns of W one by one, in the letters of the paper; u, the gate that keeps, is 1 less its Z."""
    f, columns = layer.in_channels, layer.out_channels
    w, c, out = list(layer.weight.t()), [x.new_zeros(f)] * columns, []
    lstm = layer.cell.num_states == 2
    for value, edge_index in zip(x, edges, strict=True):
        read = w
        if isinstance(layer, EvolveGCNH):
            score = value @ layer.scorer / layer.scorer.norm()
            place = score.tolist().index
            best = [place(s) for s in sorted(score.tolist(), reverse=True)[:columns]]
            read = [value[node] * torch.tanh(score[node]) for node in best]
        for k in range(columns):
            a, u = layer.weight_ih @ read[k] + layer.bias[:, k], layer.weight_hh
            parts = [slice(g * f, (g + 1) * f) for g in range(4)]
            if lstm:
                i, forget, g, o = (a[p] + u[p] @ w[k] for p in parts)
                c[k] = torch.sigmoid(forget) * c[k] + torch.sigmoid(i) * torch.tanh(g)
                new = torch.sigmoid(o) * torch.tanh(c[k])
            else:
                reset, keep = (torch.sigmoid(a[p] + u[p] @ w[k]) for p in parts[:2])
                new = (1 - keep) * torch.tanh(a[parts[2]] + u[parts[2]] @ (reset * w[k])) + keep * w[k]
            w = [*w[:k], new, *w[k + 1 :]]
        (a_hat,) = reference.time_terms("neighbours", 1, edge_index, edge_weight, len(value))
        out.append(a_hat @ value @ torch.stack(w, 1))
    states = [torch.stack(w, 1), torch.stack(c, 1)]
    return torch.stack(out), states[: layer.cell.num_states]


@layers
@pytest.mark.parametrize("moving", [False, True])
def test_values_and_gradients_are_those_of_the_plain_twin(build: Any, moving: bool):
    layer, (x, edges, weight) = make(build), sample()
    each = [(edges + t) % 6 if moving else edges for t in range(5)]
    leaves = [[t.clone().requires_grad_() for t in (x, weight)] for _ in range(2)]
    out, state = layer(leaves[0][0], each if moving else edges, [leaves[0][1]] * 5 if moving else leaves[0][1])
    expected, final = plain(layer, leaves[1][0], each, leaves[1][1])
    parameters = list(layer.parameters())
    assert_parity([out, *state], [expected, *final], [([*leaves[0], *parameters], [*leaves[1], *parameters])])


@layers
def test_the_state_is_handed_on_and_a_batch_is_its_windows(build: Any):
    layer, (x, edges, weight) = make(build), sample(12)
    out, final = layer(x, edges, weight)
    first, state = layer(x[:5], edges, weight)
    rest, state = layer(x[5:], edges, weight, hx=state)
    torch.testing.assert_close(torch.cat([first, rest]), out)
    for a, b in zip(state, final, strict=True):
        torch.testing.assert_close(a, b)
    both, _ = layer(torch.stack([x, x.flip(0)]), edges, weight)
    torch.testing.assert_close(both, torch.stack([out, layer(x.flip(0), edges, weight)[0]]))


@layers
def test_the_contract_of_a_layer_holds_for_one_step(build: Any):
    layer = make(build)
    if not isinstance(layer, EvolveGCNH):
        assert_layer(lambda x, e: layer(x[None], e)[0][0], 4, acyclic=False)
        return
    x, edges, weight = sample()  # the nodes of a union share the summary: of the contract the order is left
    out, order = layer(x, edges, weight)[0], torch.tensor([3, 0, 5, 1, 4, 2])
    moved = layer(x[:, order], order.argsort()[edges], weight)[0]
    torch.testing.assert_close(moved, out[:, order])
    torch.testing.assert_close(layer(x, edges.flip(1), weight.flip(0))[0], out)


def test_the_last_node_comes_again_where_there_are_fewer_than_columns():
    layer = make(LAYERS[2])
    x = torch.randn(2, 4, dtype=torch.float64)
    summary = layer._summary(x, layer.weight.t())
    assert summary[2].equal(summary[1])
    score = x @ layer.scorer / layer.scorer.norm()
    torch.testing.assert_close(summary[0], x[score.argmax()] * torch.tanh(score.max()))


@pytest.mark.parametrize(
    ("argument", "call"),
    [
        ("x", lambda layer, x, e: layer(x[0, 0], e)),
        ("x", lambda layer, x, e: layer(x[..., :3], e)),
        ("edge_index", lambda layer, x, e: layer(x, [e, e])),
        ("hx", lambda layer, x, e: layer(x, e, hx=(layer.weight,))),
        ("hx", lambda layer, x, e: layer(x, e, hx=(layer.weight.t(), layer.weight.t()))),
    ],
)
def test_input_that_does_not_fit_is_refused(argument: str, call: Any):
    x, edges, _ = sample()
    with pytest.raises(ValueError, match=f"^{argument}: expected"):
        call(EvolveGCNO(4, 3).double(), x, edges)
    with pytest.raises(ValueError, match=r"^variant: expected one of paper, authors, got"):
        EvolveGCNO(4, 3, variant="H")
