"""Draws how many steps and seconds a palindrome takes, against its length.

Run ``PYTHONPATH=. python docs/draw_linear.py``; it reads what ``linear_tables.py`` reads and writes
``docs/linear-steps.svg``.
"""

import matplotlib as mpl
import numpy as np
import pages
from linear_tables import LENGTHS, MODELS, palindrome, records, steps_of
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from pages import Row

from benchmarks.report.figures import STYLE

# Colours of Okabe and Ito (2008), with markers and dashes, so that no line depends on its colour.
LINES = {
    "LSTM": ("#0072b2", "o", "-"),
    "GRU": ("#009e73", "D", "-."),
    "MinGRU": ("#d55e00", "s", "-"),
    "LRU": ("#cc79a7", "^", "--"),
    "Mamba": ("#000000", "v", ":"),
}


def draw(axes: Axes, rows: list[Row], quiet: list[Row] | None) -> None:
    """Draw the mean and the range of the seeds that solved a length; a hollow mark where some did not."""
    for model in MODELS:
        colour, marker, dash = LINES[model]
        points = []
        for length in LENGTHS:
            row = palindrome(rows, length, model)
            steps = [] if row is None else steps_of(row)
            if row is None or not steps:
                continue
            speed = 1.0
            if quiet is not None:
                timed = palindrome(quiet, length, model)
                if timed is None:
                    continue
                speed = timed["costs"]["steps_per_second"]
            found = np.array(steps) / speed
            points.append((length, found.mean(), found.min(), found.max(), len(steps) == len(row["scores"])))
        if not points:
            continue
        lengths, means, low, high, _ = map(np.array, zip(*points, strict=True))
        axes.plot(lengths, means, color=colour, linestyle=dash, linewidth=1.5, label=model, marker=marker, markersize=5)
        axes.fill_between(lengths, low, high, color=colour, alpha=0.15, linewidth=0)
        for length, mean, *_, whole in points:
            if not whole:
                axes.plot(length, mean, marker=marker, markersize=5, color=colour, markerfacecolor="white")
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    axes.set_xticks(LENGTHS, [str(length) for length in LENGTHS])
    axes.minorticks_off()
    axes.set_xlabel("digits of the palindrome")
    axes.grid(axis="y", alpha=0.3)


def figure() -> Figure:
    """Return the figure, steps on the left and seconds on the right."""
    found = records()
    figure = Figure(figsize=(8.6, 3.4), layout="constrained")
    left, right = figure.subplots(1, 2)
    draw(left, found["long"], None)
    draw(right, found["long"], found["long-seconds"])
    left.set_ylabel("steps until 99 % are right")
    right.set_ylabel("seconds, one thread of a quiet machine")
    left.legend(frameon=False)
    return figure


def main() -> None:
    """Write the picture."""
    with mpl.rc_context({**STYLE, **pages.PLAIN}):
        pages.save(figure(), "linear-steps.svg")


if __name__ == "__main__":
    main()
