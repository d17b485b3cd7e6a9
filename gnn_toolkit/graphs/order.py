"""The order in which a recurrence visits a DAG: nodes and edges sorted by topological level."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, TypeVar

import torch
from torch import Tensor

from gnn_toolkit import _checks
from gnn_toolkit._memo import aside, remembered
from gnn_toolkit._transforms import numbers, unwrapped
from gnn_toolkit.graphs.incidence import Incidence, incidence, path_incidence
from gnn_toolkit.graphs.level_sort import inverse, is_paths, pointers, sort_by_level
from gnn_toolkit.graphs.levels import checked_levels

T = TypeVar("T")


def _kept(compute: Callable[["LevelOrder"], T]) -> "property":
    """Return a property that is computed once, never as tensors that only inference or a transform may use."""
    name = f"_{compute.__name__}"

    @wraps(compute)
    def get(order: "LevelOrder") -> T:
        if torch.compiler.is_compiling():
            return compute(order)
        if name not in order.__dict__:
            with aside():
                order.__dict__[name] = compute(order)
        return order.__dict__[name]

    return property(get)


@dataclass(frozen=True, eq=False)
class LevelOrder:
    """A DAG sorted for a walk: nodes by level, edges by their target's level, then by type, then by target.

    A node's *place* is its rank in that order; a level is a contiguous run of places. Where the graph is a batch of
    paths, places follow the layout of ``torch.nn.utils.rnn.PackedSequence``: longer paths first within a level.

    Attributes:
        nodes: [N] the node at each place.
        level: [N] the level of each place.
        source: [E] each edge's source, as a place.
        target: [E] each edge's target, as a place.
        edges: [E] the edge of ``edge_index`` at each slot.
        relation: [E] the type of the edge at each slot.
        node_ptr: int64 on the CPU; level ``l`` holds the places ``node_ptr[l]`` to ``node_ptr[l + 1]``.
        edge_ptr: int64 on the CPU; the edges of type ``r`` into level ``l`` are the slots ``edge_ptr[l * R + r]`` to
            the next entry.
        starts: places of the nodes without predecessors; in a batch of paths, of path 0, 1, ... in the packed layout.
        ends: places of the nodes without successors; in a batch of paths, of path 0, 1, ... in the packed layout.
        num_relations: number of edge types R.
        is_paths: whether every node has at most one predecessor and one successor, by edges of one type. Not known
            while ``torch.compile`` or ``torch.export`` traces, and then ``False``.
    """

    nodes: Tensor
    level: Tensor
    source: Tensor
    target: Tensor
    edges: Tensor
    relation: Tensor
    node_ptr: Tensor
    edge_ptr: Tensor
    starts: Tensor
    ends: Tensor
    num_relations: int
    is_paths: bool

    @property
    def num_levels(self) -> int:
        """Number of levels."""
        return self.node_ptr.numel() - 1

    @_kept
    def places(self) -> Tensor:
        """[N] the place of each node: the inverse of ``nodes``."""
        return inverse(self.nodes)

    @_kept
    def incidence(self) -> Incidence:
        """The edges seen from both ends, for kernels."""
        if self.is_paths:
            return path_incidence(self.node_ptr)
        count = self.nodes.size(0)
        return incidence(self.source, self.target, self.relation, self.node_ptr, count, self.num_relations)

    @property
    def is_forest(self) -> bool:
        """Whether no node has more than one predecessor; not known, and then ``False``, while a compiler traces."""
        known = self.num_relations == 1 and not torch.compiler.is_compiling()
        return known and self.source.size(0) + self.starts.size(0) == self.nodes.size(0)

    @_kept
    def oldest_level(self) -> list[int]:
        """For each level, the lowest level that one of its edges comes from; the level itself where it has no edge."""
        oldest = torch.arange(self.num_levels, device=self.nodes.device)
        return numbers(oldest.scatter_reduce_(0, self.level[self.target], self.level[self.source], "amin"))

    @_kept
    def is_sorted(self) -> bool:
        """Whether every node's place is its own index; not known, and then ``False``, while a compiler traces."""
        if torch.compiler.is_compiling():
            return False
        return bool((self.nodes == torch.arange(self.nodes.numel(), device=self.nodes.device)).all())

    @_kept
    def reverse(self) -> "LevelOrder":
        """The order of the same graph with every edge turned round; its levels are these, counted from the end."""
        edge_index = torch.stack([self.nodes[self.target], self.nodes[self.source]])
        turned = _sorted(edge_index, -self.level[self.places], self.relation, self.num_relations, packed=self.is_paths)
        return turned._with(edges=self.edges[turned.edges])

    @_kept
    def to_reverse(self) -> Tensor:
        """[N] for each place of the reversed order, the place of the same node here."""
        return self.places[self.reverse.nodes]

    @_kept
    def from_reverse(self) -> Tensor:
        """[N] for each place here, the place of the same node in the reversed order."""
        return self.reverse.places[self.nodes]

    @_kept
    def reverse_starts(self) -> Tensor:
        """For each start of the reversed order, the row of the same node among ``ends``."""
        row = torch.empty_like(self.nodes)
        row[self.ends] = torch.arange(self.ends.numel(), device=row.device)
        return row[self.to_reverse[self.reverse.starts]]

    @_kept
    def starts_by_node(self) -> Tensor:
        """The rows that bring states at the starts into the order of their nodes' numbers."""
        return torch.argsort(self.nodes[self.starts])

    @_kept
    def ends_by_node(self) -> Tensor:
        """The rows that bring states at the ends into the order of their nodes' numbers."""
        return torch.argsort(self.nodes[self.ends])

    @_kept
    def with_initial(self) -> "LevelOrder":
        """The order with one extra predecessor, of type 0, before each start: where initial states enter the walk.

        The extra nodes take the first places, in the order of ``starts``, and form a level of their own.
        """
        extra, count = self.starts.size(0), self.nodes.size(0)
        fresh = torch.arange(extra, device=self.nodes.device)
        source = torch.cat([self.source + extra, fresh])
        target = torch.cat([self.target + extra, self.starts + extra])
        level = torch.cat([torch.zeros_like(fresh), self.level + 1])
        relation = torch.cat([self.relation, torch.zeros_like(fresh)])
        grown = _sorted(torch.stack([source, target]), level, relation, self.num_relations, packed=self.is_paths)
        nodes = torch.cat([fresh + count, self.nodes])
        edges = torch.cat([self.edges, fresh + self.edges.size(0)])[grown.edges]
        return grown._with(nodes=nodes, edges=edges)

    def _with(self, *, edges: Tensor, nodes: Tensor | None = None) -> "LevelOrder":
        """Return the order with other numbers of edges, and of nodes; older compilers cannot trace ``replace``."""
        return LevelOrder(
            self.nodes if nodes is None else nodes,
            self.level,
            self.source,
            self.target,
            edges,
            self.relation,
            self.node_ptr,
            self.edge_ptr,
            self.starts,
            self.ends,
            self.num_relations,
            self.is_paths,
        )


def level_order(
    edge_index: Tensor,
    num_nodes: int,
    *,
    level: Tensor | None = None,
    edge_type: Tensor | None = None,
    num_relations: int = 1,
) -> LevelOrder:
    """Return the order in which a recurrence visits the graph; remembered with ``edge_index``.

    :class:`gnn_toolkit.graphs.remember` says what that guarantees.

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
    (tensor([2, 0, 1]), tensor([0, 1, 2, 3]), True)
    """
    num_nodes, num_relations = _checks.count("num_nodes", num_nodes), _checks.positive("num_relations", num_relations)
    _checks.edge_form(edge_index)
    _checks.on_device(edge_index, level=level, edge_type=edge_type)
    edge_index, level, edge_type = unwrapped(edge_index), unwrapped(level), unwrapped(edge_type)

    def make() -> LevelOrder:
        return _checked_order(edge_index, num_nodes, level, edge_type, num_relations)

    return remembered(edge_index, ("order", num_nodes, num_relations), make, level, edge_type)


def path_order(batch_sizes: Tensor, device: torch.device | None = None) -> LevelOrder:
    """Return the order of a batch of paths that already lies in the layout of a ``PackedSequence``.

    Args:
        batch_sizes: int64 CPU tensor [T], non-increasing: how many paths have a node at each step.
        device: where the order's tensors live.

    >>> path_order(torch.tensor([2, 1])).source
    tensor([0])
    """
    node_ptr = pointers(batch_sizes)
    nodes = torch.arange(int(node_ptr[-1]))
    target = nodes[int(batch_sizes[0]) :]
    level = torch.arange(batch_sizes.numel()).repeat_interleave(batch_sizes)
    lengths = torch.bincount(nodes - node_ptr[level])
    return LevelOrder(
        nodes=nodes.to(device),
        level=level.to(device),
        source=(target - batch_sizes[:-1].repeat_interleave(batch_sizes[1:])).to(device),
        target=target.to(device),
        edges=torch.arange(target.numel(), device=device),
        relation=torch.zeros(target.numel(), dtype=torch.long, device=device),
        node_ptr=node_ptr,
        edge_ptr=(node_ptr - node_ptr[1]).clamp(min=0),
        starts=nodes[: int(batch_sizes[0])].to(device),
        ends=(node_ptr[lengths - 1] + torch.arange(lengths.numel())).to(device),
        num_relations=1,
        is_paths=True,
    )


def _checked_order(
    edge_index: Tensor, num_nodes: int, level: Tensor | None, edge_type: Tensor | None, num_relations: int
) -> LevelOrder:
    levels: Any = checked_levels(edge_index, level, edge_type, num_nodes, num_relations)
    packed = not torch.compiler.is_compiling() and num_relations == 1 and is_paths(edge_index, num_nodes)
    relation = torch.zeros_like(edge_index[0]) if edge_type is None else edge_type
    return _sorted(edge_index.long(), levels, relation.long(), num_relations, packed=packed)


def _sorted(edge_index: Tensor, level: Tensor, relation: Tensor, num_relations: int, *, packed: bool) -> LevelOrder:
    tensors: Any = sort_by_level(edge_index, level, relation, num_relations, packed)
    return LevelOrder(*tensors, num_relations=num_relations, is_paths=packed)
