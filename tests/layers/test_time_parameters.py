"""The layers in time read their parameters by name at every call, whatever torch has made of them."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils import parametrizations, parametrize, prune

from gnn_toolkit import DCRNN, GCLSTM, TGCN, EvolveGCNH, EvolveGCNO, GConvGRU, GConvLSTM

EDGES = torch.tensor([[0, 1, 2, 3, 1], [1, 2, 0, 1, 3]])
LAYERS: dict[str, Callable[..., Any]] = {
    "GConvGRU": GConvGRU,
    "GConvGRU, torch's": lambda i, o, **rest: GConvGRU(i, o, reset_after=True, **rest),
    "GConvLSTM": GConvLSTM,
    "GCLSTM": GCLSTM,
    "DCRNN": DCRNN,
    "TGCN": TGCN,
    "TGCN, authors'": lambda i, o, **rest: TGCN(i, o, variant="authors", **rest),
    "EvolveGCNO": EvolveGCNO,
    "EvolveGCNH": EvolveGCNH,
}
layers = pytest.mark.parametrize("name", LAYERS)
backends = pytest.mark.parametrize("backend", ["auto", "message_passing", "fused"])


def build(name: str, backend: str = "auto") -> Any:
    torch.manual_seed(0)
    layer = LAYERS[name](2, 3).double()
    layer.backend = backend
    return layer


def out_of(layer: Any) -> Tensor:
    x = torch.randn(4, 4, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    return layer(x, EDGES)[0]


def same(a: Any, b: Any) -> None:
    """Assert that two layers give the same in training, in evaluation and without gradients."""
    for training in (True, False):
        for layer in (a, b):
            layer.train(training)
        torch.testing.assert_close(out_of(a), out_of(b), atol=1e-12, rtol=0)
        with torch.no_grad():
            torch.testing.assert_close(out_of(a), out_of(b), atol=1e-12, rtol=0)


def copy_of(name: str, **values: Tensor) -> Any:
    """Return the layer with other values of some parameters."""
    layer = build(name, "message_passing")
    with torch.no_grad():
        for key, value in values.items():
            layer.get_parameter(key).copy_(value)
    return layer


@layers
@backends
def test_a_pruned_layer_runs_pruned(name: str, backend: str):
    layer = build(name, backend)
    for weight in ("weight_ih", "weight_hh"):
        prune.random_unstructured(layer, weight, 0.5)
    values = {weight: getattr(layer, weight).detach() for weight in ("weight_ih", "weight_hh")}
    assert int((values["weight_hh"] == 0).sum()) >= values["weight_hh"].numel() // 2
    same(layer, copy_of(name, **values))


@layers
@backends
def test_a_parametrised_weight_is_the_one_that_counts(name: str, backend: str):
    layer = build(name, backend)
    parametrizations.weight_norm(layer, "weight_hh")
    norm = layer.parametrizations.weight_hh.original0
    with torch.no_grad():
        norm.mul_(1.5)
    same(layer, copy_of(name, weight_hh=layer.weight_hh.detach()))
    out_of(layer).sum().backward()
    assert norm.grad is not None
    assert norm.grad.abs().sum() > 0


@layers
@backends
def test_a_weight_that_is_dropped_anew_at_every_call_is_used_as_it_is(name: str, backend: str):
    layer = build(name, backend)
    raw = layer.weight_hh
    del layer.weight_hh
    layer.register_parameter("weight_hh_raw", raw)
    keeps = [torch.rand(raw.shape, generator=torch.Generator().manual_seed(seed)) > 0.5 for seed in range(2)]
    for keep in keeps:
        layer.weight_hh = raw * keep
        same(layer, copy_of(name, weight_hh=(raw * keep).detach()))
    out_of(layer).sum().backward()
    assert raw.grad is not None
    assert raw.grad[~keeps[-1]].abs().sum() == 0


@layers
@backends
def test_a_subclass_may_have_parameters_of_its_own_before_and_after(name: str, backend: str):
    layer = build(name, backend)

    class Own(type(layer)):  # type: ignore[misc]
        def forward(self, x: Tensor, edges: Tensor) -> Any:
            return super().forward(self.scale * x, edges)

    expected = out_of(layer)
    layer.__class__ = Own
    first = dict(layer._parameters)
    layer._parameters.clear()
    layer.scale = nn.Parameter(torch.ones((), dtype=torch.float64))
    layer._parameters.update(reversed(first.items()))
    torch.testing.assert_close(out_of(layer), expected, atol=0, rtol=0)
    out_of(layer).sum().backward()
    assert layer.scale.grad is not None


@layers
def test_functional_call_runs_with_the_values_it_is_given(name: str):
    layer = build(name)
    values = {key: 0.5 * value for key, value in layer.state_dict().items()}
    x = torch.randn(4, 4, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    other = build(name)
    other.load_state_dict(values)
    torch.testing.assert_close(torch.func.functional_call(layer, values, (x, EDGES))[0], out_of(other))


@pytest.mark.parametrize("name", [name for name in LAYERS if "Evolve" not in name])
@pytest.mark.parametrize("missing", ["bias_ih", "bias_hh"])
def test_either_bias_may_be_taken_away(name: str, missing: str):
    layer = build(name)
    setattr(layer, missing, None)
    found = []
    for layer.backend in ("message_passing", "fused"):
        found.append(out_of(layer))
    torch.testing.assert_close(*found, atol=1e-12, rtol=0)


@layers
def test_fresh_parameters_reach_what_stands_behind_a_weight(name: str):
    pruned, normed = build(name), build(name)
    prune.l1_unstructured(pruned, "weight_hh", 0.5)
    parametrizations.weight_norm(normed, "weight_hh")
    before = pruned.weight_hh_orig.clone(), normed.weight_hh.detach().clone()
    for layer in (pruned, normed):
        layer.reset_parameters()
    assert not pruned.weight_hh_orig.equal(before[0])
    assert not torch.allclose(normed.weight_hh, before[1])
    assert parametrize.is_parametrized(normed, "weight_hh")


def test_fresh_parameters_leave_a_subclass_s_own_alone():
    class Own(GConvLSTM):
        def __init__(self) -> None:
            super().__init__(2, 3)
            self.scale = nn.Parameter(torch.full((3,), 7.0))

    layer = Own()
    look = layer.peephole
    assert look is not None
    before = look.detach().clone()
    layer.reset_parameters()
    assert layer.scale.tolist() == [7.0] * 3
    assert not look.equal(before)
