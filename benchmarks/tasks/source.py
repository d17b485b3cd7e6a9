"""Sources of a task's graphs: equal graphs, or one graph whose nodes are shared out; any others: graph_list.py.

A view is applied to each graph once, when the source is viewed; what is drawn after that are PyG batches.
"""

import copy
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Protocol

import torch
from torch import Tensor
from torch_geometric.data import Batch, Data

from gnn_toolkit import _checks
from gnn_toolkit.graphs import repeat_graph

View = Callable[[Data], Data]
Graphs = Any  # a torch_geometric.data.Batch: type checkers do not know its attributes


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


def same_nodes(graph: Data, seen: Data) -> Data:
    """Return a graph as a view left it, where its nodes are still those of the features and answers.

    Raises:
        ValueError: the view made other nodes, and no ``copy_of`` says which of the old ones they are.
    """
    if "copy_of" not in seen and seen.num_nodes != graph.num_nodes:
        remedy = "a view with nodes of its own, such as a line graph, needs a task whose graphs are a list"
        raise ValueError(_checks.problem("view", f"the task's {graph.num_nodes} nodes", seen.num_nodes, remedy))
    return seen


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
        return EqualGraphs(
            same_nodes(self.example, view(self.example)), self.num_features, self._sample, self._held_out, device
        )

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
        return OneGraph(same_nodes(self.example, view(self.example)), self.masks, device)

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
