"""The kernels of a GPU: on one, or in Triton's interpreter where there is none."""

import importlib.util
from collections.abc import Iterator
from types import ModuleType

import pytest
import torch
from torch import Tensor

from gnn_toolkit.layers.kernels import blend, blocks

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
STEPS = [0, 1, 8, 21]  # none, one, as many as are read at a time, some more


@pytest.fixture(scope="module")
def kernels() -> Iterator[ModuleType]:
    pytest.importorskip("triton", reason="needs Triton, which a torch for GPUs brings along")
    spec = importlib.util.find_spec("gnn_toolkit.layers.kernels.on_gpu")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        if DEVICE == "cpu":
            patch.setenv("TRITON_INTERPRET", "1")
        spec.loader.exec_module(module)
        yield module


def draw(*shape: int, dtype: torch.dtype = torch.float64) -> Tensor:
    return torch.randn(*shape, dtype=dtype).to(DEVICE)


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("steps", STEPS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.complex64, torch.complex128])
def test_a_scan_is_that_step_by_step(kernels: ModuleType, dtype: torch.dtype, steps: int, reverse: bool):
    torch.manual_seed(0)
    b, start = draw(5, steps, 3, dtype=dtype).transpose(0, 1), draw(5, 3, dtype=dtype)
    for shape in ((steps, 5, 3), (1, 5, 3), (1, 1, 3), (steps, 5, 1)):
        a = draw(*shape, dtype=dtype)
        found, expected = torch.empty_like(b), torch.empty_like(b)
        kernels.scan(a, b, start, found, reverse)
        blocks.step_by_step(a.expand(steps, *shape[1:]), b, start, expected, reverse)
        torch.testing.assert_close(found, expected)


def test_a_scan_stays_finite_where_products_of_coefficients_do_not(kernels: ModuleType):
    a, b = torch.full((40, 1, 2), 1e30, device=DEVICE), torch.zeros(40, 1, 2, device=DEVICE)
    found = torch.empty_like(b)
    kernels.scan(a, b, b[0].clone(), found, reverse=False)
    assert not found.any()


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("steps", STEPS)
def test_a_gated_average_is_the_linear_recurrence_and_so_are_its_gradients(
    kernels: ModuleType, steps: int, reverse: bool
):
    torch.manual_seed(0)
    gates, start = draw(steps, 5, 6).requires_grad_(), draw(5, 3).requires_grad_()
    expected = blend.plain(gates, start, reverse)
    dh = torch.randn_like(expected)
    wanted = torch.autograd.grad(expected, (gates, start), dh, materialize_grads=True)
    h, dgates, dstart = torch.empty_like(expected), torch.empty_like(gates), torch.zeros_like(start)
    gates, start = gates.detach(), start.detach()
    kernels.blend(gates, start, h, reverse)
    kernels.blend_back(dh, gates, h, (dgates, dstart), reverse)
    torch.testing.assert_close(h, expected.detach())
    torch.testing.assert_close(dgates, wanted[0])
    torch.testing.assert_close(dstart, wanted[1] if steps else torch.zeros_like(start))
