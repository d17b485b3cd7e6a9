"""Thresholds of each road: what finds accidents without learning anything of the network."""

import torch
from torch import Tensor

from gnn_toolkit.datasets import TrafficSeries

KEEP = 0.8  # of a score from step to step, for every detector
AROUND = 10  # minutes on either side from which a usual value is taken: there are few days


class UsualHour:
    """How far a value is from its average of the hour, in mean deviations of it.

    Args:
        series: usual days.
        limit: the most that one value counts.
    """

    def __init__(self, series: TrafficSeries, limit: float = torch.inf) -> None:
        self.slots, self.limit = series.steps_per_day, limit
        wide = AROUND * self.slots // 1440
        there = series.mask.double()
        days = (series.values * there).view(-1, self.slots, *series.values.shape[1:])
        measured = there.view_as(days)
        around = [torch.roll(days, shift, 1) for shift in range(-wide, wide + 1)]
        counts = [torch.roll(measured, shift, 1) for shift in range(-wide, wide + 1)]
        total = torch.stack([c.sum(0) for c in counts]).sum(0)
        self.mean = torch.stack([a.sum(0) for a in around]).sum(0) / total.clamp(min=1)
        off = torch.stack([((a - self.mean).abs() * c).sum(0) for a, c in zip(around, counts, strict=True)]).sum(0)
        self.deviation = (off / total.clamp(min=1)).clamp(min=1e-3 * float(series.values.abs().mean()))

    def scores(self, series: TrafficSeries, clock: int = 0) -> Tensor:
        """Return the score of each road at each step [T, N] of a series that begins at a step of the day."""
        slot = (clock + torch.arange(len(series.values))) % self.slots
        off = ((series.values - self.mean[slot]).abs() / self.deviation[slot]).clamp(max=self.limit)
        off = off.where(series.mask, 0.0)
        surprise, score, found = off.sum(2) / series.mask.sum(2), torch.ones(off.size(1)).double(), []
        for step in surprise:
            score = torch.where(step.isnan(), score, KEEP * score + (1 - KEEP) * step)
            found.append(score)
        return torch.stack(found)
