"""Windows over one series of a graph's states: an array and the steps at which windows start, no copies."""

from dataclasses import dataclass

import torch
from torch import Tensor

from gnn_toolkit._checks import positive, problem


@dataclass(frozen=True)
class TrafficSeries:
    """The states of a graph, step after step.

    Attributes:
        values: [steps, N, F]; 0 where missing.
        mask: [steps, N, F], whether a value was measured.
        edge_index: [2, E].
        edge_weight: [E].
        steps_per_day: number of steps of a day.
        names: of the nodes.
    """

    values: Tensor
    mask: Tensor
    edge_index: Tensor
    edge_weight: Tensor
    steps_per_day: int
    names: tuple[str, ...]


@dataclass(frozen=True)
class Batch:
    """Windows that were taken together.

    Attributes:
        x: [B, history, N, F], what is known; 0 where missing.
        x_mask: [B, history, N, F].
        y: [B, horizon, N, F], what comes; 0 where missing.
        y_mask: [B, horizon, N, F].
        step: [B], the step at which each target begins.
    """

    x: Tensor
    x_mask: Tensor
    y: Tensor
    y_mask: Tensor
    step: Tensor


@dataclass(frozen=True)
class Windows:
    """All windows of a series whose targets lie between two steps.

    A window is ``history`` steps and then ``horizon`` steps to forecast. Only the series is kept, and where each window
    starts; a batch is taken from it when asked for. Histories may reach back before ``first``, targets may not, so
    that windows of training, validation and test never share a target.

    Args:
        values: [steps, N, F]; what is not finite is missing.
        history: number of steps that are known.
        horizon: number of steps to forecast.
        first: first step that may be a target.
        last: the step after the last that may be one; ``None`` for the end.
        mask: [steps, N, F], whether a value was measured; what is not finite never is.

    Raises:
        ValueError: on sizes that do not fit.

    >>> windows = Windows(torch.arange(8.0).view(8, 1, 1), history=3, horizon=2, first=4)
    >>> batch = windows.take(torch.tensor([0]))
    >>> len(windows), batch.x.flatten().tolist(), batch.y.flatten().tolist()
    (3, [1.0, 2.0, 3.0], [4.0, 5.0])
    """

    values: Tensor
    history: int
    horizon: int
    first: int = 0
    last: int | None = None
    mask: Tensor | None = None

    def __post_init__(self) -> None:
        positive("history", self.history)
        positive("horizon", self.horizon)
        if self.values.dim() != 3 or not self.values.is_floating_point():
            got = f"{self.values.dtype} {list(self.values.shape)}"
            remedy = "add a dimension for one feature"
            raise ValueError(problem("values", "floating-point [steps, num_nodes, features]", got, remedy))
        finite = torch.isfinite(self.values)
        mask = finite if self.mask is None else finite & self.mask
        object.__setattr__(self, "values", self.values.masked_fill(~mask, 0.0))
        object.__setattr__(self, "mask", mask)
        object.__setattr__(self, "last", len(self.values) if self.last is None else self.last)
        if not 0 <= self.first <= (self.last or 0) <= len(self.values):
            allowed = f"0 <= first <= last <= {len(self.values)}"
            raise ValueError(problem("first", allowed, f"{self.first} and {self.last}", "check the split"))

    @property
    def steps(self) -> Tensor:
        """The step at which each window's target begins, [len(self)]."""
        assert self.last is not None
        return torch.arange(max(self.first, self.history), max(self.last - self.horizon + 1, 0))

    def __len__(self) -> int:
        return self.steps.numel()

    def take(self, which: Tensor) -> Batch:
        """Return the windows of these numbers, [B] in [0, len(self))."""
        assert self.mask is not None
        step = self.steps[which]
        before, after = (step[:, None] + torch.arange(a, b) for a, b in ((-self.history, 0), (0, self.horizon)))
        return Batch(self.values[before], self.mask[before], self.values[after], self.mask[after], step)
