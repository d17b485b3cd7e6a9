"""Training a monitor on usual traffic, and setting its threshold."""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from gnn_toolkit import _checks
from gnn_toolkit.models.monitor import NARROWEST, StreetMonitor
from gnn_toolkit.models.usual_day import UsualDay
from gnn_toolkit.training.loop import History, fit
from gnn_toolkit.training.settings import Settings

TOGETHER = 1440  # steps that are forecast at a time, where the whole series is


def fit_monitor(
    monitor: StreetMonitor,
    values: Tensor,
    mask: Tensor | None,
    settings: Settings,
    *,
    window: int = 24,
    batch: int = 8,
    gaps: float = 0.1,
    validation: float = 0.2,
    clock: int = 0,
    progress: Callable[[int], None] | None = None,
) -> History:
    """Train a monitor to forecast usual traffic, in place.

    The usual day of each sensor is that of the whole series; each day is judged by the others. The loss is the negative
    logarithm of the Laplace density of what came, ``|d - m| / b + log 2b``, in widths from the usual and over what was
    measured. Sensors fall silent at random while it trains, so that it learns to do without some. At last each sensor's
    spread is taken, the mean of ``|d - m| / b`` over the series.

    Args:
        monitor: to train; what is usual is learnt here, too.
        values: [steps, N, F]; what is not finite, or 1e30 and more, was not measured.
        mask: [steps, N, F], whether a value was measured; ``None`` where all are that can be.
        settings: how to train, in one process.
        window: steps of a window; the state starts from zero at each.
        batch: number of windows of a step.
        gaps: probability that a value is hidden from the monitor.
        validation: the last part of the series, on which it is validated.
        clock: step of the day at which the series begins.
        progress: called with the number of steps done after every step.

    Returns:
        the history; the validation score is the loss.

    Raises:
        ValueError: a series of another shape, without readings or too short for its windows, or settings for several
            processes.
    """
    _check(settings, batch, gaps)
    lengths = {"ahead": monitor.ahead, "window": window, "validation": validation}
    traffic = UsualTraffic(monitor.usual, values, mask, clock=clock, limit=monitor.limit, **lengths)
    device = monitor.edge_index.device

    def windows(start: Tensor, hidden: Tensor) -> Tensor:
        seen, seen_mask, target, there, steps = (part.to(device) for part in traffic.windows(start, hidden))
        return forecast_loss(monitor.forecast(seen, seen_mask, steps)[0], target, there)

    history = fit(
        monitor,
        lambda generator: traffic.draw(generator, batch, gaps),
        lambda model, drawn: windows(*drawn),
        lambda model: float(windows(traffic.held_out, torch.tensor(False))),
        settings,
        higher_is_better=False,
        progress=progress,
    )
    traffic.set_spread(monitor)
    return history


class UsualTraffic:
    """Usual traffic as a monitor learns it: windows of how far it is from the usual day, in widths of that.

    Args:
        usual: learns the usual day of the whole series; each day is judged by the others.
        values: [steps, N, F]; what is not finite, or 1e30 and more, was not measured.
        mask: [steps, N, F], whether a value was measured; ``None`` where all are that can be.
        ahead: steps from a forecast to what it is of.
        window: steps of a window.
        limit: deviations beyond it are cut there.
        validation: the last part of the series, which is not trained on.
        clock: step of the day at which the series begins.

    Attributes:
        held_out: the first steps of the windows to validate by, one after another.

    Raises:
        ValueError: a series of another shape, without readings or too short for its windows.
    """

    def __init__(
        self,
        usual: UsualDay,
        values: Tensor,
        mask: Tensor | None,
        *,
        ahead: int = 1,
        window: int = 24,
        limit: float = 8.0,
        validation: float = 0.2,
        clock: int = 0,
    ) -> None:
        if not 0 < validation < 1:
            raise ValueError(_checks.problem("validation", "a part in (0, 1)", validation, "pass e.g. 0.2"))
        self.length, self.ahead, self.clock = _checks.positive("window", window) + ahead, ahead, clock
        off = usual.fit(values, mask, clock).cpu()
        self.there = off.isfinite()
        self.split = int(len(values) * (1 - validation))
        if min(self.split, len(values) - self.split) < self.length:
            remedy = "give a longer series or a shorter window"
            raise ValueError(_checks.problem("values", f"at least {self.length} steps a part", len(values), remedy))
        for part, name in ((self.there[: self.split], "train on"), (self.there[self.split :], "validate by")):
            if not bool(part.any()):
                raise ValueError(_checks.problem("values", f"readings to {name}", "none", "give more days"))
        self.scaled = off.clamp(-limit, limit).where(self.there, 0.0)
        self.held_out = torch.arange(self.split, len(values) - self.length + 1, window)

    def draw(self, generator: torch.Generator, count: int, gaps: float) -> tuple[Tensor, Tensor]:
        """Draw the first steps of training windows [B], and which values are hidden in them [B, T, N, 1]."""
        start = torch.randint(self.split - self.length + 1, (count,), generator=generator)
        shape = (count, self.length - self.ahead, self.scaled.size(1), 1)
        return start, torch.rand(shape, generator=generator) < gaps

    def windows(self, start: Tensor, hidden: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        """Return windows: what is seen and whether, what comes and whether [B, T, N, F] each, and the first steps.

        What is hidden or missing stays at the last value that was seen.
        """
        steps = start.cpu()[:, None] + torch.arange(self.length)
        values, there = self.scaled[steps], self.there[steps]
        seen = there[:, : -self.ahead] & ~hidden.cpu()
        held = _held(values[:, : -self.ahead], seen)
        return held, seen, values[:, self.ahead :], there[:, self.ahead :], self.clock + start

    @torch.no_grad()
    def set_spread(self, monitor: StreetMonitor) -> None:
        """Set a monitor's spread: the mean of ``min(|d - m| / b, limit)`` of each value of a node [N, F].

        Where nothing was measured it is the median of all nodes; none is trusted to be steadier than a part of that.
        """
        device, states, found = monitor.edge_index.device, None, []
        seen = _held(self.scaled[None], self.there[None])[0]
        for first in range(0, len(seen), TOGETHER):
            part = slice(first, first + TOGETHER)
            start = torch.tensor(self.clock + first, device=device)
            forecast, states = monitor.forecast(seen[part].to(device), self.there[part].to(device), start, states)
            found.append(forecast.cpu())
        median, scale = torch.cat(found, 1)[:, : -self.ahead]
        off = ((self.scaled[self.ahead :] - median).abs() / scale).clamp(max=monitor.limit)
        off = off.where(self.there[self.ahead :], torch.nan).nanmean(0)
        usual = off.nanmedian(0).values.nan_to_num(1.0)
        monitor.spread.copy_(off.where(off.isfinite(), usual).maximum(NARROWEST * usual))


def _check(settings: Settings, batch: int, gaps: float) -> None:
    if settings.devices != 1:
        remedy = "train in one process"
        raise ValueError(_checks.problem("settings", "devices=1", settings.devices, remedy))
    _checks.positive("batch", batch)
    if not 0 <= gaps < 1:
        raise ValueError(_checks.problem("gaps", "a probability in [0, 1)", gaps, "pass e.g. 0.1"))


def laplace_nll(forecast: Tensor, target: Tensor) -> Tensor:
    """Return the negative logarithm of a Laplace density, ``|d - m| / b + log 2b``, of forecasts (m, b) [2, ...]."""
    median, scale = forecast
    return (target - median).abs() / scale + (2 * scale).log()


def forecast_loss(forecast: Tensor, target: Tensor, there: Tensor) -> Tensor:
    """Return the mean of :func:`laplace_nll` over what was measured."""
    return laplace_nll(forecast, target).where(there, 0.0).sum() / there.sum().clamp(min=1)


def _held(values: Tensor, seen: Tensor) -> Tensor:
    """Return the values [B, T, N, F] with each gap at the last value seen before it, 0 where there is none."""
    place = torch.arange(values.size(1)).view(-1, 1, 1) * seen
    last = place.cummax(1).values
    return values.gather(1, last).where(seen.cummax(1).values, 0.0)


@torch.no_grad()
def scores_of(monitor: StreetMonitor, values: Tensor, mask: Tensor | None, *, clock: int = 0) -> Tensor:
    """Return the scores [steps, N] that the monitor gives a series, from a fresh start; it ends after its last step.

    Raises:
        ValueError: a series without steps, or a mask of another shape.
    """
    there = _checks.measured("values", values, mask)
    if not len(values):
        raise ValueError(_checks.problem("values", "at least one step", list(values.shape), "give a series"))
    monitor.reset(clock)
    return torch.stack([monitor.update(x, seen).scores for x, seen in zip(values, there, strict=True)])


def calibrate(
    monitor: StreetMonitor,
    values: Tensor,
    mask: Tensor | None,
    per_sensor_day: float,
    *,
    clock: int = 0,
    skip: int = 12,
) -> float:
    """Set the threshold so that usual traffic raises at most so many alarms, and return it.

    An alarm is raised where a node's score rises above the threshold; it is the lowest threshold above which every
    other keeps to the rate, too.

    Args:
        monitor: whose threshold to set.
        values: [steps, N, F] of usual traffic that it was not trained on.
        mask: [steps, N, F].
        per_sensor_day: alarms a sensor and day.
        clock: step of the day at which the series begins.
        skip: steps of burn-in, which do not count.

    Raises:
        ValueError: a rate that is no number from 0, a series too short, or one in which nothing was measured.
    """
    if not 0 <= per_sensor_day < math.inf or skip < 0 or len(values) <= skip + 1:
        got = f"{per_sensor_day} and {len(values)} steps"
        remedy = "pass e.g. 0.1 and a day at least"
        raise ValueError(
            _checks.problem("per_sensor_day", f"a rate from 0 and more than {skip + 1} steps", got, remedy)
        )
    if not bool(_checks.measured("values", values, mask)[skip:].any()):
        raise ValueError(_checks.problem("values", "readings to set a threshold by", "none", "check the mask"))
    scores = scores_of(monitor, values, mask, clock=clock)[skip:]
    allowed = int(per_sensor_day * scores[1:].numel() / monitor.steps_per_day)
    threshold = lowest_threshold(scores, allowed)
    monitor.threshold.fill_(threshold)
    return float(monitor.threshold)


def lowest_threshold(scores: Tensor, allowed: int) -> float:
    """Return the lowest threshold above which no threshold is crossed upwards more than ``allowed`` times.

    Args:
        scores: [steps, N].
        allowed: number of crossings, from 0.

    Raises:
        ValueError: no scores, scores that are not finite, or a negative number.

    >>> lowest_threshold(torch.tensor([[1.0], [3.0], [2.0], [4.0], [1.0]]), 1)
    3.0
    """
    if not scores.numel() or allowed < 0 or not bool(scores.isfinite().all()):
        got = f"{list(scores.shape)} with {int((~scores.isfinite()).sum())} that are not finite, and {allowed}"
        remedy = "score a series first"
        raise ValueError(_checks.problem("scores", "finite scores [steps, N] and a number from 0", got, remedy))
    low, high = scores[:-1], scores[1:]
    rising = high > low
    # A rise from a to b crosses each threshold in [a, b).
    ends = torch.cat([high[rising], low[rising]])
    change = torch.cat([torch.ones(int(rising.sum())), -torch.ones(int(rising.sum()))])
    if not ends.numel():
        return float(scores.max())
    place, group = ends.unique(return_inverse=True)
    net = torch.zeros(len(place)).index_add(0, group, change)
    above = net.flip(0).cumsum(0).flip(0)  # crossings of thresholds in [the place before, the place)
    broken = (above > allowed).nonzero()
    return float(place[int(broken[-1])]) if len(broken) else float(place[0])
