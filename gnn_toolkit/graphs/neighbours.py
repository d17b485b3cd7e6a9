"""The order of a node's neighbours."""

import torch
from torch import Tensor

from gnn_toolkit import _checks
from gnn_toolkit.graphs.normalize import FLOWS


def rank_neighbours(edge_index: Tensor, score: Tensor, *, flow: str = "source_to_target") -> Tensor:
    """Return the rank of each edge among the edges into its target: 0 for the least ``score``, ties as the edges come.

    Args:
        edge_index: integer tensor [2, E].
        score: [E], e.g. distances.
        flow: ``"source_to_target"``, or ``"target_to_source"`` to rank the edges out of each source.

    Returns:
        integers [E].

    Raises:
        ValueError: on edges that are none, or a score that does not fit or is NaN.

    >>> rank_neighbours(torch.tensor([[0, 2, 1], [1, 1, 0]]), torch.tensor([5.0, 3.0, 9.0]))
    tensor([1, 0, 0])
    """
    _checks.edge_form(edge_index)
    _checks.choice("flow", flow, FLOWS)
    _checks.on_device(edge_index, score=score)
    if score.shape != (edge_index.size(1),) or bool(score.isnan().any()):
        got = f"{score.dtype} {list(score.shape)}" + (" with NaN" if bool(score.isnan().any()) else "")
        raise ValueError(_checks.problem("score", f"numbers [{edge_index.size(1)}]", got, "one number an edge"))
    target = edge_index[1 if flow == "source_to_target" else 0].long()
    by_score = torch.argsort(score, stable=True)
    order = by_score[torch.argsort(target[by_score], stable=True)]  # by target, and by score within
    ordered = target[order]
    first = torch.searchsorted(ordered, ordered)
    rank = torch.empty_like(order)
    rank[order] = torch.arange(order.size(0), device=order.device) - first
    return rank
