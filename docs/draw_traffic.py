"""The figure of the errors of traffic forecasts, and the tables of their page, from the record.

Run ``PYTHONPATH=. python docs/draw_traffic.py``; it reads ``benchmarks/results/traffic.json``, writes
``docs/traffic.svg`` and renews the tables of ``docs/traffic.md``, each after a comment with its name.
"""

import matplotlib as mpl
import pages
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from pages import RESULTS, Row, span, table

from benchmarks.report.figures import STYLE
from benchmarks.results.verdicts import compare

RECORD = RESULTS / "traffic.json"
TASKS = {
    "los-loop-15": ("Los-loop, 15 minutes", "mph"),
    "los-loop-60": ("Los-loop, 60 minutes", "mph"),
    "metro-15": ("Beijing metro, 15 minutes", "passengers"),
}
# Colours of Okabe and Ito (2008), and markers, so that no point depends on its colour.
VIEWS = {"graph": ("#0072b2", "o"), "shuffled graph": ("#d55e00", "D"), "no edges": ("#009e73", "s")}
MODELS = ("GConvGRU", "GConvLSTM", "DCRNN", "TGCN", "GCN", "GRU", "LSTM", "MLP")
# What a model is without its edges.
WITHOUT = {"GConvGRU": "GRU", "DCRNN": "GRU", "GCN": "MLP"}
NAIVE = ("last value", "average of the slot", "the slot yesterday", "the slot last week")
LINEAR = {"linear, node by node": ":", "linear, all nodes": "--"}

Rows = dict[tuple[str, str, str], Row]


def rows_of(text: str) -> Rows:
    """Return the record's rows by task, view and model."""
    return pages.by(pages.rows_of(text), "task", "view", "model")


def of(rows: Rows, task: str) -> list[Row]:
    """Return the rows of a task's networks, model by model."""
    return [rows[task, view, model] for model in MODELS for view in VIEWS if (task, view, model) in rows]


def simple(rows: Rows) -> str:
    """Return the RMSE of what needs no network."""
    lines = []
    for name in (*NAIVE, *LINEAR):
        found = [rows.get((task, "", name)) for task in TASKS]
        lines.append([name, *("" if row is None else f"{row['test']:.3f}" for row in found)])
    return table(["forecast", *(title for title, _ in TASKS.values())], lines, 1)


def networks(rows: Rows) -> str:
    """Return the errors of the networks."""
    head = ["series", "model", "edges", "RMSE [95 %]", "MAE", "WMAPE", "accuracy", "parameters", "seeds"]
    lines = []
    for task, (title, _) in TASKS.items():
        for row in of(rows, task):
            m = row["measures"]
            numbers = [f"{m['MAE']:.2f}", f"{100 * m['WMAPE']:.2f} %", f"{m['accuracy']:.4f}"]
            sizes = [f"{row['costs']['parameters']:,.0f}", str(len(row["scores"]))]
            error = span(row["test"], row["interval"])
            lines.append([title, row["model"], row["view"], error, *numbers, *sizes])
    return table(head, lines, 3)


def edges(rows: Rows) -> str:
    """Return how much higher the RMSE is on a shuffled graph, and without edges: differences seed by seed."""
    lines = []
    for task, (title, _) in TASKS.items():
        for model, other in WITHOUT.items():
            if (row := rows.get((task, "graph", model))) is None:
                continue
            rivals = [rows.get((task, "shuffled graph", model)), rows.get((task, "no edges", other))]
            lines.append([title, model, *(difference(rival, row) for rival in rivals)])
    return table(["series", "model", "shuffled edges", "no edges"], lines, 2)


def difference(rival: Row | None, row: Row) -> str:
    """Return by how much a rival's RMSE is higher, with the interval over the seeds that both have."""
    if rival is None:
        return ""
    shared = [seed for seed in row["scores"] if seed in rival["scores"]]
    found = compare([rival["scores"][seed] for seed in shared], [row["scores"][seed] for seed in shared])
    return span(found.difference.mean, found.difference.interval, "+.2f")


def horizons(rows: Rows) -> str:
    """Return the RMSE at steps of the hour ahead."""
    steps = (1, 3, 6, 9, 12)
    head = ["model", "edges", *(f"{5 * step} minutes" for step in steps)]
    lines = [
        [row["model"], row["view"], *(f"{row['measures'][f'RMSE, step {step}']:.2f}" for step in steps)]
        for row in of(rows, "los-loop-60")
    ]
    return table(head, lines, 2)


def page(text: str, rows: Rows) -> str:
    """Return the page with its tables renewed."""
    makers = (simple, networks, edges, horizons)
    return pages.renewed(text, {f"table {make.__name__}": make(rows) for make in makers})


def draw(axes: Axes, rows: Rows, task: str) -> None:
    """Draw every seed, the mean and its interval, and where the linear forecasts stand."""
    members = of(rows, task)[::-1]
    for place, row in enumerate(members):
        colour, marker = VIEWS[row["view"]]
        if row["interval"] is not None:
            axes.plot(row["interval"], [place, place], "-", color=colour, linewidth=1.4)
        axes.plot(list(row["scores"].values()), [place] * len(row["scores"]), "|", color=colour, markersize=7)
        axes.plot(row["test"], place, marker, color=colour, markersize=6)
    for name, dash in LINEAR.items():
        axes.axvline(rows[task, "", name]["test"], color="#66666a", linestyle=dash, linewidth=1, zorder=0)
    axes.set_yticks(range(len(members)), [f"{row['model']}, {row['view']}" for row in members])
    title, unit = TASKS[task]
    axes.set(xlabel=f"test RMSE, {unit}", ylim=(-0.6, len(members) - 0.4))
    axes.set_title(title, fontsize=10)
    axes.grid(axis="x", alpha=0.3)


def main() -> None:
    """Write the picture and the tables."""
    rows = rows_of(pages.read(RECORD))
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(12, 3.6), layout="constrained")
        for axes, task in zip(figure.subplots(1, len(TASKS)), TASKS, strict=True):
            draw(axes, rows, task)
    pages.save(figure, "traffic.svg", STYLE)
    pages.renew("traffic.md", page(pages.read(pages.HERE / "traffic.md"), rows))


if __name__ == "__main__":
    main()
