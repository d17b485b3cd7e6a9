"""The small pictures of the layers: what a node's new state is made of.

Run ``PYTHONPATH=. python docs/draw_layers.py``; it writes ``docs/gallery/layer-*.svg``. Blue is the node itself,
orange what comes along edges, green what comes from the step before.
"""

from collections.abc import Callable
from functools import partial

from draw_views import BLUE, GREY, NETWORK, ORANGE, PAIRS, edge, picture
from matplotlib.axes import Axes

GREEN, PALE = "#009e73", "#c9c9c9"
AROUND = [(-1.5, 0.9), (-1.7, -0.2), (-1.2, -1.1), (1.4, 0.9), (1.5, -0.8)]
Painter = Callable[[Axes], None]


def dot(axes: Axes, place: tuple[float, float], colour: str, text: str = "", size: int = 170) -> None:
    """Draw a node with a word in it."""
    axes.scatter(*place, s=size, color=colour, zorder=2)
    axes.text(*place, text, color="white", fontsize=7.5, ha="center", va="center", zorder=3)


def around(axes: Axes, labels: tuple[str, ...], own: str, on_edges: bool = False) -> None:
    """Draw a node with its neighbours, the words of a convolution on the edges."""
    for place, label in zip(AROUND, labels, strict=False):
        edge(axes, place, (0, 0), ORANGE, "-|>", 0.0)
        dot(axes, place, ORANGE)
        middle = (place[0] * 0.52, place[1] * 0.52 + 0.16)
        axes.text(*middle, label, fontsize=7, ha="center", va="bottom")
        if on_edges:
            axes.scatter(place[0] * 0.45, place[1] * 0.45, marker="s", s=28, color="#cc79a7", zorder=2)
    dot(axes, (0, 0), BLUE, own, 260)


def levels(axes: Axes, gate: str, on_edges: bool) -> None:
    """Draw a DAG level by level; a gate stands at a node or on its edges."""
    places = [(0, 0.8), (0, -0.8), (1.2, 0.0), (1.2, -1.2), (2.4, 0.5), (3.6, -0.3)]
    for u, v in ((0, 2), (1, 2), (1, 3), (2, 4), (3, 5), (4, 5)):
        edge(axes, places[u], places[v], GREY, "-|>", 0.0)
        if on_edges:
            middle = ((places[u][0] + places[v][0]) / 2, (places[u][1] + places[v][1]) / 2)
            dot(axes, middle, ORANGE, gate, 75)
    axes.scatter(*zip(*places, strict=True), s=170, c=[0, 0, 1, 1, 2, 3], cmap="viridis", zorder=2)
    if not on_edges:
        for (x, y), word in zip(places[2:], [gate] * 4, strict=True):
            axes.text(x, y, word, color="white", fontsize=7.5, ha="center", va="center", zorder=3)


def along(axes: Axes, gate: str) -> None:
    """Draw a sequence: each step reads the state before it."""
    for x in range(5):
        if x:
            edge(axes, (x - 1, 0), (x, 0), GREEN, "-|>", 0.0)
        edge(axes, (x, -1.1), (x, 0), GREY, "-|>", 0.0)
        dot(axes, (x, 0), BLUE, gate)
        axes.text(x, -1.25, f"$x_{x}$", fontsize=7.5, ha="center", va="top")


def in_time(axes: Axes, ways: str, inputs: bool = True, weights: bool = False) -> None:
    """Draw one graph at two steps, and what the state of a node at the second is made of."""
    small = [(0, 0), (0.9, 0.7), (0.9, -0.7), (1.8, 0)]
    then, now = small, [(x + 3.6, y) for x, y in small]
    for places in (then, now):
        for u, v in ((0, 1), (0, 2), (1, 3), (2, 3)):
            arrow = {"both": "<|-|>", "none": "-", "mean": "-"}[ways]
            edge(axes, places[u], places[v], ORANGE if inputs or places is then else PALE, arrow, 0.0)
        for place in places:
            dot(axes, place, GREEN if places is then else BLUE, "", 110)
    if weights:
        axes.add_patch(_square((0.5, 1.25), GREEN))
        axes.add_patch(_square((4.1, 1.25), GREEN))
        edge(axes, (1.2, 1.5), (4.1, 1.5), GREEN, "-|>", 0.0)
        axes.text(0.8, 1.42, "W", color="white", fontsize=8, ha="center", va="center", zorder=4)
        axes.text(4.4, 1.42, "W'", color="white", fontsize=8, ha="center", va="center", zorder=4)
    else:
        for place, end in zip(then, now, strict=True):
            edge(axes, place, end, GREEN, "-|>", 0.22)
    axes.text(0.9, -1.25, "step before", fontsize=7, ha="center")
    axes.text(4.5, -1.25, "now", fontsize=7, ha="center")


def _square(corner: tuple[float, float], colour: str):
    from matplotlib.patches import Rectangle

    return Rectangle(corner, 0.6, 0.36, color=colour, zorder=3)


def visits(axes: Axes) -> None:
    """Draw a graph half visited: who was visited hands over the new state, who was not the old one."""
    order = [1, 3, 2, 4, 6, 5, 7]
    for u, v in PAIRS.t().tolist():
        edge(axes, NETWORK[u], NETWORK[v], PALE, "-", 0.0)
    for u in (1, 2):
        edge(axes, NETWORK[u], NETWORK[3], ORANGE, "-|>", 0.0)
    for u in (4, 5):
        edge(axes, NETWORK[u], NETWORK[3], GREEN, "-|>", 0.0)
    for node, (place, number) in enumerate(zip(NETWORK, order, strict=True)):
        dot(axes, place, BLUE if node == 3 else ORANGE if number < 4 else GREEN, str(number), 130)


def pair(axes: Axes) -> None:
    """Draw two graphs, and a pair of nodes that is asked about."""
    left, right = [(0, 0.7), (0.8, 0), (0, -0.7)], [(3, 0.7), (2.2, 0), (3, -0.7)]
    for places in (left, right):
        for u, v in ((0, 1), (1, 2), (0, 2)):
            edge(axes, places[u], places[v], PALE, "-", 0.0)
        for place in places:
            dot(axes, place, ORANGE, "", 90)
    dot(axes, left[1], BLUE, "a")
    dot(axes, right[1], BLUE, "b")
    edge(axes, left[1], right[1], BLUE, "<|-|>", 0.0)
    axes.text(1.5, 0.25, "?", ha="center", fontsize=10)


LAYERS: dict[str, Painter] = {
    "GCNConv": partial(around, labels=("a", "a", "a", "a", "a"), own="a"),
    "NodeAverageConv": partial(around, labels=("W", "W", "W", "W", "W"), own="C"),
    "NodeEdgeAverageConv": partial(around, labels=("W", "W", "W", "W", "W"), own="C", on_edges=True),
    "OrderedConv": partial(around, labels=("W1", "W2", "W3", "W4", "W5"), own="C"),
    "PairClassifier": pair,
    "DAGRNN": partial(levels, gate="", on_edges=False),
    "DAGGRU": partial(levels, gate="z", on_edges=False),
    "DAGLSTM": partial(levels, gate="f", on_edges=True),
    "DAGMinGRU": partial(levels, gate="z", on_edges=True),
    "DAGMinLSTM": partial(levels, gate="f", on_edges=True),
    "DAGLRU": partial(levels, gate="λ", on_edges=True),
    "DAGMamba": partial(levels, gate="Δ", on_edges=True),
    "GraphLSTM": visits,
    "RNN": partial(along, gate=""),
    "GRU": partial(along, gate="z"),
    "LSTM": partial(along, gate="f"),
    "GConvGRU": partial(in_time, ways="none"),
    "GConvLSTM": partial(in_time, ways="none"),
    "GCLSTM": partial(in_time, ways="none", inputs=False),
    "DCRNN": partial(in_time, ways="both"),
    "TGCN": partial(in_time, ways="mean"),
    "EvolveGCNO": partial(in_time, ways="none", weights=True),
    "EvolveGCNH": partial(in_time, ways="none", weights=True),
}


def main() -> None:
    """Write the pictures."""
    for name, paint in LAYERS.items():
        picture(f"layer-{name}", paint)


if __name__ == "__main__":
    main()
