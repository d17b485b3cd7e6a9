"""Cora, CiteSeer and PubMed: which field a paper belongs to, from its words and its citations."""

from functools import lru_cache, partial
from typing import Any

import torch
from torch import Tensor
from torch_geometric.data import Data
from torch_geometric.nn.models import LabelPropagation

from gnn_toolkit import _checks
from gnn_toolkit.datasets import load_planetoid
from gnn_toolkit.graphs import SparseFeatures

from .config import Config
from .metrics import ACCURACY, most_frequent
from .objective import Objective
from .regression import logistic_regression
from .source import OneGraph
from .task import Task, TaskData

NETWORKS = ("Cora", "CiteSeer", "PubMed")
PARTS = ("train", "validation", "test")
INVERSE_PENALTIES = (1.0, 10.0, 100.0, 1000.0)
SHARES_OF_NEIGHBOURS = (0.5, 0.7, 0.9, 0.99)


def public_split(data: Data, seed: int) -> dict[str, Tensor]:
    """Return the masks of the split of Yang et al. (2016), whatever the seed."""
    return {"train": data.train_mask, "validation": data.val_mask, "test": data.test_mask}


def random_split(data: Data, seed: int) -> dict[str, Tensor]:
    """Return masks drawn as Shchur et al. (2018) do: 20 papers a class to train on, 30 to validate on, and the rest."""
    y, masks = data.y, {part: torch.zeros_like(data.labelled_mask) for part in PARTS}
    assert isinstance(y, Tensor)
    shuffled = torch.randperm(y.numel(), generator=torch.Generator().manual_seed(seed))
    shuffled = shuffled[data.labelled_mask[shuffled]]
    for label in range(int(y.max()) + 1):
        members = shuffled[y[shuffled] == label]
        for part, nodes in zip(PARTS, members.tensor_split([20, 50]), strict=True):
            masks[part][nodes] = True
    return masks


SPLITS = {"public": public_split, "random": random_split}


def citation(name: str, seed: int, split: str) -> TaskData:
    """Say which class a paper is of: all papers' words and citations are known, few papers' classes."""
    data, features = _network(name)
    masks, y = SPLITS[_checks.choice("split", split, SPLITS)](data, seed), data.y
    assert isinstance(y, Tensor)
    graph = Data(edge_index=data.edge_index, num_nodes=y.numel(), y=y)
    graph["x"] = features
    known, validating, testing = (int(masks[part].sum()) for part in PARTS)
    return TaskData(
        OneGraph(graph, masks),
        partial(Objective, metric=ACCURACY, out_channels=int(y.max()) + 1, readout="nodes"),
        {
            "majority class": partial(_majority, y, masks),
            "logistic regression": partial(_regression, data, masks),
            "label propagation, edges alone": partial(_propagation, data, masks),
        },
        note=f"{y.numel():,} papers, {data.num_edges // 2:,} citations, {features.size(1):,} words; "
        f"{known} papers known, {validating} for validation, {testing:,} for the test",
    )


@lru_cache(maxsize=1)
def _network(name: str) -> tuple[Data, SparseFeatures]:
    data = load_planetoid(name)
    assert data.x is not None
    return data, SparseFeatures.of(data.x)


def _majority(y: Tensor, masks: dict[str, Tensor]) -> tuple[float, int]:
    # As many papers of each class are trained on, so those of the validation are counted too.
    return most_frequent(y[masks["train"] | masks["validation"]], y[masks["test"]])


def _regression(data: Data, masks: dict[str, Tensor]) -> tuple[float, int]:
    """Fit the words alone; the penalty is the one that validates best."""
    assert isinstance(data.x, Tensor)
    assert isinstance(data.y, Tensor)
    x, y = ({name: values[mask].numpy() for name, mask in masks.items()} for values in (data.x, data.y))
    return logistic_regression(x, y, strengths=INVERSE_PENALTIES)


def _propagation(data: Data, masks: dict[str, Tensor]) -> tuple[float, int]:
    """Let the known classes spread along citations (Zhou et al. 2004); the neighbours' share validates best."""
    y, best, test = data.y, -1.0, 0.0
    assert isinstance(y, Tensor)
    for share in SHARES_OF_NEIGHBOURS:
        model: Any = LabelPropagation(num_layers=50, alpha=share)
        answers = model(y, data.edge_index, masks["train"]).argmax(1)
        validation = _share(y, answers, masks["validation"])
        if validation > best:
            best, test = validation, _share(y, answers, masks["test"])
    return test, 1


def _share(y: Tensor, answers: Tensor, mask: Tensor) -> float:
    return float((answers == y)[mask].float().mean())


def task(network: str) -> Task:
    """Return the task of one network, on the public split or on random ones, in Kipf and Welling's settings (2017)."""
    return Task(
        f"the class of a paper of {network}",
        partial(citation, network.lower()),
        ACCURACY,
        ("majority class", "logistic regression", "label propagation, edges alone"),
        Config(
            steps=200,
            learning_rate=1e-2,
            weight_decay=5e-4,
            decayed="layers.0.",
            clip_norm=None,
            evaluate_every=1,
            hidden_channels=16,
            num_layers=1,
            dropout=0.5,
            input_dropout=0.5,
            embedding=True,
            head=False,
        ),
        options={"split": "public"},
        split_by_seed=lambda data: data["split"] == "random",
        one_graph=True,
    )
