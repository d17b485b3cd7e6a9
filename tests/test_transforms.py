"""Whether a transform of functions is seen, and what a backend says that cannot be transformed."""

import pytest
import torch
from torch import Tensor
from torch.autograd import forward_ad

from gnn_toolkit._transforms import is_transforming, refuse


def test_every_transform_is_seen_and_nothing_else():
    seen: list[bool] = []

    def look(x: Tensor) -> Tensor:
        seen.append(is_transforming())
        return x.square().sum()

    x = torch.ones(3)
    torch.func.vmap(look)(x[None])
    torch.func.grad(look)(x)
    torch.func.jvp(look, (x,), (x,))
    torch.func.jacrev(look)(x)
    with forward_ad.dual_level():
        look(x)
    assert seen == [True] * 5
    look(x)
    with torch.no_grad():
        look(x)
    assert seen[5:] == [False] * 2


def test_a_batch_of_gradients_is_seen():
    seen = []
    x = torch.ones(3, requires_grad=True)
    y = 2 * x
    y.register_hook(lambda gradient: seen.append((is_transforming(gradient), is_transforming(None, x))))
    torch.autograd.grad(y, x, torch.eye(3), is_grads_batched=True)
    assert seen == [(True, False)]


def test_a_backend_by_name_is_refused():
    with pytest.raises(ValueError, match=r"^backend: expected 'auto' or 'message_passing' under torch\.func"):
        refuse("fused")
