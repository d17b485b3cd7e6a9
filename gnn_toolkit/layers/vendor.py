"""Recurrences over batches of paths by torch's own kernels (oneDNN on a CPU, cuDNN on a GPU)."""

from collections.abc import Sequence

import torch
from torch import Tensor

from gnn_toolkit.graphs.order import LevelOrder
from gnn_toolkit.layers.cells import Cell


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
    if initial is None:
        states = [x.new_zeros(walks, order.starts.size(0), hidden)] * cell.num_states
    else:
        states = [torch.stack(list(state)) for state in initial]
    options = (weights, bias, num_layers, dropout, training, bidirectional)
    kernel = getattr(torch, cell.vendor)
    start = states[0] if cell.num_states == 1 else states
    sizes = order.node_ptr.diff()
    if sizes[0] == sizes[-1]:
        out, *final = kernel(x.view(sizes.numel(), -1, x.size(1)), start, *options, False)
        out = out.flatten(0, 1)
    else:
        out, *final = kernel(x, sizes, start, *options)
    return out, [list(state.unbind()) for state in final]
