"""Views of a picture's superpixels: the order in which a Graph LSTM visits them, and one path through all of them."""

import torch
from torch import Tensor
from torch_geometric.data import Data
from torch_geometric.transforms import BaseTransform

from gnn_toolkit import _checks
from gnn_toolkit.graphs.searches import search_order
from gnn_toolkit.graphs.views import node_count, with_edges

ORDERS = ("confidence", "bfs", "raster", "random")
BANDS = 20  # rows of superpixels that a picture is read in


class VisitOrder(BaseTransform):
    """The order in which :class:`gnn_toolkit.layers.GraphLSTM` visits the nodes: ``score`` [N], the highest first.

    Args:
        by: ``"confidence"`` (``data.confidence`` [N], the surest first), ``"bfs"`` (as a breadth-first search from node
            0 meets them), ``"raster"`` (row by row, by ``data.pos``) or ``"random"``.
        seed: of the random order, which is the same for all graphs of as many nodes.

    >>> data = Data(num_nodes=3, edge_index=torch.empty(2, 0, dtype=torch.long))
    >>> data.confidence = torch.tensor([0.4, 0.9, 0.6])
    >>> VisitOrder("confidence")(data).score
    tensor([0.4000, 0.9000, 0.6000])
    """

    def __init__(self, by: str = "confidence", seed: int = 0) -> None:
        self.by, self.seed = _checks.choice("by", by, ORDERS), seed

    def forward(self, data: Data) -> Data:
        """Return ``data`` with the score of every node."""
        if self.by == "confidence":
            data.score = _given(data, "confidence")
            return data
        count = node_count(data)
        if self.by == "bfs":
            order = search_order(data, "bfs")
        elif self.by == "raster":
            order = raster_order(_given(data, "pos"))
        else:
            order = torch.randperm(count, generator=torch.Generator().manual_seed(self.seed))
        data.score = torch.empty(count).scatter_(0, order, -torch.arange(float(count)))
        return data


class RasterPath(BaseTransform):
    """One path through the superpixels of a picture, row by row: what a sequence model reads.

    >>> data = Data(pos=torch.tensor([[0.9, 0.1], [0.1, 0.9], [0.1, 0.1]]), num_nodes=3)
    >>> RasterPath()(data).edge_index
    tensor([[2, 1],
            [1, 0]])
    """

    def forward(self, data: Data) -> Data:
        """Return ``data`` with the edges of the path."""
        order = raster_order(_given(data, "pos"))
        level = torch.empty_like(order).scatter_(0, order, torch.arange(len(order)))
        return with_edges(data, torch.stack([order[:-1], order[1:]]), level=level)


def raster_order(pos: Tensor, bands: int = BANDS) -> Tensor:
    """Return the nodes in the order of reading: by bands of rows from the top, within a band from the left.

    Args:
        pos: [N, 2], row and column as shares of height and width.
        bands: so many equal ones.

    >>> raster_order(torch.tensor([[0.02, 0.9], [0.04, 0.1], [0.01, 0.5]])).tolist()
    [1, 2, 0]
    """
    band = (pos[:, 0].double() * bands).floor().clamp(0, bands - 1)
    return torch.argsort(band + pos[:, 1].double().clamp(0, 1) / 2, stable=True)


def _given(data: Data, key: str) -> Tensor:
    if key not in data:
        remedy = f"set data.{key} before the view"
        raise ValueError(_checks.problem("data", f"a graph with {key}", f"one with {sorted(data.keys())}", remedy))
    return data[key]
