"""MUTAG and PROTEINS: what a whole graph is, where no two graphs are of one size."""

from collections.abc import Sequence
from functools import lru_cache, partial

import torch
from sklearn.model_selection import StratifiedKFold
from torch import Tensor
from torch_geometric.data import Data

from gnn_toolkit.datasets import load_tudataset

from .config import Config
from .graph_list import GraphList
from .metrics import ACCURACY, most_frequent
from .objective import Objective
from .regression import logistic_regression
from .task import Task, TaskData, always

COLLECTIONS = ("MUTAG", "PROTEINS")
FOLDS = 10


def folds(y: Tensor, seed: int) -> dict[str, Tensor]:
    """Return the split of a seed: a fold of ten to test on, the next one to validate on, the other eight to train on.

    The folds have the classes' shares. Seeds 0 to 9 test on each fold once, as published results do; seeds 10 to 19 on
    those of another draw, and so on.
    """
    draw, fold = divmod(seed, FOLDS)
    cut = StratifiedKFold(FOLDS, shuffle=True, random_state=draw).split(y, y)
    parts = [torch.from_numpy(test) for _, test in cut]
    rest = [part for number, part in enumerate(parts) if number not in (fold, (fold + 1) % FOLDS)]
    return {"train": torch.cat(rest), "validation": parts[(fold + 1) % FOLDS], "test": parts[fold]}


def collection(name: str, seed: int) -> TaskData:
    """Say of which class a graph is, from its nodes' labels and its edges."""
    return classified(_graphs(name), seed)


def classified(graphs: Sequence[Data], seed: int) -> TaskData:
    """Return the data of telling the classes of some graphs apart."""
    y = torch.cat([graph.y for graph in graphs])  # pyright: ignore[reportArgumentType, reportCallIssue]
    splits = folds(y, seed)
    sizes = [graph.num_nodes or 0 for graph in graphs]
    train, validation, test = (len(splits[name]) for name in ("train", "validation", "test"))
    return TaskData(
        GraphList(graphs, splits),
        partial(Objective, metric=ACCURACY, out_channels=int(y.max()) + 1, readout="graph"),
        {
            "majority class": partial(most_frequent, y[splits["train"]], y[splits["test"]]),
            "logistic regression on counts": partial(_regression, graphs, y, splits),
        },
        note=f"{len(graphs):,} graphs of {min(sizes)} to {max(sizes)} nodes; each seed tests on one fold of ten: "
        f"{train} train, {validation} validation, {test} test",
    )


@lru_cache(maxsize=2)
def _graphs(name: str) -> list[Data]:
    return load_tudataset(name)


def _regression(graphs: Sequence[Data], y: Tensor, splits: dict[str, Tensor]) -> tuple[float, int]:
    """Fit how many nodes of each label a graph has: no edges."""
    counts = torch.stack([graph.x.sum(0) for graph in graphs]).numpy()  # pyright: ignore[reportOptionalMemberAccess]
    x = {name: counts[which] for name, which in splits.items()}
    return logistic_regression(x, {name: y[which].numpy() for name, which in splits.items()}, max_iter=5000)


def task(name: str) -> Task:
    """Return the task of one collection."""
    return Task(
        f"the class of a graph of {name}",
        partial(collection, name.lower()),
        ACCURACY,
        ("majority class", "logistic regression on counts"),
        Config(
            steps=600,
            learning_rate=5e-3,
            evaluate_every=50,
            batch_size=32,
            hidden_channels=32,
            num_layers=1,
            num_convolutions=4,
            embedding=True,
        ),
        split_by_seed=always,
    )
