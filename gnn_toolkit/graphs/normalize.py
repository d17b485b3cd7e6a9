"""The normalised adjacency of a graph convolution."""

import torch
from torch import Tensor
from torch_geometric.utils import add_remaining_self_loops

from gnn_toolkit import _checks


def gcn_norm(
    edge_index: Tensor,
    edge_weight: Tensor | None,
    num_nodes: int,
    *,
    improved: bool = False,
    add_self_loops: bool = True,
    flow: str = "source_to_target",
    dtype: torch.dtype | None = None,
) -> tuple[Tensor, Tensor]:
    """Return the edges and weights of ``A_hat = D~^-1/2 (A + I) D~^-1/2`` (Kipf and Welling 2017, eq. 2).

    ``D~`` holds the weighted in-degrees of ``A + I`` (out-degrees where ``flow`` runs from target to source), so on a
    directed graph the weight of ``u -> v`` is ``w / sqrt(d(u) d(v))`` with both degrees counted at incoming edges.

    Args:
        edge_index: integer tensor [2, E].
        edge_weight: weights [E], not negative; ones where ``None``.
        num_nodes: number of nodes N.
        improved: add ``2 I`` in the place of ``I`` (in PyG 2.8 this does nothing where ``edge_weight`` is ``None``).
        add_self_loops: whether to add the loops; a loop that is already there keeps its weight.
        flow: ``"source_to_target"`` or ``"target_to_source"``.
        dtype: of the weights where ``edge_weight`` is ``None``; torch's default where ``None``.

    Returns:
        edge_index [2, E'] and edge_weight [E'].

    Raises:
        ValueError: a weight is negative, which has no square root of a degree.

    >>> gcn_norm(torch.tensor([[0, 1], [1, 0]]), None, 2)[1]
    tensor([0.5000, 0.5000, 0.5000, 0.5000])
    """
    _checks.edges(edge_index, num_nodes)
    if edge_weight is None:
        edge_weight = torch.ones(edge_index.size(1), dtype=dtype, device=edge_index.device)
    _checks.edge_weights(edge_weight, edge_index.size(1))
    if add_self_loops:
        loop = 2.0 if improved else 1.0
        edge_index, weight = add_remaining_self_loops(edge_index, edge_weight, loop, num_nodes)
        edge_weight = edge_weight if weight is None else weight
    source, target = edge_index
    gathering = target if flow == "source_to_target" else source
    degree = edge_weight.new_zeros(num_nodes).scatter_add(0, gathering, edge_weight)
    scale = degree.masked_fill(degree == 0, torch.inf).rsqrt()
    return edge_index, scale[source] * edge_weight * scale[target]
