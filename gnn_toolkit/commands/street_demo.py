"""The demonstration of the monitor: a grid of streets, a few usual days, and a morning with an accident."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch

from gnn_toolkit._files import write_atomically
from gnn_toolkit.analysis.street_page import street_page
from gnn_toolkit.datasets import Accident, simulate_streets, street_grid
from gnn_toolkit.models import StreetMonitor
from gnn_toolkit.training import Settings, calibrate, fit_monitor

FIRST_HOUR = 6.0


@dataclass(frozen=True)
class Outcome:
    """What came out of a demonstration.

    Attributes:
        page: where the animation is.
        road: name of the road of the accident.
        minutes: from the accident to the first alarm on its road; ``None`` where there was none.
        rank: place of that road's score among all, 1 the highest, when the first alarm after the accident rose.
        false_alarms: alarms before the accident.
    """

    page: Path
    road: str
    minutes: int | None
    rank: int | None
    false_alarms: int


def demonstrate(
    page: Path,
    *,
    size: int = 4,
    days: int = 3,
    steps: int = 200,
    seed: int = 0,
    progress: Callable[[int], None] | None = None,
) -> Outcome:
    """Train a monitor on usual days of a grid of streets, let it watch a morning with an accident, and write a page.

    Args:
        page: where to write the animation, HTML.
        size: streets each way, at least 2.
        days: usual days to train on; one more sets the threshold.
        steps: of training.
        seed: of traffic, weights and accident.
        progress: called with the number of training steps done after every step.
    """
    grid = street_grid(size, size)
    usual = simulate_streets(grid, (days + 1) * 288, seed=seed, missing=0.02)
    torch.manual_seed(seed)
    monitor = StreetMonitor(
        usual.edge_index, len(usual.names), 3, 24, edge_weight=usual.edge_weight, steps_per_day=288, K=2
    )
    train, rest = slice(0, days * 288), slice(days * 288, None)
    settings = Settings(steps=steps, learning_rate=0.01, evaluate_every=max(1, steps // 4), seed=seed)
    fit_monitor(monitor, usual.values[train], usual.mask[train], settings, progress=progress)
    calibrate(monitor, usual.values[rest], usual.mask[rest], per_sensor_day=0.05)
    road = int(torch.randint(len(usual.names), (1,), generator=torch.Generator().manual_seed(seed)))
    accident = Accident(road, start=24, steps=12, part=0.1, position=0.7)
    seen = simulate_streets(grid, 72, accidents=[accident], start_hour=FIRST_HOUR, seed=seed + 1000, missing=0.02)
    monitor.reset(clock=int(FIRST_HOUR * 12))
    readings = [monitor.update(x, mask) for x, mask in zip(seen.values, seen.mask, strict=True)]
    scores = torch.stack([reading.scores for reading in readings])
    places = {str(node): (float(x), float(y)) for node, (x, y) in grid.nodes(data="place")}
    ends = [name.split("-") for name in seen.names]
    free = torch.tensor([data["speed"] for *_, data in grid.edges(data=True)])
    speeds = torch.where(seen.mask[..., 1], seen.values[..., 1], free)
    text = street_page(
        [(places[a], places[b]) for a, b in ends],
        speeds, scores, float(monitor.threshold), free=free, names=seen.names, accidents=[accident],
        start_hour=FIRST_HOUR,
    )  # fmt: skip
    write_atomically(page, lambda file: file.write(text.encode()))
    return _outcome(page, scores > monitor.threshold, scores, accident, seen.names[road])


def _outcome(page: Path, alarms: torch.Tensor, scores: torch.Tensor, accident: Accident, name: str) -> Outcome:
    after = alarms[accident.start :]
    found, any_found = after[:, accident.road].nonzero(), after.any(1).nonzero()
    rank = None
    if len(any_found):
        row = scores[accident.start + int(any_found[0])]
        rank = 1 + int((row > row[accident.road]).sum())
    rises = alarms & ~torch.cat([torch.zeros_like(alarms[:1]), alarms[:-1]])
    minutes = 5 * (int(found[0]) + 1) if len(found) else None
    return Outcome(page, name, minutes, rank, int(rises[: accident.start].sum()))
