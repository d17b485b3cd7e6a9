"""The Graph LSTM against a loop over nodes: values, all gradients, and every way to compute it."""

from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from gnn_toolkit.layers import GraphLSTM, reference
from gnn_toolkit.testing import assert_layer, assert_parity, assert_refuses, random_graph

F, H = 4, 3


def sample(nodes: int = 9, edges: int = 14, seed: int = 0) -> tuple[Tensor, Tensor, Tensor, list[Tensor]]:
    """A graph with a loop, a parallel and a one-way edge, an isolated node and tied scores."""
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(nodes + 1, F, dtype=torch.float64, generator=generator, requires_grad=True)
    more = torch.tensor([[0, 1, 2], [0, 2, 3]]) if nodes > 3 else torch.empty(2, 0, dtype=torch.long)
    edge_index = torch.cat([random_graph(nodes, edges, generator), more], 1)
    score = torch.randint(0, 4, (nodes + 1,), generator=generator).double()
    states = [torch.randn(nodes + 1, H, dtype=torch.float64, generator=generator).requires_grad_() for _ in range(2)]
    return x, edge_index, score, states


def layer_of(**options: Any) -> GraphLSTM:
    torch.manual_seed(0)
    return GraphLSTM(F, H, **options).double()


@pytest.mark.parametrize("backend", ["fused", "plain", "auto"])
@pytest.mark.parametrize("with_states", [False, True])
@pytest.mark.parametrize("options", [{}, {"num_layers": 3}, {"bias": False}], ids=str)
def test_it_is_the_loop_over_nodes(options: dict[str, Any], with_states: bool, backend: str):
    layer = layer_of(backend=backend, **options)
    x, edge_index, score, states = sample()
    params = dict(layer.named_parameters())
    hx = (states[0], states[1]) if with_states else None
    out, (h, m) = layer(x, edge_index, score, hx)
    expected = reference.graph_lstm(params, x, edge_index, score, hx, num_layers=layer.num_layers)
    assert torch.equal(out, h)
    leaves = [x, *layer.parameters(), *(states if with_states else [])]
    assert_parity([h, m], expected, [(leaves, leaves)])


@given(nodes=st.integers(1, 12), edges=st.integers(0, 20), seed=st.integers(0, 10**6))
def test_both_backends_agree_on_any_graph(nodes: int, edges: int, seed: int):
    x, edge_index, score, states = sample(nodes, edges, seed)
    layers = [layer_of(num_layers=2, backend=backend) for backend in ("fused", "plain")]
    first, second = (list(layer(x, edge_index, score, (states[0], states[1]))[1]) for layer in layers)
    leaves = [[x, *states, *layer.parameters()] for layer in layers]
    assert_parity(first, second, [(leaves[0], leaves[1])])


@pytest.mark.parametrize("backend", ["fused", "plain"])
def test_it_satisfies_the_contract(backend: str):
    layer = layer_of(num_layers=2, backend=backend)
    params = dict(layer.named_parameters())

    def run(x: Tensor, edge_index: Tensor) -> Tensor:
        return layer(x, edge_index, x.detach()[:, 0])[0]

    def loop(x: Tensor, edge_index: Tensor) -> Tensor:
        return reference.graph_lstm(params, x, edge_index, x.detach()[:, 0], num_layers=2)[0]

    assert_layer(run, F, reference=loop, acyclic=False)
    assert_refuses(lambda x, e: GraphLSTM(F, H)(x, e, x.new_zeros(x.size(0)))[0], F)


def test_a_path_visited_in_order_is_a_sequence():
    layer = layer_of()
    x, path = torch.randn(6, F, dtype=torch.float64), torch.stack([torch.arange(5), torch.arange(1, 6)])
    both = torch.cat([path, path.flip(0)], 1)
    params = dict(layer.named_parameters())
    for score in (torch.arange(6, 0, -1), torch.arange(6)):
        expected = reference.graph_lstm(params, x, both, score)
        torch.testing.assert_close(layer(x, both, score)[1], expected)


def test_it_is_differentiable_twice():
    layer = layer_of(num_layers=2)
    x, edge_index, score, states = sample(4, 4)
    assert torch.autograd.gradcheck(lambda *t: layer(t[0], edge_index, score, t[1:])[1], (x, *states))
    assert torch.autograd.gradgradcheck(lambda *t: layer(t[0], edge_index, score, t[1:])[0], (x, *states))


def test_transforms_are_right_and_the_fused_backend_refuses_them():
    layer = layer_of(num_layers=2)
    x, edge_index, score, _ = sample()
    x = x.detach()

    def run(value: Tensor) -> Tensor:
        return layer(value, edge_index, score)[0]

    tangent = torch.randn_like(x)
    moved = torch.func.jvp(run, (x,), (tangent,))[1]
    ahead, behind = (run(x + sign * 1e-6 * tangent) for sign in (1, -1))
    torch.testing.assert_close(moved, (ahead - behind) / 2e-6, atol=1e-7, rtol=1e-6)
    batch = torch.stack([x, 2 * x])
    torch.testing.assert_close(torch.func.vmap(run)(batch), torch.stack([run(x), run(2 * x)]))
    fused = layer_of(backend="fused")
    with pytest.raises(ValueError, match="backend: expected 'auto' or 'plain'"):
        torch.func.jvp(lambda v: fused(v, edge_index, score)[0], (x,), (tangent,))


def test_it_compiles_whole():
    layer = layer_of(num_layers=2)
    x, edge_index, score, _ = sample()
    compiled = torch.compile(layer, fullgraph=True, backend="aot_eager")
    torch.testing.assert_close(compiled(x, edge_index, score)[0], layer(x, edge_index, score)[0])


def test_bad_scores_and_states_are_refused():
    layer = GraphLSTM(F, H)
    x, edge_index = torch.randn(3, F), torch.tensor([[0, 1], [1, 0]])
    with pytest.raises(ValueError, match=r"score: expected numbers \[3\]"):
        layer(x, edge_index, torch.rand(2))
    with pytest.raises(ValueError, match=r"score: .*NaN"):
        layer(x, edge_index, torch.tensor([0.0, torch.nan, 1.0]))
    with pytest.raises(ValueError, match="hx: expected h and m"):
        layer(x, edge_index, torch.rand(3), (torch.zeros(3, H),))
    with pytest.raises(ValueError, match=r"hx: expected torch.float32"):
        layer(x, edge_index, torch.rand(3), (torch.zeros(3, H).double(), torch.zeros(3, H)))
