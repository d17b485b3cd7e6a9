"""Forecasters over batches of windows: recurrences in time, and convolutions that see a window at once."""

from functools import partial
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch_geometric.data import Data

from gnn_toolkit.layers import GCNConv
from gnn_toolkit.layers.bases import Chebyshev
from gnn_toolkit.models import Forecaster, scheduled_sampling_probability

from ..tasks.config import Config
from ..tasks.source import Graphs
from ..tasks.traffic import Forecast, Horizon
from .model import Builder

TERMS = 3  # of Chebyshev's, as a forecaster has
SAMPLED = 0.1  # the decay of scheduled sampling, as a part of all steps


def recurrent(layer: str, config: Config, objective: Forecast) -> nn.Module:
    """Return a forecaster of a recurrence in time (:class:`gnn_toolkit.models.Forecaster`), untrained."""
    horizon = objective.horizon
    inner = Forecaster(
        1,
        config.hidden_channels,
        horizon.steps,
        layer=layer,
        num_layers=config.num_layers,
        num_covariates=horizon.num_covariates,
        residual=horizon.base is None,
    )
    inner.scaler.mean.fill_(horizon.scale[0])
    inner.scaler.deviation.fill_(horizon.scale[1])
    return ForecastModel(inner, horizon, objective.example, config.steps)


def windowed(layer: str, config: Config, objective: Forecast) -> nn.Module:
    """Return a forecaster that reads the window as one long row of features, untrained."""
    return ForecastModel(WindowNetwork(layer, config, objective.horizon), objective.horizon, objective.example, 1)


def in_time(layer: str, *edges: str) -> Builder:
    """Return the builder of a recurrence in time, which can use such edges."""
    return Builder(partial(recurrent, layer), edges, ("hidden_channels", "num_layers"))


def at_once(layer: str, *edges: str) -> Builder:
    """Return the builder of a forecaster that sees a window at once, and can use such edges."""
    return Builder(partial(windowed, layer), edges, ("hidden_channels", "num_convolutions"))


class Spectral(nn.Module):
    """A convolution by Chebyshev's polynomials, ``sum over k of Z_k(x) W_k + b``: what `GConvGRU` has for a product.

    Args:
        in_channels: width of the features.
        out_channels: width of what comes out.
    """

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.basis, self.linear = Chebyshev(TERMS), nn.Linear(TERMS * in_channels, out_channels)

    def forward(self, x: Tensor, edge_index: Tensor, edge_weight: Tensor | None) -> Tensor:
        """Return the convolution [B, N, out] of features [B, N, in]."""
        graphs, nodes, width = x.shape
        matrices = self.basis.matrices(edge_index, edge_weight, nodes, x.dtype)
        terms = self.basis.terms(matrices, x.transpose(0, 1).flatten(1))
        return self.linear(torch.cat([term.view(nodes, graphs, width) for term in terms], 2)).transpose(0, 1)


class WindowNetwork(nn.Module):
    """Convolutions or linear layers with relu over all of a window at once: a node's features are its whole history."""

    def __init__(self, layer: str, config: Config, horizon: Horizon) -> None:
        super().__init__()
        self.horizon = horizon
        width = 2 * horizon.history + (horizon.history + horizon.steps) * horizon.num_covariates
        kind = {"gcn": GCNConv, "cheb": Spectral, "mlp": nn.Linear}[layer]
        widths = [width, *[config.hidden_channels] * config.num_convolutions]
        self.layers = nn.ModuleList(kind(a, b) for a, b in pairwise(widths))
        self.head = nn.Linear(config.hidden_channels, horizon.steps)

    def forward(
        self,
        x: Tensor,
        edge_index: Tensor,
        edge_weight: Tensor | None,
        *,
        x_mask: Tensor,
        covariates: Tensor,
        **_: object,
    ) -> Tensor:
        """Return forecasts [B, steps, N, 1]: the change since the last value, or where there is a base, from it."""
        mean, deviation = self.horizon.scale
        scaled = ((x - mean) / deviation).where(x_mask, 0.0)
        parts = (scaled, x_mask.to(x.dtype), covariates)
        h = torch.cat([part.transpose(1, 2).flatten(2) for part in parts], -1)
        for layer in self.layers:
            h = layer(h) if isinstance(layer, nn.Linear) else layer(h, edge_index, edge_weight)
            h = h.relu()
        change = self.head(h).transpose(1, 2).unsqueeze(-1)
        latest = scaled[:, -1:] if self.horizon.base is None else 0.0
        return (latest + change) * deviation + mean


class ForecastModel(nn.Module):
    """A forecaster on one graph; while it trains, it is fed what came less and less often.

    Args:
        inner: the forecaster.
        horizon: what is forecast.
        graph: with edges and, where it has them, weights.
        steps: number of training steps.
    """

    done: Tensor

    def __init__(self, inner: nn.Module, horizon: Horizon, graph: Data, steps: int) -> None:
        super().__init__()
        self.inner, self.horizon, self.decay = inner, horizon, max(1.0, SAMPLED * steps)
        assert graph.edge_index is not None
        self.register_buffer("edge_index", graph.edge_index, persistent=False)
        self.register_buffer("edge_weight", graph.get("edge_weight"), persistent=False)
        self.register_buffer("done", torch.tensor(0))

    def forward(self, batch: Graphs) -> Tensor:
        """Return the forecasts of all windows' nodes, [B * N, steps]."""
        history, windows = self.horizon.history, batch.num_graphs
        # Nodes come first in a batch, steps in a forecaster: [B * N, T, C] to [B, T, N, C].
        x, y = (t.view(windows, -1, *t.shape[1:]).transpose(1, 2).contiguous() for t in (batch.x, batch.y))
        value, known, covariates = x.split([1, 1, self.horizon.num_covariates], -1)
        base = torch.zeros_like(value)
        if self.horizon.base is not None:
            mean, deviation = self.horizon.base
            base = covariates[..., :1] * deviation + mean
        teacher_forcing = 0.0
        if self.training:
            teacher_forcing = scheduled_sampling_probability(int(self.done), self.decay)
            self.done.add_(1)
        forecast = self.inner(
            (value - base)[:, :history],
            self.edge_index,
            self.edge_weight,
            x_mask=known[:, :history] > 0,
            covariates=covariates,
            y=y.unsqueeze(-1) - base[:, history:],
            teacher_forcing=teacher_forcing,
        )
        return (forecast + base[:, history:]).squeeze(-1).transpose(1, 2).flatten(0, 1)
