"""The edges of a networkx graph, read part by part."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain
from reprlib import repr as short
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from gnn_toolkit._lazy import Lazy

if TYPE_CHECKING:
    import networkx as nx
else:
    nx = Lazy("networkx")

NODES = 1024  # whose edges are read at a time: so many stay in the processor's cache


class Arcs:
    """The edges in the order of ``G.adjacency()``, both ways if G is undirected.

    networkx scatters a graph over the memory, and fetching it is most of the work: each part is therefore read once,
    ends and attributes together.

    Args:
        G: the graph, of E edges in this sense.
        labels: of its nodes, in the order of the rows.

    Attributes:
        edge_index: rows of sources and targets [2, E], once all parts have been read.
        keys: of a multigraph's edges, then too; None for a graph without parallel edges.

    >>> arcs = Arcs(nx.MultiGraph([("a", "b", "road", {"km": 3})]), ["a", "b"])
    >>> list(arcs.parts()), arcs.edge_index.tolist(), arcs.keys
    ([[{'km': 3}, {'km': 3}]], [[0, 1], [1, 0]], ['road', 'road'])
    """

    def __init__(self, G: nx.Graph, labels: list[Any]) -> None:
        self.labels, self.adjacency, self.multigraph = labels, dict(G.adjacency()), G.is_multigraph()
        self.row = {label: row for row, label in enumerate(labels)}
        self.counting = labels == list(range(len(labels)))  # the labels are the rows
        self.edge_index = torch.zeros(2, 0, dtype=torch.int64)
        self.keys: list[Any] | None = None

    def parts(self) -> Iterator[list[dict[Any, Any]]]:
        """Yield the attributes of all edges, some at a time."""
        sources, targets = [self._rows([])], [self._rows([])]
        keys: list[Any] = []
        nodes, neighbours = list(self.adjacency), list(self.adjacency.values())
        for start in range(0, len(nodes), NODES):
            part = neighbours[start : start + NODES]
            source = np.repeat(self._rows(nodes[start : start + NODES]), list(map(len, part)))
            target = self._rows(chain.from_iterable(part))
            records: list[Any] = list(chain.from_iterable([ends.values() for ends in part]))
            if self.multigraph:
                times = list(map(len, records))
                source, target = source.repeat(times), target.repeat(times)
                keys.extend(chain.from_iterable(records))
                records = list(chain.from_iterable([parallel.values() for parallel in records]))
            sources.append(source)
            targets.append(target)
            if records:
                yield records
        self.edge_index = torch.from_numpy(np.stack([np.concatenate(sources), np.concatenate(targets)]))
        self.keys = keys if self.multigraph else None

    def where(self, place: int) -> str:
        """Return in words which edge stands at a place of ``edge_index``."""
        ends = [self.labels[row] for row in self.edge_index[:, place].tolist()]
        return f"edge {short((*ends, *([] if self.keys is None else [self.keys[place]])))}"

    def _rows(self, labels: Iterable[Any]) -> np.ndarray:
        return np.fromiter(labels if self.counting else map(self.row.__getitem__, labels), np.int64)
