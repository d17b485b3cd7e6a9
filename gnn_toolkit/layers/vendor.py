"""Recurrences over batches of paths by torch's own kernels (oneDNN on a CPU, cuDNN on a GPU).

On a CPU torch's LSTM leaves oneDNN where the paths differ in length. There the paths, which lie sorted by length, are
cut into buckets, and each bucket is padded at its end and run as if dense. That is exact: outputs at real steps do not
see the padding, the final ``h`` is the output at a path's last step, and ``c`` is held through the padding by one more
input channel, 1 there and 0 elsewhere, that shuts the input gate and opens the forget gate.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import torch
from torch import Tensor

from gnn_toolkit.graphs.order import LevelOrder
from gnn_toolkit.layers.cells import Cell

SHORTEST = 0.6  # a bucket's shortest path by its longest: little padding, few buckets, whatever the lengths
SHUT = 1e4  # sigmoid(-SHUT) is exactly 0 and sigmoid(SHUT) exactly 1; float16 holds it


def run(
    cell: Cell,
    x: Tensor,
    order: LevelOrder,
    initial: Sequence[Sequence[Tensor]] | None,
    weights: list[Tensor],
    num_layers: int,
    bias: bool,
    dropout: float,
    training: bool,
    bidirectional: bool,
) -> tuple[Tensor, list[list[Tensor]]]:
    """Run all layers and directions over a batch of B paths.

    Args:
        cell: names the kernel.
        x: [N, F] in the order's places, which for paths is the layout of a ``PackedSequence``.
        order: an order whose ``is_paths`` holds.
        initial: for each state one tensor [B, H] a layer and direction, for the paths as the order numbers them;
            ``None`` for zeros.
        weights: the layer's parameters in torch's order.
        num_layers: number of layers.
        bias: whether ``weights`` holds biases.
        dropout: probability of dropping an output between layers.
        training: whether dropout is active.
        bidirectional: whether a second direction runs from the ends.

    Returns:
        outputs [N, D * H] in places, and final states in the form of ``initial``.
    """
    walks, hidden = num_layers * (2 if bidirectional else 1), weights[1].size(1)
    if x.size(0) == 0:
        return x.new_zeros(0, hidden * walks // num_layers), [[x.new_zeros(0, hidden)] * walks] * cell.num_states
    sizes = order.node_ptr.diff()
    if initial is None:
        states = [x.new_zeros(walks, order.starts.size(0), hidden)] * cell.num_states
    else:
        states = [torch.stack(list(state)) for state in initial]
    if sizes[0] == sizes[-1]:
        steps = x.view(sizes.numel(), -1, x.size(1))
        out, final = run_dense(cell, steps, states, weights, num_layers, bias, dropout, training, bidirectional)
        out = out.flatten(0, 1)
    elif cell.vendor == "lstm" and x.device.type == "cpu":
        out, final = _run_ragged(cell, x, order, states, weights, num_layers, bias, dropout, training, bidirectional)
    else:
        start = states[0] if cell.num_states == 1 else states
        kernel = getattr(torch, cell.vendor)
        out, *final = kernel(x, sizes, start, weights, bias, num_layers, dropout, training, bidirectional)
    return out, [list(state.unbind()) for state in final]


def run_dense(
    cell: Cell,
    x: Tensor,
    initial: list[Tensor] | None,
    weights: list[Tensor],
    num_layers: int,
    bias: bool,
    dropout: float,
    training: bool,
    bidirectional: bool,
) -> tuple[Tensor, list[Tensor]]:
    """Run all layers and directions over B paths of one length T.

    Args:
        cell: names the kernel.
        x: [T, B, F].
        initial: one tensor [num_layers * D, B, H] a state; ``None`` for zeros.
        weights: the layer's parameters in torch's order.
        num_layers: number of layers.
        bias: whether ``weights`` holds biases.
        dropout: probability of dropping an output between layers.
        training: whether dropout is active.
        bidirectional: whether a second direction runs from the ends.

    Returns:
        outputs [T, B, D * H], and final states in the form of ``initial``.
    """
    if initial is None:
        walks = num_layers * (2 if bidirectional else 1)
        initial = [x.new_zeros(walks, x.size(1), weights[1].size(1))] * cell.num_states
    start = initial[0] if cell.num_states == 1 else initial
    kernel = getattr(torch, cell.vendor)
    out, *final = kernel(x, start, weights, bias, num_layers, dropout, training, bidirectional, False)
    return out, final


def step(
    cell: Cell, x: Tensor, states: Sequence[Tensor], weights: list[Tensor], bias: bool
) -> tuple[Tensor, list[Tensor]]:
    """Run all layers, one direction, over the next step of B paths, without dropout.

    One step costs less by torch's cells than by the kernels for whole paths.

    Args:
        cell: names the kernel.
        x: [B, F].
        states: one tensor [num_layers, B, H] a state.
        weights: the layer's parameters in torch's order.
        bias: whether ``weights`` holds biases.

    Returns:
        outputs [B, H] of the last layer, and the new states.
    """
    kernel, each = getattr(torch, f"{cell.vendor}_cell"), 4 if bias else 2
    found = []
    for layer, state in enumerate(zip(*states, strict=True)):
        start = state[0] if cell.num_states == 1 else state
        new = kernel(x, start, *weights[layer * each : (layer + 1) * each])
        found.append((new,) if cell.num_states == 1 else new)
        x = found[-1][0]
    return x, [torch.stack(list(state)) for state in zip(*found, strict=True)]


def _run_ragged(
    cell: Cell,
    x: Tensor,
    order: LevelOrder,
    initial: list[Tensor],
    weights: list[Tensor],
    num_layers: int,
    bias: bool,
    dropout: float,
    training: bool,
    bidirectional: bool,
) -> tuple[Tensor, list[Tensor]]:
    """Run an LSTM over paths that differ in length; takes and returns what :func:`run_dense` does, in places."""
    buckets, each = _buckets_of(order), 4 if bias else 2
    ways = [(buckets.forward, order.ends), (buckets.reverse, order.starts)][: 2 if bidirectional else 1]
    h_n, c_n = [], []
    for layer in range(num_layers):
        outputs = []
        for slots, last in ways:
            k = len(h_n)
            start = [state[k] for state in initial]
            out, c = _walk(cell, x, slots, buckets.shapes, start, weights[k * each : (k + 1) * each])
            outputs.append(out)
            h_n.append(out[last])
            c_n.append(c)
        x = torch.cat(outputs, 1) if bidirectional else outputs[0]
        if layer < num_layers - 1:
            x = torch.nn.functional.dropout(x, dropout, training)
    return x, [torch.stack(h_n), torch.stack(c_n)]


def _walk(
    cell: Cell, x: Tensor, slots: Tensor, shapes: list[tuple[int, int]], start: list[Tensor], weights: list[Tensor]
) -> tuple[Tensor, Tensor]:
    """Walk every bucket, one layer and direction; return outputs in places and the final ``c`` of each path."""
    weight_ih, *others = weights
    gates = weight_ih.new_tensor([-SHUT, SHUT, 0.0, 0.0]).repeat_interleave(others[0].size(1))
    weights = [torch.cat([weight_ih, gates.unsqueeze(1)], 1), *others]
    sizes = [steps * paths for steps, paths in shapes]
    padding = torch.nn.functional.pad(x.new_zeros(sum(sizes), x.size(1)), (0, 1), value=1.0)
    padded = padding.index_copy(0, slots, torch.nn.functional.pad(x, (0, 1)))
    starts = zip(*(state.unsqueeze(0).split([paths for _, paths in shapes], 1) for state in start), strict=True)
    outputs, memories = [], []
    for (steps, paths), part, first in zip(shapes, padded.split(sizes), starts, strict=True):
        part = part.view(steps, paths, -1)
        out, (_, c) = run_dense(cell, part, list(first), weights, 1, len(others) > 1, 0.0, False, False)
        outputs.append(out.flatten(0, 1))
        memories.append(c[0])
    return torch.cat(outputs)[slots], torch.cat(memories)


@dataclass(frozen=True)
class _Buckets:
    """Paths of similar lengths side by side: (steps, paths) of each bucket, and each place's row in all of them."""

    shapes: list[tuple[int, int]]
    forward: Tensor
    reverse: Tensor


_BUCKETS: WeakKeyDictionary[LevelOrder, _Buckets] = WeakKeyDictionary()


def _buckets_of(order: LevelOrder) -> _Buckets:
    """Return the buckets of an order; remembered as long as it lives."""
    if order not in _BUCKETS:
        with torch.inference_mode(False):
            _BUCKETS[order] = _cut(order)
    return _BUCKETS[order]


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
