"""The figure of how many steps and seconds a palindrome takes, against its length.

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

TICKS = [digit * 10**power for power in range(5) for digit in (1, 2, 5)]


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
    ends = axes.get_ylim()
    ticks = [tick for tick in TICKS if ends[0] <= tick <= ends[1]]
    axes.set_yticks(ticks, [f"{tick:,}" for tick in ticks])
    axes.set_xlabel("digits of the palindrome")
    axes.grid(axis="y", alpha=0.3)


def figure() -> Figure:
    """Return the figure, steps on the left and, where the times of a step were taken, seconds on the right."""
    found = records()
    panels = 2 if found["long-seconds"] else 1
    figure = Figure(figsize=(4.5 * panels, 3.4), layout="constrained")
    left, *right = figure.subplots(1, panels, squeeze=False)[0]
    draw(left, found["long"], None)
    left.set_ylabel("steps until 99 % are right")
    left.legend(frameon=False)
    for axes in right:
        draw(axes, found["long"], found["long-seconds"])
        axes.set_ylabel("seconds for as many steps, quiet machine")
    return figure


def main() -> None:
    """Write the picture."""
    with mpl.rc_context({**STYLE, **pages.PLAIN}):
        pages.save(figure(), "linear-steps.svg")


if __name__ == "__main__":
    main()
