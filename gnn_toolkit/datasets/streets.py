"""Days of traffic on a street network, with accidents at known places and times."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import networkx as nx
import numpy as np
import torch

from gnn_toolkit._checks import positive, problem
from gnn_toolkit.datasets.cell_transmission import CellNetwork
from gnn_toolkit.datasets.windows import TrafficSeries

# Demand by hour of the day, as a part of the highest: a peak in the morning, a wider one in the afternoon.
HOURS = (
    0.10, 0.07, 0.05, 0.05, 0.08, 0.20, 0.50, 0.90, 1.00, 0.75, 0.60, 0.60,
    0.65, 0.65, 0.65, 0.75, 0.90, 1.00, 0.95, 0.70, 0.50, 0.35, 0.25, 0.15,
)  # fmt: skip
MEASURED = ("flow", "speed", "density")  # vehicles an hour and lane, km/h, vehicles a kilometre and lane


@dataclass(frozen=True)
class Accident:
    """An accident: less capacity at a place of a road for a time.

    Attributes:
        road: number of the road.
        start: step of the series in which it begins.
        steps: number of steps that it lasts.
        part: of the capacity that it leaves.
        position: on the road, 0 its start and 1 its end.
    """

    road: int
    start: int
    steps: int
    part: float = 0.2
    position: float = 0.8


def street_grid(rows: int, columns: int, *, length: float = 300.0) -> nx.DiGraph:
    """Return a grid of two-way streets, of which each third one is an avenue with two lanes and 60 km/h.

    >>> street_grid(3, 4).number_of_edges()
    34
    """
    positive("rows", rows)
    positive("columns", columns)
    if not 0 < length < math.inf:
        raise ValueError(problem("length", "metres above 0", length, "pass e.g. 300.0"))
    grid = nx.convert_node_labels_to_integers(nx.grid_2d_graph(rows, columns), label_attribute="place").to_directed()
    for u, v, data in grid.edges(data=True):
        (a, b), (c, _) = (grid.nodes[node]["place"] for node in (u, v))
        avenue = a % 3 == 1 if a == c else b % 3 == 1
        data.update(length=length, lanes=2 if avenue else 1, speed=60.0 if avenue else 50.0)
    return grid


def simulate_streets(
    graph: nx.DiGraph,
    steps: int,
    *,
    accidents: Sequence[Accident] = (),
    demand: float = 80.0,
    minutes: int = 5,
    seconds: float = 10.0,
    start_hour: float = 0.0,
    leaving: float = 0.2,
    cycle: float = 80.0,
    noise: float = 0.02,
    missing: float = 0.0,
    seed: int = 0,
) -> TrafficSeries:
    """Return what detectors on the roads of a network measure, by the cell-transmission model (Daganzo 1994).

    Each road is a node of the result, and there is an edge where traffic turns from one into another, weighted with
    its share. Arrivals are Poisson; their rate follows the hour of the day and differs by a factor from day to day.
    Drivers avoid full roads. Accidents change what follows and nothing else: the same seed without them draws the same
    arrivals. Flow, speed and density are Edie's: the distance that all drove, and the time that all spent, on the road
    in the step.

    Args:
        graph: of streets, as :class:`gnn_toolkit.datasets.CellNetwork` takes it.
        steps: number of steps.
        accidents: to have.
        demand: new vehicles an hour and lane at each road in the hour of the highest demand.
        minutes: length of a step of the result.
        seconds: length of a step of the model, of which a whole number makes a step of the result; a cell is as long as
            a free vehicle drives in it.
        start_hour: hour of the day at which it begins, with empty roads.
        leaving: part of the vehicles that leave the network at the end of a road.
        cycle: of the traffic lights in seconds; 0 for none.
        noise: standard deviation of the measurements, relative to the value.
        missing: probability that a detector does not report in a step.
        seed: of all that is random.

    Returns:
        values [steps, R, 3]: flow in vehicles an hour and lane, speed in km/h, density in vehicles a kilometre and
        lane.

    Raises:
        ValueError: on values that make no sense.

    >>> series = simulate_streets(street_grid(2, 3), 12, start_hour=7.0)
    >>> series.values.shape
    torch.Size([12, 14, 3])
    """
    positive("steps", steps)
    if 1440 % positive("minutes", minutes):
        remedy = "pass e.g. 5: a day has a whole number of steps"
        raise ValueError(problem("minutes", "a time that goes into a day of 1440 minutes", minutes, remedy))
    if not (0 <= missing < 1 and 0 <= noise < math.inf and 0 <= demand < math.inf):
        got = (missing, noise, demand)
        raise ValueError(problem("missing", "missing in [0, 1), noise and demand from 0", got, "correct the value"))
    if not seconds > 0 or minutes * 60 % seconds:
        got = f"{seconds} seconds in {minutes} minutes"
        raise ValueError(problem("seconds", "a time that goes into a step of the result", got, "pass e.g. 10.0"))
    if seed < 0:
        raise ValueError(problem("seed", "a number from 0", seed, "pass e.g. 0"))
    if not 0 <= start_hour < 24:
        raise ValueError(problem("start_hour", "an hour of the day in [0, 24)", start_hour, "pass e.g. 7.5"))
    for accident in accidents:
        if not 0 <= accident.start < steps or accident.steps < 1:
            allowed = f"a start below {steps}, steps from 1"
            raise ValueError(problem("accidents", allowed, accident, "correct it"))
    network = CellNetwork(graph, seconds=seconds, leaving=leaving, rerouting=True, cycle=cycle)
    arriving, observing, days = (np.random.default_rng([seed, k]) for k in range(3))
    factors = 1 + 0.1 * days.standard_normal(steps * minutes // 1440 + 2)
    lanes = network.roads.lanes
    values = np.empty((steps, len(lanes), 3))
    for step in range(steps):
        _set_accidents(network, accidents, step)
        hour = start_hour + step * minutes / 60
        level = np.interp(hour % 24, np.arange(25), (*HOURS, HOURS[0])) * factors[int(hour // 24)]
        rate = np.maximum(level, 0) * demand * lanes * seconds / 3600  # in a step of the model
        values[step] = _measure(network, arriving, rate, int(minutes * 60 / seconds))
    values *= 1 + noise * observing.standard_normal(values.shape)
    mask = np.broadcast_to(observing.random(values.shape[:2])[..., None] >= missing, values.shape)
    return _series(network, np.maximum(values, 0) * mask, mask, 1440 // minutes, start_hour)


def _measure(network: CellNetwork, random: np.random.Generator, rate: np.ndarray, moves: int) -> np.ndarray:
    """Move the network and return flow, speed and density of each road, [R, 3]."""
    roads, starts = network.roads, network.first
    driven, spent = np.zeros(len(starts)), np.zeros(len(starts))
    for _ in range(moves):
        before = network.vehicles.copy()
        network.step(random.poisson(rate).astype(float))
        driven += np.add.reduceat(network.passed, starts) * roads.speed * network.seconds
        spent += np.add.reduceat(before, starts) * network.seconds
    room = roads.length * roads.lanes * moves * network.seconds
    speed = np.divide(driven, spent, out=roads.speed.copy(), where=spent > 1e-9)
    return np.stack([driven / room * 3600, speed * 3.6, spent / room * 1000], 1)


def _set_accidents(network: CellNetwork, accidents: Sequence[Accident], step: int) -> None:
    for accident in accidents:
        if step == accident.start + accident.steps:
            network.block(accident.road, 1.0, accident.position)
    for accident in accidents:
        if step == accident.start:
            network.block(accident.road, accident.part, accident.position)


def _series(
    network: CellNetwork, values: np.ndarray, mask: np.ndarray, steps_per_day: int, start_hour: float
) -> TrafficSeries:
    names = tuple(f"{u}-{v}" for u, v in network.roads.ends)
    edge_index, weight = torch.from_numpy(network.roads.turns.copy()), torch.from_numpy(network.roads.share).float()
    measured, there = torch.from_numpy(values).float(), torch.from_numpy(mask.copy())
    first_slot = int(start_hour * steps_per_day / 24)
    return TrafficSeries(measured, there, edge_index, weight, steps_per_day, names, first_slot)
