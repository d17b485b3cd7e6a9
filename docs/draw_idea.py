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

from gnn_toolkit.graphs import GridDAG, Path, Tree, to_networkx

BLUE, ORANGE, GREY = "#0072b2", "#d55e00", "#8a8a8a"
SIZE = 9


# Nine nodes three times more: children before parents; and a network without any order.
PARENTS = torch.tensor([[0, 1, 3, 4, 2, 5, 6, 7], [2, 2, 5, 5, 8, 8, 7, 8]])
TIES = torch.tensor([[0, 0, 1, 2, 2, 3, 4, 4, 5, 6, 7, 1], [1, 2, 2, 3, 4, 5, 5, 6, 6, 8, 8, 7]])
PLACES = {
    "path": [(float(v), 0.0) for v in range(SIZE)],
    "tree": [(0, 0), (1, 0), (0.5, 1), (2, 0), (3, 0), (2.5, 1), (4, 0), (4, 1), (2.3, 2)],
    "grid": [(float(v % 3), -float(v // 3)) for v in range(SIZE)],
    "network": [(0, 1), (0.9, 1.9), (1, 0.8), (0.8, -0.3), (2, 0.3), (1.9, -0.7), (3, 0), (2.6, 1.6), (3.6, 1)],
}


def draw(axes: Axes, data: Data, title: str, under: str, places: list[tuple[float, float]]) -> None:
    """Draw one view; nodes are coloured by level where the view is a recurrence's."""
    place = dict(enumerate(places))
    directed = "level" in data
    graph = to_networkx(data, to_undirected=not directed)
    colours = data.level.tolist() if directed else [BLUE] * SIZE
    shading = {"cmap": "viridis", "vmin": 0, "vmax": SIZE - 1} if directed else {}
    nx.draw_networkx_nodes(graph, place, ax=axes, node_color=colours, node_size=110, **shading)
    kinds = data.edge_type.tolist() if "edge_type" in data else [0] * data.num_edges
    kind = dict(zip(map(tuple, data["edge_index"].t().tolist()), kinds, strict=True))
    for edge in graph.edges:
        style = {"arrowstyle": "-|>" if directed else "-", "arrowsize": 9, "width": 1.4, "node_size": 110}
        colour = ORANGE if kind.get(edge) else GREY
        # `arrows=True` draws each edge as a patch, with its head at the rim of the node.
        nx.draw_networkx_edges(graph, place, [edge], ax=axes, edge_color=colour, arrows=True, **style)
    axes.set_title(title, fontsize=10, fontweight="bold")
    axes.text(0.5, -0.06, under, transform=axes.transAxes, ha="center", va="top", fontsize=8.5)
    axes.margins(0.12)
    axes.set_axis_off()


def key(figure: Figure) -> None:
    """Write what the colours say below the panels."""
    axes = figure.add_axes((0.3, -0.1, 0.4, 0.09))
    axes.scatter([float(level) / 4 for level in range(SIZE)], [0.0] * SIZE, c=range(SIZE), cmap="viridis", s=60)
    axes.text(-0.3, 0, "visited first", ha="right", va="center", fontsize=8.5)
    axes.text(2.3, 0, "visited last", ha="left", va="center", fontsize=8.5)
    axes.text(4.1, 0, "all at once", ha="left", va="center", fontsize=8.5)
    axes.scatter(3.9, 0.0, color=BLUE, s=60)
    axes.set(xlim=(-1.6, 5.7))
    axes.set_axis_off()


def main() -> None:
    """Write the picture."""
    nodes = Data(num_nodes=SIZE, x=torch.zeros(SIZE, 1))
    network = Data(num_nodes=SIZE, x=torch.zeros(SIZE, 1), edge_index=torch.cat([TIES, TIES.flip(0)], 1))
    tree = Data(num_nodes=SIZE, x=torch.zeros(SIZE, 1), edge_index=PARENTS)
    panels = [
        (Path()(nodes.clone()), "path", "RNN, GRU, LSTM: node after node", PLACES["path"]),
        (Tree()(tree), "tree", "Tree-LSTM: children first", PLACES["tree"]),
        (GridDAG(3, 3)(nodes.clone()), "grid", "multi-dimensional LSTM", PLACES["grid"]),
        (network, "network", "graph convolution: all at once", PLACES["network"]),
    ]
    with mpl.rc_context(pages.PLAIN):
        figure = Figure(figsize=(12, 2.4))
        figure.patch.set_facecolor("white")
        all_axes = figure.subplots(1, 4, gridspec_kw={"width_ratios": [2.2, 1.5, 1, 1.5], "wspace": 0.16})
        for axes, (data, title, under, places) in zip(all_axes, panels, strict=True):
            draw(axes, data, title, under, places)
        all_axes[0].set_ylim(-1.5, 1.5)
        key(figure)
        figure.suptitle("The same nine nodes: choose edges, then run a cell along them", fontsize=12, y=1.08)
    pages.save(figure, "idea.svg", bbox_inches="tight")


if __name__ == "__main__":
    main()
