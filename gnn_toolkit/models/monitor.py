"""A monitor of a street network: it knows what usually comes next, and tells where something else came."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import torch
from torch import Tensor, nn

from gnn_toolkit import _checks
from gnn_toolkit.models.forecaster import TIME_LAYERS
from gnn_toolkit.models.serialization import load_weights, read_description, save_weights
from gnn_toolkit.models.usual_day import UsualDay

HARMONICS = 2  # sines and cosines of the hour: a day, and half a day
NARROWEST = 0.05  # of a usual width: forecasts are never trusted to be surer than that


@dataclass(frozen=True)
class Reading:
    """What the monitor says after an observation.

    Attributes:
        scores: [N], how unusual each node is; 1 is what the model expects of a usual day.
        alarms: [N], whether a node's score is above the threshold.
        onsets: [N], whether it has just risen above it.
    """

    scores: Tensor
    alarms: Tensor
    onsets: Tensor


class StreetMonitor(nn.Module):
    """A recurrence in time over a graph that forecasts the state of every node, and how sure it is.

    It sees how far each value is from the usual one of its node and hour, in widths (:class:`UsualDay`):
    ``d = (x - u) / w``. Each observation is compared with the forecast made ``ahead`` steps before, a Laplace
    distribution of a median m and a scale b for each feature, and with what is usual of the node itself:

        e = mean over the measured features of min(|d - m| / (b s), limit),
        score = keep * score + (1 - keep) * e

    The spread s is the mean of ``|d - m| / b`` that the node's feature had on usual days, so that e is 1 on average.
    One reading cannot raise a score by more than ``(1 - keep) limit``, whatever it is, and the state sees no deviation
    beyond ``limit``: a corrupt reading is forgotten within steps. A node of which nothing was measured keeps its score;
    what is missing is filled in with its forecast, marked as such, before the state goes on. What has begun is in the
    state at once, and in the forecasts that follow, so that it is a surprise for ``ahead`` steps: further ahead
    forecasts are less sure, but what is slight and lasts adds up in the score. Memory does not grow: all that it
    remembers is a state and ``ahead`` forecasts a node, kept in buffers, so that ``state_dict`` saves a monitor with
    its weights, its threshold and where it is in the day.

    Train it with :func:`gnn_toolkit.training.fit_monitor`.

    Args:
        edge_index: [2, E], of the network.
        num_nodes: number of nodes N.
        num_features: number F of values of a node.
        hidden_channels: width of the state.
        edge_weight: [E].
        steps_per_day: number of steps of a day; the forecast knows the hour.
        layer: a name of :class:`gnn_toolkit.models.Forecaster`.
        K: number of terms of a convolution, where the layer has it.
        memory: whether the state goes on from step to step; without it a node's forecast rests on the last observation.
        keep: how much of a score the next step keeps, in [0, 1).
        ahead: number of steps from a forecast to the observation that it is of.
        limit: the most that one reading may count, in what is usual.

    Raises:
        ValueError: on values that make no sense.

    >>> monitor = StreetMonitor(torch.tensor([[0, 1], [1, 0]]), num_nodes=2, num_features=1, hidden_channels=4)
    >>> reading = monitor.update(torch.tensor([[50.0], [48.0]]))
    >>> reading.scores.shape, reading.alarms.tolist()
    (torch.Size([2]), [False, False])
    """

    edge_index: Tensor
    edge_weight: Tensor
    spread: Tensor
    threshold: Tensor
    clock: Tensor
    score: Tensor
    medians: Tensor
    scales: Tensor
    state: Tensor

    def __init__(
        self,
        edge_index: Tensor,
        num_nodes: int,
        num_features: int,
        hidden_channels: int,
        *,
        edge_weight: Tensor | None = None,
        steps_per_day: int = 288,
        layer: str = "dcrnn",
        K: int = 3,
        memory: bool = True,
        keep: float = 0.5,
        ahead: int = 1,
        limit: float = 8.0,
    ) -> None:
        super().__init__()
        _checks.edges(edge_index, _checks.positive("num_nodes", num_nodes))
        if not 0 <= keep < 1:
            raise ValueError(_checks.problem("keep", "a part in [0, 1)", keep, "pass e.g. 0.5"))
        if not 1 < limit < math.inf:
            raise ValueError(_checks.problem("limit", "a number above 1", limit, "pass e.g. 8.0"))
        self.options: dict[str, Any] = {
            "num_nodes": num_nodes, "num_features": num_features, "hidden_channels": hidden_channels,
            "steps_per_day": steps_per_day, "layer": layer, "K": K, "memory": memory, "keep": keep, "ahead": ahead,
            "limit": limit,
        }  # fmt: skip
        self.num_nodes, self.num_features = num_nodes, _checks.positive("num_features", num_features)
        self.steps_per_day = _checks.positive("steps_per_day", steps_per_day)
        self.memory, self.keep, self.limit = memory, keep, limit
        self.ahead = _checks.positive("ahead", ahead)
        make = TIME_LAYERS[_checks.choice("layer", layer, TIME_LAYERS)]
        self.usual = UsualDay(num_nodes, num_features, steps_per_day)
        self.layer = make(3 * num_features + 2 * HARMONICS, hidden_channels, K)
        self.head = nn.Linear(hidden_channels, 2 * num_features)
        weight = torch.ones(edge_index.size(1)) if edge_weight is None else edge_weight
        _checks.edge_weights(weight, edge_index.size(1), signed=True)
        if not bool(weight.isfinite().all()):
            raise ValueError(_checks.problem("edge_weight", "finite weights", "nan or inf", "leave such edges out"))
        states = self.layer.cell.num_states
        for name, value in (
            ("edge_index", edge_index),
            ("edge_weight", weight),
            ("spread", torch.ones(num_nodes, num_features)),
            ("threshold", torch.tensor(torch.inf)),
            ("clock", torch.tensor(0)),
            ("score", torch.ones(num_nodes)),
            ("medians", torch.zeros(ahead, num_nodes, num_features)),
            ("scales", torch.ones(ahead, num_nodes, num_features)),
            ("state", torch.zeros(states, num_nodes, hidden_channels)),
        ):
            self.register_buffer(name, value.clone())

    @property
    def median(self) -> Tensor:
        """The median m of the next observation [N, F], in widths from the usual; nan where there is no forecast yet."""
        return self.medians[0]

    @property
    def scale(self) -> Tensor:
        """The scale b s of the next observation [N, F], in widths."""
        return self.scales[0] * self.spread

    def expected(self) -> tuple[Tensor, Tensor]:
        """Return median and scale of the next observation in its own units, [N, F] each."""
        width = self.usual.width[self.clock % self.steps_per_day]
        return self.usual.inverse_transform(self.median, self.clock), self.scale * width

    def reset(self, clock: int = 0) -> None:
        """Forget what was seen, and start at a step of the day; weights and threshold stay.

        The first ``ahead`` observations after it are not scored: there is no forecast for them.
        """
        self.clock.fill_(clock)
        self.score.fill_(1.0)
        self.medians.fill_(torch.nan)
        self.scales.fill_(1.0)
        self.state.zero_()

    def set_clock(self, clock: int) -> None:
        """Go on at another step of the day with the same state: the clocks were changed, and no reading was lost."""
        self.clock.fill_(_whole("clock", clock))

    def skip(self, steps: int) -> None:
        """Let ``steps`` observations pass of which nothing arrived; after more than a day, start afresh.

        It is what as many observations of nothing but gaps do: scores stay, the state goes on with its own forecasts.

        Raises:
            ValueError: a negative number.
        """
        if _whole("steps", steps) < 0:
            remedy = "time goes forward: use set_clock where the clock of the wall was put back"
            raise ValueError(_checks.problem("steps", "a number from 0", steps, remedy))
        if steps > self.steps_per_day:
            self.reset(int(self.clock) + steps)
            return
        for _ in range(int(steps)):
            self.update(self.score.new_full((self.num_nodes, self.num_features), torch.nan))

    @torch.no_grad()
    def update(self, observation: Tensor, mask: Tensor | None = None, *, clock: int | None = None) -> Reading:
        """Take the next observation [N, F], judge it, and forecast the one ``ahead`` steps after it.

        Args:
            observation: in its own units; what is not finite, or 1e30 and more, is missing.
            mask: [N, F], whether a value was measured.
            clock: step of the day of this observation; those between the last one and this are skipped, as lost.

        Raises:
            ValueError: another shape.
        """
        there = _checks.measured("observation", observation, mask)
        shape = (self.num_nodes, self.num_features)
        if tuple(observation.shape) != shape:
            remedy = "give every node, and nan where nothing was measured"
            raise ValueError(_checks.problem("observation", f"shape {list(shape)}", list(observation.shape), remedy))
        if clock is not None:
            self.skip((_whole("clock", clock) - int(self.clock)) % self.steps_per_day)
        value = self.usual(observation.to(self.score.dtype).where(there, 0.0), self.clock)
        started = self.median.isfinite()
        before = self.score > self.threshold
        self.score.copy_(self.smoothed(self.score, self.surprise(value, there & started)))
        filled = value.where(there, self.median.nan_to_num())
        forecast, states = self.forecast(filled[None], there[None], self.clock, list(self.state))
        for queue, latest in ((self.medians, forecast[0]), (self.scales, forecast[1])):
            queue.copy_(torch.cat([queue[1:], latest]))
        if self.memory:
            self.state.copy_(torch.stack(states))
        self.clock.add_(1)
        alarms = self.score > self.threshold
        return Reading(self.score.clone(), alarms, alarms & ~before)

    def surprise(self, value: Tensor, mask: Tensor) -> Tensor:
        """Return the mean of ``min(|d - m| / (b s), limit)`` over what was measured of each node [N], nan without."""
        error = ((value - self.median).abs() / self.scale).clamp(max=self.limit).where(mask, 0.0)
        return error.sum(-1) / mask.sum(-1)

    def smoothed(self, score: Tensor, surprise: Tensor) -> Tensor:
        """Return the next score: where nothing was measured, the one before."""
        return torch.where(surprise.isnan(), score, self.keep * score + (1 - self.keep) * surprise)

    def forecast(
        self, value: Tensor, mask: Tensor, clock: Tensor, states: list[Tensor] | None = None
    ) -> tuple[Tensor, list[Tensor]]:
        """Return m and b ``ahead`` steps after each of several, [2, ..., T, N, F], in widths, and the last states.

        Args:
            value: [..., T, N, F], in widths from the usual and without gaps; beyond ``limit`` all is alike.
            mask: [..., T, N, F], what of it was measured.
            clock: [...] number of the first step.
            states: of the layer, [..., N, H] each; zeros where ``None``.
        """
        value = value.clamp(-self.limit, self.limit)
        steps = clock[..., None] + torch.arange(value.size(-3), device=value.device)
        angle = (
            2 * math.pi * steps[..., None] / self.steps_per_day * torch.arange(1, HARMONICS + 1, device=value.device)
        )
        hour = torch.cat([angle.sin(), angle.cos()], -1)[..., None, :].expand(*value.shape[:-1], -1)
        width = self.usual.width[steps % self.steps_per_day].log()
        x = torch.cat([value, mask.to(value.dtype), width, hour.to(value.dtype)], -1)
        if not self.memory:  # each step for itself
            x, states = x.reshape(-1, 1, *x.shape[-2:]), None
        hx = None if states is None else (states[0] if len(states) == 1 else tuple(states))
        h, after = self.layer(x, self.edge_index, self.edge_weight, hx=hx)  # type: ignore[arg-type]
        change, width = self.head(h.reshape(*value.shape[:-1], -1)).chunk(2, -1)
        scale = nn.functional.softplus(width) + NARROWEST
        return torch.stack([value + change, scale]), list(after) if isinstance(after, tuple) else [after]

    def save(self, path: str | Path, names: tuple[str, ...] = ()) -> None:
        """Save weights, threshold and state as safetensors and beside them, as JSON, the sizes and the nodes' names.

        Args:
            path: ends in ``.safetensors``.
            names: of the nodes, to be found again in the description.

        Raises:
            ValueError: it has another ending.
            OSError: a file cannot be written.
        """
        about = {"model": type(self).__name__, "sizes": self.options, "edges": self.edge_index.size(1)}
        save_weights(Path(path), self, about | {"names": names})

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Return a saved monitor, which goes on where it was.

        Raises:
            ValueError: the file beside it does not describe a monitor.
            OSError: a file is missing.
            safetensors.SafetensorError: the weights are damaged.
        """
        about = read_description(path, cls.__name__)
        monitor = cls(torch.zeros(2, about["edges"], dtype=torch.long), **about["sizes"])
        load_weights(Path(path), monitor)
        return monitor.eval()


def _whole(argument: str, value: float) -> int:
    """Return a number of steps as an integer."""
    if not float(value).is_integer():
        raise ValueError(_checks.problem(argument, "a whole number of steps", value, "pass e.g. 1"))
    return int(value)
