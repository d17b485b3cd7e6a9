"""How the cost of a DAGLSTM's training step grows with the number of nodes and with the depth of the graph."""

from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

import torch

from benchmarks.speed import Workload, deep
from benchmarks.timing import assert_agreement, milliseconds

HIDDEN = 32
FLAT = 1.5  # the most that the time per node may differ between numbers of nodes
LEVELS, NODES = 50, (10_000, 100_000, 1_000_000)  # nodes vary at this depth
DEPTHS, SIZE = (2, 6, 20, 60, 200, 600, 2000), 20_000  # depth varies at this number of nodes
LONGEST = 10_000.0  # milliseconds: once a step by message passing takes longer, deeper graphs are left out
BACKENDS = ("fused", "message_passing")


@dataclass(frozen=True)
class Point:
    """One measurement.

    Attributes:
        axis: what varies: ``"nodes"`` or ``"depth"``.
        backend: of the layer.
        nodes: number of nodes.
        depth: number of levels.
        milliseconds: median of a training step.
    """

    axis: str
    backend: str
    nodes: int
    depth: int
    milliseconds: float

    @property
    def nanoseconds_per_node(self) -> float:
        """Time per node."""
        return self.milliseconds * 1e6 / self.nodes


def measure_growth(
    rounds: int,
    device: str,
    progress: Callable[[Point], object],
    nodes: tuple[int, ...] = NODES,
    depths: tuple[int, ...] = DEPTHS,
    size: int = SIZE,
) -> list[Point]:
    """Return the fused layer's cost against nodes, and both backends' cost against depth.

    Args:
        rounds: measurements of each point.
        device: where to run.
        progress: called with every point.
        nodes: numbers of nodes, at a depth of ``LEVELS``.
        depths: numbers of levels.
        size: number of nodes while the depth varies.

    Raises:
        AssertionError: the backends disagree on the smallest graph; nothing was measured.
    """
    smallest = _workload(LEVELS, nodes[0], device)
    assert_agreement(smallest.step("fused")(), smallest.step("message_passing")())
    points = []
    plan = [("nodes", "fused", n, LEVELS) for n in nodes]
    plan += [("depth", backend, size, depth) for backend in BACKENDS for depth in depths]
    for axis, backend, count, depth in plan:
        if backend != "fused" and points[-1].backend == backend and points[-1].milliseconds > LONGEST:
            continue
        work = _workload(depth, count, device)
        step = work.step(backend)
        step()
        took = median(milliseconds(step) for _ in range(rounds))
        points.append(Point(axis, backend, work.x.size(0), depth, took))
        progress(points[-1])
    return points


def _workload(levels: int, nodes: int, device: str) -> Workload:
    torch.manual_seed(0)
    return deep(levels, nodes // levels, HIDDEN, device)


def flatness(points: list[Point]) -> float:
    """Return the largest over the smallest time per node, over the points whose number of nodes varies."""
    times = [point.nanoseconds_per_node for point in points if point.axis == "nodes"]
    return max(times) / min(times)
