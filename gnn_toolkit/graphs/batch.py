"""Batches: graphs side by side, and many copies of one structure, which is the cheapest batch there is."""

from collections.abc import Sequence
from typing import Any

import torch
from torch_geometric.data import Batch, Data

from gnn_toolkit import _checks


def together(graphs: Sequence[Data]) -> Any:
    """Return graphs as one PyG batch; type checkers do not know its attributes."""
    return Batch.from_data_list(list(graphs))  # pyright: ignore[reportArgumentType]


def repeat_graph(data: Data, count: int) -> Data:
    """Return the disjoint union of ``count`` copies of a graph's structure, without node features.

    Copy ``k`` holds the nodes ``k * N`` to ``(k + 1) * N - 1``. The result has ``edge_index``, and ``edge_type``,
    ``edge_weight`` and ``level`` where ``data`` has them, ``batch`` (the copy of each node) and ``ptr`` (where each
    copy starts), as PyG's ``Batch`` has; it can be kept, so that the order of a recurrence is found once for all
    training steps.

    Args:
        data: a graph with ``edge_index`` and ``num_nodes``.
        count: number of copies.

    >>> repeat_graph(Data(num_nodes=2, edge_index=torch.tensor([[0], [1]])), 3).edge_index
    tensor([[0, 2, 4],
            [1, 3, 5]])
    """
    _checks.positive("count", count)
    if data.edge_index is None or data.num_nodes is None:
        raise ValueError(_checks.problem("data", "a graph with edge_index", data, "apply a view first"))
    size, device = data.num_nodes, data.edge_index.device
    offset = torch.arange(count, device=device) * size
    edge_index = (data.edge_index[:, None, :] + offset[None, :, None]).flatten(1)
    batch = torch.arange(count, device=device).repeat_interleave(size)
    out = Data(edge_index=edge_index, num_nodes=size * count, batch=batch)
    out.ptr = torch.arange(count + 1, device=device) * size
    for name in ("edge_type", "edge_weight", "level"):
        if name in data:
            out[name] = data[name].repeat(count)
    return out
