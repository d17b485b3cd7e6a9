"""Where a task's graphs come from: graphs of any sizes, equal graphs, or one graph whose nodes are shared out.

A view is applied to each graph once, when the source is viewed; what is drawn after that are PyG batches.
"""

import copy
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol

import torch
from torch import Tensor
from torch_geometric.data import Batch, Data

from gnn_toolkit import _checks
from gnn_toolkit.graphs import repeat_graph

View = Callable[[Data], Data]
Graphs = Any  # a torch_geometric.data.Batch: type checkers do not know its attributes

TOGETHER = 256  # graphs that are judged together


class Source(Protocol):
    """Training batches and held-out ones.

    Attributes:
        example: one graph, as the view left it.
        num_features: width of ``x``.
        num_relations: number of edge types.
        ends_last: whether all ways through a graph end in its last node, which has then seen all of it.
    """

    example: Data
    num_features: int
    num_relations: int
    ends_last: bool

    def viewed(self, view: View, device: str = "cpu") -> "Source":
        """Return the source with every graph as a view leaves it, on a device."""
        ...

    def draw(self, generator: torch.Generator, batch_size: int) -> Graphs:
        """Draw a training batch of so many graphs."""
        ...

    def held_out(self, split: str) -> Iterator[Graphs]:
        """Yield the batches of ``"validation"`` or ``"test"``."""
        ...

    def shard(self, batch: Graphs, place: int, count: int) -> Graphs:
        """Return what one process of so many trains on."""
        ...


def relations_of(graphs: Iterable[Data]) -> int:
    """Return the number of edge types of some graphs; 1 where edges have none."""
    return max((int(g.edge_type.max()) + 1 for g in graphs if "edge_type" in g and g.edge_type.numel()), default=1)


def ends_last(graph: Data) -> bool:
    """Return whether the last node is the only one of a graph that no edge leaves.

    >>> ends_last(Data(num_nodes=3, edge_index=torch.tensor([[0, 1], [2, 2]])))
    True
    """
    if graph.edge_index is None or not graph.num_nodes:
        return False
    left = torch.bincount(graph.edge_index[0], minlength=graph.num_nodes) == 0
    return bool(left[-1]) and int(left.sum()) == 1


def sharded(size: int, place: int, count: int) -> Tensor:
    """Return the places in a batch that one process of so many trains on.

    Raises:
        ValueError: the batch cannot be cut into so many equal parts.
    """
    if size % count:
        remedy = "a task with one graph trains on one device; else change batch_size"
        raise ValueError(_checks.problem("batch_size", f"a multiple of the {count} devices", size, remedy))
    return torch.arange(place, size, count)


def filled(splits: Mapping[str, Tensor]) -> None:
    """Refuse an empty split.

    Raises:
        ValueError: one of the splits holds nothing.
    """
    for name in ("train", "validation", "test"):
        if name not in splits or not len(splits[name]) or (splits[name].dtype == torch.bool and not splits[name].any()):
            remedy = "give it at least one graph or node"
            raise ValueError(_checks.problem(f"split {name!r}", "graphs or nodes", "none", remedy))


class EqualGraphs:
    """Graphs that differ in nothing but features and answers: a batch's structure is built once for each size and kept.

    Args:
        graph: the nodes of one graph, with the edges that the data has by itself, if any.
        num_features: width of ``x``.
        sample: draws features [B, n, ...] and answers, [B] a graph or [B * n, ...] a node, of B training graphs.
        held_out: yields the same of a split.
    """

    def __init__(
        self,
        graph: Data,
        num_features: int,
        sample: Callable[[torch.Generator, int], tuple[Tensor, Tensor]],
        held_out: Callable[[str], Iterable[tuple[Tensor, Tensor]]],
        device: str = "cpu",
    ) -> None:
        self.example, self.num_features, self.num_relations = graph, num_features, relations_of([graph])
        self.ends_last = ends_last(graph)
        self._sample, self._held_out, self._device = sample, held_out, device
        self._structures: dict[int, Graphs] = {}

    def viewed(self, view: View, device: str = "cpu") -> "EqualGraphs":
        """Return the same graphs with the edges of a view."""
        return EqualGraphs(view(self.example), self.num_features, self._sample, self._held_out, device)

    def draw(self, generator: torch.Generator, batch_size: int) -> Graphs:
        """Draw a training batch."""
        return self.batch(*self._sample(generator, batch_size))

    def held_out(self, split: str) -> Iterator[Graphs]:
        """Yield the batches of a split."""
        for x, y in self._held_out(split):
            yield self.batch(x, y)

    def batch(self, x: Tensor, y: Tensor) -> Graphs:
        """Return graphs with these features [B, n, ...] and answers as one batch."""
        out = copy.copy(self._structure(x.size(0)))
        out.x, out.y = x.flatten(0, 1).to(self._device), y.to(self._device)
        return out

    def shard(self, batch: Graphs, place: int, count: int) -> Graphs:
        """Return every so many-th graph."""
        graphs = batch.num_graphs
        mine = sharded(graphs, place, count)
        x, y = (t.view(graphs, t.size(0) // graphs, *t.shape[1:])[mine] for t in (batch.x, batch.y))
        return self.batch(x, y.flatten(0, 1))

    def _structure(self, count: int) -> Graphs:
        if count not in self._structures:
            repeated = repeat_graph(self.example, count).to(self._device)
            self._structures[count] = Batch(_base_cls=Data, **repeated.to_dict())
        return self._structures[count]


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
        self.graphs, self.splits, self._device = list(graphs), splits, device
        self.example, self.num_relations = self.graphs[0], relations_of(self.graphs)
        self.num_features, self.ends_last = self.example.num_node_features, all(map(ends_last, self.graphs))
        self._levels = {key: _level_of(key, self.graphs) for key in _keys(self.graphs)}
        self._whole: dict[str, Tensor] | None = None

    def viewed(self, view: View, device: str = "cpu") -> "GraphList":
        """Return the graphs as a view leaves each of them."""
        return GraphList([view(graph) for graph in self.graphs], self.splits, device)

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


def _keys(graphs: list[Data]) -> list[str]:
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


def _level_of(key: str, graphs: list[Data]) -> str:
    """Return what an attribute has a row for: every node, every edge or every graph."""
    sizes = {kind: [int(g.num_nodes or 0) if kind == "node" else g.num_edges for g in graphs] for kind in _KINDS}
    rows = [g[key].size(0) for g in graphs]
    for kind in reversed(_KINDS) if "edge" in key else _KINDS:
        if rows == sizes[kind]:
            return kind
    if set(rows) == {1}:
        return "graph"
    raise ValueError(_checks.problem(key, "a row a node, an edge or a graph", rows[:5], "see the graphs of the task"))


_KINDS = ("node", "edge")


def _ranges(sizes: Tensor, which: Tensor) -> Tensor:
    """Return the rows of some blocks that stand one after another, given all blocks' sizes."""
    mine, ends = sizes[which], sizes.cumsum(0)[which]
    shift = (ends - mine.cumsum(0)).repeat_interleave(mine)
    return torch.arange(int(mine.sum())) + shift


class OneGraph:
    """One graph, whose nodes are shared out among the splits: a batch is the whole of it, of which some nodes count.

    A view may make a graph of each node's own: then a batch has those of the nodes that count.

    Args:
        graph: with ``x`` and the answers ``y`` of the nodes.
        masks: for ``"train"``, ``"validation"`` and ``"test"`` which nodes count [N].
    """

    def __init__(self, graph: Data, masks: Mapping[str, Tensor], device: str = "cpu") -> None:
        filled(masks)
        self.example, self.masks = graph, masks
        self.num_features, self.num_relations = graph["x"].size(1), relations_of([graph])
        self.ends_last = ends_last(graph)
        cut = _neighbourhoods if "copy_of" in graph else _masked
        self._batches = {split: cut(graph, mask).to(device) for split, mask in masks.items()}

    def viewed(self, view: View, device: str = "cpu") -> "OneGraph":
        """Return the graph as a view leaves it."""
        return OneGraph(view(self.example), self.masks, device)

    def draw(self, generator: torch.Generator, batch_size: int) -> Graphs:
        """Return the graph, of which the training nodes count."""
        return self._batches["train"]

    def held_out(self, split: str) -> Iterator[Graphs]:
        """Yield the graph, of which the nodes of the split count."""
        yield self._batches[split]

    def shard(self, batch: Graphs, place: int, count: int) -> Graphs:
        """Return the batch, which cannot be shared out."""
        sharded(1, place, count)
        return batch


def _masked(graph: Data, mask: Tensor) -> Graphs:
    return Batch(_base_cls=Data, **graph.to_dict(), mask=mask, _num_graphs=1)


def _neighbourhoods(graph: Data, mask: Tensor) -> Graphs:
    """Return the graphs of the nodes that count, as their own batch."""
    kept = mask[graph["batch"]]
    place = kept.long().cumsum(0) - 1
    edge_index = graph.edge_index
    assert edge_index is not None
    batch = (mask.long().cumsum(0) - 1)[graph["batch"][kept]]
    ptr = torch.cat([batch.new_zeros(1), torch.bincount(batch).cumsum(0)])
    out = Batch(_base_cls=Data, edge_index=place[edge_index[:, kept[edge_index[1]]]], batch=batch, ptr=ptr)
    out.copy_of, out.level, out.num_nodes = graph.copy_of[kept], graph.level[kept], int(kept.sum())
    out.x, out.y = graph["x"], graph["y"][mask]
    return out
