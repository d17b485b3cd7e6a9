"""Data of accident detection: simulated streets with accidents, and real detectors with incidents put in.

Some accidents change nothing: what is left of the road is enough for those who come. No detector can see them, so an
accident counts by what it changed. The same streets are driven twice, with it and without; arrivals are the same, and

    slowed = 1 - mean speed on the road while it lasts / mean speed there without it

Accidents are drawn until half of them are weak and half strong; those below ``UNSEEN`` do not count.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from itertools import count

import torch

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
        usual: days to learn from.
        calibration: days that set the threshold.
        calm: days on which each alarm is false.
        struck: one for each accident.
        speed: which feature is the speed.
        ahead: steps from a forecast to what it is of.
    """

    usual: TrafficSeries
    calibration: TrafficSeries
    calm: TrafficSeries
    struck: list[Struck]
    speed: int
    ahead: int

    @property
    def minutes(self) -> int:
        """Length of a step."""
        return 1440 // self.usual.steps_per_day


Drive = Callable[..., TrafficSeries]  # of a number of steps and a seed


def streets(
    seed: int, *, size: int, days: int, quiet: int, accidents: int, minutes: int, seconds: float, missing: float
) -> Scene:
    """Return simulated streets with accidents, each in a series of its own, half of them strong.

    Args:
        seed: draws traffic and accidents.
        size: streets each way.
        days: usual days to learn from.
        quiet: days that set the threshold, and as many more that count false alarms.
        accidents: their number.
        minutes: length of a step.
        seconds: length of a step of the simulation.
        missing: probability that a road does not report.
    """
    grid, day = street_grid(size, size), 1440 // minutes
    drive = partial(simulate_streets, grid, missing=missing, minutes=minutes, seconds=seconds)
    usual, calibration, calm = (drive(n * day, seed=10 * seed + k) for k, n in enumerate((days, quiet, quiet)))
    wanted = {False: accidents - accidents // 2, True: accidents // 2}
    struck: list[Struck] = []
    for number in count():
        if len(struck) == accidents:
            break
        one = _accident(grid.number_of_edges(), drive, minutes, 100_000 + 1000 * seed + number)
        if one is not None and wanted[one.strong]:
            wanted[one.strong] -= 1
            struck.append(one)
    return Scene(usual, calibration, calm, struck, 1, AHEAD)


def _accident(roads: int, drive: Drive, minutes: int, seed: int) -> Struck | None:
    """Return an accident at a road and an hour drawn at random; ``None`` where it changes nothing."""
    generator = torch.Generator().manual_seed(seed)
    road = int(torch.randint(roads, (1,), generator=generator))
    hour = int(torch.randint(5, 21, (1,), generator=generator))
    left = LEFT[0] + (LEFT[1] - LEFT[0]) * float(torch.rand(1, generator=generator))
    there = partial(drive, BEFORE + LASTS, seed=seed, start_hour=float(hour))
    struck, without = there(accidents=[Accident(road, BEFORE, LASTS, left)]), there()
    slowed = 1 - float(struck.values[BEFORE:, road, 1].sum() / without.values[BEFORE:, road, 1].sum())
    return Struck(struck, hour * 60 // minutes, road, BEFORE, slowed >= STRONG) if slowed >= UNSEEN else None


def detectors(seed: int, *, accidents: int) -> Scene:
    """Return the week of Los-loop, with so many incidents on its last day, drawn by a seed."""
    week = load_los_loop()
    usual, calibration, calm = (
        cut(week, first * week.steps_per_day, last * week.steps_per_day)
        for first, last in ((0, LEARN), (LEARN, LEARN + CALIBRATE), (LEARN + CALIBRATE, 7))
    )
    generator = torch.Generator().manual_seed(seed)
    struck = [_incident(calm, number % 2 == 1, generator) for number in range(accidents)]
    return Scene(usual, calibration, calm, struck, 0, DETECTORS_AHEAD)


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
    slot = (series.first_slot + first) % series.steps_per_day
    return replace(series, values=series.values[first:last], mask=series.mask[first:last], first_slot=slot)
