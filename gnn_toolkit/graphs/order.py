"""The order in which a recurrence visits a DAG: nodes and edges sorted by topological level."""

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor
from torch.utils.weak import WeakTensorKeyDictionary

from gnn_toolkit import _checks
from gnn_toolkit.graphs.levels import climb, topological_levels


@dataclass(frozen=True, eq=False)
class LevelOrder:
    """A DAG sorted for a walk: nodes by level, edges by their target's level, then by type, then by target.

    A node's *place* is its rank in that order; a level is a contiguous run of places. Where the graph is a batch of
    paths, places follow the layout of ``torch.nn.utils.rnn.PackedSequence``: longer paths first within a level.

    Attributes:
        nodes: [N] the node at each place.
        source: [E] each edge's source, as a place.
        target: [E] each edge's target, as a place.
        edges: [E] the edge of ``edge_index`` at each slot.
        node_ptr: level ``l`` holds the places ``node_ptr[l]`` to ``node_ptr[l + 1]``.
        edge_ptr: the edges of type ``r`` into level ``l`` are the slots ``edge_ptr[l * R + r]`` to the next entry.
        num_relations: number of edge types R.
        is_paths: whether every node has at most one predecessor and one successor, by edges of one type.
    """

    nodes: Tensor
    source: Tensor
    target: Tensor
    edges: Tensor
    node_ptr: list[int]
    edge_ptr: list[int]
    num_relations: int
    is_paths: bool

    @property
    def num_levels(self) -> int:
        """Number of levels."""
        return len(self.node_ptr) - 1

    @cached_property
    def places(self) -> Tensor:
        """[N] the place of each node: the inverse of ``nodes``."""
        return torch.empty_like(self.nodes).scatter_(
            0, self.nodes, torch.arange(self.nodes.numel(), device=self.nodes.device)
        )

    @cached_property
    def starts(self) -> Tensor:
        """Places of the nodes without predecessors; in a batch of paths, of path 0, 1, ... in the packed layout."""
        return self._without(self.target)

    @cached_property
    def ends(self) -> Tensor:
        """Places of the nodes without successors; in a batch of paths, of path 0, 1, ... in the packed layout."""
        ends = self._without(self.source)
        if not self.is_paths:
            return ends
        path = ends - torch.tensor(self.node_ptr, device=ends.device)[self.level[ends]]
        return ends[torch.argsort(path)]

    @cached_property
    def level(self) -> Tensor:
        """[N] the level of each place."""
        sizes = torch.tensor(self.node_ptr, device=self.nodes.device).diff()
        return torch.arange(self.num_levels, device=self.nodes.device).repeat_interleave(sizes)

    def _without(self, role: Tensor) -> Tensor:
        free = torch.ones_like(self.nodes, dtype=torch.bool)
        free[role] = False
        return free.nonzero().squeeze(1)

    @cached_property
    def oldest_level(self) -> list[int]:
        """For each level, the lowest level that one of its edges comes from; the level itself where it has no edge."""
        oldest = torch.arange(self.num_levels, device=self.nodes.device)
        return oldest.scatter_reduce_(0, self.level[self.target], self.level[self.source], "amin").tolist()

    @cached_property
    def is_sorted(self) -> bool:
        """Whether every node's place is its own index."""
        return bool((self.nodes == torch.arange(self.nodes.numel(), device=self.nodes.device)).all())

    @cached_property
    def reverse(self) -> "LevelOrder":
        """The order of the same graph with every edge turned round; its levels are these, counted from the end."""
        edge_index = torch.stack([self.nodes[self.target], self.nodes[self.source]])
        edge_type = None
        if self.num_relations > 1:
            counts = torch.tensor(self.edge_ptr, device=self.nodes.device).diff()
            edge_type = torch.arange(counts.numel(), device=counts.device).repeat_interleave(counts)
            edge_type = edge_type % self.num_relations
        turned = _sort(edge_index, self.num_levels - 1 - self.level[self.places], edge_type, self.num_relations)
        return LevelOrder(**{**vars(turned), "edges": self.edges[turned.edges]})

    @cached_property
    def with_initial(self) -> "LevelOrder":
        """The order with one extra predecessor, of type 0, before each start: where initial states enter the walk.

        The extra nodes take the first places, in the order of ``starts``, and form a level of their own.
        """
        extra = self.starts.numel()
        fresh = torch.arange(extra, device=self.nodes.device)
        source = torch.cat([self.source + extra, fresh])
        target = torch.cat([self.target + extra, self.starts + extra])
        counts = torch.tensor([0] * self.num_relations + torch.tensor(self.edge_ptr).diff().tolist())
        slot = torch.arange(counts.numel()).repeat_interleave(counts).to(self.nodes.device)
        slot = torch.cat([slot, (self.level[self.starts] + 1) * self.num_relations])
        by_slot = torch.argsort(slot * (target.numel() + extra + self.nodes.numel()) + target, stable=True)
        edge_counts = torch.bincount(slot, minlength=counts.numel())
        return LevelOrder(
            nodes=torch.cat([fresh + self.nodes.numel(), self.nodes]),
            source=source[by_slot],
            target=target[by_slot],
            edges=torch.cat([self.edges, fresh + self.edges.numel()])[by_slot],
            node_ptr=[0, *(place + extra for place in self.node_ptr)],
            edge_ptr=_pointers(edge_counts),
            num_relations=self.num_relations,
            is_paths=False,
        )


def level_order(
    edge_index: Tensor,
    num_nodes: int,
    *,
    level: Tensor | None = None,
    edge_type: Tensor | None = None,
    num_relations: int = 1,
) -> LevelOrder:
    """Return the order in which a recurrence visits the graph; remembered as long as ``edge_index`` lives.

    Args:
        edge_index: integer tensor [2, E] of a DAG.
        num_nodes: number of nodes N.
        level: optional integer tensor [N] that grows along every edge, e.g. a stored result of
            :func:`topological_levels`; computed where absent.
        edge_type: optional integer tensor [E] in [0, num_relations).
        num_relations: number of edge types R.

    Raises:
        ValueError: a cycle, an index out of range, or a ``level`` or ``edge_type`` that does not fit the graph.

    >>> order = level_order(torch.tensor([[2, 0], [0, 1]]), 3)
    >>> order.nodes, order.node_ptr, order.is_paths
    (tensor([2, 0, 1]), [0, 1, 2, 3], True)
    """
    given = [edge_index, *(t for t in (level, edge_type) if t is not None)]
    if any(t.is_inference() for t in given):
        return _checked_order(edge_index, num_nodes, level, edge_type, num_relations)
    # Tensors made in inference mode are of no use to autograd: the two modes do not share an order.
    mode = torch.is_inference_mode_enabled()
    stamp = (mode, num_nodes, num_relations, level is None, *((id(t), t._version) for t in given))
    known = _ORDERS.get(edge_index)
    if known is None or known[0] != stamp:
        order = _checked_order(edge_index, num_nodes, level, edge_type, num_relations)
        # `level` and `edge_type` are kept alive beside the order, so that their ids cannot pass to other tensors.
        known = _ORDERS[edge_index] = (stamp, order, level, edge_type)
    return known[1]


_ORDERS = WeakTensorKeyDictionary()


def _checked_order(
    edge_index: Tensor, num_nodes: int, level: Tensor | None, edge_type: Tensor | None, num_relations: int
) -> LevelOrder:
    if level is None:
        level = topological_levels(edge_index, num_nodes)
    else:
        _checks.edges(edge_index, num_nodes)
        _check_level(edge_index, num_nodes, level)
    if num_relations > 1 or edge_type is not None:
        edge_type = _checks.edge_types(edge_type, edge_index.size(1), num_relations)
    return _sort(edge_index.long(), level.long(), edge_type if num_relations > 1 else None, num_relations)


def path_order(batch_sizes: Tensor, device: torch.device | None = None) -> LevelOrder:
    """Return the order of a batch of paths that already lies in the layout of a ``PackedSequence``.

    Args:
        batch_sizes: int64 CPU tensor [T], non-increasing: how many paths have a node at each step.
        device: where the order's tensors live.

    >>> path_order(torch.tensor([2, 1])).source
    tensor([0])
    """
    node_ptr = _pointers(batch_sizes)
    target = torch.arange(node_ptr[1], node_ptr[-1])
    source = target - batch_sizes[:-1].repeat_interleave(batch_sizes[1:])
    return LevelOrder(
        nodes=torch.arange(node_ptr[-1], device=device),
        source=source.to(device),
        target=target.to(device),
        edges=torch.arange(target.numel(), device=device),
        node_ptr=node_ptr,
        edge_ptr=[0, *(place - node_ptr[1] for place in node_ptr[1:])],
        num_relations=1,
        is_paths=True,
    )


def _check_level(edge_index: Tensor, num_nodes: int, level: Tensor) -> None:
    if level.shape != (num_nodes,) or level.is_floating_point():
        got = f"{level.dtype} {list(level.shape)}"
        remedy = "pass topological_levels(edge_index, num_nodes)"
        raise ValueError(_checks.problem("level", f"an integer tensor of shape [{num_nodes}]", got, remedy))
    falling = level[edge_index[0]] >= level[edge_index[1]]
    if bool(falling.any()):
        u, v = edge_index[:, falling][:, 0].tolist()
        got = f"level[{u}] = {int(level[u])} and level[{v}] = {int(level[v])} for the edge {u} -> {v}"
        remedy = "leave level out to have it computed; a cycle has no levels"
        raise ValueError(_checks.problem("level", "values that grow along every edge", got, remedy))


def _sort(edge_index: Tensor, level: Tensor, edge_type: Tensor | None, num_relations: int) -> LevelOrder:
    num_nodes, num_edges = level.numel(), edge_index.size(1)
    is_paths = edge_type is None and _is_paths(edge_index, num_nodes)
    level, key = _packed(edge_index, level) if is_paths else (_dense_rank(level), None)
    nodes = torch.argsort(level if key is None else key, stable=True)
    places = torch.empty_like(nodes).scatter_(0, nodes, torch.arange(num_nodes, device=nodes.device))
    source, target = places[edge_index[0]], places[edge_index[1]]
    num_levels = int(level[nodes[-1]]) + 1 if num_nodes else 0
    slot = level[edge_index[1]] * num_relations
    if edge_type is not None:
        slot = slot + edge_type
    edges = torch.argsort(slot * max(num_nodes, 1) + target, stable=True)
    return LevelOrder(
        nodes=nodes,
        source=source[edges],
        target=target[edges],
        edges=edges,
        node_ptr=_pointers(torch.bincount(level, minlength=num_levels)),
        edge_ptr=_pointers(torch.bincount(slot, minlength=num_levels * num_relations))
        if num_edges
        else [0] * (num_levels * num_relations + 1),
        num_relations=num_relations,
        is_paths=is_paths,
    )


def _is_paths(edge_index: Tensor, num_nodes: int) -> bool:
    if edge_index.size(1) == 0:
        return True
    degrees = torch.bincount(edge_index.flatten() + _row_offset(edge_index, num_nodes), minlength=2 * num_nodes)
    return int(degrees.max()) <= 1


def _row_offset(edge_index: Tensor, num_nodes: int) -> Tensor:
    return torch.tensor([0, num_nodes], device=edge_index.device).repeat_interleave(edge_index.size(1))


def _packed(edge_index: Tensor, level: Tensor) -> tuple[Tensor, Tensor]:
    """Return (position along its path, sort key of the packed layout) of every node of a batch of paths."""
    num_nodes = level.numel()
    if bool((edge_index[1] - edge_index[0] == 1).all()):
        starts = torch.ones_like(level)
        starts[edge_index[1]] = 0
        path = starts.cumsum(0) - 1
        length = torch.bincount(path)
        position = torch.arange(num_nodes, device=level.device) - (length.cumsum(0) - length)[path]
    else:
        root, position = climb(edge_index, num_nodes)
        _, path = torch.unique(root, return_inverse=True)
        length = torch.bincount(path)
    rank = torch.empty_like(length)
    rank[torch.argsort(length, descending=True, stable=True)] = torch.arange(length.numel(), device=level.device)
    return position, position * max(length.numel(), 1) + rank[path]


def _dense_rank(level: Tensor) -> Tensor:
    """Return levels renumbered 0, 1, 2, ... without gaps."""
    return torch.unique(level, return_inverse=True)[1]


def _pointers(counts: Tensor) -> list[int]:
    return [0, *counts.cumsum(0).tolist()]
