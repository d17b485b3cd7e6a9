"""Our conversion from and to networkx against PyG's."""

import math
from collections.abc import Callable
from typing import Any

import networkx as nx
import numpy as np
from torch import Tensor
from torch_geometric.data import Data
from torch_geometric.utils import from_networkx as pyg_from_networkx
from torch_geometric.utils import to_networkx as pyg_to_networkx

from gnn_toolkit import from_networkx, to_networkx

from .case import Case, Contest, Step
from .scaling import Curve, Point
from .timing import milliseconds

FEATURES, CLASSES, DEGREE = 16, 7, 5
LIMIT = 10.0  # seconds for the largest graph of the curve


def graph(nodes: int, edges: int, directed: bool) -> nx.Graph:
    """Return a random graph: a vector of ``FEATURES`` and a label on each node, a weight on each edge, in random order.

    Args:
        nodes: how many.
        edges: how many, no two alike; edges from a node to itself among them.
        directed: whether they have a direction.
    """
    rng = np.random.default_rng(0)
    ends = rng.integers(nodes, size=(2, 2 * edges))
    ends = ends if directed else np.sort(ends, axis=0)
    pairs = rng.permutation(np.unique(ends, axis=1), axis=1)[:, :edges]
    vectors, labels = rng.random((nodes, FEATURES)).tolist(), rng.integers(CLASSES, size=nodes).tolist()
    G = nx.DiGraph() if directed else nx.Graph()
    G.add_nodes_from((i, {"x": x, "y": y}) for i, (x, y) in enumerate(zip(vectors, labels, strict=True)))
    G.add_weighted_edges_from(zip(*pairs.tolist(), rng.random(pairs.shape[1]).tolist(), strict=True))
    return G


def columns(data: Data) -> list[Tensor]:
    """Return all that a converted graph holds."""
    return [data[name] for name in ("edge_index", "x", "y", "weight")]


def loading(nodes: int, edges: int, directed: bool) -> Contest:
    """Return our way from networkx against PyG's."""
    G = graph(nodes, edges, directed)
    rival = _converted(pyg_from_networkx, G)
    return Contest(_converted(from_networkx, G), expected=rival, rival=rival)


def _converted(convert: Callable[[Any], Data], G: nx.Graph) -> Step:
    return lambda: columns(convert(G))


def going_back(nodes: int, edges: int, directed: bool) -> Contest:
    """Return our way back to networkx against PyG's; what they make is compared, and not timed."""
    data = pyg_from_networkx(graph(nodes, edges, directed))
    named: Any = {"node_attrs": ["x", "y"], "edge_attrs": ["weight"], "to_undirected": not directed}

    def tensors(to: Callable[..., nx.Graph]) -> Step:
        return lambda: columns(pyg_from_networkx(to(data, **named)))

    costs = [lambda to=to: milliseconds(lambda: to(data, **named)) for to in (to_networkx, pyg_to_networkx)]
    ours, theirs = tensors(to_networkx), tensors(pyg_to_networkx)
    return Contest(ours, expected=theirs, rival=theirs, costs=(costs[0], costs[1]))


SIZE: Any = {"nodes": 50_000, "edges": 250_000}

# fmt: off
CASES: dict[str, Case] = {
    "networkx-directed": Case("from_networkx, 50,000 nodes, 250,000 directed edges, vector, label, weight",
                              "PyG's from_networkx", "speed", 10.0, lambda device: loading(**SIZE, directed=True)),
    "networkx-undirected": Case("from_networkx, 50,000 nodes, 250,000 undirected edges, vector, label, weight",
                                "PyG's from_networkx", "speed", 10.0, lambda device: loading(**SIZE, directed=False)),
    "networkx-back": Case("to_networkx, 50,000 nodes, 250,000 directed edges, vector, label, weight",
                          "PyG's to_networkx", "speed", None, lambda device: going_back(**SIZE, directed=True)),
}
# fmt: on


def linearity(points: list[Point]) -> list[str]:
    """Return the power of the number of edges with which our time grows, and how long the largest graph takes."""
    first, *_, last = (point for point in points if point.line == "ours")
    power = math.log(last.milliseconds / first.milliseconds) / math.log(last.place / first.place)
    seconds = last.milliseconds / 1e3
    verdict = "met" if seconds < LIMIT else "MISSED"
    return [
        f"time grows with the edges to the power of {power:.2f} from {first.place:,} to {last.place:,} edges",
        f"{last.place:,} edges take {seconds:.2f} s (bar < {LIMIT:g} s): {verdict}",
    ]


def _growing(convert: Callable[[Any], Data]) -> Callable[[int, str], Step]:
    return lambda edges, device: _converted(convert, graph(edges // DEGREE, edges, directed=True))


CURVES: dict[str, Curve] = {
    "networkx": Curve(
        f"from_networkx, {DEGREE} directed edges a node",
        "edges",
        (10_000, 100_000, 1_000_000),
        {"ours": _growing(from_networkx), "PyG": _growing(pyg_from_networkx)},
        linearity,
        alike=("ours", "PyG"),
    ),
}
