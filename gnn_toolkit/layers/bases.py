"""The bases of graph convolutions ``sum over k of Z_k(x) W_k``: what a recurrence in time reads the graph through.

A basis turns edges into matrices, once, and features x [N, W] into its terms ``Z_k(x)``, each [N, W]. It knows nothing
of weights: these meet the terms in dense products. How terms follow from one another is a plan, so that the same few
lines run every basis, and a kernel can run it in place and backwards.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from gnn_toolkit import _checks
from gnn_toolkit._memo import remembered
from gnn_toolkit.graphs.adjacency import Adjacency, adjacency
from gnn_toolkit.graphs.normalize import symmetric, with_loops

Plan = list[tuple[int, int, int]]
NORMALIZATIONS = ("sym", "rw", None)


def follow(plan: Plan, first: int, matrices: Sequence[Adjacency], x: Tensor) -> list[Tensor]:
    """Return the terms of a plan that count, [N, W] each, from x [N, W]."""
    terms = [x]
    for matrix, source, minus in plan:
        y = matrices[matrix] @ terms[source]
        terms.append(y if minus < 0 else 2.0 * y - terms[minus])
    return terms[first:]


class Basis:
    """What a recurrence in time needs to know of the graph.

    Attributes:
        first: number of the first term that counts: 0 where x itself does, else 1.
    """

    first: int = 0

    @property
    def signed(self) -> bool:
        """Whether weights may be negative."""
        return False

    @property
    def plan(self) -> Plan:
        """How each term after ``Z_0 = x`` is made: (m, source, minus).

        ``Z = M_m Z_source`` where ``minus`` is -1, else ``Z = 2 M_m Z_source - Z_minus``.
        """
        raise NotImplementedError

    @property
    def num_terms(self) -> int:
        """Number of terms: how many times wider than x they are together."""
        return len(self.plan) + 1 - self.first

    def matrices(
        self, edge_index: Tensor, edge_weight: Tensor | None, num_nodes: int, dtype: torch.dtype
    ) -> list[Adjacency]:
        """Return the matrices M of a graph; ``dtype`` is theirs where it has no weights."""
        raise NotImplementedError

    def terms(self, matrices: list[Adjacency], x: Tensor) -> list[Tensor]:
        """Return ``Z_k(x)`` for each k, [N, W] each, from x [N, W]."""
        return follow(self.plan, self.first, matrices, x)


@dataclass(frozen=True)
class Chebyshev(Basis):
    """Chebyshev polynomials of the scaled Laplacian (Defferrard et al. 2016, eq. 4-5).

    ``Z_k = T_k(L~) x`` for k below ``K``, with ``T_0 = 1``, ``T_1 = L~``, ``T_k = 2 L~ T_(k-1) - T_(k-2)`` and
    ``L~ = 2 L / lambda_max - I``. With A the weights of the edges into a node, row by row, and D the degrees, the
    Laplacian L is

        "sym":  I - D^-1/2 A D^-1/2        "rw":  I - A D^-1        None:  D - A

    On an undirected graph this is ``torch_geometric.nn.ChebConv``'s. A degree counts the edges into a node, where PyG's
    counts those out of it: on a directed graph the two differ, and ``degrees="out"`` is PyG's. A loop is an edge like
    any other, where PyG drops it.

    Args:
        K: number of terms; 1 sees no edge.
        lambda_max: largest eigenvalue of L, or a bound: a number, or a tensor of one or of one a node (that of its
            graph, in a batch of graphs). ``None`` for 2, which bounds ``"sym"`` and ``"rw"``, or twice the largest
            degree for ``None``.
        normalization: ``"sym"``, ``"rw"`` or ``None``.
        degrees: which edges a degree counts, ``"in"`` or ``"out"``.

    >>> import torch
    >>> basis = Chebyshev(3)
    >>> matrices = basis.matrices(torch.tensor([[0, 1], [1, 0]]), None, 2, torch.float32)
    >>> torch.cat(basis.terms(matrices, torch.tensor([[1.0], [3.0]])), 1)
    tensor([[ 1., -3.,  1.],
            [ 3., -1.,  3.]])
    """

    K: int
    lambda_max: float | Tensor | None = None
    normalization: str | None = "sym"
    degrees: str = "in"

    @property
    def signed(self) -> bool:
        """Whether nothing is divided by a degree."""
        return self.normalization is None

    @property
    def plan(self) -> Plan:
        """Chebyshev's recursion."""
        return [(0, k, k - 1) for k in range(self.K - 1)]

    def matrices(
        self, edge_index: Tensor, edge_weight: Tensor | None, num_nodes: int, dtype: torch.dtype
    ) -> list[Adjacency]:
        """Return L~."""
        bound = self.lambda_max
        two = not isinstance(bound, Tensor) and bound in (None, 2.0) and self.normalization is not None
        if two and (self.normalization, self.degrees) == ("sym", "in"):
            a = adjacency(edge_index, edge_weight, num_nodes, add_self_loops=False, dtype=dtype)
            return [Adjacency(-a.value, a.indices)]
        edge_index = _checks.traced_edges(edge_index, num_nodes)
        learns = bound if isinstance(bound, Tensor) else None
        fixed = None if learns is not None else bound
        question = ("laplacian", num_nodes, dtype, self.normalization, self.degrees, fixed)

        def make() -> Adjacency:
            if not torch.compiler.is_compiling():
                _checks.edges(edge_index, num_nodes)
            weight = edge_index.new_ones(edge_index.size(1), dtype=dtype) if edge_weight is None else edge_weight
            _checks.edge_weights(weight, edge_index.size(1), signed=self.signed)
            normal, diagonal = self._laplacian(edge_index, weight, num_nodes)
            if two:  # L~ has no diagonal
                return adjacency(edge_index, -normal, num_nodes, normalize=False)
            return self._scaled(edge_index, normal, diagonal, num_nodes)

        return [remembered(edge_index, question, make, edge_weight, learns)]

    def _scaled(self, edge_index: Tensor, normal: Tensor, diagonal: Tensor, num_nodes: int) -> Adjacency:
        """Return ``2 L / lambda_max - I``, with an entry for every edge and then one for every node."""
        bound = 2.0 if self.lambda_max is None else self.lambda_max
        if self.lambda_max is None and self.normalization is None:
            largest = diagonal.amax() if num_nodes else diagonal.new_zeros(())
            bound = 2.0 * largest.where(largest > 0, 1.0)
        scale = 2.0 / torch.as_tensor(bound, dtype=diagonal.dtype, device=diagonal.device).expand(num_nodes)
        values = torch.cat([-scale.index_select(0, edge_index[0]) * normal, scale * diagonal - 1.0])
        loops = remembered(edge_index, ("loops", num_nodes), lambda: with_loops(edge_index, num_nodes))
        return adjacency(loops, values, num_nodes, normalize=False)

    def _laplacian(self, edge_index: Tensor, weight: Tensor, num_nodes: int) -> tuple[Tensor, Tensor]:
        """Return the weights [E] of the edges in the Laplacian, with the other sign, and its diagonal [N]."""
        if self.normalization == "sym":
            flow = "source_to_target" if self.degrees == "in" else "target_to_source"
            normal = symmetric(edge_index, weight, num_nodes, flow=flow, signed=False)
            return normal, normal.new_ones(num_nodes)
        counted = edge_index[int(self.degrees == "in")]
        degree = weight.new_zeros(num_nodes).scatter_add(0, counted.long(), weight)
        if self.normalization is None:
            return weight, degree
        scale = degree.masked_fill(degree == 0, torch.inf).reciprocal()
        return scale.index_select(0, edge_index[0]) * weight, degree.new_ones(num_nodes)


@dataclass(frozen=True)
class Diffusion(Basis):
    """Steps of random walks along the edges and against them (Li et al. 2018, eq. 2).

    ``x``, then ``(D_O^-1 A)^k x`` and ``(D_I^-1 A^T)^k x`` for k from 1 to ``steps``, with ``A[u, v]`` the weight of
    ``u -> v``, and ``D_O`` and ``D_I`` the weighted degrees out of and into a node. The paper's two terms of k = 0 are
    the same x and share one weight here.

    Args:
        steps: the longest walk; the paper's K less one.
        variant: ``"paper"``, or ``"authors"`` for the terms of the authors' program: ``T_k = 2 P T_(k-1) - T_(k-2)``
            instead of ``P^k``, and the walk against the edges starts where the recursion along them left its last
            but one term, not at x.

    >>> import torch
    >>> basis = Diffusion(1)
    >>> matrices = basis.matrices(torch.tensor([[0], [1]]), None, 2, torch.float32)
    >>> torch.cat(basis.terms(matrices, torch.tensor([[1.0], [3.0]])), 1)
    tensor([[1., 3., 0.],
            [3., 0., 1.]])
    """

    steps: int
    variant: str = "paper"

    @property
    def plan(self) -> Plan:
        """Both walks."""
        plan: Plan = []
        start = 0
        for walk in (0, 1):
            before, last = -1, start
            for _ in range(self.steps):
                plan.append((walk, last, before if self.variant == "authors" else -1))
                before, last = last, len(plan)
            start = before if self.variant == "authors" else 0
        return plan

    def matrices(
        self, edge_index: Tensor, edge_weight: Tensor | None, num_nodes: int, dtype: torch.dtype
    ) -> list[Adjacency]:
        """Return ``D_O^-1 A`` and ``D_I^-1 A^T``."""

        def walk(flow: str) -> Adjacency:
            return adjacency(
                edge_index, edge_weight, num_nodes, walk=True, add_self_loops=False, flow=flow, dtype=dtype
            )

        return [walk("target_to_source"), walk("source_to_target")]


@dataclass(frozen=True)
class Neighbours(Basis):
    """The mean over each node's neighbourhood and itself (Kipf and Welling 2017, eq. 2): ``D~^-1/2 (A + I) D~^-1/2 x``.

    >>> import torch
    >>> basis = Neighbours()
    >>> matrices = basis.matrices(torch.tensor([[0, 1], [1, 0]]), None, 2, torch.float32)
    >>> basis.terms(matrices, torch.tensor([[1.0], [3.0]]))[0].round(decimals=3)
    tensor([[2.],
            [2.]])
    """

    first: int = 1

    @property
    def plan(self) -> Plan:
        """One product."""
        return [(0, 0, -1)]

    def matrices(
        self, edge_index: Tensor, edge_weight: Tensor | None, num_nodes: int, dtype: torch.dtype
    ) -> list[Adjacency]:
        """Return ``D~^-1/2 (A + I) D~^-1/2``."""
        return [adjacency(edge_index, edge_weight, num_nodes, dtype=dtype)]
