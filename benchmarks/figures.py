"""Figures of the report, as SVG to be put inside a page."""

import io
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from benchmarks.statistics import Row
from benchmarks.tables import TASKS

COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")  # Okabe and Ito 2008: colour-blind safe
STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "gnn_toolkit",
    "font.family": "sans-serif",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
}


def label(row: Row) -> str:
    """Return what a row is called in figures and tables."""
    return f"{row.model}, {row.view}" if row.view else row.model


def learning_curves(task: str, rows: list[Row]) -> str:
    """Return validation score against steps for each model: the mean over seeds and the range of the seeds."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(5.2, 3.2), layout="constrained")
        axes = figure.subplots()
        for colour, row in zip(COLOURS, (row for row in rows if row.view), strict=False):
            steps = row.records[0].curve["step"]
            curves = np.array([record.curve["validation"] for record in row.records])
            axes.plot(steps, curves.mean(0), color=colour, label=label(row))
            axes.fill_between(steps, curves.min(0), curves.max(0), color=colour, alpha=0.15, linewidth=0)
        for row in rows:
            if not row.view:
                axes.axhline(row.test, color="#666666", linewidth=0.8, linestyle="--")
                axes.annotate(row.model, (0.0, row.test), xycoords=("axes fraction", "data"), fontsize=7, va="bottom")
        axes.set(xlabel="training steps", ylabel=f"validation {TASKS[task].metric}")
        axes.legend(frameon=False, fontsize=8)
        return _svg(figure, f"Learning curves of {task}")


def scores(task: str, rows: list[Row]) -> str:
    """Return the test score of each model with its 95 % interval and the seeds as points."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(5.2, 0.7 + 0.32 * len(rows)), layout="constrained")
        axes = figure.subplots()
        for place, row in enumerate(reversed(rows)):
            colour = COLOURS[0] if row.view else "#666666"
            axes.errorbar(row.test, place, xerr=row.half_width or 0.0, color=colour, marker="o", capsize=3)
            values = [record.test for record in row.records if record.test is not None]
            axes.plot(values, [place] * len(values), ".", color=colour, alpha=0.5)
        axes.set_yticks(range(len(rows)), [label(row) for row in reversed(rows)])
        axes.set(xlabel=f"test {TASKS[task].metric}, mean with 95 % interval over seeds")
        if TASKS[task].metric.name == "accuracy":
            axes.set_xlim(-0.02, 1.02)
        axes.grid(axis="x", alpha=0.3)
        return _svg(figure, f"Test scores of {task}")


def _svg(figure: Figure, title: str) -> str:
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None, "Title": title})
    text = buffer.getvalue()
    return text[text.index("<svg") :].replace("<svg", f'<svg role="img" aria-label="{title}"', 1)
