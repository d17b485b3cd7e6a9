"""The report of the speed cases: a line each while they run, then JSON, Markdown and a figure."""

import json
import re
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks import growth
from benchmarks.figures import COLOURS, STYLE
from benchmarks.growth import Point
from benchmarks.timing import Result
from gnn_toolkit.training import write_atomically

COLUMNS = ("training step", "against", "bar", "ratio (range)", "ours", "theirs", "verdict")
METHOD = (
    "Training steps in float32: forward, and the gradients of all parameters. Before anything is timed, outputs and "
    "gradients must agree with the rival's (with message passing's where the rival is the matrix products alone). "
    "Inputs are built and every shape is warmed first; then ours and the rival take turns, and the ratio is taken pair "
    "by pair: median, and from minimum to maximum. Milliseconds and MiB are medians."
)
FIGURE = "speed.svg"


@dataclass(frozen=True)
class Report:
    """All that a run measured.

    Attributes:
        machine: where it ran, as :func:`benchmarks.machine.describe` tells.
        load: the system's load average over the minute before it began; near 0 on a machine that does nothing else.
        rounds: pairs of measurements of each case.
        results: of the cases.
        points: of the growth of cost; empty where it was not measured.
        growth_error: the traceback where growth could not be measured.
    """

    machine: dict[str, Any]
    load: float
    rounds: int
    results: list[Result]
    points: list[Point] = field(default_factory=list)
    growth_error: str = ""

    @property
    def failed(self) -> bool:
        """Whether anything failed instead of being measured."""
        return bool(self.growth_error) or any(result.error for result in self.results)


def write(report: Report, folder: Path, device: str) -> list[Path]:
    """Write the JSON record, the Markdown table and, where growth was measured, its figure; return their paths."""
    kind = "cpu" if device == "cpu" else re.sub(r"[^a-z0-9]+", "-", str(report.machine["gpu"]).lower()).strip("-")
    texts = {f"speed-{kind}.json": to_json(report), f"speed-{kind}.md": markdown(report)}
    for name, text in texts.items():
        write_atomically(folder / name, lambda file, text=text: file.write(text.encode()))
    names = list(texts)
    if report.points:
        with mpl.rc_context(STYLE):
            figure = draw(report.points)
            write_atomically(folder / FIGURE, lambda file: figure.savefig(file, format="svg", metadata={"Date": None}))
        names.append(FIGURE)
    return [folder / name for name in names]


def to_json(report: Report) -> str:
    """Return the record: every measurement, and the figures that the table shows."""
    content = {
        "machine": report.machine,
        "load": report.load,
        "rounds": report.rounds,
        "cases": [{**asdict(result), **result.summary()} for result in report.results],
        "growth": [asdict(point) for point in report.points],
        "growth_error": report.growth_error,
    }
    return json.dumps(content, indent=1) + "\n"


def markdown(report: Report) -> str:
    """Return the table of all cases, and what growth came to."""
    lines = ["# Speed", "", METHOD, "", _machine(report), ""]
    lines += [_line(COLUMNS), _line(["---", "---", "---", "---:", "---:", "---:", "---"])]
    lines += [_line(cells(result)) for result in report.results]
    lines += [""] + [f"- {result.case} failed: {_last(result.error)}" for result in report.results if result.error]
    if report.growth_error:
        lines.append(f"- growth failed: {_last(report.growth_error)}")
    if report.points:
        lines += ["", "## Growth", "", *(f"- {text}" for text in findings(report.points)), ""]
        lines += [f"![Cost against nodes and against depth]({FIGURE})"]
    return "\n".join(lines).rstrip() + "\n"


def cells(result: Result) -> list[str]:
    """Return the cells of a case, in the order of ``COLUMNS``."""
    about = [result.title, result.rival, bar(result)]
    summary = result.summary()
    if result.error:
        return [*about, "", "", "", summary["verdict"]]
    unit, ratio = "MiB" if result.kind == "memory" else "ms", summary["ratio"]
    spread = f"{ratio['median']:.3g} ({ratio['min']:.3g} to {ratio['max']:.3g})"
    medians = [f"{_short(summary[name])} {unit}" for name in ("median_ours", "median_theirs")]
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
    """Return a point of the growth in a line."""
    cost = f"{_short(point.milliseconds)} ms, {point.nanoseconds_per_node:.0f} ns a node"
    return f"growth: {point.backend}, {point.nodes} nodes, depth {point.depth}: {cost}"


def findings(points: list[Point]) -> list[str]:
    """Return what the points say: whether time per node is flat, and the cost of the shallowest and deepest graphs."""
    ratio = growth.flatness(points)
    nodes = [point for point in points if point.axis == "nodes"]
    each = ", ".join(f"{point.nanoseconds_per_node:.0f} ns at {point.nodes:,}" for point in nodes)
    verdict = "met" if ratio <= growth.FLAT else "MISSED"
    texts = [
        f"time per node at depth {nodes[0].depth}: {each}; flat within {ratio:.2f} (bar ≤ {growth.FLAT}): {verdict}"
    ]
    for backend in growth.BACKENDS:
        mine = [point for point in points if point.axis == "depth" and point.backend == backend]
        ends = " and ".join(f"{_short(point.milliseconds)} ms at depth {point.depth}" for point in (mine[0], mine[-1]))
        texts.append(f"{backend}, {mine[0].nodes:,} nodes: {ends}")
    return texts


def draw(points: list[Point]) -> Figure:
    """Return cost against nodes at one depth, and against depth at one number of nodes, on logarithmic axes."""
    figure = Figure(figsize=(7.6, 3.2), layout="constrained")
    left, right = figure.subplots(1, 2)
    _curves(left, [point for point in points if point.axis == "nodes"], "nodes")
    _curves(right, [point for point in points if point.axis == "depth"], "depth")
    left.set_title(f"{growth.LEVELS} levels", fontsize=9)
    right.set_title(f"about {growth.SIZE:,} nodes", fontsize=9)
    return figure


def _curves(axes: Axes, points: list[Point], name: str) -> None:
    for colour, backend in zip(COLOURS, growth.BACKENDS, strict=False):
        mine = [point for point in points if point.backend == backend]
        if mine:
            places = [getattr(point, name) for point in mine]
            axes.loglog(places, [p.milliseconds for p in mine], "o-", color=colour, label=backend.replace("_", " "))
    axes.set(xlabel="levels" if name == "depth" else name, ylabel="milliseconds a training step")
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


def _short(number: float) -> str:
    return f"{number:,.0f}" if number >= 100 else f"{number:.3g}"


def _last(error: str) -> str:
    return error.strip().splitlines()[-1]


def _line(parts: list[str] | tuple[str, ...]) -> str:
    return f"| {' | '.join(parts)} |"
