"""A DAG as a linear recurrence walks it: each level's edges from both ends, and whose coefficient an edge takes."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from gnn_toolkit._memo import aside, remembered
from gnn_toolkit.graphs.incidence import Incidence, incidence
from gnn_toolkit.graphs.order import LevelOrder
from gnn_toolkit.layers.kernels.chains import Chains, find_chains

EDGE, TARGET, SOURCE, SHARED = "edge", "target", "source", "shared"  # whose row of a an edge takes
TURNED = {EDGE: EDGE, TARGET: SOURCE, SOURCE: TARGET, SHARED: SHARED}


@dataclass(frozen=True, eq=False)
class Flow:
    """The edges of an order, in places.

    Attributes:
        incidence: the edges seen from both ends, with one type.
        target: [E] the place of each slot's target.
        edge: [E] the edge of ``edge_index`` at each slot.
    """

    incidence: Incidence
    target: Tensor
    edge: Tensor

    @staticmethod
    def of(tensors: Sequence[Tensor]) -> "Flow":
        """Return what :meth:`tensors` was made from."""
        return Flow(Incidence(*tensors[:-2]), *tensors[-2:])

    def tensors(self) -> list[Tensor]:
        """Return all there is, as an operator takes it."""
        return [*self.incidence, self.target, self.edge]

    @cached_property
    def chains(self) -> Chains | None:
        """The graph cut into chains; ``None`` where its levels are too wide for that to pay."""
        with aside():
            return find_chains(self.incidence.source, self.target, self.edge, self.incidence.node_ptr, self.num_nodes)

    @property
    def num_nodes(self) -> int:
        """Number of nodes N."""
        return self.incidence.in_start.size(0)

    @cached_property
    def is_in_order(self) -> bool:
        """Whether every slot's edge has the slot's own number."""
        return bool((self.edge == torch.arange(self.edge.numel(), device=self.edge.device)).all())

    def gathers(self, turned: bool, count: int) -> tuple[Tensor, Tensor, list[int]]:
        """Return the sources of all edges, where those into each node begin, and into each ``count`` nodes."""
        seen = self.incidence
        start, ptr = (seen.out_start, seen.out_ptr) if turned else (seen.in_start, seen.in_ptr)
        first = ptr[:-1].repeat_interleave(seen.node_ptr.diff()).to(start.device)
        start = start[:, 0] + first
        source = self.target.index_select(0, seen.out_slot) if turned else seen.source
        return source, start, [*start[::count].tolist(), source.numel()]

    def ends(self, per: str, turned: bool) -> tuple[Tensor, Tensor, Tensor | None]:
        """Return each edge's source, target and row of a, in the order of the walk."""
        source, target, edge = self.incidence.source, self.target, self.edge
        if turned:
            out = self.incidence.out_slot
            source, target, edge = target[out], source[out], edge[out]
        return source, target, {EDGE: edge, TARGET: target, SOURCE: source, SHARED: None}[per]


def flow(order: LevelOrder) -> Flow:
    """Return how a linear recurrence walks an order; remembered with it."""

    def make() -> Flow:
        slots = torch.argsort(order.target, stable=True)
        source, target = order.source[slots], order.target[slots]
        zeros = torch.zeros_like(source)
        seen = incidence(source, target, zeros, order.node_ptr, order.nodes.size(0), 1)
        return Flow(seen, target, order.edges[slots])

    return remembered(order, "linear flow", make)


def times(a: Tensor, rows: Tensor) -> Tensor:
    """Return ``a * rows`` where a coefficient may serve several consecutive channels."""
    groups = a.size(-1)
    if groups == rows.size(-1):
        return a * rows
    return (a.unsqueeze(-1) * rows.view(rows.size(0), groups, rows.size(1) // groups)).reshape(rows.shape)


def shared_by(product: Tensor, groups: int) -> Tensor:
    """Return the sums of [rows, C] over the channels that share a coefficient, [rows, G]."""
    if groups == product.size(-1):
        return product
    return product.view(product.size(0), groups, product.size(1) // groups).sum(-1)


def along(a: Tensor, h: Tensor, edges: Flow, per: str, turned: bool) -> Tensor:
    """Return ``sum over e = (u -> v) of a_e h_u`` for every v, in plain operations."""
    source, target, row = edges.ends(per, turned)
    message = times(a if row is None else a[row], h[source])
    return torch.zeros_like(h).index_add(0, target, message)


def coefficient_gradient(g: Tensor, h: Tensor, a: Tensor, edges: Flow, per: str, turned: bool) -> Tensor:
    """Return the gradient of a: ``g_v conj(h_u)``, summed over what shares a coefficient, in plain operations."""
    source, target, row = edges.ends(per, turned)
    product = shared_by(g[target] * h[source].conj(), a.size(-1))
    if row is None:
        return product.sum(0, keepdim=True)
    return torch.zeros_like(a).index_add(0, row, product)
