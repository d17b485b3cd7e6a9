"""Detection of accidents: monitors learn to forecast usual traffic, and are judged by the accidents that they detect.

What weights are chosen by is the loss of forecasts on usual days; what is tested is the share of accidents with an
alarm on their own road while they last. Thresholds are set on other usual days for so many false alarms, after
training.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch_geometric.data import Data

from gnn_toolkit import _checks
from gnn_toolkit.datasets import TrafficSeries
from gnn_toolkit.models import UsualDay
from gnn_toolkit.training import lowest_threshold, scores_of
from gnn_toolkit.training.monitor_training import UsualTraffic, laplace_nll

from .config import Config
from .incidents import DETECTORS_AHEAD, LASTS, LEFT, LOST, STEPS, STRONG, UNSEEN, Scene, detectors, streets
from .metrics import Metric, Scores
from .objective import Objective
from .source import EqualGraphs, Graphs, Source
from .task import Baseline, Task, TaskData, always
from .thresholds import UsualHour

RATES = (0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0)  # false alarms a sensor and day
SETTLING = 30  # steps at the beginning of a series that set no threshold and count no alarm
LIMIT = 8.0  # the most that one reading may count; the monitor's default
GAPS = 0.1  # probability that a sensor falls silent in training


def _nll(forecast: Tensor, y: Tensor) -> Tensor:
    return laplace_nll(forecast.T, y)


def _mean_nll(forecast: Tensor, y: Tensor) -> Tensor:
    return _nll(forecast, y).mean()


def _exceeds(score: Tensor, threshold: Tensor) -> Tensor:
    return score > threshold


LOSS = Metric("loss of forecasts", False, (-torch.inf, torch.inf), _nll, _mean_nll)
DETECTED = Metric("share of accidents detected", True, (0.0, 1.0), _exceeds)


@dataclass(frozen=True)
class Found:
    """What a detector found.

    Attributes:
        threshold: of its scores.
        scores: whether each accident was detected.
        measures: the same of weak ones alone; mean minutes from the accident to the alarm, the accident's whole length
            where there is none; share of the accidents whose road has the highest score of all while they last, and
            the mean place of the road; false alarms on usual days; and the share detected where the threshold is such
            that these days have ``RATES`` false alarms.
    """

    threshold: float
    scores: Scores
    measures: dict[str, float]


def judge(score: Callable[[TrafficSeries, int], Tensor], scene: Scene, rate: float) -> Found:
    """Return what a detector finds.

    Args:
        score: gives each road of a series that begins at a step of the day a score at each step [T, N].
        scene: what it watches.
        rate: false alarms a sensor and day for which its threshold is set.
    """
    quiet, calm = (score(days, 0)[SETTLING:] for days in (scene.calibration, scene.calm))
    threshold = lowest_threshold(quiet, int(rate * quiet[1:].numel() / scene.usual.steps_per_day))
    seen = [score(one.series, one.clock)[one.start :] for one in scene.struck]
    own = [scores[:, one.node] for scores, one in zip(seen, scene.struck, strict=True)]
    tops = torch.stack([scores.max() for scores in own]).double()
    waited = [_wait(scores, threshold) for scores in own]
    places = [1 + int((s.amax(0) > top).sum()) for s, top in zip(seen, (scores.max() for scores in own), strict=True)]
    alarms, days = calm > threshold, calm[1:].numel() / scene.usual.steps_per_day
    scores = Scores(DETECTED.points(tops, torch.tensor(threshold)).double(), torch.ones(len(tops)))
    weak = [bool(point) for point, one in zip(scores.points, scene.struck, strict=True) if not one.strong]
    measures = {
        "weak ones detected": sum(weak) / max(len(weak), 1),
        "minutes to the alarm": scene.minutes * sum(waited) / len(waited),
        "ranked first": sum(place == 1 for place in places) / len(places),
        "mean rank": sum(places) / len(places),
        "false alarms a sensor and day": int((alarms[1:] & ~alarms[:-1]).sum()) / days,
    }
    for allowed in RATES:
        above = DETECTED.points(tops, torch.tensor(lowest_threshold(calm, int(allowed * days))))
        measures[f"detected at {allowed:g} false alarms"] = float(above.double().mean())
    return Found(threshold, scores, measures)


def _wait(scores: Tensor, threshold: float) -> int:
    """Return the number of steps until a score is above the threshold, 1 where it is at once; all where it never is."""
    above = (scores > threshold).nonzero()
    return int(above[0]) + 1 if len(above) else len(scores)


class Days:
    """Usual days as windows of a monitor, and what it watches after them.

    Args:
        scene: what is learnt from and watched.
        window: steps of a window.
    """

    def __init__(self, scene: Scene, window: int) -> None:
        self.scene, series = scene, scene.usual
        nodes, features = series.values.shape[1:]
        self.usual = UsualDay(nodes, features, series.steps_per_day)
        self.traffic = UsualTraffic(
            self.usual, series.values, series.mask, ahead=scene.ahead, window=window, limit=LIMIT
        )

    def train(self, generator: torch.Generator, count: int) -> tuple[Tensor, Tensor]:
        """Draw training windows."""
        return self.graphs(*self.traffic.draw(generator, count, GAPS))

    def held_out(self, split: str) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield the windows of the last usual days, by which weights are chosen; the test has none."""
        _checks.choice("split", split, ("validation",))
        for start in self.traffic.held_out.split(64):
            yield self.graphs(start, torch.tensor(False))

    def graphs(self, start: Tensor, hidden: Tensor) -> tuple[Tensor, Tensor]:
        """Return windows as features [B, N, T, 2 F + 1] and answers [B * N, T, 2 F] of nodes.

        Features are values, whether they are seen, and the step; answers what comes, and whether it was measured.
        """
        seen, mask, target, there, first = self.traffic.windows(start, hidden)
        steps = (first[:, None] + torch.arange(seen.size(1)))[:, :, None, None].expand(*seen.shape[:3], 1)
        x = torch.cat([seen, mask.to(seen.dtype), steps.to(seen.dtype)], -1)
        y = torch.cat([target, there.to(target.dtype)], -1)
        return x.transpose(1, 2), y.transpose(1, 2).flatten(0, 1)


class Detection(Objective):
    """Forecasts of usual traffic choose the weights; the accidents that are detected are the test.

    Args:
        source: windows of usual days.
        config: how the model is trained; ``data`` has ``rate``.
        days: the same days, and what is watched after them.
    """

    form = "watch"

    def __init__(self, source: Source, config: Config, days: Days) -> None:
        super().__init__(source, config, LOSS, 2, "nodes")
        if config.devices > 1:
            remedy = "leave out --devices: parts of a batch have unequally many readings"
            raise ValueError(_checks.problem("devices", "1 for a monitor", config.devices, remedy))
        self.days, self.scene, self.usual = days, days.scene, days.usual
        self.found: Found | None = None

    def answers(self, model: nn.Module, batch: Graphs) -> tuple[Tensor, Tensor]:
        """Return median and scale of each value that was measured [answers, 2], and the value."""
        target, there = batch.y.chunk(2, -1)
        return model(batch)[there > 0], target[there > 0]

    def test(self, model: nn.Module) -> Scores:
        """Set the monitor's spread and threshold, and return which accidents it detects: each is a unit."""
        monitor: Any = model.monitor
        self.days.traffic.set_spread(monitor)
        device = monitor.score.device

        def score(series: TrafficSeries, clock: int) -> Tensor:
            return scores_of(monitor, series.values.to(device), series.mask.to(device), clock=clock).cpu()

        self.found = judge(score, self.scene, self.config.data["rate"])
        monitor.threshold.fill_(self.found.threshold)
        return self.found.scores

    def measures(self, model: nn.Module, seed: int) -> dict[str, float]:
        """Return how soon, where, and at how many false alarms the test found accidents."""
        assert self.found is not None
        return self.found.measures


def detection(scene: Scene, window: int, rate: float, note: str) -> TaskData:
    """Return the data of watching a scene."""
    series, days = scene.usual, Days(scene, window)
    nodes, features = series.values.shape[1:]

    def thresholds(limit: float) -> Baseline:
        detector = UsualHour(series, limit)
        found = judge(detector.scores, scene, rate)
        return Baseline(found.scores.mean, detector.mean.numel() + detector.deviation.numel(), found.measures)

    graph = Data(edge_index=series.edge_index, edge_weight=series.edge_weight, num_nodes=nodes)
    return TaskData(
        EqualGraphs(graph, 2 * features + 1, days.train, days.held_out),
        partial(Detection, days=days),
        {
            "thresholds of each road": partial(thresholds, torch.inf),
            "thresholds within the monitor's limit": partial(thresholds, LIMIT),
        },
        note=f"{note}; thresholds are set for {rate:g} false alarms a sensor and day",
    )


def street_accidents(seed: int, *, window: int, rate: float, **options: Any) -> TaskData:
    """Detect accidents on simulated streets, which the seed draws, from usual days."""
    note = (
        f"{options['size']} x {options['size']} crossings, simulated in steps of {options['minutes']} min; "
        f"{options['days']} usual days to learn from, {options['quiet']} to set the threshold, {options['quiet']} to "
        f"count false alarms; {options['accidents']} accidents of {LASTS} steps leave {LEFT[0]:g} to {LEFT[1]:g} of "
        f"the capacity, half of them weak (the road is slowed by {UNSEEN:g} to {STRONG:g}), half strong"
    )
    return detection(streets(seed, **options), window, rate, note)


def detector_incidents(seed: int, *, window: int, rate: float, accidents: int) -> TaskData:
    """Detect incidents, which the seed draws and puts into the last of seven real days, from the days before."""
    note = (
        f"Los-loop: five days to learn from, one for the threshold, the last to be watched; {accidents} incidents of "
        f"{STEPS[0]} to {STEPS[1]} steps of 5 min take {LOST[0]:g} to {LOST[1]:g} of the speed, half of them less than "
        f"{STRONG:g}; forecasts are of {5 * DETECTORS_AHEAD} min ahead"
    )
    return detection(detectors(seed, accidents=accidents), window, rate, note)


BASELINES = ("thresholds of each road", "thresholds within the monitor's limit")
CONFIG = Config(
    steps=300,
    learning_rate=0.01,
    evaluate_every=75,
    rate_decay=0.5,
    rate_decay_every=100,
    hidden_channels=24,
    batch_size=8,
)
SIMULATED = {"size": 4, "days": 3, "quiet": 2, "minutes": 1, "seconds": 10.0, "missing": 0.02}
WATCHED = {"accidents": 32, "rate": 0.2, "window": 20}
STREET_ACCIDENTS = Task(
    "which accidents on simulated streets are detected", street_accidents, DETECTED, BASELINES, CONFIG,
    SIMULATED | WATCHED, "watch", always, selection=LOSS,
)  # fmt: skip
DETECTOR_INCIDENTS = Task(
    "which incidents at real detectors are detected", detector_incidents, DETECTED, BASELINES,
    replace(CONFIG, steps=150, evaluate_every=37, rate_decay_every=50),
    WATCHED, "watch", always, selection=LOSS, data="los-loop",
)  # fmt: skip
