"""The way from PyG data to networkx."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from itertools import compress
from reprlib import repr as short
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from torch import Tensor
from torch_geometric.data import Data, HeteroData
from torch_geometric.utils import to_networkx as pyg_to_networkx

from gnn_toolkit._checks import choice, edges, problem
from gnn_toolkit._lazy import Lazy
from gnn_toolkit.graphs.convert.origin import Attribute, Origin, recall

if TYPE_CHECKING:
    import networkx as nx
else:
    nx = Lazy("networkx")

CLASSES = {  # by (directed, multi)
    (False, False): "Graph",
    (True, False): "DiGraph",
    (False, True): "MultiGraph",
    (True, True): "MultiDiGraph",
}


def to_networkx(
    data: Data | HeteroData,
    node_attrs: Iterable[str] | None = None,
    edge_attrs: Iterable[str] | None = None,
    graph_attrs: Iterable[str] | None = None,
    to_undirected: bool | Literal["upper", "lower"] | None = None,
    to_multi: bool | None = None,
    remove_self_loops: bool = False,
    *,
    label_attr: str | None = None,
    key_attr: str | None = None,
) -> nx.Graph:
    """Return PyG data as a networkx graph.

    What ``from_networkx`` made becomes the graph that it was made of, with the values that the data have now: its
    class, labels, keys and attributes, as long as nobody changed ``num_nodes`` or ``edge_index``. Any argument that is
    given takes precedence. Of other data (and of a batch) the result is that of ``torch_geometric.utils.to_networkx``.
    Where several edges fall on one, the last one's attributes stay. Heterogeneous data go to PyG's function.

    Args:
        data: Data of N nodes with ``edge_index`` [2, E].
        node_attrs: Names of the attributes with N rows to copy onto nodes, as Python values.
        edge_attrs: Names of the attributes with E rows to copy onto edges.
        graph_attrs: Names of the attributes to copy into ``G.graph``.
        to_undirected: True gives an undirected graph, "upper" and "lower" one of the edges with source <= or >= target.
        to_multi: Whether to give a multigraph, which keeps parallel edges.
        remove_self_loops: Whether to leave out the edges from a node to itself.
        label_attr: Name of an attribute with N different hashable values to use as labels instead of 0 .. N-1.
        key_attr: Name of an attribute with E hashable values to use as keys of a multigraph's edges.

    Returns:
        An ``nx.DiGraph``, ``Graph``, ``MultiDiGraph`` or ``MultiGraph``, its nodes in the order of the rows.

    Raises:
        ValueError: If ``data`` has no edges, an attribute is unknown or of the wrong length, or labels repeat.

    >>> import torch
    >>> from gnn_toolkit.graphs import from_networkx
    >>> G = nx.MultiGraph([("ann", "bob", "work"), ("ann", "bob", "chess")])
    >>> to_networkx(from_networkx(G)).edges
    MultiEdgeView([('ann', 'bob', 'work'), ('ann', 'bob', 'chess')])
    >>> data = Data(edge_index=torch.tensor([[0, 1], [1, 0]]), num_nodes=2, name=["ann", "bob"])
    >>> to_networkx(data, to_undirected=True, label_attr="name").edges
    EdgeView([('ann', 'bob')])
    """
    if isinstance(data, HeteroData):
        if label_attr is not None or key_attr is not None:
            raise ValueError(problem("data", "homogeneous Data", "HeteroData", "leave label_attr and key_attr out"))
        attrs = (node_attrs, edge_attrs, graph_attrs)
        return pyg_to_networkx(data, *attrs, to_undirected or False, to_multi or False, remove_self_loops)
    if not isinstance(data, Data) or data.edge_index is None or data.num_nodes is None:
        raise ValueError(problem("data", "Data with edge_index", type(data).__name__, "set edge_index and num_nodes"))
    num_nodes, edge_index = data.num_nodes, data.edge_index
    edges(edge_index, num_nodes)
    if isinstance(to_undirected, str):
        choice("to_undirected", to_undirected, ["upper", "lower"])
    origin = recall(data) or _plain(num_nodes)
    G, keys = _empty(data, origin, to_undirected, to_multi, key_attr)
    labels = origin["labels"] if label_attr is None else _labels(data, label_attr, num_nodes)
    _fill_graph(G, data, origin, graph_attrs)
    G.add_nodes_from(zip(labels, _records(data, "node_attrs", node_attrs, origin["nodes"], num_nodes), strict=True))
    ends = [[labels[row] for row in side] for side in edge_index.tolist()]
    records = _records(data, "edge_attrs", edge_attrs, origin["edges"], edge_index.shape[1])
    both_ways = to_undirected is None and not origin["directed"]
    kept = _kept(edge_index, "upper" if both_ways else to_undirected, remove_self_loops)
    G.add_edges_from(compress(zip(*ends, *([] if keys is None else [keys]), records, strict=True), kept))
    return G


def _plain(num_nodes: int) -> Origin:
    """Return what PyG takes data for of which nothing else is known."""
    no: dict[str, Attribute] = {}
    labels = list(range(num_nodes))
    return Origin(directed=True, labels=labels, keys=None, nodes=no, edges=no, graph=no, unheld={}, structure=0)


def _empty(
    data: Data, origin: Origin, to_undirected: bool | str | None, to_multi: bool | None, key_attr: str | None
) -> tuple[nx.Graph, list[Any] | None]:
    """Return a graph of the class that is wanted and the keys that its edges shall have, if any."""
    directed = origin["directed"] if to_undirected is None else not to_undirected
    multi = (origin["keys"] is not None or key_attr is not None) if to_multi is None else to_multi
    G: nx.Graph = getattr(nx, CLASSES[directed, bool(multi)])()
    if key_attr is not None and not multi:
        raise ValueError(problem("key_attr", "None with to_multi=False", repr(key_attr), "pass to_multi=True"))
    if key_attr is not None and data.edge_index is not None:
        return G, _hashable(data, "key_attr", key_attr, data.edge_index.shape[1])
    return G, origin["keys"] if multi and directed == origin["directed"] else None


def _fill_graph(G: nx.Graph, data: Data, origin: Origin, names: Iterable[str] | None) -> None:
    """Set the attributes of the graph."""
    if names is None:
        G.graph.update(origin["unheld"])
    for key, (name, form, _) in _wanted(data, names, origin["graph"]).items():
        value = data[choice("graph_attrs", key, data.keys())]
        G.graph[name] = _rows(value[None], form)[0] if isinstance(value, Tensor | np.ndarray) else value


def _wanted(data: Data, names: Iterable[str] | None, remembered: Mapping[str, Attribute]) -> Mapping[str, Attribute]:
    """Return how to copy each attribute: the named ones as they are, else those remembered that are still there."""
    if names is not None:
        return {name: (name, None, None) for name in names}
    return {key: way for key, way in remembered.items() if key in data and (way[2] is None or way[2] in data)}


def _records(
    data: Data, argument: str, names: Iterable[str] | None, remembered: Mapping[str, Attribute], count: int
) -> list[dict[Any, Any]]:
    """Return a dictionary of attributes for each of ``count`` rows."""
    records: list[dict[Any, Any]] = [{} for _ in range(count)]
    for key, (name, form, mask) in _wanted(data, names, remembered).items():
        having, values = iter(records), iter(_column(data, argument, key, count, form))
        if mask is not None:
            there = _column(data, argument, mask, count)
            having, values = compress(records, there), compress(values, there)
        for record, value in zip(having, values, strict=True):
            record[name] = value
    return records


def _column(data: Data, argument: str, name: str, count: int, form: str | None = None) -> Sequence[Any]:
    """Return an attribute of ``count`` rows as Python values."""
    value = data[choice(argument, name, data.keys())]
    rows = _rows(value, form) if isinstance(value, Tensor | np.ndarray) and value.ndim else value
    if not isinstance(rows, list | tuple) or len(rows) != count:
        found = len(rows) if isinstance(rows, list | tuple) else "no"
        raise ValueError(problem(argument, f"{count} rows", f"{found} in {name!r}", "name another attribute"))
    return rows


def _rows(value: Tensor | np.ndarray, form: str | None) -> list[Any]:
    """Return the rows of an array as what they were: lists or numbers, tuples, arrays or tensors."""
    if form == "tensor" and isinstance(value, Tensor):
        return list(value)
    if form == "array":
        return list(value.detach().cpu().numpy() if isinstance(value, Tensor) else value)
    return list(map(tuple, value.tolist())) if form == "tuple" else value.tolist()


def _hashable(data: Data, argument: str, name: str, count: int) -> list[Any]:
    """Return an attribute fit to name nodes or edges."""
    values = list(_column(data, argument, name, count))
    wrong = [value for value in values if not isinstance(value, Hashable)]
    if wrong:
        raise ValueError(
            problem(argument, "hashable values", f"{short(wrong[0])} in {name!r}", "name another attribute")
        )
    return values


def _labels(data: Data, name: str, count: int) -> list[Any]:
    """Return an attribute fit to be node labels."""
    labels = _hashable(data, "label_attr", name, count)
    wrong = [label for label, times in Counter(labels).items() if times > 1]
    if wrong:
        got = f"{short(wrong[0])} {labels.count(wrong[0])} times in {name!r}"
        raise ValueError(problem("label_attr", "labels that differ", got, "name another attribute"))
    return labels


def _kept(edge_index: Tensor, triangle: bool | str | None, remove_self_loops: bool) -> list[bool]:
    """Return for each edge whether the graph shall have it."""
    step = (edge_index[1] - edge_index[0]) * (-1 if triangle == "lower" else 1)
    return (((step >= 0) | (not isinstance(triangle, str))) & ((step != 0) | (not remove_self_loops))).tolist()
