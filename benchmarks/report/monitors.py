"""Monitors against each other: who finds accidents, how soon, where, and at how many false alarms.

Every detector sees the same: usual days to learn from, others to set its threshold by, others again on which each alarm
is false, and a series for each accident. What differs is what it rests on: graph and memory, the memory of each road
alone, the graph alone, or the usual value of the hour alone.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from gnn_toolkit._files import write_atomically
from gnn_toolkit.training import lowest_threshold

from ..measure.machine import describe
from ..models.detectors import DETECTORS, SETTLING, Detector, Learnt
from ..results.statistics import estimate
from ..results.verdicts import compare, correct
from ..tasks.incidents import LASTS, LEFT, LOST, STEPS, STRONG, UNSEEN, Plan, Scene

RATES = (0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0)  # false alarms a sensor and day, of the curve


@dataclass(frozen=True)
class Found:
    """What a detector found with one seed.

    Attributes:
        scene: its name.
        detector: its name.
        seed: of traffic, weights and accidents.
        loss: of its forecasts on the last usual days, a negative logarithm of a density; ``None`` without forecasts.
        detected: share of the accidents with an alarm on their own road while they last.
        weak: the same share of the weak ones alone.
        delay: mean minutes from the accident to that alarm; the accident's whole length where there is none.
        first: share of the accidents whose road has the highest score of all while they last.
        rank: mean place of the accident's road by that score.
        false_alarms: a sensor and day, on usual days.
        curve: share detected where the threshold is such that these days have ``RATES`` false alarms.
    """

    scene: str
    detector: str
    seed: int
    loss: float | None
    detected: float
    weak: float
    delay: float
    first: float
    rank: float
    false_alarms: float
    curve: list[float]


def watch(scene: Scene, plan: Plan, seed: int) -> Iterator[tuple[Found, dict[str, Any] | None]]:
    """Let all detectors learn and watch, and tell of each as it is done, of the first with a trace of an accident."""
    for place, (name, make) in enumerate(DETECTORS.items()):
        detector = make(scene, plan.window, seed)
        found = judge(name, detector, scene, plan.rate, seed)
        yield found, _example(detector, scene) if isinstance(detector, Learnt) and not place else None


def judge(name: str, detector: Detector, scene: Scene, rate: float, seed: int) -> Found:
    """Set a detector's threshold and return what it finds."""
    detector.set_threshold(scene.calibration, rate)
    calm = detector.scores(scene.calm, 0)[SETTLING:]
    scores = [detector.scores(one.series, one.clock)[one.start :] for one in scene.struck]
    nodes = [one.node for one in scene.struck]
    waited = [_wait(score[:, node], detector.threshold) for score, node in zip(scores, nodes, strict=True)]
    ranks = [_rank(score.amax(0), node) for score, node in zip(scores, nodes, strict=True)]
    weak = [wait is not None for wait, one in zip(waited, scene.struck, strict=True) if not one.strong]
    minutes = [
        scene.minutes * (len(score) if wait is None else wait) for score, wait in zip(scores, waited, strict=True)
    ]
    alarms = calm > detector.threshold
    days = alarms[1:].numel() / scene.usual.steps_per_day
    tops = torch.tensor([float(score[:, node].max()) for score, node in zip(scores, nodes, strict=True)])
    thresholds = [lowest_threshold(calm, int(allowed * days)) for allowed in RATES]
    return Found(
        scene.name,
        name,
        seed,
        detector.loss,
        detected=_mean([wait is not None for wait in waited]),
        weak=_mean(weak),
        delay=_mean(minutes),
        first=_mean([place == 1 for place in ranks]),
        rank=_mean(ranks),
        false_alarms=int((alarms[1:] & ~alarms[:-1]).sum()) / days,
        curve=[float((tops > threshold).float().mean()) for threshold in thresholds],
    )


def _wait(scores: Tensor, threshold: float) -> int | None:
    """Return the number of steps until a score is above the threshold, 1 where it is at once."""
    above = (scores > threshold).nonzero()
    return int(above[0]) + 1 if len(above) else None


def _rank(scores: Tensor, node: int) -> int:
    return 1 + int((scores > scores[node]).sum())


def _mean(values: list[Any]) -> float:
    return sum(values) / max(len(values), 1)


def _example(detector: Learnt, scene: Scene) -> dict[str, Any]:
    """Return the trace of the first strong accident, else of the first."""
    one = next((one for one in scene.struck if one.strong), scene.struck[0])
    trace = detector.trace(one.series, one.clock, one.node, scene.speed)
    kept = {key: [round(value, 3) if value == value else None for value in values] for key, values in trace.items()}
    known = one.series.mask[:, one.node, scene.speed].tolist()
    kept["seen"] = [value if there else None for value, there in zip(kept["seen"], known, strict=True)]
    about = {"node": one.series.names[one.node], "start": one.start, "clock": one.clock, "minutes": scene.minutes}
    return {"scene": scene.name, **about, "threshold": detector.threshold, **kept}


def write(plan: Plan, found: list[Found], examples: list[dict[str, Any]], folder: Path) -> list[Path]:
    """Write the JSON record and the Markdown tables, and return their paths."""
    record = {
        "machine": describe(),
        "plan": asdict(plan),
        "rates": RATES,
        "found": [asdict(one) for one in found],
        "examples": examples,
    }
    texts = {"monitor.json": json.dumps(record, indent=1) + "\n", "monitor.md": markdown(plan, found)}
    for name, text in texts.items():
        write_atomically(folder / name, lambda file, text=text: file.write(text.encode()))
    return [folder / name for name in texts]


def markdown(plan: Plan, found: list[Found]) -> str:
    """Return a table of all detectors for each scene, and how the first differs from each other one."""
    scenes = list(dict.fromkeys(one.scene for one in found))
    parts = ["# Monitors of streets\n", setting(plan, len({one.seed for one in found}))]
    for scene in scenes:
        members = [one for one in found if one.scene == scene]
        parts += [f"\n## {scene.capitalize()}\n", table(members), *verdicts(members, plan.rate)]
    return "\n".join(parts) + "\n"


def setting(plan: Plan, seeds: int) -> str:
    """Return what was done, in words."""
    return (
        f"Streets: {plan.size} x {plan.size} crossings, simulated in steps of {plan.minutes} min; {plan.days} usual "
        f"days to learn from, {plan.quiet} to set the threshold, {plan.quiet} to count false alarms; accidents of "
        f"{LASTS} steps leave {LEFT[0]:g} to {LEFT[1]:g} of the capacity, half of them weak (the road is slowed by "
        f"{UNSEEN:g} to {STRONG:g}), half strong. Detectors: Los-loop, five days to learn from, one for the threshold, "
        f"the last to be watched; incidents of {STEPS[0]} to {STEPS[1]} steps of 5 min take {LOST[0]:g} to {LOST[1]:g} "
        f"of the speed, half of them less than {STRONG:g}. Each: {plan.accidents} for each of {seeds} seeds; "
        f"thresholds set for {plan.rate:g} false alarms a sensor and day. Means over the seeds with 95 % intervals."
    )


def table(found: list[Found]) -> str:
    """Return the table of one scene."""
    lines = [
        "| detector | loss | detected | weak ones detected | minutes to the alarm | ranked first | mean rank | false "
        "alarms a sensor and day |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    columns = (
        ("loss", -float("inf"), float("inf")), ("detected", 0.0, 1.0), ("weak", 0.0, 1.0), ("delay", 0.0, 60.0),
        ("first", 0.0, 1.0), ("rank", 1.0, float("inf")), ("false_alarms", 0.0, float("inf")),
    )  # fmt: skip
    for name, members in _by_detector(found).items():
        cells = [_cell([getattr(one, field) for one in members], (low, high)) for field, low, high in columns]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def verdicts(found: list[Found], rate: float) -> list[str]:
    """Return a line for each detector but the first: what the first detects more, at equally many false alarms."""
    first, *others = _by_detector(found).items()
    place = min(range(len(RATES)), key=lambda k: abs(RATES[k] - rate))
    own = [one.curve[place] for one in first[1]]
    told = correct([compare(own, [one.curve[place] for one in members]) for _, members in others])
    lines = [f"Detected where each threshold is such that there were {RATES[place]:g} false alarms:\n"]
    for (name, _), one in zip(others, told, strict=True):
        span = one.difference.interval
        shown = "" if span is None else f" [{span[0]:+.3f}, {span[1]:+.3f}]"
        lines.append(f"- {first[0]} against {name}: {one.difference.mean:+.3f}{shown}, {one.verdict}")
    return lines


def _by_detector(found: list[Found]) -> dict[str, list[Found]]:
    names = dict.fromkeys(one.detector for one in found)
    return {name: [one for one in found if one.detector == name] for name in names}


def _cell(values: list[float | None], bounds: tuple[float, float]) -> str:
    there = [value for value in values if value is not None]
    if not there:
        return ""
    found = estimate(there, bounds)
    span = "" if found.interval is None else f" [{found.interval[0]:.2f}, {found.interval[1]:.2f}]"
    return f"{found.mean:.2f}{span}"
