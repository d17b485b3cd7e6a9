"""The parts that all kernels share: the input's part of the gates, weights as the walk needs them, autograd's glue."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from gnn_toolkit._transforms import is_transforming
from gnn_toolkit.layers.cells import Cell
from gnn_toolkit.layers.kernels import plain


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


def differentiable(forward: Any, backward: Any, cell_of: Callable[..., Cell]) -> None:
    """Tell autograd how a kernel differentiates.

    Where its gradients are themselves to be differentiated (``create_graph=True``), or come as a batch, the states are
    computed again by :func:`gnn_toolkit.layers.kernels.plain.walk`, which torch differentiates as often as one likes.

    Args:
        forward: an op of (x, weight_ih, bias, weight, a bias inside the reset if it has one, an initial tensor for each
            state, structure, aggr, options ...) that returns the states and what the backward needs.
        backward: an op of (a gradient or ``None`` a state, all that ``forward`` returned, weight, structure, number of
            initial states, aggr, options ...) that returns the gradients of the gates, the weight, the other tensors
            and the initial states.
        cell_of: returns the equations, from the weight [R, G * H, H] and the options.
    """

    def setup(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
        at = next(k for k, value in enumerate(inputs) if isinstance(value, (list, tuple)))
        ctx.set_materialize_grads(False)
        ctx.at, ctx.options = at, inputs[at + 1 :]
        ctx.extra = inputs[at - 1].size(0)
        saved = output if isinstance(output, tuple) else (output,)
        ctx.num_saved = len(saved)
        # A bias may be missing; all others are there.
        ctx.has_bias = inputs[2] is not None
        ctx.save_for_backward(*(t for t in inputs[:at] if t is not None), *saved, *inputs[at])

    def run(ctx: Any, *gradients: Tensor | None) -> tuple[Any, ...]:
        given = ctx.at - (not ctx.has_bias)
        saved_tensors = ctx.saved_tensors  # read once: activation checkpointing allows no more
        inputs, rest = list(saved_tensors[:given]), saved_tensors[given:]
        if not ctx.has_bias:
            inputs.insert(2, None)
        saved, structure = rest[: ctx.num_saved], rest[ctx.num_saved :]
        nothing = ([None] * len(structure), *[None] * len(ctx.options))
        x, weight_ih, _, weight, *_ = inputs
        aggr, *options = ctx.options
        cell = cell_of(weight, *options)
        gradients = gradients[: cell.num_states]
        if torch.is_grad_enabled() or is_transforming(*gradients):
            return *_again(cell, inputs, structure, aggr, gradients, ctx.needs_input_grad), *nothing
        dgates, *others = backward(*gradients, *saved, weight, structure, ctx.extra, *ctx.options)
        wants_x, wants_ih, wants_bias, *_ = ctx.needs_input_grad
        of_inputs = (
            dgates @ weight_ih if wants_x else None,
            dgates.t() @ x if wants_ih else None,
            dgates.sum(0) if wants_bias else None,
        )
        return *of_inputs, *others, *nothing

    forward.register_autograd(run, setup_context=setup)


def _again(
    cell: Cell,
    inputs: Sequence[Tensor | None],
    structure: Sequence[Tensor],
    aggr: str,
    gradients: Sequence[Tensor | None],
    wanted: Sequence[bool],
) -> list[Tensor | None]:
    """Return the gradient of every input by torch's own operators, with a graph of its own where one is asked for."""
    create_graph = torch.is_grad_enabled()
    with torch.enable_grad():
        # Views, so that an input which depends on another does not count twice.
        views = [None if t is None else t.view_as(t) for t in inputs]
        x, weight_ih, bias, weight, *rest = views
        inner, initial = rest[: len(rest) - cell.num_states], rest[len(rest) - cell.num_states :]
        assert x is not None
        assert weight is not None
        # A bias inside the reset belongs to the last gate alone.
        pad = weight.size(1) - weight.size(2)
        inner_bias = nn.functional.pad(inner[0], (pad, 0)) if inner and inner[0] is not None else None
        states = plain.walk(cell, x, weight_ih, bias, weight, inner_bias, initial, structure, aggr)  # type: ignore[arg-type]
        pairs = [(state, gradient) for state, gradient in zip(states, gradients, strict=True) if gradient is not None]
        asked = [t for t, want in zip(views, wanted, strict=False) if want and t is not None]
        outputs, given = zip(*pairs, strict=True)
        found = iter(torch.autograd.grad(outputs, asked, given, create_graph=create_graph, allow_unused=True))
    return [next(found) if want and t is not None else None for t, want in zip(views, wanted, strict=False)]
