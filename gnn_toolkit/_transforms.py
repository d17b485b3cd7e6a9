"""Function transforms (``torch.func``) and forward-mode derivatives around fused operators.

A fused operator has one backward pass, written by hand. Under ``vmap``, ``grad``, ``jvp`` and their like, and with
dual tensors, a layer takes its plain path instead, which torch differentiates and batches itself.
"""

from typing import Any

import torch
from torch import Tensor
from torch.autograd import forward_ad

from gnn_toolkit import _checks

FUNCTORCH: Any = torch._C._functorch  # pyright: ignore[reportAttributeAccessIssue]


def is_transforming(*tensors: Tensor | None) -> bool:
    """Return whether a transform of ``torch.func`` or a level of forward-mode differentiation is active.

    While a compiler traces, that of the code it traces.

    Args:
        tensors: gradients; those of ``torch.autograd.grad(is_grads_batched=True)`` also count as a transform.

    >>> is_transforming(), torch.func.vmap(lambda x: x + is_transforming())(torch.zeros(2)).tolist()
    (False, [1.0, 1.0])
    """
    if _is_active() or torch.compiler.is_compiling():
        return _is_active()
    return any(t is not None and FUNCTORCH.is_legacy_batchedtensor(t) for t in tensors)


@torch.compiler.assume_constant_result
def _is_active() -> bool:
    return FUNCTORCH.peek_interpreter_stack() is not None or forward_ad._current_level >= 0


def unwrapped(tensor: Any) -> Any:
    """Return integers as they were before ``torch.func.grad``, ``jvp`` and their like wrapped them: nothing flows back.

    Structure that is found out about the tensor itself can be kept beyond the transform.

    >>> edges = torch.tensor([[0], [1]])
    >>> torch.func.grad(lambda x, e: x + float(unwrapped(e) is edges))(torch.zeros(()), edges)
    tensor(1.)
    """
    if torch.compiler.is_compiling():
        return tensor
    while isinstance(tensor, Tensor) and FUNCTORCH.is_gradtrackingtensor(tensor) and not tensor.is_floating_point():
        tensor = FUNCTORCH.get_unwrapped(tensor)
    return tensor


def numbers(tensor: Tensor) -> list[Any]:
    """Return a tensor [n] as a list. While ``torch.func`` transforms, torch 2.9 reads no more than a number at a time.

    >>> torch.func.grad(lambda x: x * sum(numbers(torch.arange(3))))(torch.ones(()))
    tensor(3.)
    """
    return [number.item() for number in tensor.unbind()] if is_transforming() else tensor.tolist()


def refuse(backend: str) -> None:
    """Raise the ``ValueError`` of a backend that was chosen by name and cannot be transformed.

    >>> refuse("fused")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ValueError: backend: expected 'auto' or 'message_passing' under ... got 'fused'; use backend='auto'
    """
    allowed = "'auto' or 'message_passing' under torch.func or forward-mode derivatives"
    raise ValueError(_checks.problem("backend", allowed, repr(backend), "use backend='auto'"))
