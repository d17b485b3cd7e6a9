"""Traffic on real networks: detectors on the roads of Los Angeles, passengers of Beijing's metro."""

import numpy as np
import torch
from torch import Tensor

from gnn_toolkit._checks import choice, problem
from gnn_toolkit.datasets.fetch import fetch
from gnn_toolkit.datasets.windows import TrafficSeries


def load_los_loop(*, download: bool = True) -> TrafficSeries:
    """Return a week of speeds at 207 loop detectors (Zhao et al. 2019), in miles an hour, every five minutes.

    The graph is the authors': weights fall with the distance on the road; loops, which their matrix has on its
    diagonal, are left out, since every layer here adds its own where it wants them. Missing readings were filled in by
    the authors; none is marked.

    Args:
        download: whether to download what is not at hand.

    Raises:
        DatasetUnavailableError: a file is altered, or neither here nor to be had from its address.
    """
    path = fetch("los_loop", "los_speed.csv", download=download)
    with path.open(encoding="utf-8") as file:
        names = tuple(file.readline().strip().split(","))
    speeds = torch.from_numpy(np.loadtxt(path, delimiter=",", skiprows=1, dtype=np.float32)).unsqueeze(2)
    edges = edges_of(np.loadtxt(fetch("los_loop", "los_adj.csv", download=download), delimiter=","))
    return TrafficSeries(speeds, torch.isfinite(speeds), *edges, steps_per_day=288, names=names)


def load_beijing_metro(minutes: int = 15, flow: str = "in", *, download: bool = True) -> TrafficSeries:
    """Return the passengers who enter or leave 276 stations on 25 weekdays of 18 hours (Zhang et al. 2020).

    Days follow one another without a gap: step ``steps_per_day`` is the first of the second day, five days are a week.

    Args:
        minutes: length of a step, 10, 15 or 30.
        flow: ``"in"`` or ``"out"``.
        download: whether to download what is not at hand.

    Raises:
        ValueError: there is no such step or flow.
        DatasetUnavailableError: a file is altered, or neither here nor to be had from its address.

    >>> load_beijing_metro(20)
    Traceback (most recent call last):
    ValueError: minutes: expected 10, 15 or 30, got 20; pick one of these
    """
    choice("flow", flow, ("in", "out"))
    if minutes not in (10, 15, 30):
        raise ValueError(problem("minutes", "10, 15 or 30", minutes, "pick one of these"))
    path = fetch("beijing_metro", f"{flow}flowdata/{flow}_{minutes}min.csv", download=download)
    counts = torch.from_numpy(np.loadtxt(path, delimiter=",", dtype=np.float32)).t().contiguous().unsqueeze(2)
    edges = edges_of(np.loadtxt(fetch("beijing_metro", "adjacency.csv", download=download), delimiter=","))
    names = tuple(map(str, range(counts.size(1))))
    return TrafficSeries(counts, torch.isfinite(counts), *edges, steps_per_day=18 * 60 // minutes, names=names)


def edges_of(matrix: np.ndarray) -> tuple[Tensor, Tensor]:
    """Return the edges u -> v of ``matrix[u, v]``, without loops, and their weights."""
    weights = torch.from_numpy(matrix).float().fill_diagonal_(0.0)
    edge_index = weights.nonzero().t().contiguous()
    return edge_index, weights[edge_index[0], edge_index[1]]
