"""The layers in time under torch's function transforms and derivatives of every kind, against finite differences."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.autograd import forward_ad
from torch.autograd.functional import hessian, jacobian
from torch.utils.checkpoint import checkpoint

from gnn_toolkit import DCRNN, GCLSTM, TGCN, EvolveGCNH, EvolveGCNO, GConvGRU, GConvLSTM

EDGES = torch.tensor([[0, 1, 2, 3, 1], [2, 2, 3, 0, 0]])
LAYERS: dict[str, Callable[[], Any]] = {
    "GConvGRU": lambda: GConvGRU(3, 2),
    "GConvGRU, torch's": lambda: GConvGRU(3, 2, K=2, reset_after=True, normalization="rw", lambda_max=3.0),
    "GConvLSTM": lambda: GConvLSTM(3, 2),
    "GCLSTM": lambda: GCLSTM(3, 2, normalization=None),
    "DCRNN": lambda: DCRNN(3, 2),
    "TGCN": lambda: TGCN(3, 2),
    "TGCN, authors'": lambda: TGCN(3, 2, variant="authors"),
    "TGCN, linear": lambda: TGCN(3, 2, variant="linear"),
    "EvolveGCNO": lambda: EvolveGCNO(3, 2),
    "EvolveGCNH": lambda: EvolveGCNH(3, 2),
}
layers = pytest.mark.parametrize("name", LAYERS)
backends = pytest.mark.parametrize("backend", ["auto", "message_passing"])


def build(name: str, backend: str = "auto") -> tuple[Any, Tensor, Tensor, Tensor]:
    """Return a layer, a window of two steps, weights of the edges and a direction."""
    torch.manual_seed(0)
    layer = LAYERS[name]().double()
    layer.backend = backend
    x, v = (torch.randn(2, 4, 3, dtype=torch.float64) for _ in range(2))
    return layer, x, torch.rand(5, dtype=torch.float64) + 0.2, v


def difference(f: Callable[[Tensor], Tensor], x: Tensor, v: Tensor) -> Tensor:
    """Return the derivative of f along v."""
    with torch.no_grad():
        return (f(x + 1e-6 * v) - f(x - 1e-6 * v)) / 2e-6


@layers
@backends
def test_forward_mode_is_the_slope(name: str, backend: str):
    layer, x, weight, v = build(name, backend)

    def f(x: Tensor) -> Tensor:
        return layer(x, EDGES, weight)[0]

    expected = difference(f, x, v)
    assert expected.abs().max() > 0.01
    torch.testing.assert_close(torch.func.jvp(f, (x,), (v,))[1], expected, atol=1e-8, rtol=1e-6)
    with forward_ad.dual_level():
        tangent = forward_ad.unpack_dual(f(forward_ad.make_dual(x, v))).tangent
    torch.testing.assert_close(tangent, expected, atol=1e-8, rtol=1e-6)


@layers
def test_forward_mode_through_parameters_and_edge_weights_is_the_slope(name: str):
    layer, x, weight, _ = build(name)
    parameters = {key: value.detach() for key, value in layer.named_parameters()}
    tangents = {key: torch.randn_like(value) for key, value in parameters.items()}

    def f(step: Tensor) -> Tensor:
        moved = {key: value + step * tangents[key] for key, value in parameters.items()}
        return torch.func.functional_call(layer, moved, (x, EDGES, weight * (1 + step)))[0]

    zero, one = torch.zeros((), dtype=torch.float64), torch.ones((), dtype=torch.float64)
    expected = difference(f, zero, one)
    torch.testing.assert_close(torch.func.jvp(f, (zero,), (one,))[1], expected, atol=1e-7, rtol=1e-6)
    pull = torch.func.vjp(f, zero)[1]
    direction = torch.randn_like(expected)
    torch.testing.assert_close(pull(direction)[0], (expected * direction).sum(), atol=1e-7, rtol=1e-6)


@layers
def test_every_jacobian_is_the_same(name: str):
    layer, x, weight, _ = build(name)

    def f(x: Tensor) -> Tensor:
        return layer(x, EDGES, weight)[0]

    expected = jacobian(f, x)
    for found in (
        jacobian(f, x, vectorize=True),
        jacobian(f, x, vectorize=True, strategy="forward-mode"),
        torch.func.jacrev(f)(x),
        torch.func.jacfwd(f)(x),
    ):
        torch.testing.assert_close(found, expected, atol=1e-11, rtol=0)


def test_a_compiled_transform_is_the_transform():
    layer, x, weight, v = build("GConvGRU, torch's")

    def slope(x: Tensor) -> Tensor:
        return torch.func.jvp(lambda x: layer(x, EDGES, weight)[0], (x,), (v,))[1]

    compiled = torch.compile(slope, backend="aot_eager")
    torch.testing.assert_close(compiled(x), slope(x), atol=1e-12, rtol=0)


@layers
def test_vmap_over_edge_weights_is_a_loop(name: str):
    layer, x, weight, _ = build(name)
    many = torch.stack([weight, 2 * weight, weight + 1])
    alone = torch.stack([layer(x, EDGES, one)[0] for one in many])
    found = torch.func.vmap(lambda one: layer(x, EDGES, one)[0])(many)
    torch.testing.assert_close(found, alone, atol=1e-12, rtol=0)


@layers
@backends
def test_vmap_is_a_loop(name: str, backend: str):
    layer, x, weight, v = build(name, backend)
    many = torch.stack([x, v, -x])
    expected = torch.stack([layer(one, EDGES, weight)[0] for one in many])
    found = torch.func.vmap(lambda one: layer(one, EDGES, weight)[0])(many)
    torch.testing.assert_close(found, expected, atol=1e-12, rtol=0)
    chosen = torch.func.vmap(lambda one: layer(one, EDGES, weight)[0], in_dims=3)(many.movedim(0, 3))
    torch.testing.assert_close(chosen, expected, atol=1e-12, rtol=0)


@layers
def test_gradients_of_each_sample_are_each_by_itself(name: str):
    layer, x, weight, v = build(name)
    parameters = {key: value.detach() for key, value in layer.named_parameters()}

    def loss(parameters: dict[str, Tensor], x: Tensor) -> Tensor:
        return torch.func.functional_call(layer, parameters, (x, EDGES, weight))[0].square().sum()

    many = torch.func.vmap(torch.func.grad(loss), (None, 0))(parameters, torch.stack([x, v]))
    for k, one in enumerate((x, v)):
        layer.zero_grad()
        layer(one, EDGES, weight)[0].square().sum().backward()
        for key, value in layer.named_parameters():
            alone = torch.zeros_like(value) if value.grad is None else value.grad
            torch.testing.assert_close(many[key][k], alone, atol=1e-11, rtol=0)


@layers
def test_second_derivatives_are_the_slope_of_the_first(name: str):
    layer, x, weight, v = build(name)

    def loss(x: Tensor) -> Tensor:
        return layer(x, EDGES, weight)[0].square().sum()

    def slope(x: Tensor) -> Tensor:
        with torch.enable_grad():
            leaf = x.clone().requires_grad_()
            return torch.autograd.grad(loss(leaf), leaf)[0]

    expected = hessian(loss, x)
    torch.testing.assert_close(
        torch.einsum("abcdef,def->abc", expected, v), difference(slope, x, v), atol=1e-7, rtol=1e-6
    )
    for found in (hessian(loss, x, vectorize=True), torch.func.hessian(loss)(x)):
        torch.testing.assert_close(found, expected, atol=1e-11, rtol=0)


@layers
def test_a_gradient_penalty_trains_every_parameter(name: str):
    layer, x, weight, _ = build(name)
    found = []
    for layer.backend in ("auto", "message_passing"):
        leaf = x.clone().requires_grad_()
        (slope,) = torch.autograd.grad(layer(leaf, EDGES, weight)[0].sum(), leaf, create_graph=True)
        found.append(torch.autograd.grad(slope.square().sum(), list(layer.parameters()), allow_unused=True))
    for ours, plain in zip(*found, strict=True):
        if plain is not None:
            torch.testing.assert_close(ours, plain, atol=1e-11, rtol=0)
    assert any(plain is not None and plain.abs().sum() > 0 for plain in found[1])


@layers
@pytest.mark.parametrize("reentrant", [False, True])
def test_activations_may_be_recomputed(name: str, reentrant: bool):
    layer, x, weight, _ = build(name)
    found = []
    for through in (lambda f, x: checkpoint(f, x, use_reentrant=reentrant), lambda f, x: f(x)):
        leaf = x.clone().requires_grad_()
        through(lambda x: layer(x, EDGES, weight)[0], leaf).square().sum().backward()
        found.append(leaf.grad)
    torch.testing.assert_close(*found, atol=1e-12, rtol=0)


@layers
def test_derivatives_of_the_third_order_are_those_of_plain_operations(name: str):
    layer, x, weight, _ = build(name)
    found = []
    for layer.backend in ("auto", "message_passing"):
        leaf = x.clone().requires_grad_()
        value = layer(leaf, EDGES, weight)[0].square().sum()
        for _ in range(2):
            (slope,) = torch.autograd.grad(value, leaf, create_graph=True)
            value = slope.square().sum()
        found.append(torch.autograd.grad(value, leaf)[0])
    torch.testing.assert_close(*found, atol=1e-9, rtol=1e-9)


@layers
def test_vmap_over_parameters_is_an_ensemble(name: str):
    layer, x, weight, _ = build(name)
    many = {key: torch.stack([value, 1.3 * value, value - 0.1]).detach() for key, value in layer.named_parameters()}

    def run(parameters: dict[str, Tensor]) -> Tensor:
        return torch.func.functional_call(layer, parameters, (x, EDGES, weight))[0]

    alone = torch.stack([run({key: value[k] for key, value in many.items()}) for k in range(3)])
    torch.testing.assert_close(torch.func.vmap(run)(many), alone, atol=1e-12, rtol=0)


@layers
def test_gradgradcheck_holds_for_features_and_weights(name: str):
    layer, x, weight, _ = build(name)
    leaves = (x.requires_grad_(), weight.requires_grad_())
    assert torch.autograd.gradgradcheck(lambda x, w: layer(x, EDGES, w)[0], leaves, fast_mode=True)
    assert torch.autograd.gradgradcheck(lambda x: layer(x, EDGES, weight.detach())[0], leaves[:1], fast_mode=True)


@pytest.mark.parametrize("name", [name for name in LAYERS if "Evolve" not in name])
def test_the_kernel_by_name_refuses_a_transform_and_says_what_to_use(name: str):
    layer, x, weight, v = build(name, "fused")
    with pytest.raises(ValueError, match=r"^backend: expected 'auto' or 'message_passing' under torch\.func"):
        torch.func.jvp(lambda x: layer(x, EDGES, weight)[0], (x,), (v,))
    leaf = x.clone().requires_grad_()  # second derivatives it has
    (slope,) = torch.autograd.grad(layer(leaf, EDGES, weight)[0].sum(), leaf, create_graph=True)
    assert torch.autograd.grad(slope.square().sum(), leaf)[0].abs().sum() > 0
