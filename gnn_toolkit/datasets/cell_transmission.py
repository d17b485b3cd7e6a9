"""The cell-transmission model of traffic on a network of roads (Daganzo 1994, 1995)."""

from dataclasses import dataclass
from typing import Any

import networkx as nx
import numpy as np

from gnn_toolkit._checks import problem

CAPACITY = 1800 / 3600  # vehicles a second and lane
JAM = 0.15  # vehicles a metre and lane, standing
DEFAULTS = {"length": 300.0, "lanes": 1.0, "speed": 50.0}  # metres, lanes, km/h, of a road that does not say


@dataclass(frozen=True)
class Roads:
    """The roads of a street network, in the order of the graph's edges.

    Attributes:
        ends: (u, v) of each road, as numbers of nodes.
        length: [R] in metres, a whole number of cells.
        lanes: [R].
        speed: [R], free speed in metres a second.
        turns: [2, M], the road that is left and the road that is taken.
        share: [M], what part of the vehicles at the end of the one take the other.
    """

    ends: np.ndarray
    length: np.ndarray
    lanes: np.ndarray
    speed: np.ndarray
    turns: np.ndarray
    share: np.ndarray


class CellNetwork:
    """Vehicles on a street network, moved from cell to cell: the cell-transmission model.

    A road is cut into cells as long as a free vehicle drives in a step. With n vehicles in a cell, N that fit in, Q
    that pass in a step, and ``delta = w / v`` of the triangular diagram of flow and density, in each step

        y_i = min(n_i, Q_i, Q_(i+1), delta (N_(i+1) - n_(i+1)))     (Daganzo 1994, eq. 1-3)

    vehicles go from cell i to the next. At a crossing, the last cell of a road sends ``S = min(n, Q)``, nothing at a
    red light, in fixed shares to the roads it leads to (first in, first out: who waits for a full road blocks those
    behind, Daganzo 1995); a road that cannot take in all that is sent to it takes the same part of each. A part has
    arrived and leaves the network, blocked by none. New vehicles wait in a queue at the start of a road.

    Every vehicle is in a cell, in a queue or gone: ``arrived`` is ``inside + waiting + left`` at any time.

    Args:
        graph: a directed graph; edges may have ``length`` (metres), ``lanes`` and ``speed`` (km/h), 300, 1 and 50 where
            they do not say.
        seconds: length of a step.
        leaving: part of the vehicles at the end of a road that leave the network; all where no road goes on. A node's
            attribute ``leaving`` replaces it.
        rerouting: whether drivers avoid full roads: shares are then weighted with the part of each road that is free.
            Without it a jam that bites its own tail stands for good.
        cycle: seconds of a traffic light's cycle; nodes where two or more roads end have one with two phases, shifted
            from node to node, in which the roads take turns. 0 for no lights.

    Raises:
        ValueError: an undirected graph, one without edges, or values that make no sense.

    >>> network = CellNetwork(nx.DiGraph([(0, 1), (1, 2)]), cycle=0)
    >>> for _ in range(60):
    ...     network.step(np.array([0.1, 0.0]))
    >>> bool(abs(network.arrived - network.inside - network.waiting - network.left) < 1e-9)
    True
    """

    def __init__(
        self,
        graph: nx.DiGraph,
        *,
        seconds: float = 10.0,
        leaving: float = 0.1,
        rerouting: bool = False,
        cycle: float = 80.0,
    ) -> None:
        if not graph.is_directed() or not graph.number_of_edges():
            got = f"{type(graph).__name__} of {graph.number_of_edges()} edges"
            raise ValueError(problem("graph", "a directed graph with edges", got, "pass G.to_directed()"))
        for name, value, right in (
            ("seconds", seconds, 0 < seconds < np.inf),
            ("cycle", cycle, 0 <= cycle < np.inf),
        ):
            if not right:
                raise ValueError(problem(name, "a time above 0", value, "pass e.g. 10.0"))
        self.seconds, self.cycle, self.rerouting, self.time = seconds, cycle, rerouting, 0.0
        self.roads, counts = _roads(graph, seconds, leaving)
        ends = np.cumsum(counts)
        self.leaving = 1 - np.bincount(self.roads.turns[0], self.roads.share, len(counts))
        self.first, self.last = ends - counts, ends - 1
        self.road = np.repeat(np.arange(len(counts)), counts)
        lanes, speed = self.roads.lanes[self.road], self.roads.speed[self.road]
        self.capacity = CAPACITY * lanes * seconds
        self.room = JAM * lanes * speed * seconds
        wave = CAPACITY / (JAM - CAPACITY / speed)  # metres a second, at which a jam grows
        self.delta = np.minimum(wave / speed, 1.0)
        self.open = np.ones_like(self.capacity)  # part of the capacity that accidents leave
        self.vehicles = np.zeros_like(self.capacity)
        self.queue = np.zeros(len(counts))
        self.arrived = self.left = 0.0
        self._phase, self._offset, self._lit = _lights(self.roads)
        self.passed = np.zeros_like(self.capacity)  # vehicles that left each cell in the last step

    @property
    def inside(self) -> float:
        """Vehicles in cells."""
        return float(self.vehicles.sum())

    @property
    def waiting(self) -> float:
        """Vehicles in queues."""
        return float(self.queue.sum())

    def block(self, road: int, part: float, position: float = 0.5) -> None:
        """Leave ``part`` of the capacity at a place of a road, 0 its start and 1 its end; 1 clears it.

        Raises:
            ValueError: no such road, part or position.
        """
        if not 0 <= road < len(self.first) or not 0 <= part <= 1 or not 0 <= position <= 1:
            allowed = f"a road below {len(self.first)}, a part and a position in [0, 1]"
            raise ValueError(problem("road", allowed, (road, part, position), "check the accident"))
        count = self.last[road] - self.first[road] + 1
        self.open[self.first[road] + min(int(position * count), count - 1)] = part

    def step(self, arrivals: np.ndarray) -> None:
        """Move all vehicles by one step, after ``arrivals`` [R] of new vehicles at the start of each road.

        Raises:
            ValueError: arrivals that are no numbers from 0, one a road.
        """
        if arrivals.shape != self.queue.shape or not (arrivals >= 0).all() or not np.isfinite(arrivals).all():
            got = f"shape {list(arrivals.shape)}, from {np.min(arrivals, initial=np.inf)}"
            remedy = "nobody arrives before the road is there: check the counts"
            raise ValueError(problem("arrivals", f"{len(self.queue)} numbers from 0", got, remedy))
        self.queue += arrivals
        self.arrived += float(arrivals.sum())
        limit = self.capacity * self.open
        sending = np.minimum(self.vehicles, limit)
        taking = np.minimum(limit, self.delta * (self.room - self.vehicles))
        out = np.minimum(sending, np.append(taking[1:], 0.0))  # inside roads; the last cells follow
        out[self.last] = 0.0
        into = np.append(0.0, out[:-1])
        sent = np.where(self._green(), sending[self.last], 0.0)
        ready = np.minimum(self.queue, limit[self.first])
        left, taken = self._cross(sent, ready, taking[self.first], into)
        out[self.last] = left
        self.vehicles += into - out
        self.queue -= taken
        self.passed = out
        self.time += self.seconds

    def _cross(self, sent: np.ndarray, ready: np.ndarray, taking: np.ndarray, into: np.ndarray) -> tuple[Any, Any]:
        """Return what leaves each road and each queue; add what enters each road to ``into``."""
        here, there = self.roads.turns
        share, count = self._shares(), len(sent)
        wanted = np.bincount(there, sent[here] * share, count) + ready
        part = np.minimum(1.0, np.divide(taking, wanted, out=np.ones(count), where=wanted > 0))
        slowest = np.ones(count)
        np.minimum.at(slowest, here, part[there])
        onward = sent[here] * slowest[here] * share
        left, taken = sent * self.leaving + np.bincount(here, onward, count), ready * part
        into[self.first] += np.bincount(there, onward, count) + taken
        self.left += float((sent * self.leaving).sum())
        return left, taken

    def _shares(self) -> np.ndarray:
        """Return the share of each turn: the usual one, or that of drivers who avoid full roads."""
        usual = self.roads.share
        if not self.rerouting:
            return usual
        here, there = self.roads.turns
        free = 1 - np.add.reduceat(self.vehicles, self.first) / np.add.reduceat(self.room, self.first)
        free *= 1 - (self.vehicles / self.room)[self.first]  # seen from the crossing
        weighted = usual * np.maximum(free[there], 1e-9)
        total = np.bincount(here, weighted, len(self.first))
        return weighted * ((1 - self.leaving) / total.clip(1e-30))[here]

    def _green(self) -> np.ndarray:
        """Return which roads may send: half a cycle each of two phases."""
        if not self.cycle:
            return np.ones(len(self.first), dtype=bool)
        half = ((self.time / self.cycle + self._offset) % 1.0 >= 0.5).astype(int)
        return ~self._lit | (half == self._phase)


def _roads(graph: nx.DiGraph, seconds: float, leaving: float) -> tuple[Roads, np.ndarray]:
    """Return the roads and the number of cells of each."""
    number = {node: k for k, node in enumerate(graph.nodes)}
    ends = np.array([(number[u], number[v]) for u, v in graph.edges()])
    given = {
        name: np.array([_number(name, data.get(name, default), u, v) for u, v, data in graph.edges(data=True)])
        for name, default in DEFAULTS.items()
    }
    speed = given["speed"] / 3.6
    if not (speed > CAPACITY / JAM).all():
        slowest = f"{speed.min() * 3.6:g} km/h"
        raise ValueError(
            problem("graph: speed", f"more than {CAPACITY / JAM * 3.6:g} km/h", slowest, "correct the edge")
        )
    counts = np.maximum(1, np.rint(given["length"] / (speed * seconds))).astype(int)
    parts = np.array([float(graph.nodes[node].get("leaving", leaving)) for node in graph.nodes])
    if not ((parts >= 0) & (parts <= 1)).all():
        raise ValueError(problem("leaving", "parts in [0, 1]", parts, "correct the node"))
    turns, share = _turns(ends, given["lanes"], parts)
    return Roads(ends, counts * speed * seconds, given["lanes"], speed, turns, share), counts


def _number(name: str, value: Any, u: Any, v: Any) -> float:
    """Return an attribute of the edge u -> v as a number above 0."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = np.nan
    if not 0 < number < np.inf:
        remedy = f"correct the edge {u!r} -> {v!r}, or leave the attribute out for {DEFAULTS[name]:g}"
        raise ValueError(problem(f"graph: {name}", "a number above 0", repr(value), remedy))
    return number


def _turns(ends: np.ndarray, lanes: np.ndarray, leaving: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the turns, which go back only where no other road goes on, and their shares, in proportion to lanes."""
    outgoing: dict[int, list[int]] = {}
    for road, (u, _) in enumerate(ends):
        outgoing.setdefault(int(u), []).append(road)
    turns, share = [], []
    for road, (u, v) in enumerate(ends):
        onward = outgoing.get(int(v), [])
        ahead = [other for other in onward if ends[other][1] != u] or onward
        total = sum(lanes[other] for other in ahead)
        for other in ahead:
            turns.append((road, other))
            share.append((1 - leaving[v]) * lanes[other] / total)
    return np.array(turns, dtype=int).reshape(-1, 2).T, np.array(share)


def _lights(roads: Roads) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return each road's phase, its light's offset in cycles, and whether it has a light."""
    phase, seen = np.zeros(len(roads.ends), dtype=int), np.zeros(int(roads.ends.max()) + 1, dtype=int)
    for road, (_, v) in enumerate(roads.ends):
        phase[road] = seen[v] % 2
        seen[v] += 1
    target = roads.ends[:, 1]
    return phase, (target * 0.618034) % 1.0, seen[target] > 1
