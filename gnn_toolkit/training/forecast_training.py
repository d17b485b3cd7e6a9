"""Training a forecaster on any series of a graph, and how sure its forecasts are."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from gnn_toolkit import _checks
from gnn_toolkit.datasets import Batch, TrafficSeries, Windows
from gnn_toolkit.models import Forecaster, UsualDay
from gnn_toolkit.models.forecaster import latest
from gnn_toolkit.training.checkpoint import load_checkpoint
from gnn_toolkit.training.errors import ForecastErrors, masked_mae
from gnn_toolkit.training.fitted_forecaster import FittedForecaster, ForecastSettings, ask, make_forecaster
from gnn_toolkit.training.loop import fit

TOGETHER = 64  # windows that are forecast at a time, where nothing is learnt
PARTS = ("train", "validation", "test")


def fit_forecaster(
    series: TrafficSeries,
    settings: ForecastSettings | None = None,
    *,
    level: float = 0.9,
    checkpoint: Path | None = None,
    progress: Callable[[int], None] | None = None,
) -> FittedForecaster:
    """Train a forecaster on a series; it ends with the weights whose mean absolute error validates best.

    Steps are split in time into training, validation and test. The model is fed the history and the hour; it learns
    the mean absolute error over what was measured. Its intervals are quantiles of its errors on the validation part,
    of each sensor and step of the horizon: with n errors e in order,

        low = e_(floor((n + 1) (1 - level) / 2)),   high = e_(ceil((n + 1) (1 + level) / 2))

    (split conformal prediction, Lei et al. 2018); where a sensor has too few, those of all sensors serve. They cover
    what they say where the days to come are like those; ``covered`` is what they covered on the test part.

    Args:
        series: to learn, in single precision.
        settings: how to train, in one process; ``None`` for the defaults.
        level: share of what comes that is to lie in an interval.
        checkpoint: where to keep the state at validations, and to go on from, bit for bit on a CPU.
        progress: called with the number of steps done after every step.

    Raises:
        ValueError: a series too short for a window in each part, or in which nothing was measured, settings that do
            not fit, or a checkpoint of another training.
        NotFiniteError: the loss is not finite; the message names the step.

    >>> from gnn_toolkit.datasets import simulate_streets, street_grid
    >>> series = simulate_streets(street_grid(2, 2), 200, minutes=15)
    >>> fitted = fit_forecaster(series, ForecastSettings(steps=2, history=4, horizon=3, hidden_channels=4))
    >>> [part.shape for part in fitted.forecast()][0]
    torch.Size([3, 8, 3])
    """
    settings = settings or ForecastSettings()
    _check(settings, level)
    series = replace(series, values=series.values.float())
    parts = _parts(series, settings)
    torch.manual_seed(settings.seed)
    model = make_forecaster(series.values.size(2), settings)
    ends = [len(series) if part.last is None else part.last for part in parts.values()]
    model.scaler.fit(series.values[: ends[0]], series.mask[: ends[0]])
    width = model.scaler.deviation.mean()  # the loss is without units, so that no series needs another rate

    def draw(generator: torch.Generator) -> Tensor:
        return torch.randint(len(parts["train"]), (settings.batch_size,), generator=generator)

    def loss(_: nn.Module, which: Tensor) -> Tensor:
        batch = parts["train"].take(which.cpu())
        made = ask(model, series, batch.x, batch.x_mask, batch.step)
        return masked_mae(made / width, batch.y.to(made) / width, batch.y_mask.to(made.device))

    def validate(_: nn.Module) -> float:
        errors = ForecastErrors(settings.horizon)
        for batch, made in _made(model, series, parts["validation"]):
            errors.add(made, batch.y, batch.y_mask)
        return errors.mae

    history = fit(
        model, draw, loss, validate, settings, higher_is_better=False, checkpoint=checkpoint, progress=progress,
        stateful=_Question(series, settings, checkpoint),
    )  # fmt: skip
    model.eval()
    low, high = _intervals(model, series, parts["validation"], level)
    usual = UsualDay(series.values.size(1), series.values.size(2), series.steps_per_day)
    usual.fit(series.values[: ends[0]], series.mask[: ends[0]], series.first_slot)
    errors, covered = _tested(model, series, parts["test"], usual, low, high)
    return FittedForecaster(model, series, settings, history, low, high, level, covered, errors)


class _Question:
    """Of which series and settings a checkpoint is: one of another training is no beginning of this one.

    Raises:
        ValueError: the checkpoint is of another training.
    """

    def __init__(self, series: TrafficSeries, settings: ForecastSettings, checkpoint: Path | None) -> None:
        digest = hashlib.sha256()
        for part in (series.values, series.mask, series.edge_index, series.edge_weight):
            digest.update(part.cpu().contiguous().numpy().tobytes())
        self.about = asdict(settings) | {"series": digest.hexdigest()}
        kept = None if checkpoint is None else load_checkpoint(checkpoint)
        if kept is None:
            return
        other = kept.get("stateful") or {}
        changed = [name for name, value in self.about.items() if other.get(name) != value]
        if changed:
            allowed, got = f"a checkpoint of this training in {checkpoint}", f"one that differs in {', '.join(changed)}"
            raise ValueError(_checks.problem("checkpoint", allowed, got, "delete it to begin anew, or name another"))

    def state_dict(self) -> dict[str, Any]:
        """Return what the training is of."""
        return self.about

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Nothing changes from step to step."""


def _check(settings: ForecastSettings, level: float) -> None:
    if settings.devices != 1:
        raise ValueError(_checks.problem("settings", "devices=1", settings.devices, "train in one process"))
    _checks.positive("batch_size", settings.batch_size)
    _checks.positive("hidden_channels", settings.hidden_channels)
    _checks.seed("seed", settings.seed)
    if not 0 < level < 1:
        raise ValueError(_checks.problem("level", "a share in (0, 1)", level, "pass e.g. 0.9"))
    if not (settings.validation > 0 and settings.test > 0 and settings.validation + settings.test < 1):
        got = f"{settings.validation} and {settings.test}"
        raise ValueError(_checks.problem("validation", "parts above 0 that leave some to train", got, "pass e.g. 0.15"))


def _parts(series: TrafficSeries, settings: ForecastSettings) -> dict[str, Windows]:
    """Return the windows of training, validation and test, which share no target."""
    size = len(series)
    ends = [0, int(size * (1 - settings.validation - settings.test)), int(size * (1 - settings.test)), size]
    parts = {
        name: Windows(series.values, settings.history, settings.horizon, ends[k], ends[k + 1], series.mask)
        for k, name in enumerate(PARTS)
    }
    for name, part in parts.items():
        there = series.mask[part.first : part.last]
        if not len(part) or not bool(there.any()):
            allowed = f"windows of {settings.history} and {settings.horizon} steps with readings in the {name} part"
            got = f"{size} steps, {len(part)} windows"
            remedy = "give a longer series, or a shorter history and horizon"
            raise ValueError(_checks.problem("series", allowed, got, remedy))
    return parts


@torch.no_grad()
def _made(model: Forecaster, series: TrafficSeries, windows: Windows) -> Iterator[tuple[Batch, Tensor]]:
    """Yield the windows of a part in order, with their forecasts."""
    for which in torch.arange(len(windows)).split(TOGETHER):
        batch = windows.take(which)
        yield batch, ask(model, series, batch.x, batch.x_mask, batch.step).cpu()


def _intervals(model: Forecaster, series: TrafficSeries, windows: Windows, level: float) -> tuple[Tensor, Tensor]:
    """Return how far below and above forecasts what came was, [horizon, N, F] each."""
    errors = torch.cat(
        [(batch.y - made).masked_fill(~batch.y_mask, torch.nan) for batch, made in _made(model, series, windows)]
    )
    own = quantiles(errors, level)
    of_all = quantiles(errors.transpose(0, 1).flatten(1, 2).transpose(0, 1).unsqueeze(2), level)
    low, high = (mine.where(mine.isfinite(), every) for mine, every in zip(own, of_all, strict=True))
    return low.nan_to_num(nan=-torch.inf), high.nan_to_num(nan=torch.inf)


def quantiles(errors: Tensor, level: float) -> tuple[Tensor, Tensor]:
    """Return the lower and upper end [...] of intervals from errors [n, ...]; nan where there are too few.

    Errors that are nan do not count. With n errors in order the ends are number ``floor((n + 1) (1 - level) / 2)`` and
    ``ceil((n + 1) (1 + level) / 2)``.

    >>> [float(end) for end in quantiles(torch.arange(1.0, 20.0), 0.9)]
    [1.0, 19.0]
    """
    count = errors.isfinite().sum(0)
    ordered = errors.masked_fill(~errors.isfinite(), torch.inf).sort(0).values
    margin = 1e-9  # 20 * 0.05 is not a whole number in binary
    low = torch.floor((count + 1) * (1 - level) / 2 + margin).long()
    high = torch.ceil((count + 1) * (1 + level) / 2 - margin).long()
    enough = (low >= 1) & (high <= count)
    ends = (ordered.gather(0, (place - 1).clamp(0, len(errors) - 1)[None])[0] for place in (low, high))
    low_end, high_end = (end.where(enough, torch.nan) for end in ends)
    return low_end, high_end


def _tested(
    model: Forecaster, series: TrafficSeries, windows: Windows, usual: UsualDay, low: Tensor, high: Tensor
) -> tuple[dict[str, ForecastErrors], float]:
    """Return the errors on the test part, and the share of it that lay in the intervals."""
    errors = {name: ForecastErrors(model.horizon) for name in ("model", "last value", "usual value of the hour")}
    inside, count = 0, 0
    for batch, made in _made(model, series, windows):
        steps = series.first_slot + batch.step[:, None] + torch.arange(model.horizon)
        hour = usual.center[steps % series.steps_per_day]
        last = latest(batch.x, batch.x_mask).where(batch.x_mask.any(1), hour[:, 0])
        for error, forecast in zip(errors.values(), (made, last[:, None].expand_as(made), hour), strict=True):
            error.add(forecast, batch.y, batch.y_mask)
        within = (batch.y >= made + low) & (batch.y <= made + high) & batch.y_mask
        inside, count = inside + int(within.sum()), count + int(batch.y_mask.sum())
    return errors, inside / count
