"""The convolution under the machinery of torch and of PyG: compilers, copies, precision, hooks, explainers."""

import copy
import io
import pickle
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch_geometric.explain import Explainer, GNNExplainer
from torch_geometric.nn import GCNConv as PyGConv
from torch_geometric.nn import SumAggregation

from gnn_toolkit import GCNConv
from gnn_toolkit.graphs import adjacency
from gnn_toolkit.testing import random_graph

EDGES = torch.tensor([[0, 1, 2, 3, 3], [1, 2, 3, 3, 4]])
WIDTHS = [(4, 3), (3, 4)]


def normal(*shape: int, seed: int = 0, dtype: torch.dtype = torch.float32) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def make(widths: tuple[int, int] = (4, 3), **options: Any) -> GCNConv:
    torch.manual_seed(0)
    layer = GCNConv(*widths, **options)
    if layer.bias is not None:
        nn.init.normal_(layer.bias)
    return layer


def pyg(layer: GCNConv, **options: Any) -> PyGConv:
    twin = PyGConv(layer.in_channels, layer.out_channels, **options)
    twin.load_state_dict(layer.state_dict())
    return twin


@pytest.mark.parametrize("widths", WIDTHS)
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("options", [{}, {"cached": True}, {"normalize": False}, {"signed": True}], ids=str)
def test_it_compiles_without_a_break(options: dict[str, Any], weighted: bool, widths: tuple[int, int]):
    torch.compiler.reset()
    layer, x = make(widths, **options), normal(5, widths[0]).requires_grad_()
    weight = torch.rand(5).requires_grad_() if weighted else None
    expected = make(widths, **options)(x, EDGES, weight)
    compiled = torch.compile(layer, fullgraph=True, backend="aot_eager")
    leaves = [x, *layer.parameters(), *([weight] if weight is not None else [])]
    right = torch.autograd.grad(expected.sin().sum(), [x], retain_graph=True)
    for _ in range(3):
        out = compiled(x, EDGES, weight)
        torch.testing.assert_close(out, expected)
        found = torch.autograd.grad(out.sin().sum(), leaves)
        torch.testing.assert_close(found[:1], right)
        assert all(gradient.abs().sum() > 0 for gradient in found)


def test_one_compiled_layer_serves_graphs_of_any_size():
    torch.compiler.reset()
    layer = make()
    compiled = torch.compile(layer, fullgraph=True, dynamic=True)
    for size in (5, 12, 30):
        x, edge_index = normal(size, 4), random_graph(size, size, torch.Generator().manual_seed(size))
        torch.testing.assert_close(compiled(x, edge_index), layer(x, edge_index))
        prepared = adjacency(edge_index, None, size)
        torch.testing.assert_close(compiled(x, prepared), layer(x, edge_index))
    with pytest.raises((ValueError, RuntimeError), match="node indices"):
        compiled(normal(5, 4), EDGES + 1)
    with pytest.raises(RuntimeError, match=r"edge_weight: expected weights of at least 0"):
        compiled(normal(5, 4), EDGES, -torch.ones(5))


@pytest.mark.parametrize("cached", [False, True])
def test_it_exports_for_any_size(cached: bool):
    layer = make(cached=cached).eval()
    nodes, edges = torch.export.Dim("nodes"), torch.export.Dim("edges")
    shapes = ({0: nodes}, {1: edges}, {0: edges})
    program = torch.export.export(layer, (normal(5, 4), EDGES, torch.rand(5)), dynamic_shapes=shapes).module()
    assert layer._cached_edge_index is None
    x, edge_index = normal(12, 4), random_graph(12, 10, torch.Generator().manual_seed(0))
    weight = torch.rand(edge_index.size(1))
    torch.testing.assert_close(program(x, edge_index, weight), layer(x, edge_index, weight))


def test_it_exports_with_a_prepared_adjacency():
    layer, x, prepared = make(), normal(5, 4), adjacency(EDGES, None, 5)
    program = torch.export.export(layer, (x, prepared)).module()
    torch.testing.assert_close(program(x, prepared), layer(x, EDGES))


@pytest.mark.parametrize("cached", [False, True])
def test_copies_give_the_same(cached: bool):
    layer, x = make(cached=cached), normal(5, 4)
    expected = layer(x, EDGES)
    for other in (copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))):
        assert other(x, EDGES).equal(expected)
    buffer = io.BytesIO()
    torch.save(layer.state_dict(), buffer)
    buffer.seek(0)
    fresh = GCNConv(4, 3)
    fresh.load_state_dict(torch.load(buffer, weights_only=True))
    assert fresh(x, EDGES).equal(expected)


def test_a_cache_filled_under_inference_can_be_trained_with():
    layer, x = make(cached=True), normal(5, 4)
    with torch.inference_mode():
        expected = layer(x, EDGES.clone(), torch.ones(5))
    out = layer(x, EDGES, torch.ones(5))
    assert out.equal(expected)
    out.sum().backward()
    assert layer.lin.weight.grad is not None
    assert layer.lin.weight.grad.abs().sum() > 0


def test_a_cache_does_not_hold_weights_that_learn():
    layer, x = make(cached=True), normal(5, 4)
    weight = torch.ones(5, requires_grad=True)
    for _ in range(2):
        (gradient,) = torch.autograd.grad(layer(x, EDGES, weight).sum(), weight)
        assert gradient.abs().sum() > 0
    assert layer._cached_edge_index is None


@pytest.mark.parametrize("hooked", [False, True])
def test_a_cache_is_kept_in_both_forms_and_not_taken_to_another_device(hooked: bool):
    layer, x = make(cached=True), normal(5, 4)
    handle = layer.register_propagate_forward_hook(lambda *_: None) if hooked else None
    first = layer(x, EDGES)
    assert layer(x, EDGES).equal(first)
    if handle is not None:
        handle.remove()
        torch.testing.assert_close(layer(x, EDGES), first)
    assert layer._cached_edge_index is not None
    assert layer.double()._cached_edge_index is None
    torch.testing.assert_close(layer(x.double(), EDGES).float(), first)


@pytest.mark.parametrize("widths", WIDTHS)
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("weighted", [False, True])
def test_autocast_gives_pyg_s_type_and_about_its_values(weighted: bool, bias: bool, widths: tuple[int, int]):
    layer, x = make(widths, bias=bias), normal(5, widths[0])
    weight = torch.rand(5) if weighted else None
    twin = pyg(layer, bias=bias)
    with torch.autocast("cpu", torch.bfloat16):
        out, expected = layer(x, EDGES, weight), twin(x, EDGES, weight)
    assert out.dtype == expected.dtype
    torch.testing.assert_close(out, expected, atol=0.03, rtol=0.03)
    out.sum().backward()
    assert layer.lin.weight.grad is not None
    assert layer.lin.weight.grad.dtype == torch.float32


@pytest.mark.parametrize("widths", WIDTHS)
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float64])
def test_the_output_has_the_type_of_x(dtype: torch.dtype, widths: tuple[int, int]):
    layer, x = make(widths).to(dtype), normal(5, widths[0]).to(dtype)
    twin = pyg(layer).to(dtype)
    for weight in (None, torch.rand(5, dtype=dtype), torch.rand(5, dtype=torch.float64)):
        out, expected = layer(x, EDGES, weight), twin(x, EDGES, weight)
        assert out.dtype == dtype
        torch.testing.assert_close(out, expected.to(dtype), atol=0.05, rtol=0.05)
        torch.testing.assert_close(layer(x, adjacency(EDGES, weight, 5)), out, atol=0.05, rtol=0.05)


@pytest.mark.parametrize("hooked", [False, True])
def test_float64_weights_go_through_two_layers_in_float32(hooked: bool):
    first, second = make((4, 5)), make((5, 3))
    if hooked:
        first.register_propagate_forward_hook(lambda *_: None)
    weight = torch.rand(5, dtype=torch.float64, requires_grad=True)
    out = second(first(normal(5, 4), EDGES, weight), EDGES, weight)
    torch.testing.assert_close(out, second(first(normal(5, 4), EDGES, weight.float()), EDGES, weight.float()))
    (gradient,) = torch.autograd.grad(out.sum(), weight)
    assert gradient.dtype == torch.float64
    assert gradient.abs().sum() > 0


@pytest.mark.parametrize("widths", WIDTHS)
def test_hooks_see_the_messages_and_can_change_them(widths: tuple[int, int]):
    layer, x, seen = make(widths), normal(5, widths[0]), []
    expected = layer(x, EDGES)
    handle = layer.register_message_forward_hook(lambda _, __, out: seen.append(out) or 2 * out)
    doubled = layer(x, EDGES)
    bias: Any = layer.bias
    torch.testing.assert_close(doubled, 2 * (expected - bias) + bias)
    assert seen[0].shape == (9, widths[1])  # the loop at node 3 takes the place of the one to be added
    handle.remove()
    assert layer(x, EDGES).equal(expected)
    for name in ("propagate_forward_pre", "propagate_forward", "message_forward_pre", "aggregate_forward_pre"):
        calls = []
        handle = getattr(layer, f"register_{name}_hook")(lambda *_, calls=calls: calls.append(1))
        torch.testing.assert_close(layer(x, EDGES), expected)
        assert calls == [1]
        handle.remove()


@pytest.mark.parametrize("options", [{"decomposed_layers": 3}, {"aggr": SumAggregation()}, {"aggr": "mean"}], ids=str)
def test_other_ways_of_aggregation_are_pyg_s(options: dict[str, Any]):
    layer, x = make(**options), normal(5, 4)
    torch.testing.assert_close(layer(x, EDGES), pyg(layer, **options)(x, EDGES))


class Doubled(GCNConv):
    """Messages twice as large."""

    def message(self, x_j: Tensor, edge_weight: Tensor) -> Tensor:
        return 2 * edge_weight.view(-1, 1) * x_j


class Negated(Doubled):
    """And of the other sign after they are summed."""

    def update(self, inputs: Tensor) -> Tensor:
        return -inputs


class Same(GCNConv):
    """Nothing new about the messages."""


def test_a_subclass_is_asked_for_its_messages():
    x, plain = normal(5, 4), make(bias=False)
    expected = plain(x, EDGES)
    for kind, factor in ((Doubled, 2), (Negated, -2), (Same, 1)):
        layer = kind(4, 3, bias=False)
        layer.load_state_dict(plain.state_dict())
        torch.testing.assert_close(layer(x, EDGES), factor * expected)


class Classifier(nn.Module):
    """Two convolutions to three classes for every node."""

    def __init__(self, kind: type) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.first, self.second = kind(4, 8), kind(8, 3)

    def forward(self, x: Tensor, edge_index: Tensor) -> Tensor:
        return self.second(self.first(x, edge_index).relu(), edge_index)


def test_an_explainer_finds_what_it_finds_in_pyg_s():
    x, edge_index, masks = normal(9, 4), random_graph(9, 12, torch.Generator().manual_seed(0)), []
    for kind in (GCNConv, PyGConv):
        model = Classifier(kind)
        explainer = Explainer(
            model,
            GNNExplainer(epochs=5),
            explanation_type="model",
            node_mask_type="attributes",
            edge_mask_type="object",
            model_config={"mode": "multiclass_classification", "task_level": "node", "return_type": "raw"},
        )
        before = model(x, edge_index)
        torch.manual_seed(1)
        explanation = explainer(x, edge_index, index=4)
        masks.append((explanation.edge_mask, explanation.node_mask))
        assert model(x, edge_index).equal(before)
    torch.testing.assert_close(masks[0], masks[1])
    assert masks[0][0].max() > masks[0][0].min()


def test_nan_goes_along_edges_only():
    x = normal(5, 4)
    x[1] = torch.nan
    for widths in WIDTHS:
        out = make(widths)(x[:, : widths[0]], EDGES)
        assert out.isnan().any(1).tolist() == [False, True, True, False, False]


@pytest.mark.parametrize("widths", WIDTHS)
@pytest.mark.parametrize("num_nodes", [0, 1, 3])
def test_without_edges_a_node_sees_itself(num_nodes: int, widths: tuple[int, int]):
    layer, x = make(widths), normal(num_nodes, widths[0]).requires_grad_()
    none = torch.empty(2, 0, dtype=torch.long)
    out = layer(x, none)
    torch.testing.assert_close(out, layer.lin(x) + layer.bias)
    out.sum().backward()
    assert x.grad is not None
    assert x.grad.shape == x.shape
    torch.testing.assert_close(make(widths, add_self_loops=False)(x, none), layer.bias.expand(num_nodes, -1))  # type: ignore[union-attr]
