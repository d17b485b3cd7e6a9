"""Monitors against each other: who finds accidents in simulated streets, how soon, where, and at how many false alarms.

Every watcher sees the same streets: usual days to learn from, a day to set its threshold by, another day on which each
alarm is false, and mornings and evenings with an accident each. What differs is what it rests on: graph and memory, the
memory of each road alone, the graph alone, or the usual value of the hour alone.
"""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

import networkx as nx
import torch
from torch import Tensor

from benchmarks.machine import describe
from benchmarks.statistics import compare, estimate
from gnn_toolkit._files import write_atomically
from gnn_toolkit.datasets import Accident, TrafficSeries, simulate_streets, street_grid
from gnn_toolkit.models import StreetMonitor
from gnn_toolkit.training import Settings, calibrate, fit_monitor, lowest_threshold, scores_of

QUIET, LASTS = 24, 12  # steps before an accident, and of it
PARTS = (0.1, 0.3, 0.5)  # of the capacity that an accident leaves
KEEP = 0.5  # of a score from step to step, for every watcher


@dataclass(frozen=True)
class Plan:
    """What is watched.

    Attributes:
        size: streets each way.
        days: usual days to learn from; two more set the threshold and count false alarms.
        accidents: number of accidents, each in a series of its own.
        rate: false alarms a sensor and day for which thresholds are set.
        steps: of training.
        missing: probability that a detector does not report.
        minutes: length of a step.
        seconds: length of a step of the simulation.
        window: steps that a monitor is trained on at a time.
    """

    size: int = 5
    days: int = 6
    accidents: int = 40
    rate: float = 0.05
    steps: int = 400
    missing: float = 0.02
    minutes: int = 5
    seconds: float = 10.0
    window: int = 16

    @property
    def day(self) -> int:
        """Number of steps of a day."""
        return 1440 // self.minutes


class Usual:
    """Thresholds of each road: how far a value is from its average of the hour, in mean deviations of it."""

    def __init__(self, series: TrafficSeries) -> None:
        self.slots = series.steps_per_day
        there = series.known.double()
        days = (series.values * there).view(-1, self.slots, *series.values.shape[1:])
        known = there.view_as(days)
        around = [torch.roll(days, shift, 1) for shift in (-2, -1, 0, 1, 2)]  # few days: neighbouring slots join in
        counts = [torch.roll(known, shift, 1) for shift in (-2, -1, 0, 1, 2)]
        total = sum(c.sum(0) for c in counts)
        assert isinstance(total, Tensor)
        self.mean = sum(a.sum(0) for a in around) / total.clamp(min=1)
        off = sum(((a - self.mean).abs() * c).sum(0) for a, c in zip(around, counts, strict=True))
        self.deviation = (off / total.clamp(min=1)).clamp(min=1e-3 * float(series.values.abs().mean()))
        self.threshold = torch.inf

    def scores(self, series: TrafficSeries, clock: int) -> Tensor:
        """Return the score of each road at each step, [T, R]."""
        slot = (clock + torch.arange(len(series.values))) % self.slots
        off = ((series.values - self.mean[slot]).abs() / self.deviation[slot]).where(series.known, 0.0)
        surprise, score, found = off.sum(2) / series.known.sum(2), torch.ones(off.size(1)).double(), []
        for step in surprise:
            score = torch.where(step.isnan(), score, KEEP * score + (1 - KEEP) * step)
            found.append(score)
        return torch.stack(found)

    def set_threshold(self, series: TrafficSeries, rate: float) -> None:
        """Set the threshold by a usual day."""
        scores = self.scores(series, 0)[12:]
        self.threshold = lowest_threshold(scores, int(rate * scores[1:].numel() / self.slots))


class Learnt:
    """A monitor of the toolkit, trained on the usual days."""

    def __init__(self, series: TrafficSeries, plan: Plan, seed: int, layer: str, *, memory: bool = True) -> None:
        torch.manual_seed(seed)
        nodes, features = series.values.shape[1:]
        self.monitor = StreetMonitor(
            series.edge_index, nodes, features, 24, edge_weight=series.edge_weight, steps_per_day=series.steps_per_day,
            layer=layer, order=2, memory=memory, keep=KEEP,
        )  # fmt: skip
        settings = Settings(
            steps=plan.steps, learning_rate=0.01, evaluate_every=max(1, plan.steps // 8), seed=seed, rate_decay=0.5,
            rate_decay_every=max(1, plan.steps // 3),
        )  # fmt: skip
        fit_monitor(self.monitor, series.values, series.known, settings, window=plan.window)

    @property
    def threshold(self) -> float:
        """The threshold."""
        return float(self.monitor.threshold)

    def scores(self, series: TrafficSeries, clock: int) -> Tensor:
        """Return the score of each road at each step, [T, R]."""
        return scores_of(self.monitor, series.values, series.known, clock=clock)

    def set_threshold(self, series: TrafficSeries, rate: float) -> None:
        """Set the threshold by a usual day."""
        calibrate(self.monitor, series.values, series.known, rate)


Watcher = Usual | Learnt

WATCHERS: dict[str, Callable[[TrafficSeries, Plan, int], Watcher]] = {
    "graph and memory (DCRNN)": lambda series, plan, seed: Learnt(series, plan, seed, "dcrnn"),
    "memory of each road (LSTM)": lambda series, plan, seed: Learnt(series, plan, seed, "lstm"),
    "graph alone (diffusion)": lambda series, plan, seed: Learnt(series, plan, seed, "dcrnn", memory=False),
    "thresholds of each road": lambda series, plan, seed: Usual(series),
}


@dataclass(frozen=True)
class Found:
    """What a watcher found with one seed.

    Attributes:
        watcher: its name.
        seed: of traffic and weights.
        detected: share of the accidents with an alarm on their own road while they last.
        delay: minutes from the accident to that alarm, the median of those detected; ``None`` where none is.
        rank: place of the accident's road by score when the first alarm of any road rises, the mean.
        false_alarms: a sensor and day, on a usual day.
    """

    watcher: str
    seed: int
    detected: float
    delay: float | None
    rank: float | None
    false_alarms: float


def watch(plan: Plan, seed: int) -> list[Found]:
    """Let all watchers learn and watch with one seed."""
    grid = street_grid(plan.size, plan.size)
    usual = [_streets(grid, plan, days * plan.day, 10 * seed + k) for k, days in enumerate((plan.days, 1, 1))]
    struck = [_accident(grid, plan, seed, k) for k in range(plan.accidents)]
    return [
        _found(name, make(usual[0], plan, seed), plan, seed, usual, struck) for name, make in WATCHERS.items()
    ]  # fmt: skip


def _streets(grid: nx.DiGraph, plan: Plan, steps: int, seed: int) -> TrafficSeries:
    return simulate_streets(grid, steps, seed=seed, missing=plan.missing, minutes=plan.minutes, seconds=plan.seconds)


def _accident(grid: nx.DiGraph, plan: Plan, seed: int, number: int) -> tuple[Accident, int, TrafficSeries]:
    """Return an accident at a road and an hour drawn at random, the step of the day it begins at, and its series."""
    generator = torch.Generator().manual_seed(1000 * seed + number)
    road = int(torch.randint(grid.number_of_edges(), (1,), generator=generator))
    hour = int(torch.randint(5, 18, (1,), generator=generator))
    accident = Accident(road, QUIET, LASTS, PARTS[number % len(PARTS)])
    series = simulate_streets(
        grid, QUIET + LASTS, accidents=[accident], start_hour=float(hour), seed=100_000 + 1000 * seed + number,
        missing=plan.missing, minutes=plan.minutes, seconds=plan.seconds,
    )  # fmt: skip
    return accident, hour * 60 // plan.minutes, series


def _found(
    name: str,
    watcher: Watcher,
    plan: Plan,
    seed: int,
    usual: list[TrafficSeries],
    struck: list[tuple[Accident, int, TrafficSeries]],
) -> Found:
    watcher.set_threshold(usual[1], plan.rate)
    scores = watcher.scores(usual[2], 0)[12:]
    alarms = scores > watcher.threshold
    rises = int((alarms[1:] & ~alarms[:-1]).sum())
    delays, ranks = [], []
    for accident, clock, series in struck:
        after = watcher.scores(series, clock)[QUIET:]
        own = (after[:, accident.road] > watcher.threshold).nonzero()
        if len(own):
            delays.append(float(plan.minutes * (int(own[0]) + 1)))
        first = (after > watcher.threshold).any(1).nonzero()
        if len(first):
            row = after[int(first[0])]
            ranks.append(1.0 + int((row > row[accident.road]).sum()))
    return Found(
        name,
        seed,
        detected=len(delays) / len(struck),
        delay=median(delays) if delays else None,
        rank=sum(ranks) / len(ranks) if ranks else None,
        false_alarms=rises * plan.day / alarms[1:].numel(),
    )


def write(plan: Plan, found: list[Found], folder: Path) -> list[Path]:
    """Write the JSON record and the Markdown table, and return their paths."""
    record = {"machine": describe(), "plan": asdict(plan), "found": [asdict(one) for one in found]}
    texts = {"monitor.json": json.dumps(record, indent=1) + "\n", "monitor.md": markdown(plan, found)}
    for name, text in texts.items():
        write_atomically(folder / name, lambda file, text=text: file.write(text.encode()))
    return [folder / name for name in texts]


def markdown(plan: Plan, found: list[Found]) -> str:
    """Return the table of all watchers, and how the first differs from each other one."""
    names = list(dict.fromkeys(one.watcher for one in found))
    of = {name: [one for one in found if one.watcher == name] for name in names}
    seeds = len(of[names[0]])
    lines = [
        "# Monitors of streets",
        "",
        f"{plan.size} x {plan.size} crossings, simulated in steps of {plan.minutes} minutes; {plan.days} usual days to "
        f"learn from; {plan.accidents} accidents for each of {seeds} seeds, which leave "
        f"{', '.join(f'{part:g}' for part in PARTS)} of a road's capacity for {LASTS} steps; thresholds set for "
        f"{plan.rate:g} false alarms a sensor and day. Means over the seeds with 95 % intervals.",
        "",
        "| watcher | accidents detected | minutes to the alarm | rank of the road | false alarms a sensor and day |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    for name in names:
        columns = [
            _cell([one.detected for one in of[name]], (0.0, 1.0)),
            _cell([one.delay for one in of[name] if one.delay is not None], (0.0, 60.0)),
            _cell([one.rank for one in of[name] if one.rank is not None], (1.0, float("inf"))),
            _cell([one.false_alarms for one in of[name]], (0.0, float("inf"))),
        ]
        lines.append(f"| {name} | {' | '.join(columns)} |")
    lines.append("")
    for name in names[1:]:
        told = compare([one.detected for one in of[names[0]]], [one.detected for one in of[name]])
        span = told.difference.interval
        shown = "" if span is None else f" [{span[0]:+.3f}, {span[1]:+.3f}]"
        lines.append(
            f"- {names[0]} against {name}: {told.difference.mean:+.3f}{shown} of the accidents, {told.verdict}"
        )
    return "\n".join(lines) + "\n"


def _cell(values: list[float], bounds: tuple[float, float]) -> str:
    if not values:
        return "none"
    found = estimate(values, bounds)
    span = "" if found.interval is None else f" [{found.interval[0]:.2f}, {found.interval[1]:.2f}]"
    return f"{found.mean:.2f}{span}"
