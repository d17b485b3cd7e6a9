"""The picture of the README: the same nodes, four choices of edges, one cell along them.

Run ``python docs/draw_idea.py``; it writes ``docs/idea.svg``.
"""

import matplotlib as mpl
import networkx as nx
import pages
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch_geometric.data import Data

from gnn_toolkit.graphs import Grid, GridDAG, MirrorPath, Path, to_networkx

BLUE, ORANGE, GREY = "#0072b2", "#d55e00", "#8a8a8a"
SIZE = 9


def positions(rows: int) -> dict[int, tuple[float, float]]:
    """Return places of the nine nodes: in one row, or in three."""
    if rows == 1:
        return {v: (float(v), 0.0) for v in range(SIZE)}
    return {v: (float(v % 3), -float(v // 3)) for v in range(SIZE)}


def draw(axes: Axes, data: Data, title: str, under: str, place: dict[int, tuple[float, float]]) -> None:
    """Draw one view; nodes are coloured by level where the view is a recurrence's."""
    directed = "level" in data
    graph = to_networkx(data, to_undirected=not directed)
    colours = data.level.tolist() if directed else [BLUE] * SIZE
    shading = {"cmap": "viridis", "vmin": 0, "vmax": SIZE - 1} if directed else {}
    nx.draw_networkx_nodes(graph, place, ax=axes, node_color=colours, node_size=110, **shading)
    flat = place[SIZE - 1][1] == 0.0
    for u, v in graph.edges:
        bend = 0.0 if abs(u - v) == 1 or not flat else 0.3
        colour = ORANGE if abs(u - v) > 1 else GREY
        style = {"arrowstyle": "-|>" if directed else "-", "arrowsize": 9, "width": 1.4, "node_size": 110}
        # `arrows=True` draws each edge as a patch, which can be bent.
        nx.draw_networkx_edges(
            graph, place, [(u, v)], ax=axes, edge_color=colour, arrows=True, connectionstyle=f"arc3,rad={bend}", **style
        )
    axes.set_title(title, fontsize=10, fontweight="bold")
    axes.text(0.5, -0.06, under, transform=axes.transAxes, ha="center", va="top", fontsize=8.5)
    axes.margins(0.12)
    axes.set_axis_off()


def main() -> None:
    """Write the picture."""
    nodes = Data(num_nodes=SIZE, x=torch.zeros(SIZE, 1))
    panels = [
        (Path(), "path", "RNN, GRU, LSTM: node after node", 1),
        (MirrorPath(), "path + mirror", "GCN: all nodes at once", 1),
        (GridDAG(3, 3), "grid DAG", "DAGLSTM, level by level", 3),
        (Grid(3, 3), "grid", "GCN, all at once", 3),
    ]
    with mpl.rc_context(pages.PLAIN):
        figure = Figure(figsize=(12, 2.6))
        figure.patch.set_facecolor("white")
        all_axes = figure.subplots(1, 4, gridspec_kw={"width_ratios": [2.6, 2.6, 1, 1], "wspace": 0.12})
        for axes, (view, title, under, rows) in zip(all_axes, panels, strict=True):
            draw(axes, view(nodes), title, under, positions(rows))
        for axes in all_axes[:2]:
            axes.set_ylim(-2.2, 1.2)
        figure.suptitle("The same nine nodes: choose edges, then run a cell along them", fontsize=12, y=1.06)
    pages.save(figure, "idea.svg", bbox_inches="tight")


if __name__ == "__main__":
    main()
