"""Traffic forecasts: loop detectors of Los Angeles, passengers of Beijing's metro."""

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
import torch
from sklearn.linear_model import Ridge
from torch import Tensor
from torch_geometric.data import Data

from gnn_toolkit.datasets import TrafficSeries, Windows, load_beijing_metro, load_los_loop

from .metrics import RMSE
from .task import Batch, Budget, Horizon, Problem, Task

HISTORY, TOGETHER = 12, 64  # steps that are known; windows that are tested together
PENALTIES = (1.0, 10.0, 100.0, 1000.0, 10_000.0)
NAIVE = ("last value", "average of the slot", "linear, node by node", "linear, all nodes")


class Forecasts:
    """A series cut into windows of training, validation and test, with covariates.

    Args:
        series: of one feature.
        parts: for ``"train"``, ``"validation"`` and ``"test"``, the first step that may be a target and the one after
            the last.
        steps: to forecast.
        weekly: whether the value of the same slot last week is the base of a forecast, and yesterday's another
            covariate.
    """

    def __init__(self, series: TrafficSeries, parts: dict[str, tuple[int, int]], steps: int, *, weekly: bool) -> None:
        self.series, self.values, self.steps = series, series.values[..., 0], steps
        self.windows = {name: Windows(series.values, HISTORY, steps, *part) for name, part in parts.items()}
        self.seen = slice(*parts["train"])
        angle = 2 * torch.pi * torch.arange(len(self.values)) / series.steps_per_day
        hour = torch.stack([angle.sin(), angle.cos()], 1)[:, None].expand(-1, self.values.size(1), -1)
        self.lags = [5 * series.steps_per_day, series.steps_per_day] if weekly else []  # weeks of five days
        plain = self.values[self.seen]
        self.units = (float(plain.mean()), float(plain.std()))
        before = [(self.values.roll(lag, 0) - self.units[0]) / self.units[1] for lag in self.lags]
        self.covariates = torch.cat([*(lagged.unsqueeze(2) for lagged in before), hour], 2)
        learnt = plain - self.values.roll(self.lags[0], 0)[self.seen] if weekly else plain
        scale = (float(learnt.mean()), float(learnt.std()))
        self.horizon = Horizon(HISTORY, steps, self.covariates.size(2), scale, self.units if weekly else None)

    def batch(self, part: str, which: Tensor) -> Batch:
        """Return the windows of these numbers."""
        taken = self.windows[part].take(which)
        value = torch.cat([taken.x, torch.zeros_like(taken.y)], 1)
        known = torch.cat([taken.x_mask, torch.zeros_like(taken.y_mask)], 1).float()
        steps = taken.step[:, None] + torch.arange(-HISTORY, self.steps)
        return Batch(torch.cat([value, known, self.covariates[steps]], -1), taken.y)

    def train(self, generator: torch.Generator, batch_size: int) -> Batch:
        """Draw training windows."""
        return self.batch("train", torch.randint(len(self.windows["train"]), (batch_size,), generator=generator))

    def held_out(self, part: str) -> Iterator[Batch]:
        """Yield the windows of a part, in order."""
        for which in torch.arange(len(self.windows[part])).split(TOGETHER):
            yield self.batch(part, which)

    def rmse(self, part: str, forecast: Callable[[Batch, Tensor], Tensor]) -> float:
        """Return the error of a forecast [B, steps, N] of batches and of the steps at which their targets begin."""
        squares, count = 0.0, 0
        for which in torch.arange(len(self.windows[part])).split(TOGETHER):
            batch = self.batch(part, which)
            error = forecast(batch, self.windows[part].steps[which]).double() - batch.y[..., 0]
            squares, count = squares + float(error.square().sum()), count + error.numel()
        return (squares / count) ** 0.5

    def baselines(self) -> dict[str, Callable[[], tuple[float, int]]]:
        """Return the forecasts that need no network, by name."""
        found: dict[str, Callable[[], tuple[float, int]]] = {
            "last value": lambda: (self.rmse("test", lambda batch, _: batch.x[:, HISTORY - 1 : HISTORY, :, 0]), 0),
            "average of the slot": self._slots,
            "linear, node by node": partial(self._linear, alone=True),
            "linear, all nodes": partial(self._linear, alone=False),
        }
        names = dict(zip(self.lags, ("the slot last week", "the slot yesterday"), strict=False))
        return found | {name: partial(self._lagged, lag) for lag, name in names.items()}

    def _targets(self, first: Tensor) -> Tensor:
        return first[:, None] + torch.arange(self.steps)

    def _lagged(self, lag: int) -> tuple[float, int]:
        return self.rmse("test", lambda _, first: self.values[self._targets(first) - lag]), 0

    def _slots(self) -> tuple[float, int]:
        """Forecast the average that a node had in the slot of the day while training."""
        slot = torch.arange(len(self.values)) % self.series.steps_per_day
        sums, counts = (torch.zeros(self.series.steps_per_day, size) for size in (self.values.size(1), 1))
        plain = self.values[self.seen]
        sums.index_add_(0, slot[self.seen], plain)
        counts.index_add_(0, slot[self.seen], torch.ones(len(plain), 1))
        average = torch.where(counts > 0, sums / counts.clamp(min=1), plain.mean(0))
        return self.rmse("test", lambda _, first: average[slot[self._targets(first)]]), average.numel()

    def _linear(self, *, alone: bool) -> tuple[float, int]:
        """Fit what is known of a window by least squares with a penalty, the one that validates best.

        ``alone``: each node from its own window; else all nodes from the last three steps of all.
        """
        known, answers = self._rows("train")
        best, test, size = float("inf"), 0.0, 0
        nodes = self.values.size(1)
        for penalty in PENALTIES:
            groups = [[node] for node in range(nodes)] if alone else [list(range(nodes))]
            models = [
                Ridge(alpha=penalty).fit(_of(known, g, alone), answers[:, :, g].reshape(len(answers), -1))
                for g in groups
            ]
            scores = []
            for part in ("validation", "test"):
                x, y = self._rows(part)
                told = [
                    m.predict(_of(x, g, alone)).reshape(len(y), self.steps, -1)
                    for m, g in zip(models, groups, strict=True)
                ]
                scores.append(float(np.sqrt(np.square(np.concatenate(told, 2) - y).mean()) * self.units[1]))
            if scores[0] < best:
                best, test = scores[0], scores[1]
                size = sum(m.coef_.size + np.size(m.intercept_) for m in models)
        return test, size

    def _rows(self, part: str) -> tuple[np.ndarray, np.ndarray]:
        """Return, without units, what is known of each window [windows, C, N] and what came [windows, steps, N]."""
        batch = self.batch(part, torch.arange(len(self.windows[part])))
        mean, deviation = self.units
        past = (batch.x[:, :HISTORY, :, 0] - mean) / deviation
        slots = batch.x[:, HISTORY:, :, 2 : 2 + len(self.lags)].permute(0, 1, 3, 2).flatten(1, 2)
        return torch.cat([past, slots], 1).numpy(), ((batch.y[..., 0] - mean) / deviation).numpy()


def _of(known: np.ndarray, nodes: list[int], alone: bool) -> np.ndarray:
    """Return the rows of a linear model: a node's own window, or of all nodes the last steps and the slots before."""
    rows = known[:, :, nodes] if alone else known[:, HISTORY - 3 :]
    return rows.reshape(len(rows), -1)


def _problem(forecasts: Forecasts, note: str) -> Problem:
    series = forecasts.series
    graph = Data(edge_index=series.edge_index, edge_weight=series.edge_weight, num_nodes=series.values.size(1))
    return Problem(
        graph=graph,
        num_features=2 + forecasts.horizon.num_covariates,
        num_classes=forecasts.steps,
        readout="nodes",
        train=forecasts.train,
        held_out=forecasts.held_out,
        baselines=forecasts.baselines(),
        note=note,
        horizon=forecasts.horizon,
    )


def los_problem(minutes: int, seed: int) -> Problem:
    """Forecast a week of speeds: trained on 70 %, selected on the next 10 %, tested on the last 20 % as published."""
    series, steps = load_los_loop(), minutes // 5
    count = len(series.values)
    first, last = int(0.7 * count), int(0.8 * count)
    # The authors cut their windows inside the test part and leave the last one out.
    parts = {"train": (0, first), "validation": (first, last), "test": (last + HISTORY, count - 1)}
    note = f"207 loop detectors, 2,016 steps of 5 minutes in mph; {HISTORY} steps known, {steps} forecast, pooled"
    return _problem(Forecasts(series, parts, steps, weekly=False), note)


def metro_problem(minutes: int, seed: int) -> Problem:
    """Forecast the passengers who enter the metro in the next step; the last five of 25 days are the published test."""
    series = load_beijing_metro(minutes)
    day = series.steps_per_day
    parts = {"train": (5 * day, 18 * day), "validation": (18 * day, 20 * day), "test": (20 * day, 25 * day)}
    note = f"276 stations, 25 weekdays, steps of {minutes} minutes; one step ahead; the first week is history alone"
    return _problem(Forecasts(series, parts, 1, weekly=True), note)


BUDGET = Budget(
    steps=1500,
    learning_rate=5e-3,
    evaluate_every=50,
    hidden_channels=32,
    num_layers=1,
    batch_size=16,
    rate_decay=0.5,
    rate_decay_every=500,
)


def los_loop(minutes: int) -> Task:
    """Return the task of forecasting Los-loop so many minutes ahead."""
    title = f"the speed at loop detectors up to {minutes} minutes ahead"
    return Task(title, partial(los_problem, minutes), RMSE, NAIVE, BUDGET)


def metro(minutes: int) -> Task:
    """Return the task of forecasting Beijing's metro one step ahead."""
    title = f"passengers entering a station in the next {minutes} minutes"
    names = (*NAIVE, "the slot last week", "the slot yesterday")
    return Task(title, partial(metro_problem, minutes), RMSE, names, BUDGET)
