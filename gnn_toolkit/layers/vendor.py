"""Recurrences over batches of paths by torch's own kernels (oneDNN on a CPU, cuDNN on a GPU).

On a CPU torch's LSTM leaves oneDNN where the paths differ in length. There the paths, which lie sorted by length, are
cut into buckets, and each bucket is padded at its end and run as if dense. That is exact: outputs at real steps do not
see the padding, the final ``h`` is the output at a path's last step, and ``c`` is held through the padding by one more
input channel, 1 there and 0 elsewhere, that shuts the input gate and opens the forget gate.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from gnn_toolkit._memo import remembered
from gnn_toolkit.graphs.order import LevelOrder
from gnn_toolkit.layers.cells import Cell

SHORTEST = 0.6  # a bucket's shortest path by its longest: little padding, few buckets, whatever the lengths
SHUT = 1e4  # sigmoid(-SHUT) is exactly 0 and sigmoid(SHUT) exactly 1; float16 holds it


@dataclass(frozen=True)
class Stack:
    """Layers and directions that torch's kernels run.

    Attributes:
        cell: names the kernel.
        weights: the parameters of each layer and direction, in torch's order.
        num_layers: number of layers.
        bias: whether ``weights`` holds biases.
        dropout: probability of dropping an output between layers.
        training: whether dropout is active.
        bidirectional: whether a second direction runs from the ends.
    """

    cell: Cell
    weights: list[Tensor]
    num_layers: int = 1
    bias: bool = True
    dropout: float = 0.0
    training: bool = False
    bidirectional: bool = False

    @property
    def hidden(self) -> int:
        """Width H of a state."""
        return self.weights[1].size(1)

    @property
    def walks(self) -> int:
        """Number of layers times directions."""
        return self.num_layers * (2 if self.bidirectional else 1)

    def of(self, walk: int) -> list[Tensor]:
        """Return the parameters of one layer and direction."""
        each = 4 if self.bias else 2
        return self.weights[walk * each : (walk + 1) * each]

    def kernel(self, *leading: Any) -> tuple[Tensor, list[Tensor]]:
        """Return outputs and final states of torch's kernel; ``leading``: x, sizes of a packed sequence, the state."""
        *x, initial = leading
        start = initial[0] if self.cell.num_states == 1 else initial
        options = (self.bias, self.num_layers, self.dropout, self.training, self.bidirectional)
        dense = (False,) if len(x) == 1 else ()  # batch_first
        call: Any = getattr(torch, self.cell.vendor)
        arguments = (*x, start, self.weights, *options, *dense)
        out, *final = call(*arguments)
        return out, final


def run(
    stack: Stack, x: Tensor, order: LevelOrder, initial: Sequence[Sequence[Tensor]] | None
) -> tuple[Tensor, list[list[Tensor]]]:
    """Run all layers and directions over a batch of B paths.

    Args:
        stack: the layers.
        x: [N, F] in the order's places, which for paths is the layout of a ``PackedSequence``.
        order: an order whose ``is_paths`` holds.
        initial: for each state one tensor [B, H] a layer and direction, for the paths as the order numbers them;
            ``None`` for zeros.

    Returns:
        outputs [N, D * H] in places, and final states in the form of ``initial``.
    """
    walks, hidden, count = stack.walks, stack.hidden, stack.cell.num_states
    if x.size(0) == 0:
        return x.new_zeros(0, hidden * walks // stack.num_layers), [[x.new_zeros(0, hidden)] * walks] * count
    sizes = order.node_ptr.diff()
    if initial is None:
        states = [x.new_zeros(walks, order.starts.size(0), hidden)] * count
    else:
        states = [torch.stack(list(state)) for state in initial]
    if sizes[0] == sizes[-1]:
        out, final = run_dense(stack, x.view(sizes.numel(), -1, x.size(1)), states)
        out = out.flatten(0, 1)
    elif stack.cell.vendor == "lstm" and x.device.type == "cpu" and (shut := _shut(stack)) is not None:
        out, final = _run_ragged(stack, x, order, states, shut)
    else:
        out, final = stack.kernel(x, sizes, states)
    return out, [list(state.unbind()) for state in final]


def run_dense(stack: Stack, x: Tensor, initial: list[Tensor] | None) -> tuple[Tensor, list[Tensor]]:
    """Run all layers and directions over B paths of one length T.

    Args:
        stack: the layers.
        x: [T, B, F].
        initial: one tensor [num_layers * D, B, H] a state; ``None`` for zeros.

    Returns:
        outputs [T, B, D * H], and final states in the form of ``initial``.
    """
    if initial is None:
        initial = [x.new_zeros(stack.walks, x.size(1), stack.hidden)] * stack.cell.num_states
    if not x.size(1):
        return x.new_zeros(x.size(0), 0, stack.hidden * stack.walks // stack.num_layers), initial
    return stack.kernel(x, initial)


def step(stack: Stack, x: Tensor, states: Sequence[Tensor]) -> tuple[Tensor, list[Tensor]]:
    """Run all layers, one direction, over the next step of B paths, without dropout.

    One step costs less by torch's cells than by the kernels for whole paths.

    Args:
        stack: the layers.
        x: [B, F].
        states: one tensor [num_layers, B, H] a state.

    Returns:
        outputs [B, H] of the last layer, and the new states.
    """
    kernel = getattr(torch, f"{stack.cell.vendor}_cell")
    found = []
    for layer, state in enumerate(zip(*states, strict=True)):
        start = state[0] if stack.cell.num_states == 1 else state
        new = kernel(x, start, *stack.of(layer))
        found.append((new,) if stack.cell.num_states == 1 else new)
        x = found[-1][0]
    return x, [torch.stack(list(state)) for state in zip(*found, strict=True)]


def _shut(stack: Stack) -> float | None:
    """Return a number so far beyond all that a gate can sum up at a padded step, that the gate is exactly 0 or 1.

    At such a step x is 0 and ``|h| <= 1``, so the sum is at most the rows' absolute weights and biases. ``None`` where
    the type cannot hold the number.
    """
    largest = 0.0
    with torch.no_grad():
        for walk in range(stack.walks):
            _, weight_hh, *biases = stack.of(walk)
            bound = weight_hh.abs().sum(1) + sum((bias.abs() for bias in biases), start=weight_hh.new_zeros(()))
            largest = max(largest, float(bound.amax()))
    shut = SHUT + 2.0 * largest
    return shut if shut <= torch.finfo(stack.weights[0].dtype).max / 2 else None


def _run_ragged(
    stack: Stack, x: Tensor, order: LevelOrder, initial: list[Tensor], shut: float
) -> tuple[Tensor, list[Tensor]]:
    """Run an LSTM over paths that differ in length; takes and returns what :func:`run_dense` does, in places."""
    buckets = _buckets_of(order)
    ways = [(buckets.forward, order.ends), (buckets.reverse, order.starts)][: 2 if stack.bidirectional else 1]
    h_n, c_n = [], []
    for layer in range(stack.num_layers):
        outputs = []
        for slots, last in ways:
            k = len(h_n)
            one = Stack(stack.cell, stack.of(k), bias=stack.bias)
            out, c = _walk(one, x, slots, buckets.shapes, [state[k] for state in initial], shut)
            outputs.append(out)
            h_n.append(out[last])
            c_n.append(c)
        x = torch.cat(outputs, 1) if stack.bidirectional else outputs[0]
        if layer < stack.num_layers - 1:
            x = torch.nn.functional.dropout(x, stack.dropout, stack.training)
    return x, [torch.stack(h_n), torch.stack(c_n)]


def _walk(
    stack: Stack, x: Tensor, slots: Tensor, shapes: list[tuple[int, int]], start: list[Tensor], shut: float
) -> tuple[Tensor, Tensor]:
    """Walk every bucket, one layer and direction; return outputs in places and the final ``c`` of each path."""
    weight_ih, *others = stack.weights
    gates = weight_ih.new_tensor([-shut, shut, 0.0, 0.0]).repeat_interleave(stack.hidden)
    one = replace(stack, weights=[torch.cat([weight_ih, gates.unsqueeze(1)], 1), *others])
    sizes = [steps * paths for steps, paths in shapes]
    padding = torch.nn.functional.pad(x.new_zeros(sum(sizes), x.size(1)), (0, 1), value=1.0)
    padded = padding.index_copy(0, slots, torch.nn.functional.pad(x, (0, 1)))
    starts = zip(*(state.unsqueeze(0).split([paths for _, paths in shapes], 1) for state in start), strict=True)
    outputs, memories = [], []
    for (steps, paths), part, first in zip(shapes, padded.split(sizes), starts, strict=True):
        out, (_, c) = run_dense(one, part.view(steps, paths, -1), list(first))
        outputs.append(out.flatten(0, 1))
        memories.append(c[0])
    return torch.cat(outputs)[slots], torch.cat(memories)


@dataclass(frozen=True)
class _Buckets:
    """Paths of similar lengths side by side: (steps, paths) of each bucket, and each place's row in all of them."""

    shapes: list[tuple[int, int]]
    forward: Tensor
    reverse: Tensor


def _buckets_of(order: LevelOrder) -> _Buckets:
    """Return the buckets of an order; remembered with it."""
    return remembered(order, "buckets", lambda: _cut(order))


def _cut(order: LevelOrder) -> _Buckets:
    length = order.level[order.ends] + 1
    lengths = length.tolist()
    cuts = [0]
    for path, steps in enumerate(lengths):
        if steps < SHORTEST * lengths[cuts[-1]]:
            cuts.append(path)
    first = torch.tensor(cuts)
    paths, steps = torch.tensor([*cuts, len(lengths)]).diff(), length[first]
    rows = steps * paths
    # A path's first row, and how many rows lie between its steps.
    row = torch.arange(len(lengths)) + (rows.cumsum(0) - rows - first).repeat_interleave(paths)
    stride = paths.repeat_interleave(paths)
    level = order.level
    path = torch.arange(level.numel()) - order.node_ptr[level]
    row, stride, length = row[path], stride[path], length[path]
    shapes = list(zip(steps.tolist(), paths.tolist(), strict=True))
    return _Buckets(shapes, row + level * stride, row + (length - 1 - level) * stride)
