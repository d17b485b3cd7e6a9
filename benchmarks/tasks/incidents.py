"""What monitors are put to: simulated streets with accidents, and real detectors with incidents put in.

Some accidents change nothing: what is left of the road is enough for those who come. No detector can see them, so an
accident counts by what it changed. The same streets are driven twice, with it and without; arrivals are the same, and

    slowed = 1 - mean speed on the road while it lasts / mean speed there without it

Accidents are drawn until half of them are weak and half strong; those below ``UNSEEN`` do not count.
"""

from dataclasses import dataclass
from itertools import count
from typing import Any

import networkx as nx
import torch
from torch import Tensor

from gnn_toolkit.datasets import (
    Accident,
    Incident,
    TrafficSeries,
    inject_incidents,
    load_los_loop,
    simulate_streets,
    street_grid,
)

UNSEEN, STRONG = 0.05, 0.3  # part of the speed: below the one nothing happened, above the other it is plain to see
LEFT = (0.1, 0.7)  # of the capacity, after an accident
LOST = (0.1, 0.6)  # of the speed, in an incident
FREE = 50.0  # miles an hour: incidents begin where it was never slower in the hour before
BEFORE, LASTS = 45, 30  # steps of a minute on simulated streets, before an accident and of it
STEPS_BEFORE, STEPS = 24, (6, 12)  # the same of five minutes at detectors, where an incident lasts so long or so long
AHEAD, DETECTORS_AHEAD = 5, 6  # steps from a forecast to what it is of: five minutes, and half an hour
LEARN, CALIBRATE = 5, 1  # days of the week of detectors; the seventh is watched


@dataclass(frozen=True)
class Plan:
    """What is watched.

    Attributes:
        size: streets each way.
        days: usual days to learn from.
        quiet: days that set the threshold, and as many more that count false alarms.
        accidents: number of accidents, each in a series of its own, and of incidents.
        rate: false alarms a sensor and day for which thresholds are set.
        steps: of training on streets.
        detector_steps: of training on detectors.
        minutes: length of a step on streets.
        seconds: length of a step of the simulation.
        missing: probability that a road does not report.
        window: steps that a monitor is trained on at a time.
    """

    size: int = 4
    days: int = 3
    quiet: int = 2
    accidents: int = 32
    rate: float = 0.2
    steps: int = 300
    detector_steps: int = 150
    minutes: int = 1
    seconds: float = 10.0
    missing: float = 0.02
    window: int = 20


@dataclass(frozen=True)
class Struck:
    """A series with an accident or incident.

    Attributes:
        series: what was measured.
        clock: step of the day at which it begins.
        node: where it happens.
        start: step in which it begins; it lasts to the end of the series.
        strong: whether the node is slowed by ``STRONG`` or more.
    """

    series: TrafficSeries
    clock: int
    node: int
    start: int
    strong: bool


@dataclass(frozen=True)
class Scene:
    """What a detector learns from and watches.

    Attributes:
        name: of it.
        usual: days to learn from.
        calibration: days that set the threshold.
        calm: days on which each alarm is false.
        struck: one for each accident.
        speed: which feature is the speed.
        steps: of training.
        ahead: steps from a forecast to what it is of.
    """

    name: str
    usual: TrafficSeries
    calibration: TrafficSeries
    calm: TrafficSeries
    struck: list[Struck]
    speed: int
    steps: int
    ahead: int

    @property
    def minutes(self) -> int:
        """Length of a step."""
        return 1440 // self.usual.steps_per_day


def streets(plan: Plan, seed: int) -> Scene:
    """Return simulated streets, drawn by a seed."""
    grid, day = street_grid(plan.size, plan.size), 1440 // plan.minutes
    usual, calibration, calm = (
        _drive(grid, plan, days * day, 10 * seed + k) for k, days in enumerate((plan.days, plan.quiet, plan.quiet))
    )
    wanted = {False: plan.accidents - plan.accidents // 2, True: plan.accidents // 2}
    struck: list[Struck] = []
    for number in count():
        if len(struck) == plan.accidents:
            return Scene("simulated streets", usual, calibration, calm, struck, 1, plan.steps, AHEAD)
        one = _accident(grid, plan, 100_000 + 1000 * seed + number)
        if one is not None and wanted[one.strong]:
            wanted[one.strong] -= 1
            struck.append(one)
    raise AssertionError


def _drive(grid: nx.DiGraph, plan: Plan, steps: int, seed: int, **options: Any) -> TrafficSeries:
    return simulate_streets(
        grid, steps, seed=seed, missing=plan.missing, minutes=plan.minutes, seconds=plan.seconds, **options
    )


def _accident(grid: nx.DiGraph, plan: Plan, seed: int) -> Struck | None:
    """Return an accident at a road and an hour drawn at random; ``None`` where it changes nothing."""
    generator = torch.Generator().manual_seed(seed)
    road = int(torch.randint(grid.number_of_edges(), (1,), generator=generator))
    hour = int(torch.randint(5, 21, (1,), generator=generator))
    left = LEFT[0] + (LEFT[1] - LEFT[0]) * float(torch.rand(1, generator=generator))
    accident = Accident(road, BEFORE, LASTS, left)
    struck = _drive(grid, plan, BEFORE + LASTS, seed, accidents=[accident], start_hour=float(hour))
    without = _drive(grid, plan, BEFORE + LASTS, seed, start_hour=float(hour))
    slowed = 1 - float(struck.values[BEFORE:, road, 1].sum() / without.values[BEFORE:, road, 1].sum())
    return Struck(struck, hour * 60 // plan.minutes, road, BEFORE, slowed >= STRONG) if slowed >= UNSEEN else None


def detectors(plan: Plan, seed: int) -> Scene:
    """Return the week of Los-loop, with incidents on its last day drawn by a seed."""
    week = load_los_loop()
    usual, calibration, calm = (
        cut(week, first * week.steps_per_day, last * week.steps_per_day)
        for first, last in ((0, LEARN), (LEARN, LEARN + CALIBRATE), (LEARN + CALIBRATE, 7))
    )
    generator = torch.Generator().manual_seed(seed)
    struck = [_incident(calm, number % 2 == 1, generator) for number in range(plan.accidents)]
    return Scene("real detectors", usual, calibration, calm, struck, 0, plan.detector_steps, DETECTORS_AHEAD)


def _incident(day: TrafficSeries, strong: bool, generator: torch.Generator) -> Struck:
    """Return an incident at a detector and a time drawn at random, where traffic is free."""
    speed, steps = day.values[..., 0], int(torch.randint(STEPS[0], STEPS[1] + 1, (1,), generator=generator))
    slowest = torch.stack([speed[t - 12 : t].amin(0) for t in range(STEPS_BEFORE, len(speed) - steps)])
    places = (slowest > FREE).nonzero()
    step, node = places[int(torch.randint(len(places), (1,), generator=generator))].tolist()
    low, high = (STRONG, LOST[1]) if strong else (LOST[0], STRONG)
    part = low + (high - low) * float(torch.rand(1, generator=generator))
    seen = cut(day, step, step + STEPS_BEFORE + steps)
    slow = inject_incidents(seen, [Incident(node, STEPS_BEFORE, steps, part)])
    return Struck(slow, step, node, STEPS_BEFORE, strong)


def cut(series: TrafficSeries, first: int, last: int) -> TrafficSeries:
    """Return the steps from ``first`` to the one before ``last``."""
    values: Tensor = series.values[first:last]
    return TrafficSeries(
        values, series.mask[first:last], series.edge_index, series.edge_weight, series.steps_per_day, series.names
    )


SCENES = {"streets": streets, "detectors": detectors}
