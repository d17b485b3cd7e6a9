"""Graphs of any sizes as the source of a task: kept as one long graph, from which batches are cut."""

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import TypeVar

import torch
from torch import Tensor
from torch_geometric.data import Batch, Data

from gnn_toolkit import _checks

from .source import Graphs, View, ends_last, filled, relations_of, sharded

TOGETHER = 256  # graphs that are judged together
_KINDS = ("node", "edge")
T = TypeVar("T")


class GraphList:
    """Graphs of any sizes, each with its features and answers.

    They are kept side by side in one long graph, from which a batch is cut.

    Args:
        graphs: each with ``x`` and ``y``; answers of nodes are as many as these.
        splits: for ``"train"``, ``"validation"`` and ``"test"`` the numbers of their graphs.

    Raises:
        ValueError: an empty split, graphs that do not fit together, or a view that makes several graphs of one.

    >>> path = Data(x=torch.ones(2, 1), edge_index=torch.tensor([[0], [1]]), y=torch.tensor([0]))
    >>> dot = Data(x=torch.ones(1, 1), edge_index=torch.empty(2, 0, dtype=torch.long), y=torch.tensor([1]))
    >>> splits = {name: torch.tensor([1, 0]) for name in ("train", "validation", "test")}
    >>> next(GraphList([path, dot], splits).held_out("test")).edge_index.tolist()
    [[1], [2]]
    """

    def __init__(self, graphs: Sequence[Data], splits: Mapping[str, Tensor], device: str = "cpu") -> None:
        filled(splits)
        self.graphs, self.splits, self._device = Same(graphs), splits, device
        self.example, self.num_relations = self.graphs[0], relations_of(self.graphs)
        self.num_features, self.ends_last = self.example.num_node_features, all(map(ends_last, self.graphs))
        self._levels = {key: _level_of(key, self.graphs) for key in _keys(self.graphs)}
        self._whole: dict[str, Tensor] | None = None

    def viewed(self, view: View, device: str = "cpu") -> "GraphList":
        """Return the graphs as a view leaves each of them."""
        return GraphList(_viewed(view, self.graphs), self.splits, device)

    def draw(self, generator: torch.Generator, batch_size: int) -> Graphs:
        """Draw a training batch, each graph at random."""
        train = self.splits["train"]
        return self.batch(train[torch.randint(len(train), (batch_size,), generator=generator)])

    def held_out(self, split: str) -> Iterator[Graphs]:
        """Yield the batches of a split, in its order."""
        for which in self.splits[split].split(TOGETHER):
            yield self.batch(which)

    def shard(self, batch: Graphs, place: int, count: int) -> Graphs:
        """Return every so many-th graph."""
        return self.batch(batch.which[sharded(batch.num_graphs, place, count)])

    def batch(self, which: Tensor) -> Graphs:
        """Return the graphs of these numbers as one batch."""
        whole, sizes = self._stored(), self._sizes
        nodes, edges = (_ranges(sizes[kind], which) for kind in ("node", "edge"))
        places = {"node": nodes, "edge": edges, "graph": which}
        found = {key: whole[key][places[level]] for key, level in self._levels.items()}
        counts, first = sizes["node"][which], whole["first"][which]
        ptr = torch.cat([counts.new_zeros(1), counts.cumsum(0)])
        shift = (ptr[:-1] - first).repeat_interleave(sizes["edge"][which])
        batch = Batch(_base_cls=Data, **found, edge_index=whole["edge_index"][:, edges] + shift)
        batch.ptr, batch.which, batch.num_nodes = ptr, which, int(ptr[-1])
        batch.batch = torch.arange(len(which)).repeat_interleave(counts)
        return batch.to(self._device)

    def _stored(self) -> dict[str, Tensor]:
        """Return all graphs as one, with the first node of each."""
        if self._whole is None:
            nodes = torch.tensor([int(g.num_nodes or 0) for g in self.graphs])
            edges = torch.tensor([g.num_edges for g in self.graphs])
            first = nodes.cumsum(0) - nodes
            index = torch.cat([g.edge_index for g in self.graphs if g.edge_index is not None], 1)
            whole = {key: torch.cat([g[key] for g in self.graphs]) for key in self._levels}
            self._sizes = {"node": nodes, "edge": edges}
            self._whole = {**whole, "first": first, "edge_index": index + first.repeat_interleave(edges)}
        return self._whole


class Same(tuple[T, ...]):
    """Objects, the same as others where they are these very ones."""

    def __hash__(self) -> int:
        return hash(tuple(map(id, self)))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Same) and list(map(id, self)) == list(map(id, other))


@lru_cache(maxsize=4)
def _viewed(view: View, graphs: Same[Data]) -> tuple[Data, ...]:
    """Return the graphs as a view leaves them, kept for other splits of the same ones."""
    return tuple(view(graph) for graph in graphs)


def _keys(graphs: tuple[Data, ...]) -> list[str]:
    keys = [key for key in graphs[0].keys() if key not in ("edge_index", "num_nodes")]  # noqa: SIM118
    for number, graph in enumerate(graphs):
        if "batch" in graph or "copy_of" in graph:
            remedy = "such a view needs a task of one graph"
            raise ValueError(_checks.problem("view", "one graph for each graph", "several", remedy))
        if graph.edge_index is None or {*keys, "edge_index"} - set(graph.keys()):
            missing = sorted({*keys, "edge_index"} - set(graph.keys()))
            remedy = "give all graphs the same attributes"
            raise ValueError(_checks.problem(f"graph {number}", "what the first graph has", f"no {missing}", remedy))
    return keys


def _level_of(key: str, graphs: tuple[Data, ...]) -> str:
    """Return what an attribute has a row for: every node, every edge or every graph."""
    sizes = {kind: [int(g.num_nodes or 0) if kind == "node" else g.num_edges for g in graphs] for kind in _KINDS}
    rows = [g[key].size(0) for g in graphs]
    for kind in reversed(_KINDS) if "edge" in key else _KINDS:
        if rows == sizes[kind]:
            return kind
    if set(rows) == {1}:
        return "graph"
    raise ValueError(_checks.problem(key, "a row a node, an edge or a graph", rows[:5], "see the graphs of the task"))


def _ranges(sizes: Tensor, which: Tensor) -> Tensor:
    """Return the rows of some blocks that stand one after another, given all blocks' sizes."""
    mine, ends = sizes[which], sizes.cumsum(0)[which]
    shift = (ends - mine.cumsum(0)).repeat_interleave(mine)
    return torch.arange(int(mine.sum())) + shift
