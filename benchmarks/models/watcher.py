"""Monitors of traffic, as models of batches: they forecast usual days, and how sure they are."""

from functools import partial

from torch import Tensor, nn

from gnn_toolkit.models import StreetMonitor

from ..tasks.config import Config
from ..tasks.detection import LIMIT, Detection
from ..tasks.source import Graphs
from ..tasks.thresholds import KEEP
from .model import Builder

TERMS = 2  # of a convolution


class Watcher(nn.Module):
    """A monitor over the windows of a batch."""

    def __init__(self, monitor: StreetMonitor) -> None:
        super().__init__()
        self.monitor = monitor

    def forward(self, batch: Graphs) -> Tensor:
        """Return median and scale of what comes at every step of all windows' nodes, [B * N, T, F, 2]."""
        # Nodes come first in a batch, steps in a monitor.
        x = batch.x.view(batch.num_graphs, -1, *batch.x.shape[1:]).transpose(1, 2).contiguous()
        features = self.monitor.num_features
        values, seen, steps = x.split([features, features, 1], -1)
        forecast, _ = self.monitor.forecast(values, seen > 0, steps[:, 0, 0, 0].long())
        return forecast.permute(1, 3, 2, 4, 0).flatten(0, 1)


def watcher(layer: str, config: Config, objective: Detection, *, memory: bool = True) -> Watcher:
    """Return a monitor of the edges that a view chose; it has learnt the usual day, and nothing else."""
    graph, series = objective.example, objective.scene.usual
    assert graph.edge_index is not None
    nodes, features = series.values.shape[1:]
    monitor = StreetMonitor(
        graph.edge_index,
        nodes,
        features,
        config.hidden_channels,
        edge_weight=graph.get("edge_weight"),
        steps_per_day=series.steps_per_day,
        layer=layer,
        K=TERMS,
        memory=memory,
        keep=KEEP,
        ahead=objective.scene.ahead,
        limit=LIMIT,
    )
    monitor.usual.load_state_dict(objective.usual.state_dict())
    return Watcher(monitor)


def watching(layer: str, *edges: str, memory: bool = True) -> Builder:
    """Return the builder of a monitor, which can use such edges."""
    return Builder(partial(watcher, layer, memory=memory), edges)
