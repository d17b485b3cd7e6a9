"""The bases of graph convolutions ``sum over k of Z_k(x) W_k``: what a recurrence in time reads the graph through.

A basis turns edges into matrices, once, and features x [N, W] into its terms ``Z_k(x)``, each [N, W]. It knows nothing
of weights: these meet the terms side by side in one dense product.
"""

from dataclasses import dataclass
from typing import Protocol

from torch import Tensor, dtype, lerp

from gnn_toolkit.graphs.adjacency import Adjacency, adjacency


class Basis(Protocol):
    """What a recurrence in time needs to know of the graph."""

    @property
    def num_terms(self) -> int:
        """Number of terms: how many times wider than x they are together."""
        ...

    def matrices(self, edge_index: Tensor, edge_weight: Tensor | None, num_nodes: int, kind: dtype) -> list[Adjacency]:
        """Return the matrices of a graph, of the type ``kind`` where it has no weights."""
        ...

    def terms(self, matrices: list[Adjacency], x: Tensor) -> list[Tensor]:
        """Return ``Z_k(x)`` for each k, [N, W] each, from x [N, W]."""
        ...


@dataclass(frozen=True)
class Chebyshev:
    """Chebyshev polynomials of the scaled Laplacian (Defferrard et al. 2016, eq. 4-5).

    ``Z_k = T_k(L~) x`` for k below ``order``, with ``T_0 = 1``, ``T_1 = L~``, ``T_k = 2 L~ T_(k-1) - T_(k-2)``,
    ``L~ = 2 L / lambda_max - I`` and ``L = I - D^-1/2 A D^-1/2``. With ``lambda_max = 2``, the bound of every such
    Laplacian, ``L~ = -D^-1/2 A D^-1/2``. Degrees count incoming edges; a loop is an edge like any other, where PyG's
    ``ChebConv`` drops it.

    Args:
        order: number of terms K; 1 sees no edge.
        lambda_max: largest eigenvalue of L, or a bound.

    >>> import torch
    >>> basis = Chebyshev(3)
    >>> matrices = basis.matrices(torch.tensor([[0, 1], [1, 0]]), None, 2, torch.float32)
    >>> torch.cat(basis.terms(matrices, torch.tensor([[1.0], [3.0]])), 1)
    tensor([[ 1., -3.,  1.],
            [ 3., -1.,  3.]])
    """

    order: int
    lambda_max: float = 2.0

    @property
    def num_terms(self) -> int:
        """K."""
        return self.order

    def matrices(self, edge_index: Tensor, edge_weight: Tensor | None, num_nodes: int, kind: dtype) -> list[Adjacency]:
        """Return ``-2 / lambda_max * D^-1/2 A D^-1/2``: L~ without its diagonal, ``2 / lambda_max - 1``."""
        if self.order == 1:
            return []
        a = adjacency(edge_index, edge_weight, num_nodes, add_self_loops=False, dtype=kind)
        return [Adjacency(a.value * (-2.0 / self.lambda_max), a.indices)]

    def terms(self, matrices: list[Adjacency], x: Tensor) -> list[Tensor]:
        """Return ``T_0(L~) x, ..., T_(K-1)(L~) x``."""
        terms = [x]
        for k in range(1, self.order):
            y = matrices[0] @ terms[-1]
            if self.lambda_max != 2.0:
                y = y + (2.0 / self.lambda_max - 1.0) * terms[-1]
            terms.append(y if k == 1 else lerp(terms[-2], y, 2.0))  # 2 y - T_(k-2)
        return terms


@dataclass(frozen=True)
class Diffusion:
    """Steps of random walks along the edges and against them (Li et al. 2018, eq. 2).

    ``x``, then ``(D_O^-1 A)^k x`` and ``(D_I^-1 A^T)^k x`` for k from 1 to ``steps``, with ``A[u, v]`` the weight of
    ``u -> v``, and ``D_O`` and ``D_I`` the weighted degrees out of and into a node. The paper's two terms of k = 0 are
    the same x and share one weight here.

    Args:
        steps: the longest walk; the paper's K less one.
        variant: ``"paper"``, or ``"authors"`` for the terms of the authors' program: ``T_k = 2 P T_(k-1) - T_(k-2)`` in
            the place of ``P^k``, and the walk against the edges starts where the recursion along them left its last
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
    def num_terms(self) -> int:
        """``2 steps + 1``."""
        return 2 * self.steps + 1

    def matrices(self, edge_index: Tensor, edge_weight: Tensor | None, num_nodes: int, kind: dtype) -> list[Adjacency]:
        """Return ``D_O^-1 A`` and ``D_I^-1 A^T``."""
        if self.steps == 0:
            return []
        ways = ("target_to_source", "source_to_target")
        options = {"walk": True, "add_self_loops": False, "dtype": kind}
        return [adjacency(edge_index, edge_weight, num_nodes, flow=way, **options) for way in ways]

    def terms(self, matrices: list[Adjacency], x: Tensor) -> list[Tensor]:
        """Return x, its walks along the edges, and those against them."""
        terms, before = [x], x
        for walk in matrices:
            last = walk @ before
            terms.append(last)
            for _ in range(1, self.steps):
                if self.variant == "authors":
                    before, last = last, lerp(before, walk @ last, 2.0)
                else:
                    last = walk @ last
                terms.append(last)
        return terms


@dataclass(frozen=True)
class Neighbours:
    """The mean over each node's neighbourhood and itself (Kipf and Welling 2017, eq. 2): ``D~^-1/2 (A + I) D~^-1/2 x``.

    >>> import torch
    >>> basis = Neighbours()
    >>> matrices = basis.matrices(torch.tensor([[0, 1], [1, 0]]), None, 2, torch.float32)
    >>> basis.terms(matrices, torch.tensor([[1.0], [3.0]]))[0].round(decimals=3)
    tensor([[2.],
            [2.]])
    """

    @property
    def num_terms(self) -> int:
        """1."""
        return 1

    def matrices(self, edge_index: Tensor, edge_weight: Tensor | None, num_nodes: int, kind: dtype) -> list[Adjacency]:
        """Return ``D~^-1/2 (A + I) D~^-1/2``."""
        return [adjacency(edge_index, edge_weight, num_nodes, dtype=kind)]

    def terms(self, matrices: list[Adjacency], x: Tensor) -> list[Tensor]:
        """Return ``A_hat x``."""
        return [matrices[0] @ x]
