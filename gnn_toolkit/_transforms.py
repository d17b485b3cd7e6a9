"""Function transforms (``torch.func``) and forward-mode derivatives around fused operators.

A fused operator has one backward pass, written by hand. Under ``vmap``, ``grad``, ``jvp`` and their like, and with
dual tensors, a layer takes its plain path instead, which torch differentiates and batches itself.
"""

import torch
from torch import Tensor
from torch.autograd import forward_ad

from gnn_toolkit import _checks


def is_transforming(*tensors: Tensor | None) -> bool:
    """Return whether a transform of ``torch.func`` or a level of forward-mode differentiation is active.

    A compiler that traces sees ``False``: it differentiates and batches what it traced by rules of its own.

    Args:
        tensors: gradients; those of ``torch.autograd.grad(is_grads_batched=True)`` also count as a transform.

    >>> is_transforming(), torch.func.vmap(lambda x: x + is_transforming())(torch.zeros(2)).tolist()
    (False, [1.0, 1.0])
    """
    if torch.compiler.is_compiling():
        return False
    functorch = torch._C._functorch
    if functorch.peek_interpreter_stack() is not None or forward_ad._current_level >= 0:
        return True
    return any(t is not None and functorch.is_legacy_batchedtensor(t) for t in tensors)


def refuse(backend: str) -> None:
    """Raise the ``ValueError`` of a backend that was chosen by name and cannot be transformed.

    >>> refuse("fused")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ValueError: backend: expected 'auto' or 'message_passing' under ... got 'fused'; use backend='auto'
    """
    allowed = "'auto' or 'message_passing' under torch.func or forward-mode derivatives"
    raise ValueError(_checks.problem("backend", allowed, repr(backend), "use backend='auto'"))
