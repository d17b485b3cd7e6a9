"""The way from networkx to PyG data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from reprlib import repr as short
from typing import TYPE_CHECKING, Any

from torch import Tensor
from torch_geometric.data import Data

from gnn_toolkit._checks import choice, problem
from gnn_toolkit._lazy import Lazy
from gnn_toolkit.graphs.convert.arcs import Arcs
from gnn_toolkit.graphs.convert.columns import Column, Missing, Names, Table, columns, grouped, masks
from gnn_toolkit.graphs.convert.origin import Origin, checksum, class_for, going_back, remember
from gnn_toolkit.graphs.convert.together import cut, joined, of_graphs

if TYPE_CHECKING:
    import networkx as nx
else:
    nx = Lazy("networkx")

DEFAULTS = ("node_default", "edge_default")  # left in G.graph by readers of files: no attributes of the graph


def from_networkx(
    G: nx.Graph,
    group_node_attrs: Names = None,
    group_edge_attrs: Names = None,
    *,
    label_attr: str | None = None,
    key_attr: str | None = None,
    node_order: Sequence[Hashable] | None = None,
    missing: Missing = "error",
) -> Data:
    """Return a networkx graph as PyG data, its attributes as tensors.

    The result is that of ``torch_geometric.utils.from_networkx``, and ``to_networkx`` of it is G again. Edges keep the
    order of ``G.edges``, parallel ones too; an undirected graph gives both directions of each edge (a self-loop once)
    in the order of ``G.to_directed().edges``. Python floats become torch's default dtype, integers ``int64``, booleans
    ``bool``; arrays and tensors keep their dtype; strings and lists of strings stay a list. An edge attribute with the
    name of a node attribute is called ``edge_<name>``, a graph attribute with the name of either ``graph_<name>``;
    names that PyG gives a meaning (``batch``, ``num_nodes``) get such a prefix too. No attribute is counted up in
    batches, whatever its name.

    Args:
        G: A graph of any of the four classes, of N nodes with any labels.
        group_node_attrs: Names of node attributes, or ``"all"`` (or Python's ``all``, as PyG has it), to join into
            ``x`` [N, F] in that order.
        group_edge_attrs: The same for edges and ``edge_attr`` [E, D]; with no edges, D is the number of names given.
        label_attr: Under this name, the labels are stored as a list of length N.
        key_attr: Under this name, the keys of a multigraph's edges are stored as a list of length E.
        node_order: All labels of G in the order the rows shall have; by default the order of ``G.nodes``.
        missing: What an attribute that only some nodes or edges have (and not None) does: ``"error"``; ``"fill"`` the
            rest with zeros, False or empty strings, and store ``<name>_mask`` [N] or [E], True where it was there, and
            leaves out what none has; ``"drop"`` leaves the attribute out, and also what is neither numbers nor strings.

    Returns:
        Data with ``edge_index`` [2, E], a tensor [N, ...] or list of N strings for each node attribute, the same with
        E rows for each edge attribute, and each graph attribute, as a tensor if it is numbers.

    Raises:
        ValueError: If an attribute of nodes or edges is neither numbers of one shape nor strings, with the node, the
            attribute and the value; if two of the results share a name; if a grouped attribute is unknown or does not
            fit; if ``node_order``, ``key_attr`` or ``missing`` is wrong.

    >>> G = nx.Graph()
    >>> G.add_nodes_from([("ann", {"age": 31}), ("bob", {"age": 47})])
    >>> G.add_edge("ann", "bob", weight=0.5)
    >>> data = from_networkx(G, group_node_attrs=["age"], label_attr="name")
    >>> data.edge_index.tolist(), data.x.tolist(), data.weight.tolist(), data.name
    ([[0, 1], [1, 0]], [[31], [47]], [0.5, 0.5], ['ann', 'bob'])
    """
    (data,) = _loaded(
        [G], group_node_attrs, group_edge_attrs, label_attr, key_attr, [_row_labels(G, node_order)], missing
    )
    return data


def list_from_networkx(
    graphs: Iterable[nx.Graph],
    group_node_attrs: Names = None,
    group_edge_attrs: Names = None,
    *,
    label_attr: str | None = None,
    key_attr: str | None = None,
    missing: Missing = "error",
) -> list[Data]:
    """Return networkx graphs of one data set as PyG data that fit into a batch: all have the same attributes.

    Each is what :func:`from_networkx` makes of it, but that an attribute has one type in all graphs, and that one which
    only some of the graphs have counts as missing on every node and edge of the others. Of attributes of the graphs
    with ``"fill"``, ``<name>_mask`` says whether a graph has it.

    Args:
        graphs: Graphs of any of the four classes.
        group_node_attrs: As of :func:`from_networkx`.
        group_edge_attrs: As of :func:`from_networkx`.
        label_attr: As of :func:`from_networkx`.
        key_attr: As of :func:`from_networkx`; all graphs are then multigraphs.
        missing: As of :func:`from_networkx`, of the nodes and edges of all graphs together.

    Returns:
        A list of data, one for each graph.

    Raises:
        ValueError: As :func:`from_networkx`, with the number of the graph.

    >>> path, ring = nx.path_graph(2), nx.cycle_graph(3)
    >>> nx.set_node_attributes(ring, 1.5, "charge")
    >>> [data.charge.tolist() for data in list_from_networkx([path, ring], missing="fill")]
    [[0.0, 0.0], [1.5, 1.5, 1.5]]
    """
    several = list(graphs)
    labels = [_row_labels(G, None) for G in several]
    return _loaded(several, group_node_attrs, group_edge_attrs, label_attr, key_attr, labels, missing)


def _loaded(
    graphs: list[nx.Graph],
    group_node_attrs: Names,
    group_edge_attrs: Names,
    label_attr: str | None,
    key_attr: str | None,
    labels: list[list[Any]],
    missing: Missing,
) -> list[Data]:
    """Return graphs as data: the columns of all graphs are made together, and then cut."""
    choice("missing", missing, ["error", "fill", "drop"])
    pairs = list(zip(graphs, labels, strict=True))
    arcs = [Arcs(G, rows) for G, rows in pairs]
    sizes = [len(rows) for rows in labels]
    node_table = joined("node", [_node_table(G, rows) for G, rows in pairs], lambda: sizes)
    of_edges = [Table("edge", a.parts, a.where) for a in arcs]
    edge_table = joined("edge", of_edges, lambda: [a.edge_index.shape[1] for a in arcs])
    nodes = columns(node_table, missing)
    edges = columns(edge_table, missing, taken={column.key for column in nodes})
    unheld = [{name: value for name, value in G.graph.items() if name in DEFAULTS or value is None} for G in graphs]
    held = [
        {name: value for name, value in G.graph.items() if name not in without}
        for G, without in zip(graphs, unheld, strict=True)
    ]
    graph_parts, graph_masks = of_graphs(held, missing, {column.key for column in (*nodes, *edges)})
    counts = [a.edge_index.shape[1] for a in arcs]
    parts = {
        "node attribute": cut(grouped(node_table, nodes, group_node_attrs, "x"), sizes),
        "edge attribute": cut(grouped(edge_table, edges, group_edge_attrs, "edge_attr"), counts),
        "graph attribute": graph_parts,
        "node mask": cut(masks(nodes), sizes),
        "edge mask": cut(masks(edges), counts),
        "graph mask": graph_masks,
        "label_attr": [[] if label_attr is None else [Column(label_attr, label_attr, rows)] for rows in labels],
        "key_attr": [_key_columns(key_attr, a.keys) for a in arcs],
    }
    found = []
    for number, (G, rows) in enumerate(pairs):
        own = {part: of_each[number] for part, of_each in parts.items()}
        found.append(_data(G, rows, arcs[number], own, unheld[number]))
    return found


def _data(G: nx.Graph, labels: list[Any], arcs: Arcs, parts: dict[str, list[Column]], unheld: dict[Any, Any]) -> Data:
    """Return one graph as data."""
    merged = _merged(parts)
    data = class_for(merged)(edge_index=arcs.edge_index)
    for name, value in merged.items():
        data[name] = value
    if not any(column.key in ("x", "pos") and isinstance(column.values, Tensor) for column in parts["node attribute"]):
        data.num_nodes = len(labels)
    origin = Origin(
        directed=G.is_directed(),
        labels=labels,
        keys=arcs.keys,
        nodes=going_back(parts["node attribute"]),
        edges=going_back(parts["edge attribute"]),
        graph=going_back(parts["graph attribute"]),
        unheld=unheld,
        structure=checksum(arcs.edge_index),
    )
    remember(data, origin)
    return data


def _row_labels(G: nx.Graph, node_order: Sequence[Hashable] | None) -> list[Any]:
    """Return the node labels in the order of the rows."""
    if not isinstance(G, nx.Graph):
        raise ValueError(problem("G", "a networkx graph", type(G).__name__, "build one, e.g. nx.Graph(edges)"))
    if node_order is None:
        return list(G)
    order, count = list(node_order), Counter(node_order)
    wrong = [label for label in chain(G, order) if count[label] != 1 or label not in G]
    if wrong:
        got = f"{short(wrong[0])} {count[wrong[0]]} times"
        raise ValueError(problem("node_order", "each node of G exactly once", got, "pass e.g. list(G)"))
    return order


def _node_table(G: nx.Graph, labels: list[Any]) -> Table:
    """Return the nodes' attributes, so many rows at a time that they stay in the processor's cache."""
    records = dict(G.nodes(data=True))

    def parts() -> Iterator[list[dict[Any, Any]]]:
        rows = map(records.__getitem__, labels)
        while part := list(islice(rows, 4096)):
            yield part

    return Table("node", parts, lambda row: f"node {short(labels[row])}")


def _key_columns(name: str | None, keys: list[Any] | None) -> list[Column]:
    if name is None:
        return []
    if keys is None:
        raise ValueError(problem("key_attr", "None for a graph without parallel edges", repr(name), "leave it out"))
    return [Column(name, name, keys)]


def _merged(parts: Mapping[str, Iterable[Column]]) -> dict[str, Any]:
    """Return the values of all columns by their keys; no two may have the same."""
    owner: dict[str, str] = dict.fromkeys(("edge_index", "num_nodes"), "the graph's own")
    merged: dict[str, Any] = {}
    for part, columns_of_part in parts.items():
        for column in columns_of_part:
            key = column.key
            if key in owner:
                got, remedy = f"that of {owner[key]} {key!r}", "rename one of the two"
                raise ValueError(problem(f"{part} {key!r}", "a name of its own in the data", got, remedy))
            owner[key], merged[key] = part, column.values
    return merged
