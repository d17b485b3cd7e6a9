"""The literal tables: which tasks, views and models there are. A new one is a file and a row here, or a plugin."""

from dataclasses import dataclass
from pathlib import Path as Folder

import pooch
from torch_geometric.transforms import BaseTransform, Compose

from gnn_toolkit.graphs import (
    AcyclicOrder,
    Backbone,
    DilatedPath,
    DocumentWordGraph,
    GraphOfWords,
    Grid,
    GridDAG,
    LineGraph,
    MirrorPath,
    Neighbourhoods,
    NoEdges,
    Path,
    Phrases,
    RandomParents,
    RasterPath,
    SearchDAG,
    SearchPath,
    ShuffledEdges,
    SiblingTree,
    Tree,
    TreePath,
    VisitOrder,
    WordFields,
)

from .models import residues, words
from .models.forecaster import at_once, in_time
from .models.generator import generator
from .models.model import Model
from .models.network import MLP, convolution, linear, recurrence
from .models.superpixels import superpixels
from .models.watcher import watching
from .tasks import citation, documents, molecules
from .tasks.accidents import CHICAGO
from .tasks.club import CLUB
from .tasks.computation import FORMULAS, LISTS, PROGRAMS
from .tasks.copying import COPYING
from .tasks.detection import DETECTOR_INCIDENTS, STREET_ACCIDENTS
from .tasks.digits import DIGITS
from .tasks.interfaces import INTERFACES
from .tasks.palindrome import PALINDROME
from .tasks.pedestrians import PEDESTRIANS
from .tasks.sentences import RELATEDNESS, SENTIMENT
from .tasks.sites import SITES
from .tasks.task import Task
from .tasks.text import TEXT, book
from .tasks.traffic import LOS_LOOP, METRO


@dataclass(frozen=True)
class View:
    """A choice of edges.

    Attributes:
        text: which edges, in a line.
        transform: makes them; ``None`` keeps those that the data has.
        edges: what they are (:data:`.models.model.EDGES`): ``"dag"`` promises that there is no cycle.
    """

    text: str
    transform: BaseTransform | None
    edges: str = "graph"


TASKS: dict[str, Task] = {
    "palindrome": PALINDROME,
    "copying": COPYING,
    "text": TEXT,
    "grimm": book("grimm", "Grimms' Fairy Tales"),
    "shakespeare": book("tinyshakespeare", "Tiny Shakespeare"),
    "digits": DIGITS,
    "club": CLUB,
    "los-loop": LOS_LOOP,
    "metro": METRO,
    "chicago": CHICAGO,
    "street-accidents": STREET_ACCIDENTS,
    "detector-incidents": DETECTOR_INCIDENTS,
    **{name.lower(): citation.task(name) for name in citation.NETWORKS},
    **{name.lower(): molecules.task(name) for name in molecules.COLLECTIONS},
    **{name.lower(): documents.task(name) for name in documents.CORPORA},
    "sst": SENTIMENT,
    "sick": RELATEDNESS,
    "listops": LISTS,
    "proplogic": FORMULAS,
    "programs": PROGRAMS,
    "pedestrians": PEDESTRIANS,
    "interfaces": INTERFACES,
    "sites": SITES,
}

BOTH = DilatedPath(both_ways=True)
OF_WORDS = GraphOfWords(window=4)
KEPT = Folder(pooch.os_cache("gnn_toolkit")) / "corpus graphs"
VIEWS: dict[str, View] = {
    "path": View("the nodes in their order, each with an edge to the next", Path(), "path"),
    "path both ways": View("the path with the edges back", Path(both_ways=True)),
    "path + mirror": View("the path both ways, and node i joined with node N - 1 - i", MirrorPath()),
    "path + skips": View("the path both ways, and the multiples of 2, 4, 8, ... in a row", BOTH),
    "mirror DAG": View("the path (type 0), and node i with an edge to N - 1 - i (type 1)", MirrorPath(False), "dag"),
    "skip DAG": View("the path (type 0), and the multiples of 2, 4, 8, ... in a row (type 1)", DilatedPath(), "dag"),
    "raster path": View("the pixels row by row, each with an edge to the next", Path(), "path"),
    "grid DAG": View("pixels with edges to the right (type 0) and down (type 1)", GridDAG(8, 8), "dag"),
    "grid": View("pixels joined to their four neighbours", Grid(8, 8)),
    "graph": View("the edges that the data has by itself", None),
    "BFS path": View("one path through the graph, breadth first", SearchPath("bfs"), "path"),
    "DFS path": View("one path through the graph, depth first", SearchPath("dfs"), "path"),
    "BFS DAG": View("every edge, from the node that a breadth-first search meets first", SearchDAG("bfs"), "dag"),
    "index DAG": View("every edge, from the node of the lower number", AcyclicOrder("index"), "dag"),
    "degree DAG": View(
        "every edge, from the node with more neighbours", AcyclicOrder("degree", descending=True), "dag"
    ),
    "line graph": View("a node for each edge, joined to the edges that go on from its end", LineGraph()),
    "BFS line DAG": View("the line graph of the BFS DAG", Compose([AcyclicOrder("bfs"), LineGraph()]), "dag"),
    "BFS neighbourhood": View("for each node a path through those nearest to it", Neighbourhoods("bfs", 16), "path"),
    "DFS neighbourhood": View("for each node a depth-first walk that ends in it", Neighbourhoods("dfs", 16), "path"),
    "shuffled graph": View("the edges that the data has, between nodes drawn at random", ShuffledEdges()),
    "no edges": View("the nodes alone", NoEdges(), "none"),
    "graph of words": View("a document's distinct words, joined by the number of windows of 4 with both", OF_WORDS),
    "graph of words, PMI": View("the same, joined by their mutual information", GraphOfWords(4, "pmi")),
    "shuffled graph of words": View("the graph of words between other words", Compose([OF_WORDS, ShuffledEdges()])),
    "word fields": View(
        "the 64 best connected words of the graph of words, each with the 4 nearest to it",
        Compose([OF_WORDS, WordFields(64, 5)]),
        "fields",
    ),
    "corpus graph": View("all documents and words, by TF-IDF and mutual information", DocumentWordGraph(cache=KEPT)),
    "corpus graph, words apart": View(
        "the corpus graph without edges between words", DocumentWordGraph(cache=KEPT, words="apart")
    ),
    "corpus graph, other words": View(
        "the corpus graph with the edges between words drawn anew", DocumentWordGraph(cache=KEPT, words="shuffled")
    ),
    "tree": View("a tree from its leaves to its root", Tree(), "dag"),
    "ordered tree": View(
        "a tree from its leaves to its root, a type for each of five places of a child", Tree(5), "dag"
    ),
    "sibling tree": View("a tree whose nodes read their children one after the other", SiblingTree(), "dag"),
    "symbols": View("all nodes of a tree in their order, each with an edge to the next", TreePath(), "path"),
    "symbols both ways": View("all nodes of a tree in their order, with edges both ways", TreePath(both_ways=True)),
    "words": View("the words of each phrase in their order, with an edge to the next", Phrases("path"), "path"),
    "words both ways": View("the words of each phrase in their order, with edges both ways", Phrases("path both ways")),
    "random tree": View("a random binary tree over the words of each phrase", Phrases("random tree"), "dag"),
    "random parents": View("a random tree over all nodes: a parent is any node behind", RandomParents(), "dag"),
    "backbone": View("each residue with an edge to the next of its chain", Backbone(), "path"),
    "graph + backbone": View("the edges that the data has by itself, and the backbone", Backbone(True), "graph + path"),
    "bag of words": View("the words of each phrase, without edges", Phrases("bag"), "none"),
    "superpixels": View("superpixels of a picture, joined where they touch", None),
    **{
        f"superpixels, {name}": View(f"the same, visited {how}", VisitOrder(by), "order")
        for name, how, by in (
            ("confidence first", "in the order of a first classifier's confidence", "confidence"),
            ("breadth first", "as a breadth-first search meets them", "bfs"),
            ("row by row", "row by row", "raster"),
            ("at random", "in an order drawn at random", "random"),
        )
    },
    "row of superpixels": View("superpixels row by row, each with an edge to the next", RasterPath(), "path"),
    "grid of patches": View("patches of a picture with edges to the right (type 0) and down (type 1)", None, "patches"),
}

LINEAR = {
    "MinGRU": "minimal gated recurrent unit",
    "MinLSTM": "minimal LSTM",
    "LRU": "linear recurrent unit",
    "Mamba": "selective state space",
}
MODELS: dict[str, Model] = {
    "RNN": Model(
        "Elman network", {"graph": recurrence("rnn"), "text": generator("rnn"), "words": words.recurrence("rnn")}
    ),
    "GRU": Model(
        "gated recurrent unit",
        {
            "graph": recurrence("gru"),
            "text": generator("gru"),
            "series": in_time("gru", "none"),
            "watch": watching("gru", "none"),
            "words": words.recurrence("gru"),
        },
    ),
    "LSTM": Model(
        "long short-term memory",
        {
            "graph": recurrence("lstm"),
            "text": generator("lstm"),
            "series": in_time("lstm", "none"),
            "watch": watching("lstm", "none"),
            "words": words.recurrence("lstm"),
        },
    ),
    "BiLSTM": Model(
        "long short-term memory both ways",
        {
            "graph": recurrence("lstm", bidirectional=True),
            "words": words.recurrence("lstm", bidirectional=True),
            "superpixels": superpixels("lstm", "path"),
        },
    ),
    "2-D LSTM": Model(
        "long short-term memory along a grid and back", {"superpixels": superpixels("patch_lstm", "patches")}
    ),
    "GraphLSTM": Model(
        "long short-term memory over a graph in the order of a visit",
        {"superpixels": superpixels("graph_lstm", "order")},
    ),
    "GAT": Model("graph attention in residual blocks", {"superpixels": superpixels("gat", "graph")}),
    "SAGE": Model("means over neighbours in residual blocks", {"superpixels": superpixels("sage", "graph")}),
    "DAGRNN": Model("Elman network over a DAG, of the sum over predecessors", {"graph": recurrence("rnn")}),
    "DAGGRU": Model("gated recurrent unit over a DAG, of the sum over predecessors", {"graph": recurrence("gru")}),
    "DAGLSTM": Model("long short-term memory over a DAG, a forget gate for every edge", {"graph": recurrence("lstm")}),
    **{
        name: Model(
            f"{text}, in residual blocks",
            {"graph": linear(name.lower()), "text": generator(name.lower()), "words": words.linear(name.lower())},
        )
        for name, text in LINEAR.items()
    },
    **{
        f"DAG{name}": Model(f"{text} over a DAG, of the mean over predecessors", {"graph": linear(name.lower())})
        for name, text in LINEAR.items()
    },
    "N-ary Tree-LSTM": Model(
        "long short-term memory over a DAG, a forget gate for every edge type",
        {"words": words.recurrence("lstm", forget="relation")},
    ),
    "GCN": Model(
        "graph convolutions with relu",
        {
            "graph": convolution(),
            "series": at_once("gcn", "none", "graph"),
            "words": words.convolution(),
            "superpixels": superpixels("gcn", "graph"),
        },
    ),
    "GCN, attention": Model(
        "graph convolutions with relu, read by attention", {"words": words.convolution("attention")}
    ),
    **{
        f"GCN-{depth}": Model(f"{depth} graph convolutions with relu", {"graph": convolution(depth)})
        for depth in (1, 2, 3, 4)
    },
    **{
        name: Model(text, {"series": in_time(name.lower(), "graph"), "watch": watching(name.lower(), "graph")})
        for name, text in {
            "DCRNN": "gated recurrence in time, diffusion convolutions",
            "GConvGRU": "gated recurrence in time, Chebyshev convolutions",
            "GConvLSTM": "LSTM in time, peepholes, Chebyshev convolutions",
            "TGCN": "gated recurrence in time, one convolution of input and state",
        }.items()
    },
    "diffusion": Model("DCRNN of each step alone, without memory", {"watch": watching("dcrnn", "graph", memory=False)}),
    "ChebConv": Model("Chebyshev convolutions with relu", {"series": at_once("cheb", "graph")}),
    "MLP": Model(
        "linear layers with relu, blind to edges",
        {"graph": MLP, "series": at_once("mlp", "none"), "superpixels": superpixels("mlp", "none")},
    ),
    "deep graph CNN": Model("convolutions over receptive fields of a graph of words", {"words": words.DEEP}),
    "wide MLP": Model("one hidden layer of 1,024 on a bag of words", {"words": words.WIDE_MLP}),
    **residues.MODELS,
}
