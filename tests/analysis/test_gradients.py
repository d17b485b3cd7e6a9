from itertools import pairwise
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from gnn_toolkit import GRU, LSTM, RNN
from gnn_toolkit.analysis import last_step_gradients, recurrent_jacobians, state_gradients

F, H, C, T, B = 3, 6, 4, 9, 5


def problem() -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(1)
    return torch.randn(T, B, F, dtype=torch.double, generator=generator), torch.randint(C, (B,), generator=generator)


def made(kind: Any, gain: float = 1.0) -> tuple[Any, nn.Linear]:
    torch.manual_seed(0)
    layer, head = kind(F, H).double(), nn.Linear(H, C).double()
    with torch.no_grad():
        layer.weight_hh_l0.mul_(gain)
    return layer, head


@pytest.mark.parametrize("steps", [1, 2, T])
@pytest.mark.parametrize("gain", [0.5, 1.0, 4.0])
def test_the_closed_form_is_what_autograd_finds_in_torch_s_rnn(steps: int, gain: float):
    layer, head = made(nn.RNN, gain)
    x, y = problem()
    x = x[:steps]
    nn.functional.cross_entropy(head(layer(x)[0][-1]), y).backward()
    biases = layer.bias_ih_l0 + layer.bias_hh_l0
    found = last_step_gradients(x, y, layer.weight_ih_l0, layer.weight_hh_l0, biases, head.weight, head.bias)
    assert head.weight.grad is not None
    torch.testing.assert_close(found.weight_ph, head.weight.grad, rtol=0, atol=1e-12)
    torch.testing.assert_close(found.weight_hh, layer.weight_hh_l0.grad, rtol=0, atol=1e-12)
    assert bool(found.weight_hh.any()) == (steps > 1)


def test_w_hh_on_the_right_of_the_earlier_derivative_is_another_gradient():
    # The order of the product matters: with W_hh transposed in the recursion the result is no longer the gradient.
    layer, head = made(nn.RNN)
    x, y = problem()
    biases = layer.bias_ih_l0 + layer.bias_hh_l0
    arguments = (layer.weight_ih_l0, layer.weight_hh_l0, biases, head.weight, head.bias)
    nn.functional.cross_entropy(head(layer(x)[0][-1]), y).backward()
    states = [x.new_zeros(B, H), *layer(x)[0].detach()]
    wrong = x.new_zeros(B, H, H, H)
    for before, h in pairwise(states):
        own = torch.eye(H, dtype=x.dtype)[:, :, None] * before[:, None, None, :]
        through = own + torch.einsum("mi,bmjk->bijk", layer.weight_hh_l0.detach(), wrong)
        wrong = (1 - h.square())[:, :, None, None] * through
    error = (torch.softmax(head(states[-1]), -1) - nn.functional.one_hot(y, C)).detach() / B
    other = torch.einsum("bi,bijk->jk", error @ head.weight.detach(), wrong)
    right = last_step_gradients(x, y, *arguments).weight_hh
    assert float((other - right).abs().max()) > 1e-3


@pytest.mark.parametrize("kind", [RNN, GRU, LSTM])
def test_the_norms_are_those_of_autograd_s_gradients_at_the_states(kind: Any):
    layer, head = made(kind)
    x, y = problem()
    found = state_gradients(layer, head, x, y)
    # The last steps alone, from a given state: the same loss as a function of that state.
    for t in (1, T - 1):
        states = layer(x[:t])[1]
        given = [s.detach().requires_grad_() for s in (states if kind is LSTM else [states])]
        out = layer(x[t:], tuple(given) if kind is LSTM else given[0])[0]
        loss = nn.functional.cross_entropy(head(out[-1]), y, reduction="sum")
        parts = torch.autograd.grad(loss, given)
        rms = [part[0].norm(dim=1).square().mean().sqrt() for part in parts]
        torch.testing.assert_close(found.h[t - 1], rms[0])
        assert (found.c is None) == (kind is not LSTM)
        if found.c is not None:
            torch.testing.assert_close(found.c[t - 1], rms[1])
    assert not found.h.requires_grad


@pytest.mark.parametrize(("gain", "vanishes"), [(0.3, True), (6.0, False)])
def test_small_weights_make_the_gradient_vanish_as_the_jacobians_say(gain: float, vanishes: bool):
    layer, head = made(RNN, gain)
    x, y = problem()
    x = 0.01 * x  # near zero tanh is the identity, and the weights alone decide
    with torch.no_grad():
        layer.bias_ih_l0.zero_()
        layer.bias_hh_l0.zero_()
    norms = state_gradients(layer, head, x, y).h
    largest = torch.linalg.svdvals(recurrent_jacobians(layer, x[:, 0]))[:, 0]
    assert bool((largest < 1).all()) == vanishes
    assert (float(norms[0]) < 0.1 * float(norms[-1])) == vanishes
    if not vanishes:
        assert float(norms[0]) > 10 * float(norms[-1])


def test_shapes_that_do_not_fit_are_named():
    x, y = problem()
    good = [torch.zeros(*shape, dtype=torch.double) for shape in ((H, F), (H, H), (H,), (C, H), (C,))]
    last_step_gradients(x, y, *good)
    for k, name in enumerate(("weight_hx", "weight_hh", "bias_h", "weight_ph", "bias_p")):
        bad = [*good]
        bad[k] = torch.zeros(*good[k].shape, 1, dtype=torch.double)
        with pytest.raises(ValueError, match=rf"^{name}: expected shape"):
            last_step_gradients(x, y, *bad)
    with pytest.raises(ValueError, match=r"^y: expected shape \[5\]"):
        last_step_gradients(x, y[:2], *good)
