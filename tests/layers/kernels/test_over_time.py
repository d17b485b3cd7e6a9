"""The kernel against the same walk in plain operations, and everything that autograd may ask of it."""

from typing import Any

import pytest
import torch
from torch import Tensor
from torch.autograd import gradcheck, gradgradcheck

from gnn_toolkit.layers.bases import Diffusion, Neighbours
from gnn_toolkit.layers.kernels import over_time, step_by_step
from gnn_toolkit.layers.kernels.terms import flat
from gnn_toolkit.testing import assert_parity, random_graph

STEPS, NODES, WIDTH, HIDDEN = 3, 4, 2, 2
GATES = {"gru": 3, "early_gru": 3, "lstm": 4}
kinds = pytest.mark.parametrize("kind", GATES)


def arguments(kind: str, *, changes: bool = False, batch: int = 1, bare: bool = False) -> dict[str, Any]:
    """Return arguments of the kernel, by random walks or, bare of biases and peepholes, by neighbours."""
    generator = torch.Generator().manual_seed(0)

    def normal(*shape: int) -> Tensor:
        return torch.randn(*shape, dtype=torch.float64, generator=generator)

    basis = Neighbours() if bare else Diffusion(2)
    rows, lstm, terms = GATES[kind] * HIDDEN, kind == "lstm", basis.num_terms
    graphs = [(random_graph(NODES, 4, generator)[:, :6], normal(6).abs()) for _ in range(STEPS if changes else 1)]
    matrices = [m for edges, weight in graphs for m in basis.matrices(edges, weight, NODES, torch.float64)]
    return {
        "x": normal(STEPS, NODES * batch, WIDTH),
        "weight_ih": normal(rows, WIDTH),
        "bias": None if bare else normal(rows),
        "weight": normal(rows, terms * HIDDEN),
        "bias_n": normal(HIDDEN) if kind == "gru" and not bare else None,
        "peephole": normal(3, HIDDEN) if lstm and not bare else None,
        "h_0": normal(NODES * batch, HIDDEN),
        "c_0": normal(NODES * batch, HIDDEN) if lstm else torch.empty(0, HIDDEN, dtype=torch.float64),
        "matrices": flat(matrices, torch.float64),
        "plan": [number for step in basis.plan for number in step],
        "first": basis.first,
        "nodes": NODES,
        "kind": kind,
    }


def leaves(given: dict[str, Any]) -> dict[str, Tensor]:
    """Return the tensors that get gradients."""
    return {name: t for name, t in given.items() if isinstance(t, Tensor) and t.numel()}


def states(given: dict[str, Any], op: Any = over_time.forward) -> list[Tensor]:
    h, c, *_ = op(**given)
    return [h, c] if given["kind"] == "lstm" else [h]


def of_leaves(given: dict[str, Any]) -> tuple[Any, tuple[Tensor, ...]]:
    """Return the kernel as a function of its tensors, and these."""
    names = list(leaves(given))
    inputs = tuple(given[name].clone().requires_grad_() for name in names)
    return (lambda *values: tuple(states({**given, **dict(zip(names, values, strict=True))}))), inputs


@kinds
@pytest.mark.parametrize(
    "options", [{}, {"changes": True}, {"batch": 3}, {"bare": True}, {"bare": True, "changes": True}]
)
def test_states_and_gradients_are_those_of_plain_operations(kind: str, options: dict[str, Any]):
    given = arguments(kind, **options)
    tensors = [t.requires_grad_() for t in leaves(given).values()]
    assert_parity(states(given), states(given, step_by_step.forward), [(tensors, tensors)], atol=1e-11)


@kinds
def test_gradients_of_both_orders_pass_torch_s_checks(kind: str):
    function, inputs = of_leaves(arguments(kind))
    assert gradcheck(function, inputs, fast_mode=True)
    assert gradgradcheck(function, inputs, fast_mode=True)


@kinds
def test_many_gradients_at_once_are_each_by_itself(kind: str):
    function, inputs = of_leaves(arguments(kind, changes=True))
    out = function(*inputs)[0]
    many = torch.randn(5, *out.shape, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    together = torch.autograd.grad(out, inputs, many, is_grads_batched=True, retain_graph=True, allow_unused=True)
    for k, gradient in enumerate(many):
        alone = torch.autograd.grad(out, inputs, gradient, retain_graph=True, allow_unused=True)
        for a, b in zip(together, alone, strict=True):
            torch.testing.assert_close(a[k], b, atol=1e-12, rtol=0)


def test_an_input_that_is_made_of_another_gets_its_own_gradient_alone():
    given, found = arguments("early_gru"), []
    for op in (over_time.forward, step_by_step.forward):
        leaf = given["h_0"].clone().requires_grad_()
        x = given["x"] * leaf.sum()
        (h,) = states({**given, "x": x, "h_0": leaf.tanh(), "weight": given["weight"] * leaf.mean()}, op)
        (slope,) = torch.autograd.grad(h.square().sum(), leaf, create_graph=True)
        found.append([slope, *torch.autograd.grad(slope.square().sum(), leaf)])
    for a, b in zip(*found, strict=True):
        torch.testing.assert_close(a, b, atol=1e-10, rtol=0)


@kinds
def test_only_what_needs_a_gradient_gets_one(kind: str):
    given = arguments(kind)
    for create_graph in (False, True):
        weight = given["weight"].clone().requires_grad_()
        (slope,) = torch.autograd.grad(states({**given, "weight": weight})[0].sum(), weight, create_graph=create_graph)
        expected = torch.autograd.grad(states({**given, "weight": weight}, step_by_step.forward)[0].sum(), weight)[0]
        torch.testing.assert_close(slope, expected, atol=1e-11, rtol=0)


@kinds
@pytest.mark.parametrize("changes", [False, True])
def test_it_satisfies_torch_s_checks_of_an_operator(kind: str, changes: bool):
    given = arguments(kind, changes=changes)
    for tensor in leaves(given).values():
        tensor.requires_grad_()
    tests = ("test_schema", "test_faketensor", "test_autograd_registration")
    torch.library.opcheck(over_time.forward, (), given, test_utils=tests)
