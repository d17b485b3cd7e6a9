import pytest
import torch
from torch.autograd import gradcheck, gradgradcheck

from gnn_toolkit.layers.kernels import blend, blocks

pytestmark = pytest.mark.parametrize("reverse", [False, True])


def given(steps: int) -> tuple[torch.Tensor, torch.Tensor]:
    torch.manual_seed(0)
    double = {"dtype": torch.float64, "requires_grad": True}
    return torch.randn(steps, 2, 6, **double), torch.randn(2, 3, **double)


@pytest.mark.parametrize("steps", [0, 1, 2, 5, 11])
@pytest.mark.parametrize("wide", [False, True])
def test_the_fused_average_is_the_linear_recurrence(monkeypatch, reverse: bool, steps: int, wide: bool):
    monkeypatch.setattr(blocks, "NARROW", 1 if wide else 4096)
    monkeypatch.setattr(blend, "_NUMBERS", 3 * 2 * 3)  # three steps at a time
    inputs = given(steps)
    ours, plain = blend.blend(*inputs, reverse), blend.plain(*inputs, reverse)
    torch.testing.assert_close(ours, plain)
    weight = torch.randn_like(plain)
    options = {"materialize_grads": True, "allow_unused": True}
    for x, y in zip(*(torch.autograd.grad(h, inputs, weight, **options) for h in (ours, plain)), strict=True):
        torch.testing.assert_close(x, y)


def test_it_is_differentiated_twice_batched_and_compiled(reverse: bool):
    inputs = given(4)

    def run(gates: torch.Tensor, start: torch.Tensor) -> torch.Tensor:
        return blend.blend(gates, start, reverse)

    assert gradcheck(run, inputs, check_batched_grad=True)
    assert gradgradcheck(run, inputs)
    (expected, _) = torch.autograd.functional.jacobian(run, inputs)
    torch.testing.assert_close(torch.func.jacrev(run)(*inputs), expected)
    compiled = torch.compile(run, fullgraph=True, backend="aot_eager")
    weight = torch.randn(4, 2, 3, dtype=torch.float64)
    for x, y in zip(*(torch.autograd.grad(f(*inputs), inputs, weight) for f in (compiled, run)), strict=True):
        torch.testing.assert_close(x, y)


@pytest.mark.parametrize("wanted", [0, 1])
def test_what_needs_no_gradient_gets_none(reverse: bool, wanted: int):
    inputs = [t if k == wanted else t.detach() for k, t in enumerate(given(4))]
    leaf = inputs[wanted]

    def run(value: torch.Tensor) -> torch.Tensor:
        return blend.blend(*(value if k == wanted else t for k, t in enumerate(inputs)), reverse=reverse)

    expected = torch.autograd.functional.jacobian(run, leaf)
    torch.testing.assert_close(torch.autograd.functional.jacobian(run, leaf, vectorize=True), expected)
    assert gradgradcheck(run, leaf)


def test_the_operators_keep_torchs_rules(reverse: bool):
    gates, start = given(3)
    torch.library.opcheck(blend.forward, (gates, start, reverse))
    h = blend.forward(gates.detach(), start.detach(), reverse)
    torch.library.opcheck(blend.backward, (torch.randn_like(h), gates.detach(), h, reverse))
