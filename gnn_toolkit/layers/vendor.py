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
    initial: Sequence[Tensor],
    weights: Sequence[Tensor],
    *,
    num_layers: int,
    bias: bool,
    dropout: float,
    training: bool,
    bidirectional: bool,
) -> tuple[Tensor, list[Tensor]]:
    """Run all layers and directions over a batch of paths.

    Args:
        cell: names the kernel.
        x: [N, F] in the order's places, which for paths is the layout of a ``PackedSequence``.
        order: an order whose ``is_paths`` holds.
        initial: one tensor [layers * directions, B, H] a state, for the B paths as the order numbers them.
        weights: the layer's parameters in torch's order.
        num_layers: number of layers.
        bias: whether ``weights`` holds biases.
        dropout: probability of dropping an output between layers.
        training: whether dropout is active.
        bidirectional: whether a second direction runs from the ends.

    Returns:
        outputs [N, D * H] in places, and final states in the form of ``initial``.
    """
    hidden = initial[0] if cell.num_states == 1 else list(initial)
    options = (list(weights), bias, num_layers, dropout, training, bidirectional)
    kernel = getattr(torch, cell.vendor)
    sizes = order.node_ptr.diff()
    if sizes[0] == sizes[-1]:
        out, *final = kernel(x.view(sizes.numel(), -1, x.size(1)), hidden, *options, False)
        return out.flatten(0, 1), final
    out, *final = kernel(x, sizes, hidden, *options)
    return out, final
