"""Days at two roads, and three accidents on them."""

import torch

from benchmarks.tasks.incidents import Scene, Struck
from gnn_toolkit.datasets import TrafficSeries


def series(values: torch.Tensor) -> TrafficSeries:
    """Return values [steps, 2, 1] as a series of 24 steps a day, all of them measured."""
    there = torch.ones_like(values, dtype=torch.bool)
    return TrafficSeries(values, there, torch.tensor([[0], [1]]), torch.ones(1), 24, ("a", "b"))


def days(count: int, seed: int = 0) -> torch.Tensor:
    """Return days of 24 slots at two roads: the slot's number, plus noise."""
    noise = torch.rand(count * 24, 2, 1, generator=torch.Generator().manual_seed(seed))
    return (torch.arange(count * 24) % 24)[:, None, None] // 5 * 5 + noise


def scene() -> Scene:
    """Return three accidents: one seen at its third step, one never, one on the other road."""
    seen, calm, other = (days(2, seed=seed)[:36] for seed in (2, 3, 5))
    seen[26:, 1] += 100.0
    other[24:, 0] += 100.0
    spiky = days(4, seed=4)
    spiky[50, 0] += 300.0
    struck = [
        Struck(series(values), 0, node, 24, strong)
        for values, node, strong in ((seen, 1, True), (calm, 1, False), (other, 0, False))
    ]
    return Scene(series(days(40)), series(days(4, seed=4)), series(spiky), struck, speed=0, ahead=1)
