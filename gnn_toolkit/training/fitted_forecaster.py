"""A trained forecaster with all that its forecasts need, and its files."""

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Self

import torch
from torch import Tensor, nn

from gnn_toolkit import _checks
from gnn_toolkit.datasets import TrafficSeries
from gnn_toolkit.models import Forecaster
from gnn_toolkit.models.serialization import load_weights, read_description, save_weights
from gnn_toolkit.training.errors import ForecastErrors
from gnn_toolkit.training.loop import History
from gnn_toolkit.training.settings import Settings


@dataclass(frozen=True, kw_only=True)
class ForecastSettings(Settings):
    """How to train a forecaster, and how large it is.

    Attributes:
        history: number of steps that a forecast reads.
        horizon: number of steps to forecast.
        layer: a name of :class:`gnn_toolkit.models.Forecaster`.
        hidden_channels: width of the states.
        num_layers: of encoder and decoder each.
        K: number of terms of a convolution, where the layer has it.
        batch_size: windows of a step.
        validation: part of the series by which the weights are chosen and the intervals are set.
        test: part of the series, at its end, that training never sees.
    """

    steps: int = 400
    learning_rate: float = 5e-3
    clip_norm: float | None = 5.0
    evaluate_every: int = 100
    rate_decay: float = 0.5
    rate_decay_every: int = 150
    history: int = 12
    horizon: int = 12
    layer: str = "gconvgru"
    hidden_channels: int = 32
    num_layers: int = 1
    K: int = 3
    batch_size: int = 16
    validation: float = 0.15
    test: float = 0.15


@dataclass(frozen=True)
class FittedForecaster:
    """A trained forecaster of a series, with what it needs to be asked and what its forecasts are worth.

    Attributes:
        model: the forecaster.
        series: what it was trained on.
        settings: how.
        history: of its training.
        low: [horizon, N, F], how far below a forecast what comes is in ``(1 - level) / 2`` of all cases.
        high: [horizon, N, F], how far above it is in as many.
        level: share of what comes that lies between.
        covered: share of the test part that did.
        errors: on the test part, of the model and of two forecasts without a network: the last value, and the usual
            value of the hour.
    """

    model: Forecaster
    series: TrafficSeries
    settings: ForecastSettings
    history: History
    low: Tensor
    high: Tensor
    level: float
    covered: float
    errors: dict[str, ForecastErrors]

    @torch.no_grad()
    def forecast(self, end: int | None = None) -> tuple[Tensor, Tensor, Tensor]:
        """Return forecast, lower and upper end [horizon, N, F] of the steps from ``end`` on; ``None`` for the end.

        Raises:
            ValueError: fewer steps before ``end`` than a history has.
        """
        size, back = len(self.series), self.settings.history
        last = size if end is None else end
        if size < back:
            remedy = "give as many readings as a forecast reads"
            raise ValueError(_checks.problem("series", f"at least {back} steps", size, remedy))
        if not back <= last <= size:
            allowed = f"a step in [{back}, {size}]"
            raise ValueError(_checks.problem("end", allowed, last, "a forecast reads a whole history"))
        steps = slice(last - back, last)
        x, mask = self.series.values[None, steps], self.series.mask[None, steps]
        made = ask(self.model, self.series, x, mask, torch.tensor([last]))[0].cpu()
        return made, made + self.low, made + self.high

    def save(self, path: str | Path) -> None:
        """Save weights, intervals, errors and graph as safetensors, and beside them as JSON what they are.

        The readings are not saved.

        Args:
            path: ends in ``.safetensors``.

        Raises:
            ValueError: it has another ending.
            FileExistsError: there is a file of that name that is no saved model.
            OSError: a file cannot be written.
        """
        series = self.series
        about = {
            "model": type(self).__name__,
            "settings": asdict(self.settings),
            "history": asdict(self.history),
            "names": series.names,
            "features": series.values.size(2),
            "edges": series.edge_index.size(1),
            "steps_per_day": series.steps_per_day,
            "level": self.level,
            "covered": self.covered,
            "errors": list(self.errors),
        }
        save_weights(Path(path), _Kept.of(self), about)

    @classmethod
    def load(cls, path: str | Path, series: TrafficSeries) -> Self:
        """Return a saved forecaster, to be asked about a series of the same sensors.

        Args:
            path: of the weights, ends in ``.safetensors``.
            series: with a history's readings at least; its sensors may be in another order. Its edges are those that
                were saved, or it has none.

        Raises:
            ValueError: a file is damaged or no forecaster's, or a series of other sensors, steps or edges.
            OSError: a file is missing.
        """
        about = read_description(path, cls.__name__)
        settings = ForecastSettings(**about["settings"])
        kept = _Kept(make_forecaster(about["features"], settings), about)
        load_weights(Path(path), kept)
        errors = {name: ForecastErrors(settings.horizon) for name in about["errors"]}
        for error, sums in zip(errors.values(), kept.sums, strict=True):
            error.sums = sums
        ends = (kept.low, kept.high, about["level"], about["covered"])
        history, asked = History(**about["history"]), _fitting(series, about, kept)
        return cls(kept.model.eval(), asked, settings, history, *ends, errors)


class _Kept(nn.Module):
    """What a file of a forecaster holds.

    Args:
        model: the forecaster.
        about: the description, which says how large the rest is.
    """

    low: Tensor
    high: Tensor
    edge_index: Tensor
    edge_weight: Tensor
    sums: Tensor

    def __init__(self, model: Forecaster, about: dict[str, Any]) -> None:
        super().__init__()
        self.model = model
        ends = torch.zeros(model.horizon, len(about["names"]), model.num_features)
        self.register_buffer("low", ends)
        self.register_buffer("high", ends.clone())
        self.register_buffer("edge_index", torch.zeros(2, about["edges"], dtype=torch.long))
        self.register_buffer("edge_weight", torch.zeros(about["edges"]))
        self.register_buffer("sums", torch.zeros(len(about["errors"]), 5, model.horizon, dtype=torch.float64))

    @classmethod
    def of(cls, fitted: FittedForecaster) -> Self:
        """Return what a file of a trained forecaster holds."""
        series = fitted.series
        kept = cls(fitted.model, {"names": series.names, "edges": series.edge_index.size(1), "errors": fitted.errors})
        kept.low, kept.high = fitted.low, fitted.high
        kept.edge_index, kept.edge_weight = series.edge_index, series.edge_weight
        kept.sums = torch.stack([error.sums for error in fitted.errors.values()])
        return kept


def _fitting(series: TrafficSeries, about: dict[str, Any], kept: _Kept) -> TrafficSeries:
    """Return a series with nodes and edges as a forecaster was trained on, if it is such a one."""
    for name, got in (("steps_per_day", series.steps_per_day), ("features", series.values.size(2))):
        if got != about[name]:
            remedy = "give readings as the forecaster was trained on, or train another"
            raise ValueError(_checks.problem("series", f"{about[name]} {name.replace('_', ' ')}", got, remedy))
    ordered = series.ordered(about["names"])
    edges = {"edge_index": kept.edge_index, "edge_weight": kept.edge_weight}
    saved = replace(ordered, values=ordered.values.float(), **edges)
    if series.edge_index.size(1) and _pairs(ordered) != _pairs(saved):
        remedy = "give no graph, or train another forecaster"
        got = f"others ({series.edge_index.size(1)} edges)"
        raise ValueError(_checks.problem("series", f"the {about['edges']} edges of the training", got, remedy))
    return saved


def _pairs(series: TrafficSeries) -> list[tuple[int, int, float]]:
    """Return the edges with their weights in one order."""
    (source, target), weight = series.edge_index.tolist(), series.edge_weight.tolist()
    return sorted((u, v, float(f"{w:.5g}")) for u, v, w in zip(source, target, weight, strict=True))


def make_forecaster(features: int, settings: ForecastSettings) -> Forecaster:
    """Return a forecaster of so many values a node with the hour beside them, untrained."""
    return Forecaster(
        features, settings.hidden_channels, settings.horizon, layer=settings.layer, num_layers=settings.num_layers,
        K=settings.K, num_covariates=2,
    )  # fmt: skip


def hour_of(series: TrafficSeries, steps: Tensor) -> Tensor:
    """Return sine and cosine of the hour of steps [...], [..., 2]."""
    angle = 2 * torch.pi * (series.first_slot + steps).double() / series.steps_per_day
    return torch.stack([angle.sin(), angle.cos()], -1).float()


def ask(model: Forecaster, series: TrafficSeries, x: Tensor, mask: Tensor, step: Tensor) -> Tensor:
    """Return the model's forecasts of windows whose targets begin at ``step`` [B]."""
    device = model.head.weight.device
    steps = step.cpu()[:, None] + torch.arange(-x.size(1), model.horizon)
    hour = hour_of(series, steps)[:, :, None].expand(-1, -1, x.size(2), -1)
    edges = (series.edge_index.to(device), series.edge_weight.to(device))
    return model(x.to(device), *edges, x_mask=mask.to(device), covariates=hour.to(device))
