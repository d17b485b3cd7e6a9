import pytest
import torch
from torch import Tensor
from torch.autograd import gradcheck, gradgradcheck

from gnn_toolkit.layers import linear_scan
from gnn_toolkit.layers.kernels import blocks, scan

REAL, COMPLEX = torch.float64, torch.complex128
SHAPES = [(2, 3), (1, 3), (2, 1), (1, 1)]  # of a, beside its steps


def given(steps: int, shape: tuple[int, int], dtype=REAL, *, per_step: bool = True) -> list[Tensor]:
    torch.manual_seed(0)
    sizes = (steps if per_step else 1, *shape), (steps, 2, 3), (2, 3)
    return [torch.randn(*size, dtype=dtype, requires_grad=True) for size in sizes]


@pytest.mark.parametrize("dtype", [REAL, COMPLEX], ids=str)
@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_values_and_gradients_are_those_of_a_loop_over_steps(monkeypatch, shape, reverse, dtype):
    monkeypatch.setattr(blocks, "SHORT", 3)
    for steps in (0, 1, 2, 3, 17, 60):
        for per_step in (True, False):
            inputs = given(steps, shape, dtype, per_step=per_step)
            ours, plain = linear_scan(*inputs, reverse=reverse), scan.plain(*inputs, reverse=reverse)
            torch.testing.assert_close(ours, plain)
            weight, options = torch.randn_like(plain), {"materialize_grads": True, "allow_unused": True}
            pairs = zip(*(torch.autograd.grad(h, inputs, weight, **options) for h in (ours, plain)), strict=True)
            for found, expected in pairs:
                scale = float(expected.abs().max()) if expected.numel() else 1.0
                torch.testing.assert_close(found, expected, rtol=1e-8, atol=1e-10 * max(scale, 1.0))


@pytest.mark.parametrize("dtype", [REAL, COMPLEX], ids=str)
@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("shape", SHAPES[:2], ids=str)
def test_derivatives_of_every_order_and_mode_agree_with_differences(shape, reverse, dtype):
    inputs = given(3, shape, dtype)

    def run(a: Tensor, b: Tensor, start: Tensor) -> Tensor:
        return linear_scan(a, b, start, reverse=reverse)

    assert gradcheck(run, inputs, check_forward_ad=True, check_batched_grad=True)
    assert gradgradcheck(run, inputs, check_batched_grad=dtype == REAL, check_fwd_over_rev=dtype == REAL)


@pytest.mark.parametrize("reverse", [False, True])
def test_transforms_and_compilers_agree_with_autograd(reverse):
    inputs = [t.detach() for t in given(4, (2, 3))]

    def run(a: Tensor, b: Tensor, start: Tensor) -> Tensor:
        return linear_scan(a, b, start, reverse=reverse)

    expected = torch.autograd.functional.jacobian(run, tuple(inputs))
    for mode in (torch.func.jacrev, torch.func.jacfwd):
        for found, exact in zip(mode(run, argnums=(0, 1, 2))(*inputs), expected, strict=True):
            torch.testing.assert_close(found, exact)
    starts = torch.stack([inputs[2], 2 * inputs[2]])
    each = torch.stack([run(inputs[0], inputs[1], start) for start in starts])
    torch.testing.assert_close(torch.func.vmap(run, in_dims=(None, None, 0))(inputs[0], inputs[1], starts), each)
    inputs = [t.requires_grad_() for t in inputs]
    compiled, weight = torch.compile(run, fullgraph=True, backend="aot_eager"), torch.randn(4, 2, 3, dtype=REAL)
    for x, y in zip(*(torch.autograd.grad(f(*inputs), inputs, weight) for f in (compiled, run)), strict=True):
        torch.testing.assert_close(x, y)


def test_the_operators_keep_torchs_rules():
    for shape in SHAPES:
        a, b, start = given(3, shape)
        torch.library.opcheck(scan.forward, (a, b, start, False))
        h = scan.forward(a.detach(), b.detach(), start.detach(), False)
        torch.library.opcheck(scan.backward, (torch.randn_like(h), a.detach(), start.detach(), h, False))


@pytest.mark.parametrize(
    ("a", "sentence"),
    [
        (torch.rand(4, 2, 3), r"a: expected a shape that expands to \[5, 2, 3\], got \[4, 2, 3\]"),
        (torch.rand(1, 5, 2, 3), "a: expected a shape that expands to"),
        (torch.ones(3, dtype=torch.int32), r"got torch.int32; pass a.float\(\)"),
        (torch.rand(3).double(), "a: expected torch.float32, as b, got torch.float64"),
    ],
)
def test_coefficients_that_do_not_fit_are_refused(a, sentence):
    with pytest.raises(ValueError, match=sentence):
        linear_scan(a, torch.rand(5, 2, 3))


def test_other_input_that_does_not_fit_is_refused():
    with pytest.raises(ValueError, match=r"b: expected shape \[steps, batch, channels\], got \[5, 3\]"):
        linear_scan(torch.rand(3), torch.rand(5, 3))
    with pytest.raises(ValueError, match=r"initial: expected shape \[2, 3\], got \[3\]; one state a sequence"):
        linear_scan(torch.rand(3), torch.rand(5, 2, 3), torch.rand(3))
