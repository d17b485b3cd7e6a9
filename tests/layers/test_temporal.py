"""What the walk in time asks of its input, and how often it touches the graph."""

from typing import Any

import pytest
import torch
from torch import Tensor
from torch_geometric import EdgeIndex

from gnn_toolkit import DCRNN, GConvGRU, GConvLSTM
from gnn_toolkit.graphs.adjacency import Adjacency
from gnn_toolkit.layers.kernels import over_time, step_by_step

EDGES = torch.tensor([[0, 1, 2], [1, 2, 0]])


@pytest.mark.parametrize(
    "shape", [(2,), (3, 1), (4, 3, 1), (0, 3, 2), (1, 1, 4, 3, 2), (2, 4, 3, 1)], ids=lambda shape: str(list(shape))
)
def test_a_window_of_another_shape_is_refused(shape: tuple[int, ...]):
    with pytest.raises(ValueError, match=r"^x: expected shape \[num_nodes, 2\], \[steps, num_nodes, 2\] or"):
        GConvGRU(2, 3)(torch.zeros(shape), EDGES)


def test_integers_and_edges_to_nowhere_are_refused():
    with pytest.raises(ValueError, match=r"^x: expected a floating-point tensor"):
        GConvGRU(2, 3)(torch.zeros(4, 3, 2, dtype=torch.long), EDGES)
    with pytest.raises(ValueError, match=r"^edge_index: expected node indices in \[0, 3\)"):
        DCRNN(2, 3)(torch.zeros(4, 3, 2), EDGES + 1)
    with pytest.raises(ValueError, match=r"^edge_weight: expected weights of at least 0, got"):
        DCRNN(2, 3)(torch.zeros(4, 3, 2), EDGES, -torch.ones(3))


@pytest.mark.parametrize("shape", [(3, 4), (4, 3), (2, 3, 3)], ids=str)
def test_states_of_another_shape_are_refused(shape: tuple[int, ...]):
    with pytest.raises(ValueError, match=r"^hx: expected states of shape \[3, 3\]"):
        GConvGRU(2, 3)(torch.zeros(4, 3, 2), EDGES, hx=torch.zeros(shape))


def test_the_input_touches_the_graph_once_and_the_state_once_a_product(monkeypatch: pytest.MonkeyPatch):
    widths: list[int] = []
    product = Adjacency.__matmul__

    def counted(self: Adjacency, x: Tensor) -> Tensor:
        widths.append(x.size(1))
        return product(self, x)

    monkeypatch.setattr(Adjacency, "__matmul__", counted)
    x, edge_weight = torch.randn(5, 4, 3, 2), torch.rand(3).requires_grad_()
    GConvLSTM(2, 8, K=2)(x, EDGES, edge_weight)
    assert widths == [5 * 4 * 2] + [5 * 8] * 4
    widths.clear()
    GConvGRU(2, 8, K=2)(x, EDGES, edge_weight)
    assert widths == [5 * 4 * 2] + [5 * 8] * 8


def test_a_graph_may_come_in_any_form_that_a_convolution_takes():
    layer, x, weight = GConvGRU(2, 3), torch.randn(4, 3, 2), torch.tensor([1.0, 2.0, 3.0])
    expected = layer(x, EDGES, weight)[0]
    assert layer(x, EdgeIndex(EDGES), weight)[0].equal(expected)
    matrix = torch.zeros(3, 3).index_put((EDGES[1], EDGES[0]), weight)
    torch.testing.assert_close(layer(x, matrix.to_sparse_csr())[0], expected)


def test_fresh_parameters_are_bounded_by_the_width_of_the_state():
    for layer in (GConvGRU(2, 16), GConvLSTM(2, 16)):
        for parameter in layer.parameters():
            assert 0.15 < float(parameter.detach().abs().max()) <= 0.25
    assert (
        repr(GConvGRU(2, 16)) == "GConvGRU(2, 16, Chebyshev(K=3, lambda_max=None, normalization='sym', degrees='in'))"
    )


@pytest.mark.parametrize("layer", [GConvGRU(2, 3), GConvGRU(2, 3, reset_after=True), GConvLSTM(2, 3)], ids=repr)
def test_the_kernel_satisfies_torch_s_checks_of_an_operator(layer: Any, monkeypatch: pytest.MonkeyPatch):
    seen: list[dict[str, Any]] = []
    op = over_time.forward

    def kept(**arguments: Any) -> Any:
        seen.append(arguments)
        return op(**arguments)

    monkeypatch.setattr(over_time, "forward", kept)
    layer(torch.randn(2, 3, 2), EDGES)
    torch.library.opcheck(op, (), seen[0], test_utils=("test_schema", "test_faketensor", "test_autograd_registration"))


def test_it_compiles_without_a_break():
    layer, x = DCRNN(2, 3), torch.randn(2, 4, 3, 2)
    expected = layer(x, EDGES)[0]
    compiled = torch.compile(layer, fullgraph=True, backend="aot_eager")
    torch.testing.assert_close(compiled(x, EDGES)[0], expected)


@pytest.mark.parametrize("kind", [GConvGRU, GConvLSTM, DCRNN])
def test_training_runs_the_kernel_both_ways(kind: Any, monkeypatch: pytest.MonkeyPatch):
    def refuse(**_: Any) -> None:
        raise AssertionError("the plain operations ran")

    monkeypatch.setattr(step_by_step, "forward", refuse)
    monkeypatch.setattr(step_by_step, "walk", refuse)
    layer, x = kind(2, 3), torch.randn(4, 3, 2, requires_grad=True)
    layer(x, [EDGES] * 4)[0].sum().backward()
    assert x.grad is not None
    with pytest.raises(AssertionError, match="the plain operations ran"):
        torch.autograd.grad(layer(x, EDGES)[0].sum(), x, create_graph=True)


def test_autocast_and_learned_edges_go_step_by_step():
    x, weight = torch.randn(4, 3, 2), torch.ones(3, requires_grad=True)
    auto, fused = GConvLSTM(2, 3), GConvLSTM(2, 3, backend="fused")
    with pytest.raises(ValueError, match=r"^backend: .* got edge weights that require a gradient"):
        fused(x, EDGES, weight)
    expected = auto(x, EDGES)[0]
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert (auto(x, EDGES)[0] - expected).abs().max() < 0.05
        with pytest.raises(ValueError, match=r"^backend: .* got autocast"):
            fused(x, EDGES)
