"""The report of the speed cases: a line each while they run, then JSON, Markdown and a figure."""

import json
import re
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from gnn_toolkit.training import write_atomically

from ..report.figures import COLOURS, STYLE
from ..report.publish import write_texts
from .case import Result
from .scaling import Curve, Point, short

COLUMNS = ("what is timed", "against", "bar", "ratio (range)", "ours", "theirs", "verdict")
METHOD = (
    "Training steps in float32: forward, and the gradients of all parameters. Before anything is timed, outputs and "
    "gradients must agree with the rival's (with message passing's where the rival is the matrix products alone). "
    "Inputs are built and every shape is warmed first; then ours and the rival take turns, and the ratio is taken pair "
    "by pair: median, and from minimum to maximum. Milliseconds and MiB are medians. Of "
    "networkx it is the conversion that is timed and whose results must agree."
)
FIGURE = "speed.svg"


@dataclass(frozen=True)
class Report:
    """All that a run measured.

    Attributes:
        machine: where it ran, as :func:`benchmarks.measure.machine.describe` tells.
        load: the system's load average over the minute before it began; near 0 on a machine that does nothing else.
        rounds: pairs of measurements of each case.
        results: of the cases.
        curves: how cost grows: each curve with its points; empty where that was not measured.
        problems: for each curve that could not be measured, the traceback.
    """

    machine: dict[str, Any]
    load: float
    rounds: int
    results: list[Result] = field(default_factory=list)
    curves: list[tuple[Curve, list[Point]]] = field(default_factory=list)
    problems: dict[str, str] = field(default_factory=dict)

    @property
    def failed(self) -> bool:
        """Whether anything failed instead of being measured."""
        return bool(self.problems) or any(result.error for result in self.results)


def write(report: Report, folder: Path, device: str) -> list[Path]:
    """Write the JSON record, the Markdown table and, where growth was measured, its figure; return their paths."""
    kind = "cpu" if device == "cpu" else re.sub(r"[^a-z0-9]+", "-", str(report.machine["gpu"]).lower()).strip("-")
    texts = {f"speed-{kind}.json": to_json(report), f"speed-{kind}.md": markdown(report)}
    paths = write_texts(folder, texts)
    if report.curves:
        with mpl.rc_context(STYLE):
            figure = draw(report.curves)
            write_atomically(folder / FIGURE, lambda file: figure.savefig(file, format="svg", metadata={"Date": None}))
        paths.append(folder / FIGURE)
    return paths


def to_json(report: Report) -> str:
    """Return the record: every measurement, and the figures that the table shows."""
    content = {
        "machine": report.machine,
        "load": report.load,
        "rounds": report.rounds,
        "cases": [{**asdict(result), **result.summary()} for result in report.results],
        "growth": [asdict(point) for _, points in report.curves for point in points],
        "problems": report.problems,
    }
    return json.dumps(content, indent=1) + "\n"


def markdown(report: Report) -> str:
    """Return the table of all cases, and what growth came to."""
    lines = ["# Speed", "", METHOD, "", _machine(report), ""]
    lines += [_line(COLUMNS), _line(["---", "---", "---", "---:", "---:", "---:", "---"])]
    lines += [_line(cells(result)) for result in report.results]
    lines += [""] + [f"- {result.case} failed: {_last(result.error)}" for result in report.results if result.error]
    lines += [f"- {name} failed: {_last(error)}" for name, error in report.problems.items()]
    lines += _profiles([result for result in report.results if result.profile])
    if report.curves:
        lines += ["", "## Growth", ""]
        lines += [f"- {curve.title}, {text}" for curve, points in report.curves for text in curve.finding(points)]
        lines += ["", f"![Milliseconds against size]({FIGURE})"]
    return "\n".join(lines).rstrip() + "\n"


def _profiles(missed: list[Result]) -> list[str]:
    """Return the table of where our time goes in cases that missed a bar of time."""
    if not missed:
        return []
    kinds = list(missed[0].profile)
    lines = ["", "## Where our time goes where a bar is missed", "", _line(["training step", "against", *kinds])]
    lines += [_line(["---", "---", *["---:"] * len(kinds)])]
    return lines + [_line([r.title, r.rival, *(f"{share:.0%}" for share in r.profile.values())]) for r in missed]


def cells(result: Result) -> list[str]:
    """Return the cells of a case, in the order of ``COLUMNS``."""
    about = [result.title, result.rival, bar(result)]
    summary = result.summary()
    if result.error:
        return [*about, "", "", "", summary["verdict"]]
    unit, ratio = "MiB" if result.kind == "memory" else "ms", summary["ratio"]
    spread = f"{ratio['median']:.3g} ({ratio['min']:.3g} to {ratio['max']:.3g})"
    medians = [f"{short(summary[name])} {unit}" for name in ("median_ours", "median_theirs")]
    return [*about, spread, *medians, summary["verdict"]]


def bar(result: Result) -> str:
    """Return which ratio counts and what it must keep to."""
    sign = "≥" if result.kind == "speed" else "≤"
    return f"{result.kind}, no bar" if result.bar is None else f"{result.kind} {sign} {result.bar:g}"


def progress(result: Result) -> str:
    """Return a case in a line."""
    _, rival, limit, spread, ours, theirs, verdict = cells(result)
    if result.error:
        return f"{result.case}: FAILED, not timed: {_last(result.error)}"
    return f"{result.case}: ours {ours}, {rival} {theirs}; ratio {spread}; {limit} {verdict}".rstrip()


def point_progress(point: Point) -> str:
    """Return a point of a curve in a line."""
    return f"{point.curve}: {point.line}, {point.place:,}: {short(point.milliseconds)} ms"


def draw(curves: list[tuple[Curve, list[Point]]]) -> Figure:
    """Return milliseconds against size, a panel for each curve, on logarithmic axes."""
    rows = (len(curves) + 1) // 2
    figure = Figure(figsize=(7.6, 3.2 * rows), layout="constrained")
    panels = figure.subplots(rows, 2, squeeze=False).flat
    for (curve, points), axes in zip(curves, panels, strict=False):
        _panel(axes, curve, points)
    for axes in panels:
        axes.set_axis_off()
    return figure


def _panel(axes: Axes, curve: Curve, points: list[Point]) -> None:
    for colour, line in zip(COLOURS, curve.lines, strict=False):
        mine = [point for point in points if point.line == line]
        axes.loglog([p.place for p in mine], [p.milliseconds for p in mine], "o-", color=colour, label=line)
    axes.set(xlabel=curve.axis, ylabel="milliseconds")
    axes.set_title(curve.title, fontsize=9)
    axes.grid(alpha=0.3)
    axes.legend(frameon=False, fontsize=8)


def _machine(report: Report) -> str:
    known = report.machine
    gpu = f", {known['gpu']}" if known["gpu"] else ""
    versions = ", ".join(f"{name} {known['versions'][name]}" for name in ("torch", "torch-geometric"))
    return (
        f"Machine: {known['processor']}, {known['cores']} cores{gpu}, {known['threads']} threads used, load "
        f"{report.load:.1f} before it began; {known['system']}; Python {known['python']}, {versions}; "
        f"revision {known['revision']}; {report.rounds} pairs a case."
    )


def _last(error: str) -> str:
    return error.strip().splitlines()[-1]


def _line(parts: list[str] | tuple[str, ...]) -> str:
    return f"| {' | '.join(parts)} |"
