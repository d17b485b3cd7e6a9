"""Detectors of accidents: a monitor on graph and memory, its halves, and thresholds of each road."""

from collections.abc import Callable

import torch
from torch import Tensor

from gnn_toolkit.datasets import TrafficSeries
from gnn_toolkit.models import StreetMonitor
from gnn_toolkit.training import Settings, calibrate, fit_monitor, lowest_threshold, scores_of

from ..tasks.incidents import Scene

KEEP = 0.8  # of a score from step to step, for every detector
AROUND = 10  # minutes on either side from which a usual value is taken: there are few days
LIMIT = 8.0  # the most that one reading may count; the monitor's default
SETTLING = 30  # steps at the beginning of a series that set no threshold and count no alarm


class Usual:
    """Thresholds of each road: how far a value is from its average of the hour, in mean deviations of it.

    One value counts ``limit`` at most.
    """

    loss: float | None = None

    def __init__(self, series: TrafficSeries, limit: float = torch.inf) -> None:
        self.slots, self.limit = series.steps_per_day, limit
        wide = AROUND * self.slots // 1440
        there = series.mask.double()
        days = (series.values * there).view(-1, self.slots, *series.values.shape[1:])
        known = there.view_as(days)
        around = [torch.roll(days, shift, 1) for shift in range(-wide, wide + 1)]
        counts = [torch.roll(known, shift, 1) for shift in range(-wide, wide + 1)]
        total = torch.stack([c.sum(0) for c in counts]).sum(0)
        self.mean = torch.stack([a.sum(0) for a in around]).sum(0) / total.clamp(min=1)
        off = torch.stack([((a - self.mean).abs() * c).sum(0) for a, c in zip(around, counts, strict=True)]).sum(0)
        self.deviation = (off / total.clamp(min=1)).clamp(min=1e-3 * float(series.values.abs().mean()))
        self.threshold = torch.inf

    def scores(self, series: TrafficSeries, clock: int) -> Tensor:
        """Return the score of each road at each step, [T, R]."""
        slot = (clock + torch.arange(len(series.values))) % self.slots
        off = ((series.values - self.mean[slot]).abs() / self.deviation[slot]).clamp(max=self.limit)
        off = off.where(series.mask, 0.0)
        surprise, score, found = off.sum(2) / series.mask.sum(2), torch.ones(off.size(1)).double(), []
        for step in surprise:
            score = torch.where(step.isnan(), score, KEEP * score + (1 - KEEP) * step)
            found.append(score)
        return torch.stack(found)

    def set_threshold(self, series: TrafficSeries, rate: float) -> None:
        """Set the threshold by usual days."""
        scores = self.scores(series, 0)[SETTLING:]
        self.threshold = lowest_threshold(scores, int(rate * scores[1:].numel() / self.slots))


class Learnt:
    """A monitor of the toolkit, trained on the usual days."""

    def __init__(self, scene: Scene, window: int, seed: int, layer: str, *, memory: bool = True) -> None:
        torch.manual_seed(seed)
        series, steps = scene.usual, scene.steps
        nodes, features = series.values.shape[1:]
        self.monitor = StreetMonitor(
            series.edge_index, nodes, features, 24, edge_weight=series.edge_weight, steps_per_day=series.steps_per_day,
            layer=layer, K=2, memory=memory, keep=KEEP,
            ahead=scene.ahead,
        )  # fmt: skip
        settings = Settings(
            steps=steps, learning_rate=0.01, evaluate_every=max(1, steps // 4), seed=seed, rate_decay=0.5,
            rate_decay_every=max(1, steps // 3),
        )  # fmt: skip
        self.loss: float | None = fit_monitor(
            self.monitor, series.values, series.mask, settings, window=window
        ).best_validation

    @property
    def threshold(self) -> float:
        """The threshold."""
        return float(self.monitor.threshold)

    def scores(self, series: TrafficSeries, clock: int) -> Tensor:
        """Return the score of each road at each step, [T, R]."""
        return scores_of(self.monitor, series.values, series.mask, clock=clock)

    def set_threshold(self, series: TrafficSeries, rate: float) -> None:
        """Set the threshold by usual days."""
        calibrate(self.monitor, series.values, series.mask, rate, skip=SETTLING)

    def trace(self, series: TrafficSeries, clock: int, node: int, feature: int) -> dict[str, list[float]]:
        """Return what was seen of one value of a node, its forecast with the width, and the node's score, by step."""
        self.monitor.reset(clock)
        told: dict[str, list[float]] = {"seen": [], "median": [], "scale": [], "score": []}
        for value, known in zip(series.values, series.mask, strict=True):
            told["seen"].append(float(value[node, feature]))
            for name, expected in zip(("median", "scale"), self.monitor.expected(), strict=True):
                told[name].append(float(expected[node, feature]))
            told["score"].append(float(self.monitor.update(value, known).scores[node]))
        return told


Detector = Usual | Learnt

DETECTORS: dict[str, Callable[[Scene, int, int], Detector]] = {
    "graph and memory (DCRNN)": lambda scene, window, seed: Learnt(scene, window, seed, "dcrnn"),
    "memory of each road (LSTM)": lambda scene, window, seed: Learnt(scene, window, seed, "lstm"),
    "graph alone (diffusion)": lambda scene, window, seed: Learnt(scene, window, seed, "dcrnn", memory=False),
    "thresholds of each road": lambda scene, window, seed: Usual(scene.usual),
    "the same, within the monitor's limit": lambda scene, window, seed: Usual(scene.usual, LIMIT),
}
