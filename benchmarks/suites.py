"""The literal tables: which tasks there are, how each is trained, and which views and models a suite compares."""

from collections.abc import Callable
from dataclasses import dataclass

from torch_geometric.transforms import BaseTransform

from benchmarks import problems
from gnn_toolkit.graphs import Grid, GridDAG, MirrorPath, Path, SearchPath
from gnn_toolkit.training import Settings


@dataclass(frozen=True)
class Task:
    """One question and the budget that every model gets for it.

    Attributes:
        title: what is asked, in a line.
        problem: makes the data, for a seed.
        metric: ``"accuracy"`` or ``"nats per character"``.
        settings: how every model is trained.
        hidden_channels: width of every model.
        num_layers: number of layers of every recurrence and of the text models.
        num_convolutions: number of layers of a convolution, which sees as many hops far.
        dropout: of every model.
        memory_bias: added at the start to the gate by which a GRU or LSTM keeps the past.
        split_by_seed: whether the seed draws the splits; if not, all seeds share them.
        target: a validation score worth reaching; the time to it is a cost.
        length: how long the sequences are, where a family of tasks differs in nothing else.
        family: what such tasks are called together.
    """

    title: str
    problem: Callable[[int], problems.Problem]
    metric: str
    settings: Settings
    hidden_channels: int
    num_layers: int
    num_convolutions: int = 2
    dropout: float = 0.0
    memory_bias: float = 0.0
    split_by_seed: bool = False
    target: float | None = None
    length: int | None = None
    family: str = ""

    @property
    def higher_is_better(self) -> bool:
        """Whether a higher score is better."""
        return self.metric == "accuracy"


TASKS: dict[str, Task] = {
    "palindrome-10": Task(
        "last digit of a palindrome of length 10",
        lambda seed: problems.palindrome(10, batch_size=128),
        "accuracy",
        Settings(steps=300, learning_rate=1e-2, evaluate_every=50),
        hidden_channels=64,
        num_layers=1,
        memory_bias=3.0,
        target=0.95,
        length=10,
        family="palindromes",
    ),
    "palindrome-20": Task(
        "last digit of a palindrome of length 20",
        lambda seed: problems.palindrome(20, batch_size=128),
        "accuracy",
        Settings(steps=300, learning_rate=1e-2, evaluate_every=50),
        hidden_channels=64,
        num_layers=1,
        memory_bias=3.0,
        target=0.95,
        length=20,
        family="palindromes",
    ),
    "text": Task(
        "next character of real prose",
        lambda seed: problems.text(window=30, batch_size=32),
        "nats per character",
        Settings(steps=400, learning_rate=4e-3, clip_norm=5.0, evaluate_every=100),
        hidden_channels=128,
        num_layers=2,
        target=1.6,
    ),
    "digits": Task(
        "which digit was written by hand",
        lambda seed: problems.digits(batch_size=64),
        "accuracy",
        Settings(steps=300, learning_rate=1e-2, evaluate_every=50),
        hidden_channels=64,
        num_layers=1,
        num_convolutions=3,
        target=0.9,
    ),
    "club": Task(
        "which side a member of the karate club took",
        problems.club,
        "accuracy",
        Settings(steps=100, learning_rate=1e-2, weight_decay=5e-4, evaluate_every=10),
        hidden_channels=16,
        num_layers=2,
        dropout=0.5,
        split_by_seed=True,
        target=0.9,
    ),
}

VIEWS: dict[str, tuple[str, BaseTransform | None]] = {
    "path": ("the nodes in their order, each with an edge to the next", Path()),
    "path both ways": ("the path with the edges back", Path(both_ways=True)),
    "path + mirror": ("the path both ways, and node i joined with node N - 1 - i", MirrorPath()),
    "raster path": ("the pixels row by row, each with an edge to the next", Path()),
    "grid DAG": ("pixels with edges to the right (type 0) and down (type 1)", GridDAG(8, 8)),
    "grid": ("pixels joined to their four neighbours", Grid(8, 8)),
    "graph": ("the edges that the data has by itself", None),
    "BFS path": ("one path through the graph, breadth first", SearchPath("bfs")),
    "DFS path": ("one path through the graph, depth first", SearchPath("dfs")),
    "no edges": ("the nodes alone", None),
}

MODELS: dict[str, tuple[str, str]] = {
    "RNN": ("rnn", "Elman network"),
    "GRU": ("gru", "gated recurrent unit"),
    "LSTM": ("lstm", "long short-term memory"),
    "DAGLSTM": ("lstm", "long short-term memory over a DAG, a forget gate for every edge"),
    "GCN": ("gcn", "graph convolutions with relu"),
    "MLP": ("mlp", "linear layers with relu, blind to edges"),
}

Comparison = tuple[str, str, str]  # task, view, model

SUITES: dict[str, list[Comparison]] = {
    "quick": [
        *(
            (task, view, model)
            for task in ("palindrome-10", "palindrome-20")
            for view, model in (
                ("path", "RNN"),
                ("path", "GRU"),
                ("path", "LSTM"),
                ("path both ways", "GCN"),
                ("path + mirror", "GCN"),
            )
        ),
        ("text", "path", "RNN"),
        ("text", "path", "GRU"),
        ("text", "path", "LSTM"),
        ("digits", "raster path", "LSTM"),
        ("digits", "grid DAG", "DAGLSTM"),
        ("digits", "grid", "GCN"),
        ("club", "graph", "GCN"),
        ("club", "BFS path", "LSTM"),
        ("club", "DFS path", "LSTM"),
        ("club", "no edges", "MLP"),
    ],
}
