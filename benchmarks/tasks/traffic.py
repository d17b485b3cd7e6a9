"""Traffic forecasts: loop detectors of Los Angeles, passengers of Beijing's metro."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from sklearn.linear_model import Ridge
from torch import Tensor, nn
from torch_geometric.data import Data

from gnn_toolkit import _checks
from gnn_toolkit.datasets import TrafficSeries, Windows, load_beijing_metro, load_los_loop
from gnn_toolkit.training import ForecastErrors

from .config import Config
from .metrics import RMSE, Scores
from .objective import Objective
from .source import EqualGraphs, Graphs, Source
from .task import Task, TaskData

HISTORY, TOGETHER = 12, 64  # steps that are known; windows that are tested together
PENALTIES = (1.0, 10.0, 100.0, 1000.0, 10_000.0)
NAIVE = ("last value", "average of the slot", "linear, node by node", "linear, all nodes")


@dataclass(frozen=True)
class Horizon:
    """What a forecast is of.

    Attributes:
        history: number of steps that are known.
        steps: number of steps to forecast.
        num_covariates: number C of values that are known in advance.
        scale: mean and standard deviation of what is forecast.
        base: mean and standard deviation of covariate 0, where that without its units is an own forecast, from which
            only the difference is learnt.
    """

    history: int
    steps: int
    num_covariates: int
    scale: tuple[float, float]
    base: tuple[float, float] | None = None


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

    def window(self, part: str, which: Tensor) -> tuple[Tensor, Tensor]:
        """Return the windows of these numbers, and what comes [B, steps, N].

        A window [B, history + steps, N, 2 + C] has the value, 0 from where it is to be forecast, whether it was
        measured, and the covariates.
        """
        taken = self.windows[part].take(which)
        value = torch.cat([taken.x, torch.zeros_like(taken.y)], 1)
        known = torch.cat([taken.x_mask, torch.zeros_like(taken.y_mask)], 1).float()
        steps = taken.step[:, None] + torch.arange(-HISTORY, self.steps)
        return torch.cat([value, known, self.covariates[steps]], -1), taken.y[..., 0]

    def graphs(self, part: str, which: Tensor) -> tuple[Tensor, Tensor]:
        """Return the windows of these numbers as features [B, N, T, 2 + C] and answers [B * N, steps] of nodes."""
        x, y = self.window(part, which)
        return x.transpose(1, 2), y.transpose(1, 2).flatten(0, 1)

    def train(self, generator: torch.Generator, batch_size: int) -> tuple[Tensor, Tensor]:
        """Draw training windows."""
        return self.graphs("train", torch.randint(len(self.windows["train"]), (batch_size,), generator=generator))

    def held_out(self, part: str) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield the windows of a part, in order."""
        for which in torch.arange(len(self.windows[part])).split(TOGETHER):
            yield self.graphs(part, which)

    def rmse(self, part: str, forecast: Callable[[Tensor, Tensor], Tensor]) -> float:
        """Return the error of a forecast [B, steps, N] of windows and of the steps at which their targets begin."""
        squares, count = 0.0, 0
        for which in torch.arange(len(self.windows[part])).split(TOGETHER):
            x, y = self.window(part, which)
            error = forecast(x, self.windows[part].steps[which]).double() - y
            squares, count = squares + float(error.square().sum()), count + error.numel()
        return (squares / count) ** 0.5

    def baselines(self) -> dict[str, Callable[[], tuple[float, int]]]:
        """Return the forecasts that need no network, by name."""
        found: dict[str, Callable[[], tuple[float, int]]] = {
            "last value": lambda: (self.rmse("test", lambda x, _: x[:, HISTORY - 1 : HISTORY, :, 0]), 0),
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
        x, y = self.window(part, torch.arange(len(self.windows[part])))
        mean, deviation = self.units
        past = (x[:, :HISTORY, :, 0] - mean) / deviation
        slots = x[:, HISTORY:, :, 2 : 2 + len(self.lags)].permute(0, 1, 3, 2).flatten(1, 2)
        return torch.cat([past, slots], 1).numpy(), ((y - mean) / deviation).numpy()


def _of(known: np.ndarray, nodes: list[int], alone: bool) -> np.ndarray:
    """Return the rows of a linear model: a node's own window, or of all nodes the last steps and the slots before."""
    rows = known[:, :, nodes] if alone else known[:, HISTORY - 3 :]
    return rows.reshape(len(rows), -1)


class Forecast(Objective):
    """The error of forecasts; the loss is of values without units.

    Args:
        source: windows.
        config: how the model is trained.
        horizon: what is forecast.
    """

    form = "series"

    def __init__(self, source: Source, config: Config, horizon: Horizon) -> None:
        super().__init__(source, config, RMSE, horizon.steps, "nodes")
        self.horizon = horizon

    def loss(self, model: nn.Module, batch: Graphs) -> Tensor:
        """Return the mean loss of a batch, over the variance of what is forecast."""
        return super().loss(model, batch) / self.horizon.scale[1] ** 2

    def judge(self, model: nn.Module, batch: Graphs) -> Scores:
        """Return the scores of a batch: every window is a unit."""
        points = self.metric.points(*self.answers(model, batch)).view(batch.num_graphs, -1)
        return Scores(points.sum(1).cpu(), torch.full((len(points),), float(points.size(1))), root=True)

    def measures(self, model: nn.Module, seed: int) -> dict[str, float]:
        """Return the errors on the test set, over all steps of the horizon and of each, by sums over the whole set."""
        errors = ForecastErrors(self.horizon.steps)
        model.eval()
        with torch.no_grad():
            for batch in self.held_out(model, "test"):
                # Errors are of windows [B, steps, N, 1], answers of nodes [B * N, steps].
                told, came = (t.view(batch.num_graphs, -1, self.horizon.steps) for t in self.answers(model, batch))
                errors.add(told.transpose(1, 2).unsqueeze(3), came.transpose(1, 2).unsqueeze(3))
        found = {"MAE": errors.mae, "RMSE": errors.rmse, "WMAPE": errors.wmape, "accuracy": errors.accuracy}
        for step, scores in enumerate(errors.per_step(), 1):
            found |= {f"MAE, step {step}": scores["mae"], f"RMSE, step {step}": scores["rmse"]}
        return found


def forecast(forecasts: Forecasts, note: str) -> TaskData:
    """Return the data of forecasting a series."""
    series = forecasts.series
    graph = Data(edge_index=series.edge_index, edge_weight=series.edge_weight, num_nodes=series.values.size(1))
    width = 2 + forecasts.horizon.num_covariates
    return TaskData(
        EqualGraphs(graph, width, forecasts.train, forecasts.held_out),
        partial(Forecast, horizon=forecasts.horizon),
        forecasts.baselines(),
        note,
    )


def los_loop(seed: int, minutes: int) -> TaskData:
    """Forecast a week of speeds: trained on 70 %, selected on the next 10 %, tested on the last 20 % as published."""
    if minutes % 5:
        raise ValueError(_checks.problem("minutes", "a multiple of 5", minutes, "the detectors report every 5 minutes"))
    series, steps = load_los_loop(), minutes // 5
    count = len(series.values)
    first, last = int(0.7 * count), int(0.8 * count)
    # The authors cut their windows inside the test part and leave the last one out.
    parts = {"train": (0, first), "validation": (first, last), "test": (last + HISTORY, count - 1)}
    note = f"207 loop detectors, 2,016 steps of 5 minutes in mph; {HISTORY} steps known, {steps} forecast, pooled"
    return forecast(Forecasts(series, parts, steps, weekly=False), note)


def metro(seed: int, minutes: int) -> TaskData:
    """Forecast the passengers who enter the metro in the next step; the last five of 25 days are the published test."""
    series = load_beijing_metro(minutes)
    day = series.steps_per_day
    parts = {"train": (5 * day, 18 * day), "validation": (18 * day, 20 * day), "test": (20 * day, 25 * day)}
    note = f"276 stations, 25 weekdays, steps of {minutes} minutes; one step ahead; the first week is history alone"
    return forecast(Forecasts(series, parts, 1, weekly=True), note)


CONFIG = Config(
    steps=1500,
    learning_rate=5e-3,
    evaluate_every=50,
    hidden_channels=32,
    num_layers=1,
    batch_size=16,
    rate_decay=0.5,
    rate_decay_every=500,
)
OPTIONS = {"minutes": 15}
LAGGED = (*NAIVE, "the slot last week", "the slot yesterday")
LOS_LOOP = Task(
    "the speed at loop detectors up to so many minutes ahead", los_loop, RMSE, NAIVE, CONFIG, OPTIONS, "series",
    axis="minutes",
)  # fmt: skip
METRO = Task(
    "passengers entering a station in the next minutes", metro, RMSE, LAGGED, CONFIG, OPTIONS, "series",
)  # fmt: skip
