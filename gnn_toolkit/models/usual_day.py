"""The usual day of each sensor: what it measures at each hour, and how far from that it mostly is."""

import torch
from torch import Tensor, nn

from gnn_toolkit import _checks

FOLDS = 5  # parts of the days, of which one is judged by the others
AROUND = 10  # minutes on either side from which a usual value is taken: there are few days
NARROWEST = 0.05  # of a feature's median width: no sensor is trusted to be steadier than that


class UsualDay(nn.Module):
    """The usual value u of each feature of each node at each step of the day, and its width w.

        u = median of x,   w = (n mean |x - u'| + mean |x - u''|) / (n + 1)

    over what was measured within ten minutes of that step on n days. u' is the same median without the day of x, or
    without a fifth of the days that it is in: of days to come one is surer otherwise than one can be. u'' is the median
    of the node at any hour, on which the width of few days leans. A feature that never changes has width 1; a node that
    never reported has the median of all nodes.

    Args:
        num_nodes: number of nodes N.
        num_features: number F of values of a node.
        steps_per_day: number of steps S of a day.

    Shapes:
        - values [..., T, N, F] and the step of each, [..., T], counted from any midnight: output [..., T, N, F]

    >>> usual = UsualDay(1, 1, steps_per_day=2)
    >>> off = usual.fit(torch.tensor([10.0, 50.0, 12.0, 54.0, 11.0, 52.0]).view(-1, 1, 1))
    >>> usual.center.flatten().tolist()
    [11.0, 52.0]
    >>> usual.inverse_transform(usual(torch.tensor([[[53.0]]]), torch.tensor([1])), torch.tensor([1])).tolist()
    [[[53.0]]]
    """

    center: Tensor
    width: Tensor

    def __init__(self, num_nodes: int, num_features: int, steps_per_day: int) -> None:
        super().__init__()
        self.steps_per_day = _checks.positive("steps_per_day", steps_per_day)
        shape = (self.steps_per_day, num_nodes, num_features)
        self.register_buffer("center", torch.zeros(shape))
        self.register_buffer("width", torch.ones(shape))

    @torch.no_grad()
    def fit(self, values: Tensor, mask: Tensor | None = None, clock: int = 0) -> Tensor:
        """Learn the usual day from a series [steps, N, F], and return its deviations as if each day were new.

        Args:
            values: what is not finite, or 1e30 and more, was not measured.
            mask: [steps, N, F], whether a value was measured.
            clock: step of the day at which it begins.

        Returns:
            ``(x - u') / w`` [steps, N, F], nan where nothing was measured; of a single day ``(x - u'') / w``.

        Raises:
            ValueError: another shape, or nothing that was measured.
        """
        shape = tuple(self.center.shape[1:])
        if values.dim() != 3 or tuple(values.shape[1:]) != shape:
            allowed, remedy = f"shape [steps, {shape[0]}, {shape[1]}]", "give every node, and nan where it was silent"
            raise ValueError(_checks.problem("values", allowed, list(values.shape), remedy))
        there = _checks.measured("values", values, mask)
        if not bool(there.any()):
            got = f"none of {values.numel()}"
            raise ValueError(_checks.problem("values", "a reading that was measured", got, "check the mask"))
        readings = values.double().where(there, torch.nan).to(self.center.device)
        overall = _filled(readings.nanmedian(0).values)
        at_any_hour = (readings - overall).abs().nanmean(0)
        step = clock + torch.arange(len(readings), device=readings.device)
        around, off = AROUND * self.steps_per_day // 1440, torch.empty_like(readings)
        for slot in range(self.steps_per_day):
            apart = (step - slot + self.steps_per_day // 2) % self.steps_per_day - self.steps_per_day // 2
            near, day = apart.abs() <= around, (step - apart) // self.steps_per_day
            rows = readings[near]
            center, others = _centers(rows, day[near] % FOLDS, overall)
            days = rows.isfinite().sum(0) / (2 * around + 1)
            width = (rows - others).abs().nanmean(0)
            width = width.where(width.isfinite(), at_any_hour)
            self.center[slot] = center
            self.width[slot] = (days * width + at_any_hour.where(at_any_hour.isfinite(), width)) / (days + 1)
            off[near.nonzero()[apart[near] == 0, 0]] = (rows - others)[apart[near] == 0]
        self._widen()
        return (off / self.width[step % self.steps_per_day]).to(self.center.dtype)

    def _widen(self) -> None:
        """Give what never reported the usual width of its feature, and let none be narrower than a part of it."""
        rounding = 4 * torch.finfo(self.width.dtype).eps * self.center.abs()
        changing = self.width.where(self.width > rounding, torch.nan).flatten(0, 1)
        usual = changing.nanmedian(0).values
        narrowest = torch.where(usual.isnan(), 1.0, NARROWEST * usual)
        self.width.copy_(self.width.where(self.width.isfinite(), usual.nan_to_num(1.0)).maximum(narrowest))

    def forward(self, values: Tensor, steps: Tensor) -> Tensor:
        """Return how far the values are from the usual ones, in widths."""
        slot = steps % self.steps_per_day
        return (values - self.center[slot]) / self.width[slot]

    def inverse_transform(self, deviations: Tensor, steps: Tensor) -> Tensor:
        """Return the values that are so many widths from the usual ones."""
        slot = steps % self.steps_per_day
        return self.center[slot] + deviations * self.width[slot]


def _centers(rows: Tensor, fold: Tensor, overall: Tensor) -> tuple[Tensor, Tensor]:
    """Return the median of all rows [N, F], and for each row that of the other folds [M, N, F].

    Where there are none it is the median of any hour.
    """
    others = torch.empty_like(rows)
    for one in fold.unique():
        rest = rows[fold != one]
        center = rest.nanmedian(0).values if len(rest) else torch.full_like(overall, torch.nan)
        others[fold == one] = center.where(center.isfinite(), overall)
    center = rows.nanmedian(0).values if len(rows) else torch.full_like(overall, torch.nan)
    return center.where(center.isfinite(), overall), others


def _filled(overall: Tensor) -> Tensor:
    """Return the medians [N, F] with that of all nodes where a node never reported; 0 where none did."""
    everyone = overall.nanmedian(0).values
    return overall.where(overall.isfinite(), everyone).nan_to_num()
