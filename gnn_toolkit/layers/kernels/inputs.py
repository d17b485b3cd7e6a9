"""What all kernels do alike: the input's part of the gates, weights as the walk needs them, and autograd's glue."""

from typing import Any

import torch
from torch import Tensor

NUM_INPUTS = 4  # x, weight_ih, bias and weight come first in every kernel's arguments


def input_gates(x: Tensor, weight_ih: Tensor, bias: Tensor | None, out: Tensor) -> Tensor:
    """Write ``W_ih x_v + b`` into ``out`` [N, G * H] and return it."""
    if bias is None:
        return torch.mm(x, weight_ih.t(), out=out)
    return torch.addmm(bias, x, weight_ih.t(), out=out)


def states(initial: Tensor, count: int) -> Tensor:
    """Return the initial states [S, H] with room for ``count`` more below."""
    rows = initial.new_empty(initial.size(0) + count, initial.size(1))
    rows[: initial.size(0)] = initial
    return rows


def fresh(gradient: Tensor | None, state: Tensor) -> Tensor:
    """Return the gradient of a state, zeros for ``None``, as a tensor that the walk may write into."""
    if gradient is None:
        return torch.zeros_like(state)
    return gradient.clone(memory_format=torch.contiguous_format)


def stacked(weight: Tensor) -> Tensor:
    """Return [R, rows, H] as [R * H, rows], so that ``[s_1 .. s_R] @ stacked`` is the sum of all ``W_r s_r``."""
    return weight.transpose(1, 2).reshape(-1, weight.size(1)) if weight.size(0) > 1 else weight[0].t()


def differentiable(forward: Any, backward: Any, num_states: int) -> None:
    """Tell autograd how a kernel differentiates.

    Args:
        forward: an op of (x, weight_ih, bias, weight, other tensors ..., one initial tensor a state, structure,
            options ...) that returns the states and what the backward needs.
        backward: an op of (a gradient or ``None`` a state, all that ``forward`` returned, weight, structure, number of
            initial states, options ...) that returns the gradients of the gates, the weight, the other tensors and the
            initial states.
        num_states: 2 for h and c, else 1.
    """

    def setup(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
        at = next(k for k, value in enumerate(inputs) if isinstance(value, (list, tuple)))
        ctx.set_materialize_grads(False)
        ctx.at, ctx.options = at, inputs[at + 1 :]
        ctx.extra = inputs[at - 1].size(0)
        saved = output if isinstance(output, tuple) else (output,)
        ctx.num_saved = len(saved)
        x, weight_ih, bias, weight = inputs[:NUM_INPUTS]
        ctx.has_bias = bias is not None
        ctx.save_for_backward(x, weight_ih, weight, *saved, *inputs[at])

    def run(ctx: Any, *gradients: Tensor | None) -> tuple[Any, ...]:
        x, weight_ih, weight, *rest = ctx.saved_tensors
        saved, structure = rest[: ctx.num_saved], rest[ctx.num_saved :]
        dgates, *others = backward(*gradients[:num_states], *saved, weight, structure, ctx.extra, *ctx.options)
        wants_x, wants_ih, wants_bias, *_ = ctx.needs_input_grad
        of_inputs = (
            dgates @ weight_ih if wants_x else None,
            dgates.t() @ x if wants_ih else None,
            dgates.sum(0) if wants_bias else None,
        )
        return *of_inputs, *others, [None] * len(structure), *[None] * len(ctx.options)

    forward.register_autograd(run, setup_context=setup)
    backward.register_autograd(_refuse, setup_context=lambda ctx, inputs, output: None)


def _refuse(*_: object) -> None:
    raise RuntimeError("backend='fused' is differentiable once: use backend='message_passing' for second derivatives")
