"""The line graph: a node for each edge of a graph, so that a layer whose states belong to nodes has states on edges."""

import torch
from torch import Tensor
from torch_geometric.data import Data
from torch_geometric.transforms import BaseTransform

from gnn_toolkit import _checks
from gnn_toolkit.graphs.searches import edges_of
from gnn_toolkit.graphs.views import node_count, with_edges


def line_graph(edge_index: Tensor, num_nodes: int | None = None) -> Tensor:
    """Return the edges of the line graph: from edge e = (u -> v) to every edge f = (v -> w) that goes on from its end.

    The line graph's node e is column e of ``edge_index``. There are ``sum over v of in(v) * out(v)`` edges; they stand
    by e, and for one e by f. The line graph of a directed acyclic graph is one, too; a loop is its own successor.

    Args:
        edge_index: integer tensor [2, E].
        num_nodes: number of nodes N; by default the highest index and one more.

    Returns:
        int64 tensor [2, L] of the numbers of edges, row 0 e and row 1 f.

    Raises:
        ValueError: no tensor of two rows of integers, or an index outside [0, N).

    >>> line_graph(torch.tensor([[0, 1, 1], [1, 2, 3]]))
    tensor([[0, 0],
            [1, 2]])
    """
    _checks.edge_form(edge_index)
    if num_nodes is None:
        num_nodes = int(edge_index.max()) + 1 if edge_index.numel() else 0
    _checks.edges(edge_index, num_nodes)
    source, target = edge_index.long()
    by_source = torch.argsort(source, stable=True)
    leaving = torch.bincount(source, minlength=num_nodes)
    first = leaving.cumsum(0) - leaving
    counts = leaving[target]
    before = torch.arange(target.numel(), device=target.device).repeat_interleave(counts)
    start = counts.cumsum(0) - counts
    step = torch.arange(before.numel(), device=target.device) - start[before]
    return torch.stack([before, by_source[first[target][before] + step]])


class LineGraph(BaseTransform):
    """The line graph of the graph that is given: its edges become nodes, joined where one goes on from another's end.

    The new node of edge e = (u -> v) has the features ``[x_u, x_v, edge_attr_e]``, of which it takes those that are
    there. Of a DAG with ``level`` the new level is that of u, so a recurrence need not look for its order. What else
    belonged to single nodes or edges is dropped, since there are none of them left; what belongs to the graph stays.
    A node without edges leaves nothing. To make a DAG of an undirected graph first, put :class:`AcyclicOrder` before
    it.

    Raises:
        ValueError: a graph without ``edge_index``, or features that are no tensor.

    >>> path = Data(x=torch.tensor([[1.0], [2.0], [3.0]]), edge_index=torch.tensor([[0, 1], [1, 2]]))
    >>> data = LineGraph()(path)
    >>> data.x.tolist(), data.edge_index.tolist()
    ([[1.0, 2.0], [2.0, 3.0]], [[0], [1]])
    """

    def forward(self, data: Data) -> Data:
        """Return ``data`` as its line graph."""
        edge_index, count = edges_of(data, "a line graph is made of edges"), node_count(data)
        lines, x = line_graph(edge_index, count), _features(data, edge_index)
        level = data.level[edge_index[0]] if "level" in data else None
        gone = [key for key in data.keys() if count > 1 and key != "x" and data.is_node_attr(key)]  # noqa: SIM118
        for key in (*gone, *(key for key in data.keys() if data.is_edge_attr(key))):  # noqa: SIM118
            if key in data:
                del data[key]
        data = with_edges(data, lines, level=level)
        data.num_nodes = edge_index.size(1)
        if x is not None:
            data.x = x
        return data


def _features(data: Data, edge_index: Tensor) -> Tensor | None:
    """Return what the new nodes know, or nothing where neither nodes nor edges have features."""
    x, edge_attr = data.get("x"), data.get("edge_attr")
    for name, value in (("x", x), ("edge_attr", edge_attr)):
        if value is not None and (not isinstance(value, Tensor) or value.layout != torch.strided):
            remedy = "an edge has the features of two nodes side by side: make them dense"
            raise ValueError(_checks.problem(f"data.{name}", "a dense tensor", type(value).__name__, remedy))
    parts = [] if x is None else [part.unsqueeze(-1) if part.dim() == 1 else part for part in x[edge_index]]
    parts += [] if edge_attr is None else [edge_attr.unsqueeze(-1) if edge_attr.dim() == 1 else edge_attr]
    return torch.cat(parts, -1) if parts else None
