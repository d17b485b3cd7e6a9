"""Incidents put into measured traffic: slowdowns at known places and times, which spread against the traffic."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from gnn_toolkit._checks import problem
from gnn_toolkit.datasets.windows import TrafficSeries


@dataclass(frozen=True)
class Incident:
    """A slowdown at a node for a time.

    Attributes:
        node: number of the node.
        start: step of the series in which it begins.
        steps: number of steps after which it begins to clear.
        part: of the speed that is lost at the node.
    """

    node: int
    start: int
    steps: int
    part: float = 0.4


def inject_incidents(
    series: TrafficSeries,
    incidents: Sequence[Incident],
    *,
    feature: int = 0,
    onset: int = 2,
    recovery: int = 3,
    spread: float = 0.5,
    delay: int = 1,
    hops: int = 2,
) -> TrafficSeries:
    """Return the series with the speeds lowered by incidents that never were.

    An incident takes a part of the speed at its node, and less of it, later, at the nodes that lead there:

        v'_u(t) = v_u(t) (1 - part s_u g(t - start - delay h_u))
        g(t) = min(1, (t + 1) / onset, (steps + recovery - t) / (recovery + 1)), 0 before 0 and where that is below 0

    with h_u the number of edges from u to the node, up to ``hops``; s is 1 at the node, and from there, edge by edge
    against its direction, ``s_u = spread max_v s_v A[u, v] / max A`` over the nodes v one edge nearer. On a graph
    whose edges go both ways it therefore spreads to both sides. Several incidents multiply.

    Args:
        series: of which one feature is a speed; its gaps stay gaps.
        incidents: to put in.
        feature: number of the speed.
        onset: steps in which the speed falls.
        recovery: steps in which it comes back.
        spread: part of a slowdown that arrives one edge of the highest weight away.
        delay: steps that it takes for that.
        hops: how many edges it goes.

    Raises:
        ValueError: no such node, or values that make no sense.

    >>> values, known = torch.full((5, 2, 1), 60.0), torch.ones(5, 2, 1, dtype=torch.bool)
    >>> road = TrafficSeries(values, known, torch.tensor([[0], [1]]), torch.ones(1), 288, ("first", "then"))
    >>> slow = inject_incidents(road, [Incident(1, start=1, steps=2, part=0.5)], onset=1, recovery=1)
    >>> slow.values[..., 0].t().tolist()
    [[60.0, 60.0, 45.0, 45.0, 52.5], [60.0, 30.0, 30.0, 45.0, 60.0]]
    """
    if onset < 1 or min(recovery, delay, hops) < 0 or not 0 <= spread <= 1:
        got = (onset, recovery, delay, hops, spread)
        raise ValueError(problem("onset", "onset from 1, others from 0, spread in [0, 1]", got, "correct the value"))
    if not 0 <= feature < series.values.size(2):
        got, remedy = f"{feature}", "name the one that is the speed"
        raise ValueError(problem("feature", f"a feature below {series.values.size(2)}", got, remedy))
    values = series.values.clone()
    for incident in incidents:
        inside = 0 <= incident.node < values.size(1) and 0 <= incident.start < len(values)
        if not inside or not 0 <= incident.part <= 1 or incident.steps < 1:
            allowed = f"a node below {values.size(1)}, a start below {len(values)}, a part in [0, 1], steps from 1"
            raise ValueError(problem("incidents", allowed, incident, "correct it"))
        strength, hop = _reach(series, incident.node, spread, hops)
        t = torch.arange(len(values))[:, None] - incident.start - delay * hop
        shape = torch.minimum((t + 1) / onset, (incident.steps + recovery - t) / (recovery + 1)).clamp(0, 1)
        values[..., feature] *= 1 - incident.part * strength * shape
    return replace(series, values=values)


def _reach(series: TrafficSeries, node: int, spread: float, hops: int) -> tuple[Tensor, Tensor]:
    """Return the strength s and the number of edges h of each node, [N] each; 0 where an incident does not reach."""
    count = series.values.size(1)
    strength, hop = torch.zeros(count), torch.zeros(count, dtype=torch.long)
    strength[node] = 1.0
    reached = strength > 0
    (tail, head), front = series.edge_index, reached
    top = float(series.edge_weight.max()) if tail.numel() else 0.0
    weight = series.edge_weight / top if top > 0 else torch.zeros_like(series.edge_weight)
    for k in range(1, hops + 1):
        arriving = (spread * weight * strength[head]).where(front[head], 0.0)
        new = torch.zeros(count).scatter_reduce(0, tail, arriving, "amax")
        front = (new > 0) & ~reached
        strength, hop = strength.where(~front, new), hop.where(~front, torch.tensor(k))
        reached = reached | front
    return strength, hop
