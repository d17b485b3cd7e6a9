"""The normalised adjacency of a graph convolution: every self-loop and every degree is counted here."""

import torch
from torch import Tensor

from gnn_toolkit import _checks

FLOWS = ("source_to_target", "target_to_source")


def gcn_norm(
    edge_index: Tensor,
    edge_weight: Tensor | None,
    num_nodes: int,
    *,
    improved: bool = False,
    add_self_loops: bool = True,
    flow: str = "source_to_target",
    dtype: torch.dtype | None = None,
    signed: bool = False,
) -> tuple[Tensor, Tensor]:
    """Return the edges and weights of ``A_hat = D~^-1/2 (A + I) D~^-1/2`` (Kipf and Welling 2017, eq. 2).

    ``D~`` holds the weighted in-degrees of ``A + I`` (out-degrees where ``flow`` runs from target to source), so on a
    directed graph the weight of ``u -> v`` is ``w / sqrt(d(u) d(v))`` with both degrees counted at incoming edges.

    Args:
        edge_index: integer tensor [2, E].
        edge_weight: weights [E], not negative unless ``signed``; ones where ``None``.
        num_nodes: number of nodes N.
        improved: add ``2 I`` instead of ``I`` (in PyG 2.8 this does nothing where ``edge_weight`` is ``None``).
        add_self_loops: whether to add the loops; a loop that is already there keeps its weight, the last of several.
        flow: ``"source_to_target"`` or ``"target_to_source"``.
        dtype: of the weights where ``edge_weight`` is ``None``; torch's default where ``None``.
        signed: let degrees sum the absolute weights, as the signed Laplacian does (Kunegis et al. 2010), so that
            weights may be negative.

    Returns:
        edge_index [2, E'] and edge_weight [E'].

    Raises:
        ValueError: a weight is negative without ``signed``: there is no square root of a negative degree.

    >>> gcn_norm(torch.tensor([[0, 1], [1, 0]]), None, 2)[1]
    tensor([0.5000, 0.5000, 0.5000, 0.5000])
    """
    num_nodes = _checks.count("num_nodes", num_nodes)
    _checks.choice("flow", flow, FLOWS)
    _checks.edges(edge_index, num_nodes)
    _checks.on_device(edge_index, edge_weight=edge_weight)
    if edge_weight is None:
        edge_weight = torch.ones(edge_index.size(1), dtype=dtype, device=edge_index.device)
    _checks.edge_weights(edge_weight, edge_index.size(1), signed=signed)
    replaced = edge_index[0] == edge_index[1]
    if add_self_loops:
        edge_weight = with_loop_weights(edge_index, edge_weight, num_nodes, 2.0 if improved else 1.0)
        edge_index = with_loops(edge_index, num_nodes)
    edge_weight = symmetric(edge_index, edge_weight, num_nodes, flow=flow, signed=signed)
    if add_self_loops and bool(replaced.any()):
        kept = torch.cat([~replaced, replaced.new_ones(num_nodes)])
        return edge_index[:, kept], edge_weight[kept]
    return edge_index, edge_weight


def with_loops(edge_index: Tensor, num_nodes: int) -> Tensor:
    """Return the edges and then a loop at every node, [2, E + N]; loops that were there before stay in their places.

    >>> with_loops(torch.tensor([[0], [1]]), 2)
    tensor([[0, 0, 1],
            [1, 0, 1]])
    """
    nodes = torch.arange(num_nodes, dtype=edge_index.dtype, device=edge_index.device)
    return torch.cat([edge_index, nodes.expand(2, -1)], 1)


def with_loop_weights(edge_index: Tensor, edge_weight: Tensor, num_nodes: int, loop: float) -> Tensor:
    """Return the weights of the edges of :func:`with_loops`, [E + N].

    A loop that was there before gets 0 in its old place and hands its weight, the last of several, to the new one, so
    that the number of edges does not depend on their values.

    Args:
        edge_index: [2, E], before the loops are added.
        edge_weight: [E].
        num_nodes: number of nodes N.
        loop: weight of the loops at all other nodes.

    >>> with_loop_weights(torch.tensor([[0, 1], [1, 1]]), torch.tensor([3.0, 4.0]), 2, 1.0)
    tensor([3., 0., 1., 4.])
    """
    old = edge_index[0] == edge_index[1]
    if not torch.compiler.is_compiling() and not bool(old.any()):
        return torch.cat([edge_weight, edge_weight.new_full((num_nodes,), loop)])
    count = edge_weight.size(0)
    place = torch.arange(count, device=old.device).masked_fill(~old, -1)
    node = edge_index[0].long().masked_fill(~old, 0)
    last = place.new_full((num_nodes,), -1).scatter_reduce(0, node, place, "amax")
    choices = torch.cat([edge_weight, edge_weight.new_full((1,), loop)])
    return torch.cat([edge_weight.masked_fill(old, 0.0), choices[last.masked_fill(last < 0, count)]])


def symmetric(edge_index: Tensor, edge_weight: Tensor, num_nodes: int, *, flow: str, signed: bool) -> Tensor:
    """Return ``w / sqrt(d(u) d(v))`` for every edge ``u -> v``; 0 where a degree is 0.

    Args:
        edge_index: [2, E].
        edge_weight: [E].
        num_nodes: number of nodes N.
        flow: whether a degree sums over the edges into a node (``"source_to_target"``) or out of it.
        signed: whether a degree sums the absolute weights.

    >>> symmetric(torch.tensor([[0], [1]]), torch.tensor([2.0]), 2, flow="source_to_target", signed=False)
    tensor([0.])
    """
    source, target = edge_index
    scale = _degree(edge_index, edge_weight, num_nodes, flow, signed).rsqrt()
    return (scale.index_select(0, source) * edge_weight * scale.index_select(0, target)).to(edge_weight.dtype)


def random_walk(edge_index: Tensor, edge_weight: Tensor, num_nodes: int, *, flow: str, signed: bool) -> Tensor:
    """Return ``w / d`` for every edge, d the degree of the node that gathers along it; 0 where a degree is 0.

    The weights that a node gathers with then sum to one: the rows of ``D^-1 A``. Arguments are those of
    :func:`symmetric`.

    >>> edges, weight = torch.tensor([[0, 1], [2, 2]]), torch.tensor([1.0, 3.0])
    >>> random_walk(edges, weight, 3, flow="source_to_target", signed=False)
    tensor([0.2500, 0.7500])
    """
    scale = _degree(edge_index, edge_weight, num_nodes, flow, signed).reciprocal()
    return (edge_weight * scale.index_select(0, edge_index[int(flow == "source_to_target")])).to(edge_weight.dtype)


def _degree(edge_index: Tensor, edge_weight: Tensor, num_nodes: int, flow: str, signed: bool) -> Tensor:
    """Return the sum of the weights that each node gathers with, in float32 at least; infinity instead of 0.

    A sum of ones in bfloat16 stays at 256.
    """
    gathering = edge_index[int(flow == "source_to_target")]
    counted = (edge_weight.abs() if signed else edge_weight).to(torch.promote_types(edge_weight.dtype, torch.float32))
    degree = counted.new_zeros(num_nodes).scatter_add(0, gathering.long(), counted)
    return degree.masked_fill(degree == 0, torch.inf)
