"""The figure of accuracy against depth, length and number of operators, and the tables of its page.

Run ``python docs/draw_computation.py``; it reads ``benchmarks/results/computation.json`` and writes
``docs/computation.svg`` and the tables of ``docs/computation.md``.
"""

from typing import Any

import matplotlib as mpl
import pages
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from benchmarks.report.prose import quantity

# A row of the picture: the task, what its scores are grouped by, and up to where it was trained.
ROWS = (("listops-parts", "depth", 5.0), ("listops-parts", "length", 100.0), ("proplogic", "operators", 6.0))
ALONE = {("depth", "0"), ("length", "1")}  # the one expression of the test that is a digit
LONGER = {"listops-parts": "listops-long"}  # drawn in the same panels
# A column: its title, and the views that it shows, each with its dashes.
COLUMNS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("path", {"symbols": "-", "symbols both ways": ":"}),
    ("tree", {"sibling tree": "-", "ordered tree": "-", "tree": "--"}),
    ("random tree", {"random parents": "-", "random tree": "-"}),
)
# Colours of Okabe and Ito (2008), and marks, so that no line depends on its colour.
MODELS = {
    "GCN": ("#0072b2", "s"),
    "RNN": ("#e69f00", "^"),
    "GRU": ("#56b4e9", "o"),
    "LSTM": ("#009e73", "D"),
    "N-ary Tree-LSTM": ("#d55e00", "v"),
    "MinGRU": ("#cc79a7", "<"),
    "LRU": ("#000000", ">"),
}


def points(row: pages.Row, group: str) -> tuple[list[float], list[float]]:
    """Return where a row's groups lie, a range of lengths in its middle, and the scores there."""
    places, scores = [], []
    for name, score in row.get("measures", {}).items():
        kind, _, value = name.partition(" ")
        if kind == group and (group, value) not in ALONE:
            ends = [float(end) for end in value.split("-")]
            places.append(sum(ends) / len(ends))
            scores.append(score)
    return places, scores


def draw(axes: Axes, rows: list[pages.Row], group: str, views: dict[str, Any]) -> None:
    """Draw a line for every model and view."""
    for row in rows:
        if row["view"] in views and row["model"] in MODELS:
            colour, mark = MODELS[row["model"]]
            places, scores = points(row, group)
            style: Any = "-." if row["task"] in LONGER.values() else views[row["view"]]
            axes.plot(places, scores, color=colour, marker=mark, markersize=3, linestyle=style, linewidth=1.2)


def main() -> None:
    """Write the picture and the tables."""
    rows = pages.rows_of(pages.read(pages.RESULTS / "computation.json"))
    drawn = [place for place in ROWS if any(row["task"] == place[0] for row in rows)]
    columns = [(title, views) for title, views in COLUMNS if any(row["view"] in views for row in rows)]
    with mpl.rc_context(pages.PLAIN):
        figure = Figure(figsize=(3.7 * len(columns), 3 * len(drawn)), layout="constrained")
        panels = figure.subplots(len(drawn), len(columns), sharey=True, squeeze=False)
        for line, (task, group, trained) in zip(panels, drawn, strict=True):
            for axes, (title, views) in zip(line, columns, strict=True):
                draw(axes, [row for row in rows if row["task"] in (task, LONGER.get(task))], group, views)
                axes.axvspan(0, trained, color="0.93", zorder=0)
                axes.set(ylim=(0, 1.02), xlabel=group, title=f"{task.partition('-')[0]}, {title}")
                if group == "length":
                    axes.set_xscale("log", base=2)
                axes.grid(axis="y", alpha=0.3)
            line[0].set_ylabel("test accuracy")
        handles = [
            Line2D([], [], color=colour, marker=mark, markersize=4, label=model)
            for model, (colour, mark) in MODELS.items()
            if any(row["model"] == model for row in rows)
        ]
        seen = {row["view"] for row in rows} | {row["task"] for row in rows}
        styles: dict[str, tuple[Any, str]] = {
            "tree": ("--", "children without order"),
            "symbols both ways": (":", "edges both ways"),
        }
        styles |= dict.fromkeys(LONGER.values(), ("-.", "trained four times as long"))
        handles += [
            Line2D([], [], color="0.4", linestyle=style, label=said)
            for name, (style, said) in styles.items()
            if name in seen
        ]
        figure.legend(handles=handles, loc="outside lower center", ncols=5, frameon=False, fontsize=9)
    pages.save(figure, "computation.svg")
    pages.renew("computation.md", pages.renewed(pages.read(pages.HERE / "computation.md"), tables(rows)))


def rank(row: pages.Row) -> tuple[bool, bool]:
    """Return what a row stands by in a table: baselines first, then the perceptron that sees no edge."""
    return bool(row["view"]), row["model"] != "wide MLP"


def tables(rows: list[pages.Row]) -> dict[str, str]:
    """Return the table of every task, by its name."""
    found = {}
    for task in dict.fromkeys(row["task"] for row in rows):
        mine = [row for row in rows if row["task"] == task]
        head = [
            "model",
            "view",
            "test accuracy [95 %]",
            "over units too",
            *COLUMNS_OF.get(task, ()),
            "params",
            "FLOPs a step",
            "s",
        ]
        lines = [line(row, COLUMNS_OF.get(task, ())) for row in sorted(mine, key=rank)]
        found[f"table {task}"] = pages.table(head, lines, words=2)
    return found


# What a table shows of the groups: the deepest that was trained on, two levels deeper, twice as deep.
COLUMNS_OF = {
    **dict.fromkeys(("listops-parts", "listops-long", "listops-whole"), ("depth 5", "depth 6", "depth 7", "depth 10")),
    **dict.fromkeys(
        ("listops-2-blocks", "listops-4-blocks"), ("depth 1", "depth 2", "depth 3", "depth 4", "depth 5", "depth 7")
    ),
    "proplogic": ("operators 6", "operators 8", "operators 12"),
}


def line(row: pages.Row, groups: tuple[str, ...]) -> list[str]:
    """Return a line of a table."""
    measures, costs = row.get("measures", {}), row["costs"]
    return [
        row["model"],
        row["view"] or "(baseline)",
        f"{row['test']:.3f}" + ends(row["interval"]),
        ends(row.get("interval_with_units")).strip(),
        *(f"{measures[group]:.3f}" if group in measures else "" for group in groups),
        f"{costs.get('parameters', 0):,}",
        quantity(costs["flops_per_step"]) if costs.get("flops_per_step") else "",
        f"{costs['seconds']:.0f}" if row["view"] else "",
    ]


def ends(interval: list[float] | None) -> str:
    """Return an interval in words."""
    return "" if interval is None else f" [{interval[0]:.3f}, {interval[1]:.3f}]"


if __name__ == "__main__":
    main()
