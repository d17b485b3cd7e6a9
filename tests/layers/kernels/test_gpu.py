"""Which tensors have kernels of their own on a GPU."""

import pytest
import torch

from gnn_toolkit.layers.kernels import gpu


def test_tensors_on_a_cpu_have_none():
    assert gpu.kernels_for(torch.ones(3)) is None


@pytest.mark.skipif(torch.cuda.is_available(), reason="needs a machine where they do not work")
def test_it_warns_where_they_do_not_work():
    with pytest.warns(UserWarning, match="one call a step on this GPU, because Triton does not work here"):
        assert gpu._working.__wrapped__() is None


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("dtype", [torch.float16, torch.float32, torch.float64, torch.complex64, torch.int64])
def test_floating_point_and_complex_tensors_have_them_but_not_in_half_precision(dtype: torch.dtype):
    have = dtype not in (torch.float16, torch.int64)
    assert (gpu.kernels_for(torch.ones(3, dtype=dtype, device="cuda")) is not None) == have
