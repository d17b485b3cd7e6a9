"""A page that plays what a monitor saw: a street network, its speeds, an accident and the alarms."""

import json
from collections.abc import Sequence
from pathlib import Path
from string import Template

from torch import Tensor

from gnn_toolkit import _checks
from gnn_toolkit.datasets.streets import Accident

Place = tuple[float, float]


def street_page(
    roads: Sequence[tuple[Place, Place]],
    speeds: Tensor,
    scores: Tensor,
    threshold: float,
    *,
    free: Tensor,
    names: Sequence[str] = (),
    accidents: Sequence[Accident] = (),
    minutes: int = 5,
    start_hour: float = 0.0,
) -> str:
    """Return an HTML page, complete in itself, that plays the state of a street network step by step.

    A road is as thick and as orange as its traffic is slow; one whose score is above the threshold has a halo, and its
    name is written below; a cross stands where an accident is. Below runs the highest score of all roads by the hour,
    with the threshold.

    Args:
        roads: R pairs of places (x, y): where each road begins and ends.
        speeds: [T, R] measured speeds.
        scores: [T, R] of a monitor.
        threshold: of the monitor.
        free: [R], each road's speed without traffic.
        names: of the roads; their numbers where there are none.
        accidents: what happened.
        minutes: length of a step.
        start_hour: hour of the day of the first step.

    Raises:
        ValueError: sizes that do not fit.

    >>> import torch
    >>> page = street_page([((0, 0), (1, 0))], torch.ones(2, 1), torch.ones(2, 1), 2.0, free=torch.ones(1))
    >>> page.startswith("<!doctype html>")
    True
    """
    size = (len(speeds), len(roads))
    if tuple(speeds.shape) != size or tuple(scores.shape) != size or free.shape != (len(roads),) or not all(size):
        got = [list(t.shape) for t in (speeds, scores, free)]
        allowed = f"[steps, {len(roads)}] twice and [{len(roads)}]"
        raise ValueError(_checks.problem("speeds", allowed, got, "one column a road"))
    if names and len(names) != len(roads):
        raise ValueError(_checks.problem("names", f"{len(roads)} names", len(names), "give one a road, or none"))
    data = {
        "names": list(names) or [str(road) for road in range(len(roads))],
        "roads": [[*a, *b] for a, b in roads],
        "pace": _rounded(speeds / free),
        "scores": _rounded(scores),
        "threshold": round(threshold, 3),
        "accidents": [[a.road, a.start, a.start + a.steps, a.position] for a in accidents],
        "minutes": minutes,
        "start": start_hour,
    }
    template = Template(Path(__file__).with_name("street_page.html").read_text(encoding="utf-8"))
    return template.substitute(data=json.dumps(data, separators=(",", ":")).replace("</", "<\\/"))


def _rounded(values: Tensor) -> list[list[float]]:
    return [[round(value, 3) for value in row] for row in values.tolist()]
