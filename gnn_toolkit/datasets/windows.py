"""Windows over one series of a graph's states: an array and the steps at which windows start, no copies."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Self

import numpy as np
import torch
from torch import Tensor

from gnn_toolkit import _checks
from gnn_toolkit._checks import positive, problem
from gnn_toolkit.datasets.sensor_graph import read_places, read_sensor_graph
from gnn_toolkit.datasets.tables import Bounds, read_readings


@dataclass(frozen=True)
class TrafficSeries:
    """The states of a graph, step after step.

    What is not finite, or as large as no reading can be (1e30), is missing, whatever the mask says.

    Attributes:
        values: [steps, N, F]; 0 where missing.
        mask: [steps, N, F], whether a value was measured.
        edge_index: [2, E].
        edge_weight: [E].
        steps_per_day: number of steps of a day.
        names: of the nodes.
        first_slot: step of the day at which the series begins.
        places: [N, 2], where the nodes are, e.g. longitude and latitude; ``None`` where nobody said.
        start: time of the first step; ``None`` where nobody said.
        notes: what was dropped when the series was read, a sentence each.

    Raises:
        ValueError: sizes that do not fit one another, a node that is not there, or a weight that is no number.

    >>> series = TrafficSeries(
    ...     torch.tensor([[[50.0], [torch.nan]]]),
    ...     torch.ones(1, 2, 1, dtype=torch.bool),
    ...     torch.tensor([[0], [1]]),
    ...     torch.ones(1),
    ...     steps_per_day=288,
    ...     names=("a", "b"),
    ... )
    >>> series.values.flatten().tolist(), series.mask.flatten().tolist()
    ([50.0, 0.0], [True, False])
    """

    values: Tensor
    mask: Tensor
    edge_index: Tensor
    edge_weight: Tensor
    steps_per_day: int
    names: tuple[str, ...]
    first_slot: int = 0
    places: Tensor | None = None
    start: datetime | None = None
    notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        """Return the sizes in a line."""
        steps, nodes, features = self.values.shape
        parts = [f"{steps} steps, {nodes} nodes, {features} features, {self.edge_index.size(1)} edges"]
        parts += [] if bool(self.mask.all()) else [f"{1 - float(self.mask.double().mean()):.1%} missing"]
        parts += [] if self.start is None else [f"from {self.start:%Y-%m-%d %H:%M}"]
        return f"TrafficSeries({', '.join(parts)})"

    @classmethod
    def from_csv(
        cls,
        values: str | Path,
        graph: str | Path | None = None,
        *,
        times: str | float | None = None,
        sensor: str | None = None,
        time_format: str | None = None,
        places: str | Path | None = None,
        low: float = -torch.inf,
        high: float = torch.inf,
        missing: Sequence[float] = (),
    ) -> Self:
        """Read a series and its graph from CSV files; what was dropped is in ``notes``.

        The readings are a wide table, a row a time and a column a sensor, or a long one, a row a reading with a column
        of sensors; further columns of a long table are further features. Times become steps of equal length, on which
        what is missing is a gap; sensors of the two files are matched by their names.

        Args:
            values: CSV file with a header.
            graph: CSV file, a matrix of weights or a list of pairs with distances or weights, as
                :func:`gnn_toolkit.datasets.read_sensor_graph` reads it; ``None`` for no edges.
            times: name of the column of timestamps; ``None`` to find it; a number where there is none, the minutes of
                a step, from midnight on.
            sensor: name of the column of sensors of a long table; ``None`` to find it (sensor, detector, station ...).
            time_format: of ``strptime``; ``None`` for ISO 8601 or seconds since 1970.
            places: CSV file with sensors, longitude and latitude.
            low: numbers below are no readings but gaps.
            high: numbers above are no readings but gaps.
            missing: numbers that mark a gap, e.g. ``[0.0, -1.0]``.

        Raises:
            ValueError: what cannot be read, with the place in the file and what to do.
            OSError: a file cannot be opened.
        """
        bounds = Bounds(low, high, tuple(missing))
        read = read_readings(Path(values), times=times, sensor=sensor, time_format=time_format, bounds=bounds)
        edges = None if graph is None else read_sensor_graph(Path(graph), read.names)
        index = np.empty((2, 0), dtype=int) if edges is None else edges.edge_index
        weight = np.empty(0) if edges is None else edges.edge_weight
        where = None if places is None else torch.from_numpy(read_places(Path(places), read.names)).float()
        measured = torch.from_numpy(read.values).float()
        start = read.start
        seconds = 0 if start is None else 3600 * start.hour + 60 * start.minute + start.second
        return cls(
            measured, measured.isfinite(), torch.from_numpy(index), torch.from_numpy(weight).float(),
            read.steps_per_day, read.names, seconds * read.steps_per_day // 86400, where, start,
            (*read.notes, *(() if edges is None else edges.notes)),
        )  # fmt: skip

    def time(self, step: int) -> datetime | None:
        """Return the time of a step, which may lie after the last; ``None`` where the series has no times."""
        return None if self.start is None else self.start + step * timedelta(days=1) / self.steps_per_day

    def __post_init__(self) -> None:
        _states(self.values)
        mask = _checks.measured("values", self.values, self.mask)
        if not mask.equal(self.mask) or bool((self.values[~mask] != 0).any()):
            object.__setattr__(self, "values", self.values.masked_fill(~mask, 0.0))
            object.__setattr__(self, "mask", mask)
        nodes = self.values.size(1)
        _checks.edges(self.edge_index, nodes)
        _checks.edge_weight_form(self.edge_weight, self.edge_index.size(1))
        if not bool(self.edge_weight.isfinite().all()):
            edge = int((~self.edge_weight.isfinite()).nonzero()[0])
            got = f"{float(self.edge_weight[edge])} at edge {edge}"
            raise ValueError(problem("edge_weight", "finite weights", got, "leave the edge out or correct its weight"))
        positive("steps_per_day", self.steps_per_day)
        if len(self.names) != nodes:
            raise ValueError(problem("names", f"{nodes} names", len(self.names), "give one name a node"))
        if not 0 <= self.first_slot < self.steps_per_day:
            allowed = f"a step of the day in [0, {self.steps_per_day})"
            raise ValueError(problem("first_slot", allowed, self.first_slot, "count from midnight"))
        if self.places is not None and tuple(self.places.shape) != (nodes, 2):
            got = list(self.places.shape)
            raise ValueError(problem("places", f"shape [{nodes}, 2]", got, "give x and y of each node"))

    def __len__(self) -> int:
        return len(self.values)

    def cut(self, first: int = 0, last: int | None = None) -> "TrafficSeries":
        """Return the steps from ``first`` to the one before ``last``, which know at which step of the day they begin.

        Raises:
            ValueError: no such steps.
        """
        end = len(self) if last is None else last
        if not 0 <= first <= end <= len(self):
            allowed = f"0 <= first <= last <= {len(self)}"
            raise ValueError(problem("first", allowed, f"{first} and {end}", "check the split"))
        slot = (self.first_slot + first) % self.steps_per_day
        part = {"values": self.values[first:end], "mask": self.mask[first:end]}
        return replace(self, **part, first_slot=slot, start=self.time(first))

    def ordered(self, names: Sequence[str]) -> "TrafficSeries":
        """Return the series with its nodes in the order of these names, which are all of its own.

        Raises:
            ValueError: other names.
        """
        wanted, own = tuple(names), self.names
        if wanted == own:
            return self
        if sorted(wanted) != sorted(own) or len(set(own)) < len(own):
            missing, more = sorted({*wanted} - {*own}), sorted({*own} - {*wanted})
            got = f"{len(missing)} missing ({', '.join(missing[:3])}), {len(more)} others ({', '.join(more[:3])})"
            raise ValueError(problem("names", f"the {len(wanted)} nodes asked for", got, "give those nodes, each once"))
        order = torch.tensor([own.index(name) for name in wanted])
        place = torch.empty_like(order).scatter_(0, order, torch.arange(len(order)))
        where = None if self.places is None else self.places[order]
        part = {"values": self.values[:, order], "mask": self.mask[:, order], "edge_index": place[self.edge_index]}
        return replace(self, **part, names=wanted, places=where)


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

    def __repr__(self) -> str:
        """Return the sizes in a line."""
        return f"Batch(x={list(self.x.shape)}, y={list(self.y.shape)})"


@dataclass(frozen=True)
class Windows:
    """All windows of a series whose targets lie between two steps.

    A window is ``history`` steps and then ``horizon`` steps to forecast. Only the series is kept, and where each window
    starts; a batch is taken from it when asked for. Histories may reach back before ``first``, targets may not, so
    that windows of training, validation and test never share a target. Where the series or the part of it is too short
    for any, there are none.

    Args:
        values: [steps, N, F]; what is not finite, or 1e30 and more, is missing.
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
        _states(self.values)
        mask = _checks.measured("values", self.values, self.mask)
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
        first = max(self.first, self.history)
        return torch.arange(first, max(self.last - self.horizon + 1, first))

    def __len__(self) -> int:
        return self.steps.numel()

    def __repr__(self) -> str:
        """Return the sizes in a line."""
        nodes, features = self.values.shape[1:]
        return f"Windows({len(self)} of {self.history} + {self.horizon} steps, {nodes} nodes, {features} features)"

    def take(self, which: Tensor) -> Batch:
        """Return the windows of these numbers, [B] in [0, len(self)).

        Raises:
            ValueError: a number of no window.
        """
        assert self.mask is not None
        if not isinstance(which, Tensor):
            raise ValueError(problem("which", "a tensor of numbers", repr(which), "pass torch.tensor(...)"))
        if which.numel() and not 0 <= int(which.min()) <= int(which.max()) < len(self):
            got = f"numbers from {int(which.min())} to {int(which.max())}"
            raise ValueError(problem("which", f"numbers in [0, {len(self)})", got, "there are len(windows) windows"))
        step = self.steps[which.long()]
        before, after = (step[:, None] + torch.arange(a, b) for a, b in ((-self.history, 0), (0, self.horizon)))
        return Batch(self.values[before], self.mask[before], self.values[after], self.mask[after], step)


def _states(values: Tensor) -> None:
    """Raise a ``ValueError`` unless ``values`` are floating-point [steps, N, F]."""
    if not isinstance(values, Tensor):
        raise ValueError(problem("values", "a tensor", type(values).__name__, "pass torch.as_tensor(values)"))
    if values.dim() != 3 or not values.is_floating_point():
        got = f"{values.dtype} {list(values.shape)}"
        remedy = "add a dimension for one feature, and pass values.float()"
        raise ValueError(problem("values", "floating-point [steps, num_nodes, features]", got, remedy))
