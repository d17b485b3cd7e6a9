"""Forecasters over batches of windows: recurrences in time, and convolutions that see a window at once."""

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch_geometric.data import Data

from gnn_toolkit import _checks
from gnn_toolkit.layers import GCNConv
from gnn_toolkit.models import Forecaster, scheduled_sampling_probability
from gnn_toolkit.models.forecaster import TIME_LAYERS

from ..tasks.task import Batch, Budget, Horizon

TAUGHT = 0.1  # the decay of scheduled sampling, as a part of all steps


def forecaster(layer: str, budget: Budget, horizon: Horizon, graph: Data) -> nn.Module:
    """Return a forecaster, untrained.

    Args:
        layer: a recurrence in time of :class:`gnn_toolkit.models.Forecaster`, or ``"gcn"`` or ``"mlp"``, which read the
            window as one long row of features.
        budget: of the task; it also has the sizes.
        horizon: what is forecast.
        graph: of the nodes, with the view's edges.
    """
    if layer in TIME_LAYERS:
        inner: nn.Module = Forecaster(
            1,
            budget.hidden_channels,
            horizon.steps,
            layer=layer,
            num_layers=budget.num_layers,
            num_covariates=horizon.num_covariates,
            residual=horizon.base is None,
        )
        assert isinstance(inner, Forecaster)
        inner.scaler.mean.fill_(horizon.scale[0])
        inner.scaler.deviation.fill_(horizon.scale[1])
    elif layer in ("gcn", "mlp"):
        inner = WindowNetwork(layer, budget, horizon)
    else:
        options = [*TIME_LAYERS, "gcn", "mlp"]
        raise ValueError(_checks.problem("layer", f"one of {', '.join(options)}", layer, "a series needs one of these"))
    return ForecastModel(inner, horizon, graph, budget.steps)


class WindowNetwork(nn.Module):
    """Convolutions or linear layers with relu over all of a window at once: a node's features are its whole history."""

    def __init__(self, layer: str, budget: Budget, horizon: Horizon) -> None:
        super().__init__()
        self.horizon = horizon
        width = 2 * horizon.history + (horizon.history + horizon.steps) * horizon.num_covariates
        kind = GCNConv if layer == "gcn" else nn.Linear
        widths = [width, *[budget.hidden_channels] * budget.num_convolutions]
        self.layers = nn.ModuleList(kind(a, b) for a, b in pairwise(widths))
        self.head = nn.Linear(budget.hidden_channels, horizon.steps)

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
            h = layer(h, edge_index, edge_weight) if isinstance(layer, GCNConv) else layer(h)
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
        self.inner, self.horizon, self.decay = inner, horizon, max(1.0, TAUGHT * steps)
        assert graph.edge_index is not None
        self.register_buffer("edge_index", graph.edge_index, persistent=False)
        self.register_buffer("edge_weight", graph.get("edge_weight"), persistent=False)
        self.register_buffer("done", torch.tensor(0))

    def forward(self, batch: Batch) -> Tensor:
        """Return the forecasts of all windows, steps and nodes, one after another."""
        history = self.horizon.history
        value, known, covariates = batch.x.split([1, 1, self.horizon.num_covariates], -1)
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
            y=batch.y - base[:, history:],
            teacher_forcing=teacher_forcing,
        )
        return (forecast + base[:, history:]).flatten()
