"""The figures of the memory study, from its record.

Run ``PYTHONPATH=. python docs/draw_memory.py``; it reads ``benchmarks/results/memory.json`` and writes
``docs/memory-*.svg``.
"""

from collections.abc import Callable
from typing import Any

import matplotlib as mpl
import numpy as np
import pages
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from memory_tables import OPTIMIZERS, RECORD, VARIANTS
from pages import Row

from benchmarks.report.figures import STYLE

CHANCE = 0.1
# Colours of Okabe and Ito (2008), with markers and dashes, so that no line depends on its colour.
MODELS = {"RNN": ("#d55e00", "s", "--"), "GRU": ("#009e73", "D", "-."), "LSTM": ("#0072b2", "o", "-")}
VIEWS: dict[tuple[str, str], tuple[str, str, Any]] = {
    ("LSTM", "path"): ("#0072b2", "o", "-"),
    ("RNN", "path"): ("#d55e00", "s", "-"),
    ("BiLSTM", "path"): ("#56b4e9", "^", "--"),
    ("DAGLSTM", "mirror DAG"): ("#009e73", "D", "-."),
    ("DAGLSTM", "skip DAG"): ("#cc79a7", "v", "-"),
    ("GCN", "path both ways"): ("#7f7f7f", "x", ":"),
    ("GCN", "path + skips"): ("#000000", "+", "--"),
    ("GCN", "path + mirror"): ("#e69f00", "P", "-"),
}


def lengths_of(rows: list[Row], prefix: str, model: str, view: str) -> list[tuple[int, Row]]:
    """Return the rows of a model on a view, with the lengths that its tasks' names end in."""
    found = [row for row in rows if (row["model"], row["view"]) == (model, view) and row["task"].startswith(prefix)]
    names = [(row["task"].removeprefix(prefix), row) for row in found]
    return sorted(((int(name), row) for name, row in names if name.isdigit()), key=lambda pair: pair[0])


def band(axes: Axes, line: list[tuple[int, Row]], field: str, style: tuple[str, str, Any], label: str) -> None:
    """Draw the mean over the seeds against the length, and the range of the seeds."""
    colour, marker, dash = style
    lengths = [length for length, _ in line]
    values = [list(row[field].values()) for _, row in line]
    means, ends = [np.mean(seeds) for seeds in values], ([min(s) for s in values], [max(s) for s in values])
    axes.plot(lengths, means, color=colour, marker=marker, linestyle=dash, markersize=4, label=label)
    axes.fill_between(lengths, *ends, color=colour, alpha=0.15, linewidth=0)


def level(axes: Axes) -> None:
    """Draw the line of guessing."""
    axes.axhline(CHANCE, color="#66666a", linewidth=1, linestyle=":", zorder=0)
    axes.set(ylim=(0, 1.03))
    axes.grid(axis="y", alpha=0.3)


def course(figure: Figure, rows: list[Row]) -> None:
    """Draw accuracy and loss against the length, at the course's settings."""
    left, right = figure.subplots(1, 2)
    for model in ("RNN", "LSTM"):
        line = lengths_of(rows, "palindrome-scalar-", model, "path")
        # What was trained for longer, and what for shorter: no line joins the two.
        for part, label in (([p for p in line if p[0] <= 30], model), ([p for p in line if p[0] > 30], "")):
            band(left, part, "scores", MODELS[model], label)
            band(right, part, "loss", MODELS[model], label)
    level(left)
    right.axhline(np.log(10), color="#66666a", linewidth=1, linestyle=":", zorder=0)
    for axes in (left, right):
        axes.axvspan(32.5, 82, color="#66666a", alpha=0.08, linewidth=0)
        axes.set(xlabel="length of the palindrome", xlim=(3, 82))
    left.set(ylabel="test accuracy")
    right.set(ylabel="training loss at the end, nats", ylim=(0, None))
    right.text(57, 0.2, "cut to 100 steps", ha="center", color="#66666a")
    left.text(57, 0.95, "cut to 100 steps", ha="center", color="#66666a")
    left.legend(frameon=False, loc="center right")


def steps(axes: Axes, line: list[tuple[int, Row]], style: tuple[str, str, Any]) -> None:
    """Draw the steps to the target of every seed that got there, and their mean where all did."""
    reached = [(length, [k for k in row["steps_to_target"].values() if k is not None]) for length, row in line]
    means = [
        (length, np.mean(found))
        for (length, found), (_, row) in zip(reached, line, strict=True)
        if len(found) == len(row["scores"])
    ]
    if means:
        axes.plot(*zip(*means, strict=True), color=style[0], marker=style[1], linestyle=style[2], markersize=4)
    for length, found in reached:
        axes.plot([length] * len(found), found, ".", color=style[0], alpha=0.5)


def by_length(figure: Figure, rows: list[Row], lines: dict[tuple[str, str], tuple[str, str, Any]], most: int) -> Axes:
    """Draw accuracy and steps to solve against the length, a line for each model and view; return the left panel."""
    left, right = figure.subplots(1, 2)
    for (model, view), style in lines.items():
        line = [pair for pair in lengths_of(rows, "palindrome-memory-", model, view) if 10 <= pair[0] <= most]
        band(left, line, "scores", style, model if view == "path" else f"{model}, {view}")
        steps(right, line, style)
    level(left)
    ticks = [length for length in (10, 20, 40, 80, 160, 320) if length <= most]
    for axes in (left, right):
        axes.set(xscale="log", xlabel="length of the palindrome")
        axes.set_xticks(ticks, list(map(str, ticks)))
        axes.minorticks_off()
    left.set(ylabel="test accuracy")
    right.set(ylabel="training steps to 99.5 % on validation", yscale="log")
    right.set_yticks([50, 100, 200, 500, 1000], ["50", "100", "200", "500", "1000"])
    right.grid(axis="y", alpha=0.3)
    return left


def longest(figure: Figure, rows: list[Row]) -> None:
    """Draw what each recurrence solves, made to remember, and in how many steps."""
    lines = {(model, "path"): style for model, style in MODELS.items()}
    known = [lengths_of(rows, "palindrome-memory-", model, "path")[-1][0] for model in MODELS]
    by_length(figure, rows, lines, max(known)).legend(frameon=False, loc="lower left")


def structure(figure: Figure, rows: list[Row]) -> None:
    """Draw the same for other edges."""
    by_length(figure, rows, VIEWS, 80)
    figure.legend(loc="outside right center", frameon=False)


def hops(figure: Figure, rows: list[Row]) -> None:
    """Draw the accuracy of k convolutions on palindromes whose first digit is so many hops away."""
    axes = figure.subplots()
    depths, lengths = range(1, 5), range(2, 7)
    known = {(row["task"], row["model"]): row["test"] for row in rows}
    values = np.array([[known[f"palindrome-hops-{length}", f"GCN-{depth}"] for length in lengths] for depth in depths])
    axes.imshow(values, cmap="Blues", vmin=0, vmax=1, origin="lower")
    for (k, j), value in np.ndenumerate(values):
        axes.text(j, k, f"{value:.2f}", ha="center", va="center", color="white" if value > 0.6 else "black")
    edge = np.arange(6) + 0.5
    axes.step(edge, edge - 1, where="pre", color="#d55e00", linewidth=2)  # left of it: within reach
    axes.set(xlim=(-0.5, 4.5), ylim=(-0.5, 3.5))
    axes.set_xticks(range(5), [str(length - 1) for length in lengths])
    axes.set_yticks(range(4), [str(depth) for depth in depths])
    axes.set(xlabel="hops from the first digit to the last", ylabel="convolutions")
    axes.spines[:].set_visible(False)


def to_solve(axes: Axes, lines: list[tuple[str, Row]], limit: int) -> None:
    """Draw the steps to the target of every seed and their mean; a cross stands for a seed that did not get there."""
    for place, (_, row) in enumerate(reversed(lines)):
        found = list(row["steps_to_target"].values())
        reached = [step for step in found if step is not None]
        if len(reached) == len(found):
            axes.plot(np.mean(reached), place, "D", color="#0072b2", markersize=6, alpha=0.9)
        axes.plot(reached, [place] * len(reached), ".", color="#0072b2", alpha=0.7)
        missed = [score for seed, score in row["scores"].items() if row["steps_to_target"][seed] is None]
        axes.plot([limit * 1.06] * bool(missed), [place] * bool(missed), "x", color="#d55e00", clip_on=False)
        if missed:
            text = f"  {len(missed)} of {len(found)} not, at {np.mean(missed):.2f}"
            axes.text(limit * 1.08, place, text, va="center", color="#d55e00")
    axes.set_yticks(range(len(lines)), [label for label, _ in reversed(lines)])
    axes.set(xlabel="training steps to 99.5 % on validation", xlim=(0, limit * 1.02), ylim=(-0.6, len(lines) - 0.4))
    axes.grid(axis="x", alpha=0.3)


def ablation(figure: Figure, rows: list[Row]) -> None:
    """Draw the steps to solve length 40 with one setting less at a time."""
    lstm = {row["task"]: row for row in rows if (row["model"], row["view"]) == ("LSTM", "path")}
    to_solve(
        figure.subplots(), [(label, lstm[f"palindrome-memory-40{ending}"]) for ending, label in VARIANTS.items()], 1500
    )


def optimizers(figure: Figure, rows: list[Row]) -> None:
    """Draw the steps to solve length 10 at each optimiser's learning rates."""
    lines = []
    for name, label in OPTIMIZERS.items():
        mine = [row for row in rows if row["task"].startswith(f"palindrome-memory-10-{name}-") and row["view"]]
        rated = sorted((float(row["task"].rpartition(f"{name}-")[2]), place) for place, row in enumerate(mine))
        lines += [(f"{label} {rate:g}", mine[place]) for rate, place in rated]
    to_solve(figure.subplots(), lines, 500)


FIGURES: dict[str, tuple[Callable[[Figure, list[Row]], None], tuple[float, float]]] = {
    "course": (course, (9, 3.2)),
    "longest": (longest, (9, 3.2)),
    "ablation": (ablation, (7.5, 2.9)),
    "structure": (structure, (10.5, 3.4)),
    "hops": (hops, (4.2, 3.2)),
    "optimizers": (optimizers, (7.5, 4.6)),
}


def main() -> None:
    """Write the pictures."""
    rows = pages.rows_of(pages.read(RECORD))
    for name, (draw, size) in FIGURES.items():
        with mpl.rc_context(STYLE):
            figure = Figure(figsize=size, layout="constrained")
            draw(figure, rows)
        pages.save(figure, f"memory-{name}.svg", STYLE)


if __name__ == "__main__":
    main()
