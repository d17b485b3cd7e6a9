"""The choice of kernels on a GPU. They are written in Triton, which a torch for GPUs brings along."""

import warnings
from functools import cache
from types import ModuleType

import torch
from torch import Tensor

_DTYPES = (torch.float32, torch.float64, torch.complex64, torch.complex128)


def kernels_for(tensor: Tensor) -> ModuleType | None:
    """Return :mod:`.on_gpu` where it can compute with a tensor, else ``None``: one operation a step does it then."""
    return _working() if tensor.is_cuda and tensor.dtype in _DTYPES else None


@cache
def _working() -> ModuleType | None:
    """Return the kernels, or ``None`` with a warning where Triton is missing or cannot compile."""
    try:
        from gnn_toolkit.layers.kernels import on_gpu

        b, start = torch.ones(2, 1, 1, device="cuda"), torch.zeros(1, 1, device="cuda")
        on_gpu.scan(b, b, start, torch.empty_like(b), reverse=False)
    except Exception as error:  # a missing package, compiler or header: each raises its own
        warnings.warn(
            f"linear recurrences take one call a step on this GPU, because Triton does not work here: {error}",
            stacklevel=2,
        )
        return None
    return on_gpu
