"""Draws what the monitors found and renews the tables of their section, from the record.

Run ``PYTHONPATH=. python docs/draw_monitor.py``; it reads ``benchmarks/results/monitor.json``, writes
``docs/monitor-curves.svg`` and ``docs/monitor-example.svg``, and renews the tables of ``docs/streets.md`` between
comments that name their scenes.
"""

import json
import re
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import pages
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.report.figures import COLOURS, DASHES, MARKERS, STYLE
from benchmarks.report.monitors import Found, table, verdicts
from benchmarks.results.statistics import estimate

RECORD = pages.RESULTS / "monitor.json"
BAND = 3.0  # scales on either side of the median: a Laplace distribution has 95 % of its mass there


def found_of(record: dict[str, Any]) -> dict[str, list[Found]]:
    """Return what was found, by scene."""
    found = [Found(**one) for one in record["found"]]
    return {name: [one for one in found if one.scene == name] for name in dict.fromkeys(one.scene for one in found)}


def page(text: str, record: dict[str, Any]) -> str:
    """Return the page with the tables of its scenes renewed."""
    for name, members in found_of(record).items():
        start, end = f"<!-- monitor: {name} -->\n", "\n<!-- end -->"
        new = "\n".join([table(members), *verdicts(members, record["plan"]["rate"])])
        text = re.sub(f"{re.escape(start)}.*?{end}", lambda _, new=start + new + end: new, text, flags=re.DOTALL)
    return text


def draw_curves(axes: Axes, found: list[Found], rates: list[float]) -> None:
    """Draw the share detected against false alarms, a line for each detector with its 95 % interval as a band."""
    for i, name in enumerate(dict.fromkeys(one.detector for one in found)):
        columns = np.array([one.curve for one in found if one.detector == name]).T
        means = [estimate(column, (0.0, 1.0)) for column in columns]
        ends = [one.interval or (one.mean, one.mean) for one in means]
        style: dict[str, Any] = {"color": COLOURS[i], "linestyle": DASHES[i], "marker": MARKERS[i], "markersize": 4}
        axes.plot(rates, [one.mean for one in means], label=name, **style)
        low, high = zip(*ends, strict=True)
        axes.fill_between(rates, low, high, color=COLOURS[i], alpha=0.12, linewidth=0)
    axes.set(title=found[0].scene, xscale="log", ylim=(0, 1), xlabel="false alarms a sensor and day")
    axes.set_xticks(rates, [f"{rate:g}" for rate in rates], minor=False)
    axes.set_xticks([], minor=True)
    axes.grid(alpha=0.25)


def draw_example(speed: Axes, score: Axes, told: dict[str, Any]) -> None:
    """Draw what was seen at a node, what was expected, and the score with its threshold."""
    seen, median, scale, scores = (
        np.array([np.nan if value is None else value for value in told[key]])
        for key in ("seen", "median", "scale", "score")
    )
    minutes = (np.arange(len(seen)) - told["start"]) * told["minutes"]
    speed.fill_between(
        minutes,
        median - BAND * scale,
        median + BAND * scale,
        color=COLOURS[0],
        alpha=0.2,
        linewidth=0,
        label="expected",
    )
    speed.plot(minutes, median, color=COLOURS[0], linewidth=0.8)
    speed.plot(minutes, seen, color=COLOURS[1], marker=".", markersize=3, label="seen")
    score.plot(minutes, scores, color=COLOURS[0], label="score")
    score.axhline(told["threshold"], color="#1a1a1b", linestyle="--", linewidth=0.9, label="threshold")
    above = scores > told["threshold"]
    score.plot(minutes[above], scores[above], linestyle="none", marker="v", color=COLOURS[1], label="alarm")
    for axes in (speed, score):
        axes.axvline(0, color="#66666a", linestyle=":", linewidth=1)
        axes.set_ylim(bottom=0)
    speed.set(title=f"{told['scene']}, {told['node']}", ylim=(0, 1.25 * np.nanmax(seen)))
    score.set(xlabel="minutes from its beginning")


def write_figures(record: dict[str, Any]) -> list[Path]:
    """Write both pictures, and return their paths."""
    found = found_of(record)
    curves, example = (Figure(figsize=size, layout="constrained") for size in ((9, 3.8), (9, 4.6)))
    panels = np.atleast_1d(curves.subplots(1, len(found), sharey=True))
    for axes, members in zip(panels, found.values(), strict=True):
        draw_curves(axes, members, record["rates"])
    panels[0].set_ylabel("share of the accidents detected")
    curves.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=2, frameon=False)
    pairs = example.subplots(2, len(record["examples"]), sharex="col", squeeze=False)
    for (speed, score), told in zip(pairs.T, record["examples"], strict=True):
        draw_example(speed, score, told)
    for axes, unit in zip(pairs[0], ("km/h", "miles an hour"), strict=False):
        axes.set_ylabel(unit)
    pairs[0][0].legend(frameon=False, loc="lower left")
    pairs[1][0].legend(frameon=False, loc="upper left")
    return [
        pages.save(figure, f"monitor-{name}.svg", STYLE) for figure, name in ((curves, "curves"), (example, "example"))
    ]


def main() -> None:
    """Write the pictures and the tables."""
    record = json.loads(pages.read(RECORD))
    with mpl.rc_context(STYLE):
        write_figures(record)
    pages.renew("streets.md", page(pages.read(pages.HERE / "streets.md"), record))


if __name__ == "__main__":
    main()
