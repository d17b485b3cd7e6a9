"""Views: PyG transforms that choose the edges over the same nodes.

A view replaces ``edge_index`` (and ``edge_type``) and leaves the nodes and their features as they are. Views that make
a directed acyclic graph also store each node's ``level``, so that a recurrence need not look for its order.
"""

import torch
from torch import Tensor
from torch_geometric.data import Data
from torch_geometric.transforms import BaseTransform

from gnn_toolkit import _checks


def with_edges(data: Data, edge_index: Tensor, *, level: Tensor | None = None, edge_type: Tensor | None = None) -> Data:
    """Give ``data`` these edges, drop what described the old ones, and return it."""
    for name in ("edge_attr", "edge_weight", "edge_type", "rank", "level"):
        if name in data:
            del data[name]
    data.edge_index = edge_index
    if level is not None:
        data.level = level
    if edge_type is not None:
        data.edge_type = edge_type
    return data


def _both_ways(edge_index: Tensor) -> Tensor:
    return torch.cat([edge_index, edge_index.flip(0)], 1)


def node_count(data: Data) -> int:
    """Return the number of nodes, or raise a ``ValueError`` where it is not known."""
    count = data.num_nodes
    if count is None:
        raise ValueError(_checks.problem("data", "a graph with x or num_nodes", data, "set data.num_nodes"))
    return count


class NoEdges(BaseTransform):
    """The nodes alone.

    >>> NoEdges()(Data(num_nodes=3)).edge_index.shape
    torch.Size([2, 0])
    """

    def forward(self, data: Data) -> Data:
        """Return ``data`` without edges."""
        level = torch.zeros(node_count(data), dtype=torch.long)
        return with_edges(data, torch.empty(2, 0, dtype=torch.long), level=level)


class ShuffledEdges(BaseTransform):
    """The same edges between other nodes, all of them drawn anew: a network as dense, and the wrong one.

    Each edge keeps its weight, its attributes and its rank among the edges into its target.

    Args:
        seed: of the draw.

    >>> ShuffledEdges()(Data(num_nodes=3, edge_index=torch.tensor([[0, 0], [1, 2]]))).edge_index
    tensor([[2, 2],
            [0, 1]])
    """

    def __init__(self, seed: int = 0) -> None:
        self.seed = seed

    def forward(self, data: Data) -> Data:
        """Return ``data`` with its edges between other nodes."""
        if data.edge_index is None:
            raise ValueError(_checks.problem("data", "a graph with edge_index", data, "give it edges first"))
        kept = {name: data[name] for name in ("edge_weight", "edge_attr", "rank") if name in data}
        generator = torch.Generator().manual_seed(self.seed)
        moved = torch.randperm(node_count(data), generator=generator).to(data.edge_index.device)
        data = with_edges(data, moved[data.edge_index])
        for name, value in kept.items():
            data[name] = value
        return data


class Path(BaseTransform):
    """The nodes in their given order, each with an edge to the next: a sequence.

    Args:
        both_ways: also the edges back, for convolutions; there is then no ``level``.

    >>> Path()(Data(num_nodes=3)).edge_index
    tensor([[0, 1],
            [1, 2]])
    """

    def __init__(self, both_ways: bool = False) -> None:
        self.both_ways = both_ways

    def forward(self, data: Data) -> Data:
        """Return ``data`` with the path's edges."""
        nodes = torch.arange(node_count(data))
        edge_index = torch.stack([nodes[:-1], nodes[1:]])
        if self.both_ways:
            return with_edges(data, _both_ways(edge_index))
        return with_edges(data, edge_index, level=nodes)


class MirrorPath(BaseTransform):
    """The path, and an edge from node i to node N - 1 - i behind it: what a palindrome repeats.

    Args:
        both_ways: also the edges back, for convolutions. If not, the path's edges have type 0, the mirror's type 1.

    >>> MirrorPath()(Data(num_nodes=3)).edge_index
    tensor([[0, 1, 1, 2, 0, 2],
            [1, 2, 0, 1, 2, 0]])
    >>> MirrorPath(both_ways=False)(Data(num_nodes=3)).edge_index
    tensor([[0, 1, 0],
            [1, 2, 2]])
    """

    def __init__(self, both_ways: bool = True) -> None:
        self.both_ways = both_ways

    def forward(self, data: Data) -> Data:
        """Return ``data`` with the path's and the mirror's edges."""
        count = node_count(data)
        first = torch.arange(count // 2)
        # In an even path the two middle nodes are neighbours already.
        first = first[count - 1 - 2 * first > 1]
        return _path_with(data, torch.stack([first, count - 1 - first]), self.both_ways)


class DilatedPath(BaseTransform):
    """The path, and for each k >= 1 the nodes at multiples of 2^k, each with an edge to the next of them.

    No two nodes are more than about ``2 log2(N)`` edges apart, and the last is ``log2(N)`` or so from the first:
    dilated chains (van den Oord et al. 2016; Chang et al. 2017), and the skip list's shortcuts.

    Args:
        both_ways: also the edges back, for convolutions. If not, the path's edges have type 0, the others type 1.

    >>> data = DilatedPath()(Data(num_nodes=6))
    >>> data.edge_index.tolist(), data.edge_type.tolist()
    ([[0, 1, 2, 3, 4, 0, 2, 0], [1, 2, 3, 4, 5, 2, 4, 4]], [0, 0, 0, 0, 0, 1, 1, 1])
    """

    def __init__(self, both_ways: bool = False) -> None:
        self.both_ways = both_ways

    def forward(self, data: Data) -> Data:
        """Return ``data`` with the path's edges and the shortcuts."""
        count = node_count(data)
        steps = [2**k for k in range(1, count.bit_length()) if 2**k < count]
        chains = [torch.stack([nodes[:-1], nodes[1:]]) for nodes in (torch.arange(0, count, step) for step in steps)]
        shortcuts = torch.cat(chains, 1) if chains else torch.empty(2, 0, dtype=torch.long)
        return _path_with(data, shortcuts, self.both_ways)


def _path_with(data: Data, shortcuts: Tensor, both_ways: bool) -> Data:
    """Return ``data`` with the path's edges (type 0) and shortcuts (type 1), all of them forwards, or both ways."""
    nodes = torch.arange(node_count(data))
    path = torch.stack([nodes[:-1], nodes[1:]])
    if both_ways:
        return with_edges(data, torch.cat([_both_ways(path), _both_ways(shortcuts)], 1))
    edge_type = torch.arange(2).repeat_interleave(torch.tensor([path.size(1), shortcuts.size(1)]))
    return with_edges(data, torch.cat([path, shortcuts], 1), level=nodes, edge_type=edge_type)


class Grid(BaseTransform):
    """Pixels in row-major order, joined to their neighbours above, below, left and right.

    Args:
        height: number of rows.
        width: number of columns.

    >>> Grid(2, 2)(Data(num_nodes=4)).edge_index
    tensor([[0, 2, 0, 1, 1, 3, 2, 3],
            [1, 3, 2, 3, 0, 2, 0, 1]])
    """

    def __init__(self, height: int, width: int) -> None:
        self.height, self.width = _checks.positive("height", height), _checks.positive("width", width)

    def forward(self, data: Data) -> Data:
        """Return ``data`` with the grid's edges."""
        right, down, _ = self._steps(data)
        return with_edges(data, _both_ways(torch.cat([right, down], 1)))

    def _steps(self, data: Data) -> tuple[Tensor, Tensor, Tensor]:
        """Return the edges to the right, the edges down, and the pixel numbers [height, width]."""
        if node_count(data) != self.height * self.width:
            allowed = f"{self.height} x {self.width} = {self.height * self.width} nodes"
            raise ValueError(_checks.problem("data", allowed, data.num_nodes, "give the grid the image's size"))
        pixel = torch.arange(self.height * self.width).view(self.height, self.width)
        right = torch.stack([pixel[:, :-1].flatten(), pixel[:, 1:].flatten()])
        down = torch.stack([pixel[:-1].flatten(), pixel[1:].flatten()])
        return right, down, pixel


class GridDAG(Grid):
    """Pixels in row-major order with edges to the right (type 0) and down (type 1): a walk from corner to corner.

    It is the order of a two-dimensional recurrence (Graves et al. 2007); a pixel's level is its row plus its column.

    >>> data = GridDAG(2, 2)(Data(num_nodes=4))
    >>> data.edge_index.tolist(), data.edge_type.tolist(), data.level.tolist()
    ([[0, 2, 0, 1], [1, 3, 2, 3]], [0, 0, 1, 1], [0, 1, 1, 2])
    """

    def forward(self, data: Data) -> Data:
        """Return ``data`` with the typed edges of the grid."""
        right, down, pixel = self._steps(data)
        edge_type = torch.arange(2).repeat_interleave(torch.tensor([right.size(1), down.size(1)]))
        level = (pixel // self.width + pixel % self.width).flatten()
        return with_edges(data, torch.cat([right, down], 1), level=level, edge_type=edge_type)
