"""A recurrence in time over a graph in plain operations, step by step: differentiable as often as one likes.

Here the equations of :mod:`gnn_toolkit.layers.time_cells` run as they stand. The layers take this way where the kernel
cannot go; the kernel's backward pass takes it where gradients are differentiated again, or many come at once.
"""

from collections.abc import Callable, Sequence
from functools import partial

import torch
from torch import Tensor
from torch.nn.functional import linear, pad

from gnn_toolkit.layers.bases import follow
from gnn_toolkit.layers.kernels.terms import per_step, prepared
from gnn_toolkit.layers.time_cells import PeepholeLSTMCell, ResetAfterGRUCell, ResetBeforeGRUCell, TimeCell

Terms = Callable[[Tensor], list[Tensor]]  # x [N, W] -> the terms Z_k(x) that count, [N, W] each

CELLS: dict[str, type] = {"gru": ResetAfterGRUCell, "early_gru": ResetBeforeGRUCell, "lstm": PeepholeLSTMCell}


def walk(
    cell: TimeCell,
    gates: Tensor,
    states: tuple[Tensor, ...],
    weight: Tensor,
    bias: Tensor | None,
    terms: Sequence[Terms],
    nodes: int,
) -> list[Tensor]:
    """Return each state at every step, [T, N * B, H].

    Args:
        cell: the equations.
        gates: [T, N * B, G * H], the input's part of the gates.
        states: those before the first step, [N * B, H] each.
        weight: [G * H, K * H], of the state.
        bias: [G * H] or ``None``, of the state.
        terms: the terms at each step.
        nodes: number of nodes N.
    """
    sizes = [count * states[0].size(-1) for count in cell.blocks]
    weights = weight.split(sizes)
    biases = [None] * len(sizes) if bias is None else bias.split(sizes)

    def recur(h: Tensor, block: int, of_step: Terms) -> Tensor:
        wide = h.reshape(nodes, h.size(0) // max(nodes, 1) * h.size(1))
        seen = [term.reshape(h.shape).to(h.dtype) for term in of_step(wide)]
        return linear(torch.cat(seen, -1) if len(seen) > 1 else seen[0], weights[block], biases[block])

    kept: list[tuple[Tensor, ...]] = []
    for step, of_step in zip(gates.unbind(0), terms, strict=True):
        states = cell.advance(step, states, partial(recur, of_step=of_step))
        kept.append(states)
    return [torch.stack(state) for state in zip(*kept, strict=True)]


def forward(
    x: Tensor,
    weight_ih: Tensor,
    bias: Tensor | None,
    weight: Tensor,
    bias_n: Tensor | None,
    peephole: Tensor | None,
    h_0: Tensor,
    c_0: Tensor,
    matrices: Sequence[Tensor],
    plan: Sequence[int],
    first: int,
    nodes: int,
    kind: str,
) -> tuple[Tensor, Tensor]:
    """Return all states h and c [T, N * B, H], as the operator :func:`gnn_toolkit.layers.kernels.over_time.forward`.

    Arguments are those of the operator; c is empty for another kind than ``"lstm"``.
    """
    lstm, hidden = kind == "lstm", h_0.size(1)
    cell = CELLS[kind](peephole) if lstm else CELLS[kind]()
    inner = None if bias_n is None else pad(bias_n, (2 * hidden, 0))
    triples = [(plan[k], plan[k + 1], plan[k + 2]) for k in range(0, len(plan), 3)]
    of_steps = per_step(matrices, plan, x.size(0))
    terms = [partial(follow, triples, first, prepared(of_step)) for of_step in of_steps]
    states = walk(cell, linear(x, weight_ih, bias), (h_0, c_0) if lstm else (h_0,), weight, inner, terms, nodes)
    return states[0], states[1] if lstm else c_0.new_empty(0, *h_0.shape)
