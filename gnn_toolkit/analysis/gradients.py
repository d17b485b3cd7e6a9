"""Gradients through time: the vanilla RNN's in closed form, and how long any recurrence's are on their way back."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import one_hot

from gnn_toolkit import _checks
from gnn_toolkit.analysis.unrolled import unroll
from gnn_toolkit.layers.recurrence import DAGRecurrence


@dataclass(frozen=True)
class LastStepGradients:
    """Gradients of the loss at the last step.

    Attributes:
        weight_ph: with respect to ``W_ph`` [C, H].
        weight_hh: with respect to ``W_hh`` [H, H].
    """

    weight_ph: Tensor
    weight_hh: Tensor


def last_step_gradients(
    x: Tensor, y: Tensor, weight_hx: Tensor, weight_hh: Tensor, bias_h: Tensor, weight_ph: Tensor, bias_p: Tensor
) -> LastStepGradients:
    """Return a vanilla RNN's gradients with respect to W_ph and W_hh in closed form, without automatic differentiation.

    The network and the mean cross-entropy of the batch at the last step T are

        h_t = tanh(W_hx x_t + W_hh h_(t-1) + b_h),  p = W_ph h_T + b_p,  L = -log softmax(p)_y,  h_0 = 0.

    With ``d = softmax(p) - onehot(y)``, and D_t for the derivative of ``h_t`` with respect to W_hh, a tensor [H, H, H],

        dL/dW_ph = d h_T^T
        D_t[i, j, k] = (1 - h_t,i^2) (delta_ij h_(t-1),k + sum over m of W_hh[i, m] D_(t-1)[m, j, k]),  D_0 = 0
        dL/dW_hh[j, k] = sum over i of (W_ph^T d)_i D_T[i, j, k]

    W_hh stands to the left of ``D_(t-1)``, and ``D_T`` holds every earlier state: unrolled, it is the sum over t of
    ``J_T J_(T-1) ... J_(t+1) diag(1 - h_t^2) (. h_(t-1)^T)`` with ``J_t = diag(1 - h_t^2) W_hh``. This recursion
    forwards is real-time recurrent learning (Williams and Zipser 1989); it holds B * H^3 numbers, so keep H small.

    Args:
        x: [T, B, F].
        y: classes [B].
        weight_hx: [H, F].
        weight_hh: [H, H].
        bias_h: [H]; of a layer with torch's two biases, their sum.
        weight_ph: [C, H].
        bias_p: [C].

    Raises:
        ValueError: shapes that do not fit.

    >>> x, y, shapes = torch.randn(6, 2, 3), torch.tensor([0, 1]), ((4, 3), (4, 4), (4,), (2, 4), (2,))
    >>> gradients = last_step_gradients(x, y, *map(torch.randn, shapes))
    >>> gradients.weight_ph.shape, gradients.weight_hh.shape
    (torch.Size([2, 4]), torch.Size([4, 4]))
    """
    H, C = weight_hh.size(0), weight_ph.size(0)
    shapes = {
        "weight_hx": (weight_hx, [H, x.size(-1)]),
        "weight_hh": (weight_hh, [H, H]),
        "bias_h": (bias_h, [H]),
        "weight_ph": (weight_ph, [C, H]),
        "bias_p": (bias_p, [C]),
        "y": (y, [x.size(1) if x.dim() == 3 else 1]),
    }
    for name, (tensor, shape) in shapes.items():
        if x.dim() != 3 or list(tensor.shape) != shape:
            got = f"{list(tensor.shape)} with x {list(x.shape)}"
            raise ValueError(_checks.problem(name, f"shape {shape}, and x [T, B, F]", got, "see the shapes above"))
    with torch.no_grad():
        h = x.new_zeros(x.size(1), H)
        D = x.new_zeros(x.size(1), H, H, H)
        own = torch.eye(H, dtype=x.dtype, device=x.device)
        for x_t in x:
            before, h = h, torch.tanh(x_t @ weight_hx.T + h @ weight_hh.T + bias_h)
            through = own[:, :, None] * before[:, None, None, :] + torch.einsum("im,bmjk->bijk", weight_hh, D)
            D = (1 - h.square())[:, :, None, None] * through
        d = (torch.softmax(h @ weight_ph.T + bias_p, -1) - one_hot(y, C).to(x.dtype)) / x.size(1)
        return LastStepGradients(d.T @ h, torch.einsum("bi,bijk->jk", d @ weight_ph, D))


@dataclass(frozen=True)
class StateGradients:
    """How long the gradient of a loss is at every state, root mean square over the batch.

    Attributes:
        h: norm of ``dL/dh_t`` for t from 1 to T, [T].
        c: norm of ``dL/dc_t`` of an LSTM, [T]; ``None`` for others. ``h_t`` and ``c_t`` are taken for two variables,
            each with its own ways to the loss.
    """

    h: Tensor
    c: Tensor | None


def state_gradients(layer: DAGRecurrence, head: torch.nn.Module, x: Tensor, y: Tensor) -> StateGradients:
    """Return the norm of the gradient at every state, of each sequence's cross-entropy at the last step.

    Args:
        layer: a recurrence with one layer, direction and edge type.
        head: makes logits [B, C] of the last state [B, H].
        x: [T, B, F].
        y: classes [B].

    Raises:
        ValueError: a layer or input that does not fit.

    >>> from gnn_toolkit import LSTM
    >>> gradients = state_gradients(LSTM(3, 4), torch.nn.Linear(4, 2), torch.randn(6, 5, 3), torch.zeros(5).long())
    >>> gradients.h.shape, gradients.c.shape
    (torch.Size([6]), torch.Size([6]))
    """
    with torch.enable_grad():
        states = unroll(layer, x).states[1:]
        logits = head(states[-1][:, : layer.hidden_channels])
        loss = torch.nn.functional.cross_entropy(logits, y, reduction="sum")
        gradients = torch.stack(torch.autograd.grad(loss, states))
    h, *c = (part.norm(dim=-1).square().mean(1).sqrt() for part in gradients.split(layer.hidden_channels, -1))
    return StateGradients(h, c[0] if c else None)
