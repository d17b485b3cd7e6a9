"""The small pictures of the views: which edges each chooses between the same nodes.

Run ``PYTHONPATH=. python docs/draw_views.py``; it writes ``docs/gallery/view-*.svg``. The edges are those that the
views make. Nodes are coloured by level where a recurrence walks them; a second type of edge is orange.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
import pages
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch
from torch_geometric.data import Batch, Data
from torch_geometric.data.data import BaseData

from gnn_toolkit import graphs

BLUE, ORANGE, GREY = "#0072b2", "#d55e00", "#8a8a8a"
Places = list[tuple[float, float]]


def row(count: int, first: float = 0.0) -> Places:
    """Return places side by side."""
    return [(first + v, 0.0) for v in range(count)]


def square() -> Places:
    """Return places of three rows of three."""
    return [(float(v % 3), -float(v // 3)) for v in range(9)]


NETWORK: Places = [(0, 0), (1, 0.8), (1, -0.8), (2, 0), (3, 0.8), (3, -0.8), (4, 0)]
PAIRS = torch.tensor([[0, 0, 1, 2, 3, 3, 4, 5], [1, 2, 3, 3, 4, 5, 6, 6]])
# A tree of words: 0 and 1 make 2; 3 and 4 make 5; 2 and 5 make 6.
TREE: Places = [(0, 0), (1, 0), (0.5, 0.9), (2, 0), (3, 0), (2.5, 0.9), (1.5, 1.8)]
CHILDREN = torch.tensor([[0, 1, 3, 4, 2, 5], [2, 2, 5, 5, 6, 6]])
WORDS = torch.tensor([2, 3, 4, 2, 5, 3])


def nodes(count: int) -> Data:
    """Return nodes without edges."""
    return Data(num_nodes=count, x=torch.zeros(count, 1), edge_index=torch.empty(2, 0, dtype=torch.long))


def network() -> Data:
    """Return a small undirected graph."""
    return Data(num_nodes=7, x=torch.zeros(7, 1), edge_index=torch.cat([PAIRS, PAIRS.flip(0)], 1))


def tree() -> Data:
    """Return a binary tree over four words, all of whose phrases are asked about."""
    x = torch.tensor([[2], [3], [0], [4], [5], [0], [0]])
    return Data(
        num_nodes=7, x=x, edge_index=CHILDREN, mask=torch.tensor([False, False, True, False, False, True, True])
    )


@dataclass(frozen=True)
class Scene:
    """A view, what it is shown on, and where the nodes lie.

    Attributes:
        make: returns the graph that the view makes.
        places: of its nodes.
        bends: whether long edges are bent, because the nodes lie in a row.
        words: a label for each node.
    """

    make: Callable[[], Data]
    places: Places
    bends: bool = False
    words: tuple[str, ...] = ()


def corpus() -> Data:
    """Return the graph of three documents and their words."""
    documents: list[BaseData] = [Data(x=torch.tensor(words)) for words in ([1, 2, 1, 2], [2, 3, 2, 3], [3, 1, 3])]
    return graphs.DocumentWordGraph()(Batch.from_data_list(documents))


def superpixels() -> Data:
    """Return superpixels of a picture, joined where they touch, and how sure a first classifier is of each."""
    data = Data(num_nodes=7, edge_index=torch.tensor(TOUCHING).t())
    data.pos = torch.tensor([[0.9 - 0.45 * y, 0.25 * x] for x, y in SUPERPIXELS])
    data["confidence"] = torch.tensor([0.4, 0.9, 0.6, 0.3, 0.7, 0.5, 0.8])
    return data


def residues() -> Data:
    """Return the residues of two chains."""
    return Data(num_nodes=8, chain=torch.tensor([0, 0, 0, 0, 0, 1, 1, 1]))


FOLD: Places = [(0, 0), (0.8, 0.7), (1.7, 0.5), (1.6, -0.5), (0.8, -0.8), (3.2, 0.8), (2.9, -0.1), (3.4, -0.9)]
SUPERPIXELS: Places = [(0, 0.1), (1.3, 0.1), (2.6, 0.1), (0.6, 1.1), (2, 1), (0.2, 2), (1.8, 2.1)]
TOUCHING = [[0, 1], [1, 2], [0, 3], [1, 3], [1, 4], [2, 4], [3, 4], [3, 5], [4, 6], [5, 6], [3, 6]]
PHRASES: Places = [*row(2), *row(2, 2.6), *row(4, 5.2)]
RANDOM: Places = [(0, 0), (1, 0), (0.5, 0.9), (2, 0), (3, 0), (2.5, 0.9), (1.5, 1.8)]
SCENES = {
    "NoEdges": Scene(lambda: graphs.NoEdges()(network()), NETWORK),
    "Path": Scene(lambda: graphs.Path()(nodes(7)), row(7)),
    "Path-both-ways": Scene(lambda: graphs.Path(both_ways=True)(nodes(7)), row(7)),
    "MirrorPath": Scene(lambda: graphs.MirrorPath(both_ways=False)(nodes(7)), row(7), bends=True),
    "DilatedPath": Scene(lambda: graphs.DilatedPath()(nodes(9)), row(9), bends=True),
    "Grid": Scene(lambda: graphs.Grid(3, 3)(nodes(9)), square()),
    "GridDAG": Scene(lambda: graphs.GridDAG(3, 3)(nodes(9)), square()),
    "SearchPath": Scene(lambda: graphs.SearchPath("bfs")(network()), NETWORK),
    "SearchDAG": Scene(lambda: graphs.SearchDAG("bfs")(network()), NETWORK),
    "AcyclicOrder": Scene(lambda: graphs.AcyclicOrder("degree", descending=True)(network()), NETWORK),
    "ShuffledEdges": Scene(lambda: graphs.ShuffledEdges(seed=1)(network()), NETWORK),
    "Tree": Scene(lambda: graphs.Tree(2)(tree()), TREE),
    "SiblingTree": Scene(lambda: graphs.SiblingTree()(tree()), TREE),
    "TreePath": Scene(lambda: graphs.TreePath()(tree()), TREE),
    "RandomParents": Scene(lambda: graphs.RandomParents(seed=3)(tree()), TREE),
    "Phrases": Scene(lambda: graphs.Phrases("path")(tree()), PHRASES),
    "Backbone": Scene(lambda: graphs.Backbone()(residues()), FOLD),
    "RasterPath": Scene(lambda: graphs.RasterPath()(superpixels()), SUPERPIXELS),
    "GraphOfWords": Scene(lambda: graphs.GraphOfWords(window=3)(Data(x=WORDS)), [(0, 0), (1, 1), (1, -1), (2, 0)]),
    "DocumentWordGraph": Scene(
        corpus,
        [(0, 1.4), (0, 0), (0, -1.4), (2, 1.4), (2, 0), (2, -1.4)],
        words=("d1", "d2", "d3", "", "", ""),
    ),
}


def edge(
    axes: Axes, start: tuple[float, float], end: tuple[float, float], colour: str, arrow: str, bend: float
) -> None:
    """Draw an edge."""
    style = {"arrowstyle": arrow, "mutation_scale": 9, "color": colour, "linewidth": 1.3, "shrinkA": 5, "shrinkB": 5}
    axes.add_patch(FancyArrowPatch(start, end, connectionstyle=f"arc3,rad={bend}", zorder=1, **style))


def draw(axes: Axes, scene: Scene) -> None:
    """Draw the graph that a view makes."""
    data, places = scene.make(), scene.places
    pairs = data["edge_index"].t().tolist()
    types = data.edge_type.tolist() if "edge_type" in data else [0] * len(pairs)
    both = {(u, v) for u, v in pairs if [v, u] in pairs}
    for (u, v), kind in zip(pairs, types, strict=True):
        if u == v or ((u, v) in both and u > v):
            continue
        far = scene.bends and abs(u - v) > 1
        arrow = "-" if (u, v) in both else "-|>"
        edge(axes, places[u], places[v], ORANGE if kind else GREY, arrow, -0.45 if far else 0.0)
    levels = data.level.tolist() if "level" in data else None
    shades: dict[str, Any] = {"c": levels, "cmap": "viridis"} if levels and max(levels) else {"c": BLUE}
    across, up = zip(*places, strict=True)
    axes.scatter(across, up, s=60, zorder=2, **shades)
    for (x, y), word in zip(places, scene.words, strict=False):
        axes.text(x - 0.25, y, word, ha="right", va="center", fontsize=8)


def fields(axes: Axes) -> None:
    """Draw the receptive fields of words: a table with a row a word and a column a place."""
    data = graphs.GraphOfWords(window=3)(Data(x=torch.tensor([2, 3, 4, 2, 5, 3, 6])))
    field = graphs.WordFields(3, 4)(data).field[0]
    for (y, x), word in zip(torch.cartesian_prod(torch.arange(3), torch.arange(4)), field.flatten(), strict=True):
        axes.scatter(int(x), -int(y), s=150, color=ORANGE if x == 0 else BLUE, marker="s")
        axes.text(
            int(x), -int(y), "" if word < 0 else f"w{int(word)}", color="white", fontsize=7, ha="center", va="center"
        )


def neighbourhoods(axes: Axes) -> None:
    """Draw the paths of three nodes, a row each."""
    data = graphs.Neighbourhoods("bfs", 4)(network())
    for y, node in enumerate((0, 3, 6)):
        path = data.copy_of[data.batch == node].tolist()
        for x, one in enumerate(path):
            last = x == len(path) - 1
            axes.scatter(x, -y, s=130, color=ORANGE if last else BLUE, zorder=2)
            axes.text(x, -y, str(one), color="white", fontsize=7, ha="center", va="center", zorder=3)
            if not last:
                edge(axes, (x + 0.08, -y), (x + 0.92, -y), GREY, "-|>", 0.0)


def lines(axes: Axes) -> None:
    """Draw a graph faintly, and on each edge the node that it becomes."""
    data = graphs.SearchDAG("bfs")(network())
    made = graphs.LineGraph()(data.clone())
    for u, v in data.edge_index.t().tolist():
        edge(axes, NETWORK[u], NETWORK[v], "#dddddd", "-", 0.0)
    middle = [
        ((NETWORK[u][0] + NETWORK[v][0]) / 2, (NETWORK[u][1] + NETWORK[v][1]) / 2)
        for u, v in data.edge_index.t().tolist()
    ]
    for u, v in made.edge_index.t().tolist():
        edge(axes, middle[u], middle[v], GREY, "-|>", 0.0)
    axes.scatter(*zip(*middle, strict=True), s=60, c=made.level, cmap="viridis", zorder=2)


def visits(axes: Axes) -> None:
    """Draw superpixels with the number of their visit, and edges from those that are visited before."""
    data = graphs.VisitOrder("confidence")(superpixels())
    rank = data["score"].argsort(descending=True).argsort().tolist()
    for u, v in TOUCHING:
        first, then = (u, v) if rank[u] < rank[v] else (v, u)
        edge(axes, SUPERPIXELS[first], SUPERPIXELS[then], GREY, "-|>", 0.0)
    axes.scatter(*zip(*SUPERPIXELS, strict=True), s=130, c=rank, cmap="viridis", vmax=9, zorder=2)
    for (x, y), one in zip(SUPERPIXELS, rank, strict=True):
        axes.text(x, y, str(one + 1), color="white", fontsize=7, ha="center", va="center", zorder=3)


OTHERS = {"VisitOrder": visits, "WordFields": fields, "Neighbourhoods": neighbourhoods, "LineGraph": lines}


def picture(name: str, paint: Callable[[Axes], None]) -> None:
    """Write one picture of the gallery."""
    with mpl.rc_context(pages.PLAIN):
        figure = Figure(figsize=(2.3, 1.35))
        axes = figure.add_axes((0.04, 0.04, 0.92, 0.92))
        paint(axes)
        axes.margins(0.14, 0.22)
        axes.set_axis_off()
    pages.save(figure, f"gallery/{name}.svg", transparent=True)


def main() -> None:
    """Write the pictures."""
    for name, scene in SCENES.items():
        picture(f"view-{name}", lambda axes, scene=scene: draw(axes, scene))
    for name, paint in OTHERS.items():
        picture(f"view-{name}", paint)


if __name__ == "__main__":
    main()
