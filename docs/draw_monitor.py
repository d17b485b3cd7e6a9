"""The figures of what detectors of accidents found, and the tables of their section, from the record.

Run ``PYTHONPATH=. python docs/draw_monitor.py``; it reads ``benchmarks/results/monitor.json``, writes
``docs/monitor-curves.svg`` and ``docs/monitor-example.svg``, and renews the tables of ``docs/traffic.md`` between
comments that name their scenes. With ``--trace`` it first writes ``benchmarks/results/monitor-examples.json`` anew:
what graph and memory saw of an accident of the first seed, by the models that the run ``monitor`` kept, or trained
again.
"""

import json
import re
import sys
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pages
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from pages import Row

from benchmarks.report.figures import COLOURS, DASHES, INK, MARKERS, QUIET, STYLE
from benchmarks.results.statistics import Estimate, estimate
from benchmarks.results.verdicts import compare, correct
from benchmarks.tasks.detection import RATES, WATCHED

RECORD, EXAMPLES = pages.RESULTS / "monitor.json", pages.RESULTS / "monitor-examples.json"
SCENES = {"street-accidents": "simulated streets", "detector-incidents": "real detectors"}
DETECTORS = {
    ("graph", "DCRNN"): "graph and memory (DCRNN)",
    ("no edges", "LSTM"): "memory of each road (LSTM)",
    ("graph", "diffusion"): "graph alone (diffusion)",
    ("", "thresholds of each road"): "thresholds of each road",
    ("", "thresholds within the monitor's limit"): "the same, within the monitor's limit",
}
COLUMNS = {  # of the table: what stands in the record, and what a value can be at all
    "loss": ("validation", (-np.inf, np.inf)),
    "detected": ("", (0.0, 1.0)),
    "weak ones detected": ("weak ones detected", (0.0, 1.0)),
    "minutes to the alarm": ("minutes to the alarm", (0.0, 60.0)),
    "ranked first": ("ranked first", (0.0, 1.0)),
    "mean rank": ("mean rank", (1.0, np.inf)),
    "false alarms a sensor and day": ("false alarms a sensor and day", (0.0, np.inf)),
}
RATE = f"detected at {WATCHED['rate']:g} false alarms"
BAND = 3.0  # scales on either side of the median: a Laplace distribution has 95 % of its mass there

Found = dict[str, dict[str, Row]]


def found_of(text: str) -> Found:
    """Return the record's rows by scene and detector."""
    rows = pages.by(pages.rows_of(text), "task", "view", "model")
    return {
        scene: {title: rows[task, *key] for key, title in DETECTORS.items() if (task, *key) in rows}
        for task, scene in SCENES.items()
    }


def values(row: Row, name: str) -> list[float]:
    """Return what was measured of a detector, seed by seed; the share detected where the name is empty."""
    return list((row["by_seed"].get(name, {}) if name else row["scores"]).values())


def table(members: dict[str, Row]) -> str:
    """Return the table of one scene."""
    lines = []
    for title, row in members.items():
        found = [estimate(v, bounds) if (v := values(row, name)) else None for name, bounds in COLUMNS.values()]
        lines.append([title, *("" if one is None else pages.span(one.mean, one.interval) for one in found)])
    return pages.table(["detector", *COLUMNS], lines)


def verdicts(members: dict[str, Row]) -> list[str]:
    """Return a line for each detector but the first: what the first detects more, at equally many false alarms."""
    (first, own), *others = members.items()
    corrected = correct([compare(values(own, RATE), values(row, RATE)) for _, row in others])
    lines = [f"Detected where each threshold is such that there were {WATCHED['rate']:g} false alarms:\n"]
    for (title, _), one in zip(others, corrected, strict=True):
        span = pages.span(one.difference.mean, one.difference.interval, "+.3f")
        lines.append(f"- {first} against {title}: {span}, {one.verdict}")
    return lines


def page(text: str, found: Found) -> str:
    """Return the page with the tables of its scenes renewed."""
    for scene, members in found.items():
        start, end = f"<!-- monitor: {scene} -->\n", "\n<!-- end -->"
        new = "\n".join([table(members), *verdicts(members)])
        text = re.sub(f"{re.escape(start)}.*?{end}", lambda _, new=start + new + end: new, text, flags=re.DOTALL)
    return text


def draw_curves(axes: Axes, scene: str, members: dict[str, Row]) -> None:
    """Draw the share detected against false alarms, a line for each detector with its 95 % interval as a band."""
    for i, (title, row) in enumerate(members.items()):
        means: list[Estimate] = []
        for rate in RATES:
            means.append(estimate(values(row, f"detected at {rate:g} false alarms"), (0.0, 1.0)))
        style: dict[str, Any] = {"color": COLOURS[i], "linestyle": DASHES[i], "marker": MARKERS[i], "markersize": 4}
        axes.plot(RATES, [one.mean for one in means], label=title, **style)
        low, high = zip(*(one.interval or (one.mean, one.mean) for one in means), strict=True)
        axes.fill_between(RATES, low, high, color=COLOURS[i], alpha=0.12, linewidth=0)
    axes.set(title=scene, xscale="log", ylim=(0, 1), xlabel="false alarms a sensor and day")
    axes.set_xticks(RATES, [f"{rate:g}" for rate in RATES], minor=False)
    axes.set_xticks([], minor=True)
    axes.grid(alpha=0.25)


def draw_example(speed: Axes, score: Axes, example: dict[str, Any]) -> None:
    """Draw what was seen at a node, what was expected, and the score with its threshold."""
    seen, median, scale, scores = (
        np.array([np.nan if value is None else value for value in example[key]])
        for key in ("seen", "median", "scale", "score")
    )
    minutes = (np.arange(len(seen)) - example["start"]) * example["minutes"]
    low, high = median - BAND * scale, median + BAND * scale
    speed.fill_between(minutes, low, high, color=COLOURS[0], alpha=0.2, linewidth=0, label="expected")
    speed.plot(minutes, median, color=COLOURS[0], linewidth=0.8)
    speed.plot(minutes, seen, color=COLOURS[1], marker=".", markersize=3, label="seen")
    score.plot(minutes, scores, color=COLOURS[0], label="score")
    score.axhline(example["threshold"], color=INK, linestyle="--", linewidth=0.9, label="threshold")
    above = scores > example["threshold"]
    score.plot(minutes[above], scores[above], linestyle="none", marker="v", color=COLOURS[1], label="alarm")
    for axes in (speed, score):
        axes.axvline(0, color=QUIET, linestyle=":", linewidth=1)
        axes.set_ylim(bottom=0)
    speed.set(title=f"{SCENES[example['task']]}, {example['node']}", ylim=(0, 1.25 * np.nanmax(seen)))
    score.set(xlabel="minutes from its beginning")


def write_figures(found: Found, examples: list[dict[str, Any]]) -> list[Path]:
    """Write both pictures, and return their paths."""
    curves, example = (Figure(figsize=size, layout="constrained") for size in ((9, 3.8), (9, 4.6)))
    panels = np.atleast_1d(curves.subplots(1, len(found), sharey=True))
    for axes, (scene, members) in zip(panels, found.items(), strict=True):
        draw_curves(axes, scene, members)
    panels[0].set_ylabel("share of the accidents detected")
    curves.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=2, frameon=False)
    pairs = example.subplots(2, len(examples), sharex="col", squeeze=False)
    for (speed, score), one in zip(pairs.T, examples, strict=True):
        draw_example(speed, score, one)
    for axes, unit in zip(pairs[0], ("km/h", "miles an hour"), strict=False):
        axes.set_ylabel(unit)
    pairs[0][0].legend(frameon=False, loc="lower left")
    pairs[1][0].legend(frameon=False, loc="upper left")
    return [
        pages.save(figure, f"monitor-{name}.svg", STYLE) for figure, name in ((curves, "curves"), (example, "example"))
    ]


def example_of(task: str) -> dict[str, Any]:
    """Return what graph and memory saw of the first strong accident of the first seed, else of the first."""
    model, objective = pages.trained("monitor", task, "graph", "DCRNN", 0)
    monitor, scene = model.monitor, objective.scene
    one = next((one for one in scene.struck if one.strong), scene.struck[0])
    monitor.reset(one.clock)
    example: dict[str, list[float | None]] = {"seen": [], "median": [], "scale": [], "score": []}
    for value, there in zip(one.series.values, one.series.mask, strict=True):
        place = (one.node, scene.speed)
        example["seen"].append(rounded(value[place]) if there[place] else None)
        for name, expected in zip(("median", "scale"), monitor.expected(), strict=True):
            example[name].append(rounded(expected[place]))
        example["score"].append(rounded(monitor.update(value, there).scores[one.node]))
    about = {"node": one.series.names[one.node], "start": one.start, "clock": one.clock, "minutes": scene.minutes}
    return {"task": task, **about, "threshold": float(monitor.threshold), **example}


def rounded(value: Any) -> float | None:
    """Return a number of three decimals; ``None`` for one that is none."""
    return None if float(value) != float(value) else round(float(value), 3)


def main() -> None:
    """Write the pictures and the tables."""
    if "--trace" in sys.argv:
        lines = ",\n".join(f" {json.dumps(example_of(task), ensure_ascii=False)}" for task in SCENES)
        EXAMPLES.write_text(f"[\n{lines}\n]\n", encoding="utf-8")
    found = found_of(pages.read(RECORD))
    with mpl.rc_context(STYLE):
        write_figures(found, json.loads(pages.read(EXAMPLES)))
    pages.renew("traffic.md", page(pages.read(pages.HERE / "traffic.md"), found))


if __name__ == "__main__":
    main()
