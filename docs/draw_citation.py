"""The learning curves of the benchmark on citation networks.

Run ``python docs/draw_citation.py``; it reads ``benchmarks/results/citation.json`` and writes ``docs/citation.svg``.
"""

from typing import Any

import matplotlib as mpl
import pages
from matplotlib.axes import Axes
from matplotlib.figure import Figure

NETWORKS = {"cora": "Cora", "citeseer": "CiteSeer", "pubmed": "PubMed"}
# Colours of Okabe and Ito (2008), and dashes, so that no line depends on its colour.
STYLES: dict[tuple[str, str], tuple[str, Any]] = {
    ("GCN", "graph"): ("#0072b2", "-"),
    ("MLP", "no edges"): ("#e69f00", "-"),
    ("LSTM", "BFS neighbourhood"): ("#009e73", "-"),
    ("LSTM", "DFS neighbourhood"): ("#009e73", "--"),
    ("GRU", "BFS neighbourhood"): ("#56b4e9", "-"),
    ("GRU", "DFS neighbourhood"): ("#56b4e9", "--"),
    ("DAGLSTM", "BFS DAG"): ("#cc79a7", "-"),
    ("LSTM", "BFS path"): ("#d55e00", "-"),
    ("LSTM", "DFS path"): ("#d55e00", "--"),
}


def draw(axes: Axes, rows: list[pages.Row], title: str) -> None:
    """Draw one network's curves: means over the seeds, and the range of the seeds as a band."""
    for row in rows:
        if not row["curve"]:
            continue
        colour, dash = STYLES[row["model"], row["view"]]
        curve = row["curve"]
        axes.plot(curve["step"], curve["mean"], color=colour, linestyle=dash, label=f"{row['model']}, {row['view']}")
        axes.fill_between(curve["step"], curve["low"], curve["high"], color=colour, alpha=0.12, linewidth=0)
    axes.set_title(title, fontsize=10)
    axes.set(xlabel="epochs", ylim=(0, 0.9))
    axes.grid(axis="y", alpha=0.3)


def main() -> None:
    """Write the picture."""
    rows = pages.rows_of(pages.read(pages.RESULTS / "citation.json"))
    with mpl.rc_context(pages.PLAIN):
        figure = Figure(figsize=(12, 4.2), layout="constrained")
        panels = figure.subplots(1, len(NETWORKS), sharey=True)
        for axes, (task, title) in zip(panels, NETWORKS.items(), strict=True):
            draw(axes, [row for row in rows if row["task"] == task], title)
        panels[0].set_ylabel("validation accuracy")
        lines, labels = panels[0].get_legend_handles_labels()
        figure.legend(lines, labels, loc="outside lower center", ncols=5, frameon=False, fontsize=9)
    pages.save(figure, "citation.svg")


if __name__ == "__main__":
    main()
