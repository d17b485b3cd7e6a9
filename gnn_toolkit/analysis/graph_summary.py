"""A networkx graph in a screenful: its size, attributes with their types and gaps, components and degrees."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from reprlib import repr as short
from typing import Any

import networkx as nx
import numpy as np

BAR = 40  # characters of the longest bar
SHOWN = 40  # attributes, at most
NUMBERS = (int, float, np.integer, np.floating)


@dataclass(frozen=True)
class AttributeSummary:
    """One attribute of nodes or edges.

    Attributes:
        name: what it is called.
        types: how many values are of each type, by name.
        present: how many rows have it; ``None`` counts as not having it.
        rows: how many rows there are.
        lowest: smallest number; ``None`` where not all values are numbers.
        highest: largest number.
        different: how many different values there are; ``None`` where they cannot be compared.
        not_finite: how many numbers are infinite or not a number.
        example: one of the values.
    """

    name: Any
    types: dict[str, int]
    present: int
    rows: int
    lowest: Any
    highest: Any
    different: int | None
    not_finite: int
    example: Any

    def __str__(self) -> str:
        types = " + ".join(f"{kind} ({count})" if len(self.types) > 1 else kind for kind, count in self.types.items())
        gaps = f"on {self.present} of {self.rows}" if self.present < self.rows else "everywhere"
        what = f"e.g. {short(self.example)}"
        if self.lowest is not None:
            what = f"{_short(self.lowest)} to {_short(self.highest)}"
        elif self.different is not None:
            what = f"{self.different} different, {what}"
        wrong = f", {self.not_finite} not finite" if self.not_finite else ""
        return f"{self.name!s:20} {types or 'nothing':20} {gaps:20} {what if self.present else ''}{wrong}".rstrip()


def summary(G: nx.Graph) -> str:
    """Return what a graph is, for people to read.

    Args:
        G: a graph of any of the four classes.

    >>> G = nx.path_graph(3)
    >>> G.nodes[0]["age"] = 31
    >>> print(summary(G))
    Graph, undirected: 3 nodes, 2 edges, self-loops: 0
    labels of nodes: 3 int, e.g. 0
    attributes of nodes:
      age                  int                  on 1 of 3            31 to 31
    attributes of edges: none
    attributes of the graph: none
    components: 1, the largest has 3 nodes; nodes without an edge: 0
    degrees: mean 1.33, lowest 1, highest 2
      1                2  ########################################
      2                1  ####################
    """
    directed, multi = G.is_directed(), G.is_multigraph()
    kind = f"{'directed' if directed else 'undirected'}{', parallel edges' if multi else ''}"
    size = f"{G.number_of_nodes():,} nodes, {G.number_of_edges():,} edges, self-loops: {nx.number_of_selfloops(G):,}"
    labels = Counter(type(node).__name__ for node in G)
    first = f", e.g. {short(next(iter(G)))}" if labels else ""
    graph = ", ".join(f"{name} ({type(value).__name__})" for name, value in G.graph.items())
    parts = [
        f"{type(G).__name__}, {kind}: {size}",
        f"labels of nodes: {', '.join(f'{count:,} {name}' for name, count in labels.items()) or 'none'}{first}",
        *_attributes("nodes", [data for _, data in G.nodes(data=True)]),
        *_attributes("edges", [data for *_, data in G.edges(data=True)]),
        f"attributes of the graph: {graph or 'none'}",
        _components(G),
        *_degrees(G),
    ]
    return "\n".join(parts)


def attribute_summaries(records: Sequence[Mapping[Any, Any]]) -> list[AttributeSummary]:
    """Return a summary of each attribute of rows, in the order in which they first occur."""
    values: dict[Any, list[Any]] = {}
    for record in records:
        for name, value in record.items():
            found = values.setdefault(name, [])
            if value is not None:
                found.append(value)
    return [_attribute(name, found, len(records)) for name, found in values.items()]


def _attribute(name: Any, values: list[Any], rows: int) -> AttributeSummary:
    types = Counter(_type(value) for value in values)
    numbers = [value for value in values if isinstance(value, NUMBERS) and not isinstance(value, bool)]
    finite = [value for value in numbers if isinstance(value, int) or math.isfinite(value)]
    all_numbers = len(numbers) == len(values) and bool(finite)
    try:
        different = len(set(values))
    except TypeError:
        different = None
    return AttributeSummary(
        name,
        dict(types.most_common()),
        len(values),
        rows,
        min(finite) if all_numbers else None,
        max(finite) if all_numbers else None,
        different,
        len(numbers) - len(finite),
        values[0] if values else None,
    )


def _short(number: Any) -> str:
    """Return a number in six digits, or a huge integer with its middle left out."""
    return f"{number:g}" if abs(number) < 10**300 else short(number)


def _type(value: Any) -> str:
    kind = type(value).__name__
    shape = getattr(value, "shape", None)
    if isinstance(shape, tuple) and shape:
        return f"{kind} {list(shape)}"
    return f"{kind} of {len(value)}" if isinstance(value, list | tuple) else kind


def _attributes(of: str, records: Sequence[Mapping[Any, Any]]) -> list[str]:
    found = attribute_summaries(records)
    if not found:
        return [f"attributes of {of}: none"]
    more = [f"  and {len(found) - SHOWN} more"] if len(found) > SHOWN else []
    return [f"attributes of {of}:", *(f"  {attribute}" for attribute in found[:SHOWN]), *more]


def _components(G: nx.Graph) -> str:
    find: Any = nx.weakly_connected_components if G.is_directed() else nx.connected_components
    sizes = [len(part) for part in find(G)]
    alone = sum(1 for _ in nx.isolates(G))
    kind = "components (directions left out)" if G.is_directed() else "components"
    text = f"{kind}: {len(sizes):,}, the largest has {max(sizes, default=0):,} nodes; nodes without an edge: {alone:,}"
    if G.is_directed():
        cycles = "no cycle" if nx.is_directed_acyclic_graph(G) else "cycles"
        text += f"; {cycles}"
    return text


def _degrees(G: nx.Graph) -> Iterable[str]:
    """Yield mean and range, and a histogram: single degrees up to 3, then twice as many at a time."""
    degrees = [degree for _, degree in G.degree()]
    if not degrees:
        return
    yield f"degrees: mean {sum(degrees) / len(degrees):.3g}, lowest {min(degrees):,}, highest {max(degrees):,}"
    counts = Counter(degree if degree < 4 else 1 << (degree.bit_length() - 1) for degree in degrees)
    for low, count in sorted(counts.items()):
        label = f"{low}" if low < 4 else f"{low}-{2 * low - 1}"
        yield f"  {label:12} {count:5}  {'#' * max(1, round(BAR * count / max(counts.values())))}"
