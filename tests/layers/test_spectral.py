"""Chebyshev's recurrences in time: the Laplacian and its bound, by layer and by call, against PyG's convolutions."""

from typing import Any

import pytest
import torch
from torch import Tensor
from torch_geometric.nn import ChebConv

from gnn_toolkit import GCLSTM, GConvGRU, GConvLSTM

EDGES = torch.tensor([[0, 1, 2, 3, 0], [1, 2, 0, 1, 3]])
LAYERS: list[Any] = [GConvGRU, GConvLSTM, GCLSTM]


def sample() -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(0)
    weight = torch.rand(5, dtype=torch.float64, generator=generator) + 0.2
    return torch.randn(3, 4, 2, dtype=torch.float64, generator=generator), weight


def convolutions(weight: Tensor, bias: Tensor | None, width: int, normalization: str | None) -> list[Any]:
    """Return PyG's convolutions, one a gate, with the weights of a layer that has 3 channels."""
    found, terms = [], weight.size(1) // width
    for gate, rows in enumerate(weight.split(3)):
        conv = ChebConv(width, 3, terms, normalization=normalization).double()
        state = {f"lins.{k}.weight": block for k, block in enumerate(rows.split(width, 1))}
        own = torch.zeros(3, dtype=torch.float64) if bias is None else bias[3 * gate : 3 * gate + 3]
        conv.load_state_dict({**state, "bias": own})
        found.append(conv)
    return found


@pytest.mark.parametrize("normalization", ["sym", "rw", None])
@pytest.mark.parametrize("lambda_max", [None, 3.0])
def test_a_gated_unit_on_a_directed_graph_is_pyg_s_convolutions_one_a_gate(
    normalization: str | None, lambda_max: float | None
):
    (x, weight), largest = sample(), None if lambda_max is None else torch.tensor(lambda_max)
    layer = GConvGRU(2, 3, normalization=normalization, degrees="out").double()
    of_x = convolutions(layer.weight_ih, layer.bias_ih, 2, normalization)
    of_h = convolutions(layer.weight_hh, layer.bias_hh, 3, normalization)
    h = x.new_zeros(4, 3)
    for value in x:

        def gate(k: int, state: Tensor, value: Tensor = value) -> Tensor:
            through = of_x[k](value, EDGES, weight, lambda_max=largest)
            return through + of_h[k](state, EDGES, weight, lambda_max=largest)

        r, z = (torch.sigmoid(gate(k, h)) for k in (0, 1))
        h = (1 - z) * torch.tanh(gate(2, r * h)) + z * h
    torch.testing.assert_close(layer(x, EDGES, weight, lambda_max=lambda_max)[1], h, atol=1e-12, rtol=0)


def test_the_input_of_a_gc_lstm_sees_no_edge_and_its_state_does():
    (x, weight), layer = sample(), GCLSTM(2, 3, degrees="out").double()
    of_h = convolutions(layer.weight_hh, layer.bias_hh, 3, "sym")
    h, c = x.new_zeros(4, 3), x.new_zeros(4, 3)
    for value in x:
        gates = torch.nn.functional.linear(value, layer.weight_ih, layer.bias_ih).split(3, 1)
        i, f, g, o = (a + conv(h, EDGES, weight) for a, conv in zip(gates, of_h, strict=True))
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        h = torch.sigmoid(o) * torch.tanh(c)
    ours, (h_n, c_n) = layer(x, EDGES, weight)
    for a, b in ((ours[-1], h), (h_n, h), (c_n, c)):
        torch.testing.assert_close(a, b, atol=1e-12, rtol=0)


@pytest.mark.parametrize("kind", LAYERS)
@pytest.mark.parametrize("backend", ["message_passing", "fused"])
def test_a_bound_of_a_call_is_that_of_a_layer(kind: Any, backend: str):
    x, weight = sample()
    layer, fixed = kind(2, 3, backend=backend).double(), kind(2, 3, lambda_max=3.0, backend=backend).double()
    fixed.load_state_dict(layer.state_dict())
    expected = fixed(x, EDGES, weight)[0]
    assert (layer(x, EDGES, weight)[0] - expected).abs().max() > 1e-3
    for bound in (3, torch.tensor(3.0), torch.tensor([3.0]), torch.full((4,), 3.0)):
        torch.testing.assert_close(layer(x, EDGES, weight, lambda_max=bound)[0], expected, atol=1e-12, rtol=0)
    assert layer.basis.lambda_max is None


@pytest.mark.parametrize("kind", LAYERS)
@pytest.mark.parametrize(
    "bound", [0.0, -1, "2", True, float("nan"), torch.tensor(2), torch.zeros(4), torch.ones(3)], ids=str
)
def test_a_bound_that_bounds_nothing_is_refused(kind: Any, bound: Any):
    x, weight = sample()
    with pytest.raises(ValueError, match=r"^lambda_max: expected a number above 0"):
        kind(2, 3).double()(x, EDGES, weight, lambda_max=bound)


def test_a_bound_may_learn():
    (x, weight), bound = sample(), torch.tensor(3.0, dtype=torch.float64, requires_grad=True)
    layer = GConvGRU(2, 3).double()
    assert torch.autograd.gradcheck(lambda b: layer(x, EDGES, weight, lambda_max=b)[0], (bound,))


@pytest.mark.parametrize("options", [{"normalization": "rw"}, {"lambda_max": 3.0}, {"degrees": "out"}], ids=str)
def test_every_laplacian_compiles_without_a_break(options: dict[str, Any]):
    (x, weight), layer = sample(), GConvGRU(2, 3, **options).double()
    compiled = torch.compile(layer, fullgraph=True, backend="aot_eager")
    torch.testing.assert_close(compiled(x, EDGES, weight)[0], layer(x, EDGES, weight)[0])


def test_negative_weights_need_a_laplacian_that_is_not_normalised():
    x, weight = sample()
    for normalization in ("sym", "rw"):
        with pytest.raises(ValueError, match=r"^edge_weight: expected weights of at least 0, .*normalization=None"):
            GConvGRU(2, 3, normalization=normalization).double()(x, EDGES, -weight)
    for kind in LAYERS:
        out, _ = kind(2, 3, normalization=None, lambda_max=4.0).double()(x, EDGES, -weight)
        assert out.isfinite().all()
