"""Conversion between networkx graphs and PyG data, a whole column of attributes at a time."""

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, compress
from reprlib import repr as short
from typing import Any, Literal

import networkx as nx
import numpy as np
import torch
from torch import Tensor
from torch_geometric.data import Data

from gnn_toolkit._checks import choice, edges, problem

Names = Sequence[str] | Literal["all"] | None
Column = Tensor | list[str]


def from_networkx(
    G: nx.Graph,
    group_node_attrs: Names = None,
    group_edge_attrs: Names = None,
    *,
    label_attr: str | None = None,
    node_order: Sequence[Hashable] | None = None,
) -> Data:
    """Return a networkx graph as PyG data, its attributes as tensors.

    The result is that of ``torch_geometric.utils.from_networkx``. Edges keep the order of ``G.edges``; an undirected
    graph gives both directions of each edge (a self-loop once) in the order of ``G.to_directed().edges``. Python floats
    become torch's default dtype, integers ``int64``, booleans ``bool``; arrays and tensors keep their dtype; strings
    stay a list.

    Args:
        G: An ``nx.Graph`` or ``nx.DiGraph`` of N nodes with any labels.
        group_node_attrs: Names of node attributes, or ``"all"``, to join into ``x`` [N, F] in that order.
        group_edge_attrs: The same for edges and ``edge_attr`` [E, D]; with no edges, D is the number of names given.
        label_attr: Under this name, the labels are stored as a list of length N; ``to_networkx`` can restore them.
        node_order: All labels of G in the order the rows shall have; by default the order of ``G.nodes``.

    Returns:
        Data with ``edge_index`` [2, E], a tensor [N, ...] or list of N strings for each node attribute, the same with
        E rows for each edge attribute, and a tensor or string for each graph attribute.

    Raises:
        ValueError: If G is a multigraph; if an attribute is not on all nodes or edges, is neither numbers of one shape
            nor strings or shares its name; if a grouped one is unknown or does not fit; if ``node_order`` is wrong.

    >>> G = nx.Graph()
    >>> G.add_nodes_from([("ann", {"age": 31}), ("bob", {"age": 47})])
    >>> G.add_edge("ann", "bob", weight=0.5)
    >>> data = from_networkx(G, group_node_attrs=["age"], label_attr="name")
    >>> data.edge_index.tolist(), data.x.tolist(), data.weight.tolist(), data.name
    ([[0, 1], [1, 0]], [[31], [47]], [0.5, 0.5], ['ann', 'bob'])
    """
    labels = _row_labels(G, node_order)
    records = dict(G.nodes(data=True))
    node_table = _Table("node", [records[label] for label in labels], lambda row: f"node {short(labels[row])}")
    edge_index, edge_table = _edges(G, labels)
    unset = ("node_default", "edge_default")  # left by readers of files: no attributes of the graph
    graph = _columns(_Table("graph", [{k: v for k, v in G.graph.items() if k not in unset}], lambda _: "the graph"))
    nodes = _grouped(node_table, group_node_attrs, "x")
    parts: dict[str, Mapping[str, Any]] = {"node attribute": nodes}
    parts["edge attribute"] = _grouped(edge_table, group_edge_attrs, "edge_attr")
    parts["graph attribute"] = {name: column[0] for name, column in graph.items()}
    parts["label_attr"] = {} if label_attr is None else {label_attr: labels}
    data = Data(edge_index=edge_index)
    for name, value in _merged(parts).items():
        data[name] = value
    if not any(isinstance(nodes.get(name), Tensor) for name in ("x", "pos")):
        data.num_nodes = len(labels)
    return data


def to_networkx(
    data: Data,
    node_attrs: Iterable[str] | None = None,
    edge_attrs: Iterable[str] | None = None,
    graph_attrs: Iterable[str] | None = None,
    to_undirected: bool | Literal["upper", "lower"] | None = False,
    to_multi: bool = False,
    remove_self_loops: bool = False,
    *,
    label_attr: str | None = None,
) -> nx.Graph:
    """Return PyG data as a networkx graph, the named attributes as Python values.

    The result is that of ``torch_geometric.utils.to_networkx`` for homogeneous data. Where several edges fall on one,
    the last one's attributes stay.

    Args:
        data: Data of N nodes with ``edge_index`` [2, E].
        node_attrs: Names of the attributes with N rows to copy onto nodes.
        edge_attrs: Names of the attributes with E rows to copy onto edges.
        graph_attrs: Names of the attributes to copy into ``G.graph``.
        to_undirected: True gives an undirected graph, "upper" and "lower" one of the edges with source <= or >= target.
        to_multi: Whether to give a multigraph, which keeps parallel edges.
        remove_self_loops: Whether to leave out the edges from a node to itself.
        label_attr: Name of an attribute with N different hashable values to use as labels in place of 0 .. N-1.

    Returns:
        An ``nx.DiGraph``, ``Graph``, ``MultiDiGraph`` or ``MultiGraph``, its nodes in the order of the rows.

    Raises:
        ValueError: If ``data`` is not homogeneous, an attribute is unknown or of the wrong length, or labels repeat.

    >>> data = Data(edge_index=torch.tensor([[0, 1], [1, 0]]), num_nodes=2, name=["ann", "bob"])
    >>> to_networkx(data, to_undirected=True, label_attr="name").edges
    EdgeView([('ann', 'bob')])
    """
    if not isinstance(data, Data) or data.edge_index is None or data.num_nodes is None:
        raise ValueError(problem("data", "Data with edge_index", type(data).__name__, "try data.to_homogeneous()"))
    num_nodes, edge_index = data.num_nodes, data.edge_index
    edges(edge_index, num_nodes)
    if isinstance(to_undirected, str):
        choice("to_undirected", to_undirected, ["upper", "lower"])
    kinds = (nx.MultiDiGraph, nx.MultiGraph) if to_multi else (nx.DiGraph, nx.Graph)
    G = kinds[bool(to_undirected)]()
    G.graph.update((name, _values(data, "graph_attrs", name)) for name in graph_attrs or ())
    labels = list(range(num_nodes)) if label_attr is None else _labels(data, label_attr, num_nodes)
    G.add_nodes_from(zip(labels, _records(data, "node_attrs", node_attrs, num_nodes), strict=True))
    ends = ([labels[row] for row in side] for side in edge_index.tolist())
    records = _records(data, "edge_attrs", edge_attrs, edge_index.shape[1])
    kept = _kept(edge_index, to_undirected, remove_self_loops)
    G.add_edges_from(compress(zip(*ends, records, strict=True), kept))
    return G


@dataclass(frozen=True)
class _Table:
    """The attributes of all nodes, all edges or the graph, one record a row of the tensors to be."""

    kind: Literal["node", "edge", "graph"]
    records: list[dict[str, Any]]
    where: Callable[[int], str]

    def problem(self, name: str, allowed: str, got: str) -> str:
        calls = f"G.graph[{name!r}] = numbers or del G.graph[{name!r}]"
        if self.kind != "graph":
            verb = f"_{self.kind}_attributes(G, "
            calls = f"nx.set{verb}numbers, {name!r}) or nx.remove{verb}{name!r})"
        return problem(f"{self.kind} attribute {name!r}", allowed, got, f"replace or drop it: {calls}")


def _row_labels(G: nx.Graph, node_order: Sequence[Hashable] | None) -> list[Any]:
    """Return the node labels in the order of the rows."""
    if not isinstance(G, nx.Graph) or G.is_multigraph():
        raise ValueError(problem("G", "an nx.Graph or DiGraph", type(G).__name__, "merge parallel edges: nx.Graph(G)"))
    if node_order is None:
        return list(G)
    order, count = list(node_order), Counter(node_order)
    wrong = [label for label in chain(G, order) if count[label] != 1 or label not in G]
    if wrong:
        got = f"{short(wrong[0])} {count[wrong[0]]} times"
        raise ValueError(problem("node_order", "each node of G exactly once", got, "pass e.g. list(G)"))
    return order


def _edges(G: nx.Graph, labels: list[Any]) -> tuple[Tensor, _Table]:
    """Return ``edge_index`` and the edges' records, in both directions if G is undirected."""
    row = {label: i for i, label in enumerate(labels)}
    adjacency = list(G.adjacency())
    records = [record for _, neighbours in adjacency for record in neighbours.values()]
    degrees = np.array([len(neighbours) for _, neighbours in adjacency], dtype=np.int64)
    sources = np.repeat(np.array([row[label] for label, _ in adjacency], dtype=np.int64), degrees)
    ends = chain.from_iterable([neighbours for _, neighbours in adjacency])
    rows = ends if labels == list(range(len(labels))) else map(row.__getitem__, ends)
    targets = np.fromiter(rows, np.int64, len(records))
    table = _Table("edge", records, lambda k: f"edge {short((labels[sources[k]], labels[targets[k]]))}")
    return torch.from_numpy(np.stack([sources, targets])), table


def _columns(table: _Table) -> dict[str, Column]:
    """Return one tensor or list of strings for each attribute."""
    columns: dict[str, list[Any]] = {}
    for start in range(0, len(table.records), 4096):  # in parts that stay in the processor's cache
        part = table.records[start : start + 4096]
        for name in dict.fromkeys(chain(columns, chain.from_iterable(part))):
            columns.setdefault(name, [None] * start).extend([record.get(name) for record in part])
    return {name: _column(table, name, values) for name, values in columns.items()}


def _column(table: _Table, name: str, values: list[Any]) -> Column:
    if not isinstance(name, str):
        raise ValueError(table.problem(name, "a string as its name", type(name).__name__))
    try:
        return _converted(values)
    except (TypeError, ValueError, RuntimeError) as error:
        forms = [_form(value) for value in values]
        row = next((row for row, form in enumerate(forms) if form is None or form != forms[0]), 0)
        first = f", not {forms[0]} as on {table.where(0)}" if row else ""
        got = f"{short(values[row])} ({forms[row] or 'missing or unfit'}) on {table.where(row)}{first}"
        raise ValueError(table.problem(name, "numbers of one shape, or strings, everywhere", got)) from error


def _form(value: Any) -> str | None:
    """Say in what all values of a column must agree; None for what no column can hold."""
    try:
        column = _converted([value])
    except (TypeError, ValueError, RuntimeError):
        return None
    kind = "a tensor" if isinstance(value, Tensor) else "numbers"
    return f"{kind} of shape {list(column.shape[1:])}" if isinstance(column, Tensor) else "a string"


def _converted(values: list[Any]) -> Column:
    """Return values of one form as a tensor or list of strings; raise some error if they are of none."""
    types, shape = set(map(type, values)), [len(values)]
    if all(issubclass(kind, str) for kind in types):
        return values
    while types & {list, tuple}:
        lengths = set(map(len, values))
        if len(lengths) > 1 or not types <= {list, tuple, np.ndarray}:
            raise ValueError("a ragged list")
        values = list(chain.from_iterable(values))
        types = set(map(type, values))
        shape.append(lengths.pop())
    rows = torch.stack(values) if any(issubclass(kind, Tensor) for kind in types) else _numbers(values, types)
    return rows.reshape(*shape, *rows.shape[1:])


def _numbers(values: list[Any], types: set[type]) -> Tensor:
    """Return numbers or arrays of the given types as a tensor."""
    array = np.fromiter(values, np.float64, len(values)) if types == {float} else np.array(values)
    if array.dtype.kind not in "biuf" or array.dtype == np.uint64:
        raise TypeError(f"no tensor has the numbers of {array.dtype}")
    tensor = torch.from_numpy(array)
    if tensor.dtype != torch.float64 or types & {np.float64, np.ndarray}:
        return tensor
    if types and all(issubclass(kind, int | np.integer) for kind in types):
        raise TypeError("integers beyond 64 bits")
    return tensor.to(torch.get_default_dtype())


def _grouped(table: _Table, names: Names, target: str) -> dict[str, Column]:
    """Return the columns, those in ``names`` joined into one called ``target``."""
    columns = _columns(table)
    if names is None:
        return columns
    argument = f"group_{table.kind}_attrs"
    if isinstance(names, str) and names != "all":
        raise ValueError(problem(argument, 'a list of names, or "all"', repr(names), f"pass [{names!r}]"))
    chosen = list(columns) if isinstance(names, str) else list(names)
    if not table.records:
        return {target: torch.zeros(0, len(chosen))}
    tensors = [column for column in map(columns.get, chosen) if isinstance(column, Tensor)]
    tensors = [tensor[:, None] if tensor.dim() == 1 else tensor for tensor in tensors]
    if not tensors or len(tensors) < len(chosen) or len({tensor.shape[:-1] for tensor in tensors}) > 1:
        got = {name: _form(columns[name][0]) if name in columns else "unknown" for name in chosen}
        allowed = "names of numeric attributes of one shape up to the last dimension"
        raise ValueError(problem(argument, allowed, got or "none", f"the {table.kind}s have {list(columns)}"))
    rest = {name: column for name, column in columns.items() if name not in chosen}
    return _merged({f"{table.kind} attribute": rest, argument: {target: torch.cat(tensors, dim=-1)}})


def _merged(parts: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return all columns in one dictionary; no two may have the same name."""
    owner: dict[str, str] = dict.fromkeys(("edge_index", "num_nodes"), "the graph's own")
    for part, columns in parts.items():
        for name in columns.keys() & owner.keys():
            got, remedy = f"that of {owner[name]} {name!r}", "rename one of the two, or join one with group_*_attrs"
            raise ValueError(problem(f"{part} {name!r}", "a name of its own in the data", got, remedy))
        owner.update(dict.fromkeys(columns, part))
    return {name: column for columns in parts.values() for name, column in columns.items()}


def _values(data: Data, argument: str, name: str, count: int | None = None) -> Any:
    """Return an attribute as Python values, if ``count`` is given with so many rows."""
    value = data[choice(argument, name, data.keys())]
    value = value.tolist() if isinstance(value, Tensor | np.ndarray) else value
    found = len(value) if isinstance(value, list | tuple) else "no"
    if count is not None and found != count:
        raise ValueError(problem(argument, f"{count} rows", f"{found} in {name!r}", "name another attribute"))
    return value


def _labels(data: Data, name: str, count: int) -> list[Any]:
    """Return an attribute fit to be node labels."""
    labels = list(_values(data, "label_attr", name, count))
    wrong = [x for x in labels if not isinstance(x, Hashable)] or [x for x, n in Counter(labels).items() if n > 1]
    if wrong:
        got = f"{short(wrong[0])} {labels.count(wrong[0])} times in {name!r}"
        raise ValueError(problem("label_attr", "hashable labels that differ", got, "name another attribute"))
    return labels


def _records(data: Data, argument: str, names: Iterable[str] | None, count: int) -> Iterator[dict[str, Any]]:
    """Return a dictionary of the named attributes for each of ``count`` rows."""
    names = list(names or ())
    columns = [_values(data, argument, name, count) for name in names]
    return (dict(zip(names, row, strict=True)) for _, *row in zip(range(count), *columns, strict=True))


def _kept(edge_index: Tensor, triangle: bool | str | None, remove_self_loops: bool) -> list[bool]:
    """Return for each edge whether the graph shall have it."""
    step = (edge_index[1] - edge_index[0]) * (-1 if triangle == "lower" else 1)
    return (((step >= 0) | (not isinstance(triangle, str))) & ((step != 0) | (not remove_self_loops))).tolist()
