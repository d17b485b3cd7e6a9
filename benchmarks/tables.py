"""The literal tables: which tasks, views and models there are. A new one is a file and a row here."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from torch import nn
from torch_geometric.data import Data
from torch_geometric.transforms import BaseTransform

from gnn_toolkit.graphs import (
    DilatedPath,
    Grid,
    GridDAG,
    MirrorPath,
    Neighbourhoods,
    NoEdges,
    Path,
    SearchDAG,
    SearchPath,
    ShuffledEdges,
)

from .models.network import network
from .tasks import citation, palindrome, text, traffic
from .tasks.club import CLUB
from .tasks.digits import DIGITS
from .tasks.task import Budget, Problem, Task


@dataclass(frozen=True)
class View:
    """A choice of edges.

    Attributes:
        text: which edges, in a line.
        transform: makes them; ``None`` keeps those that the data has.
    """

    text: str
    transform: BaseTransform | None


@dataclass(frozen=True)
class Model:
    """A model.

    Attributes:
        text: what it is, in a line.
        build: makes it, untrained, from the task's budget, the task's data and the graph that the view chose.
    """

    text: str
    build: Callable[[Budget, Problem, Data], nn.Module]


TASKS: dict[str, Task] = {
    **{f"palindrome-{length}": palindrome.task(length) for length in (10, 20, 40, 80)},
    **{f"scalar-palindrome-{length}": palindrome.scalar_task(length) for length in range(5, 81, 5)},
    **palindrome.memory_tasks(),
    "text": text.TEXT,
    **text.BOOKS,
    "digits": DIGITS,
    "club": CLUB,
    **{f"los-loop-{minutes}": traffic.los_loop(minutes) for minutes in (15, 30, 45, 60)},
    **{f"metro-{minutes}": traffic.metro(minutes) for minutes in (10, 15, 30)},
    **{name.lower(): citation.task(name) for name in citation.NETWORKS},
    **{f"{name.lower()}-random": citation.task(name, random=True) for name in citation.NETWORKS},
    **{f"{name.lower()}-last": citation.task(name, keep="last") for name in citation.NETWORKS},
}

VIEWS: dict[str, View] = {
    "path": View("the nodes in their order, each with an edge to the next", Path()),
    "path both ways": View("the path with the edges back", Path(both_ways=True)),
    "path + mirror": View("the path both ways, and node i joined with node N - 1 - i", MirrorPath()),
    "path + skips": View("the path both ways, and the multiples of 2, 4, 8, ... in a row", DilatedPath(both_ways=True)),
    "mirror DAG": View("the path (type 0), and node i with an edge to N - 1 - i (type 1)", MirrorPath(both_ways=False)),
    "skip DAG": View("the path (type 0), and the multiples of 2, 4, 8, ... in a row (type 1)", DilatedPath()),
    "raster path": View("the pixels row by row, each with an edge to the next", Path()),
    "grid DAG": View("pixels with edges to the right (type 0) and down (type 1)", GridDAG(8, 8)),
    "grid": View("pixels joined to their four neighbours", Grid(8, 8)),
    "graph": View("the edges that the data has by itself", None),
    "BFS path": View("one path through the graph, breadth first", SearchPath("bfs")),
    "DFS path": View("one path through the graph, depth first", SearchPath("dfs")),
    "BFS DAG": View("every edge, from the node that a breadth-first search meets first", SearchDAG("bfs")),
    "BFS neighbourhood": View("for each node a path through the nodes nearest to it", Neighbourhoods("bfs", 16)),
    "DFS neighbourhood": View("for each node a depth-first walk that ends in it", Neighbourhoods("dfs", 16)),
    "shuffled graph": View("the edges that the data has, between nodes drawn at random", ShuffledEdges()),
    "no edges": View("the nodes alone", NoEdges()),
}

MODELS: dict[str, Model] = {
    "RNN": Model("Elman network", partial(network, "rnn")),
    "GRU": Model("gated recurrent unit", partial(network, "gru")),
    "LSTM": Model("long short-term memory", partial(network, "lstm")),
    "BiLSTM": Model("long short-term memory both ways", partial(network, "lstm", bidirectional=True)),
    "DAGRNN": Model("Elman network over a DAG, of the sum over predecessors", partial(network, "rnn")),
    "DAGGRU": Model("gated recurrent unit over a DAG, of the sum over predecessors", partial(network, "gru")),
    "DAGLSTM": Model("long short-term memory over a DAG, a forget gate for every edge", partial(network, "lstm")),
    "GCN": Model("graph convolutions with relu", partial(network, "gcn")),
    **{
        f"GCN-{depth}": Model(f"{depth} graph convolutions with relu", partial(network, "gcn", num_convolutions=depth))
        for depth in (1, 2, 3, 4)
    },
    "DCRNN": Model("gated recurrence in time, diffusion convolutions", partial(network, "dcrnn")),
    "GConvGRU": Model("gated recurrence in time, Chebyshev convolutions", partial(network, "gconvgru")),
    "GConvLSTM": Model("LSTM in time with peepholes, Chebyshev convolutions", partial(network, "gconvlstm")),
    "TGCN": Model("gated recurrence in time, one convolution of input and state", partial(network, "tgcn")),
    "MLP": Model("linear layers with relu, blind to edges", partial(network, "mlp")),
}
