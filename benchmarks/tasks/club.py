"""Zachary's karate club, split in two."""

from functools import partial

import networkx as nx
import torch

from gnn_toolkit.graphs import from_networkx

from .config import Config
from .metrics import ACCURACY, most_frequent
from .objective import Objective
from .source import OneGraph
from .task import Task, TaskData, always


def club(seed: int) -> TaskData:
    """Say which side a member of Zachary's karate club took, from two known members a side and the friendships."""
    data = from_networkx(nx.karate_club_graph())
    side = torch.tensor([name == "Officer" for name in data.club]).long()
    graph = type(data)(x=torch.eye(side.numel()), edge_index=data.edge_index, y=side)
    shuffled = torch.randperm(side.numel(), generator=torch.Generator().manual_seed(seed))
    labelled = torch.cat([shuffled[side[shuffled] == group][:2] for group in (0, 1)])
    rest = shuffled[~torch.isin(shuffled, labelled)]
    parts = {"train": labelled, "validation": rest[:8], "test": rest[8:]}

    def majority() -> tuple[float, int]:
        # Both sides have equally many labelled members, so the larger side is not known: the first is as good as any.
        return most_frequent(side[labelled], side[parts["test"]])

    return TaskData(
        OneGraph(graph, {name: torch.isin(torch.arange(side.numel()), nodes) for name, nodes in parts.items()}),
        partial(Objective, metric=ACCURACY, out_channels=2, readout="nodes"),
        {"majority class": majority},
        note="Zachary's karate club from networkx, 34 members, one-hot names; each seed draws 2 known members a side, "
        "8 for validation and 22 for the test, the same for every model",
    )


CLUB = Task(
    "which side a member of the karate club took",
    club,
    ACCURACY,
    ("majority class",),
    Config(
        steps=100,
        learning_rate=1e-2,
        weight_decay=5e-4,
        evaluate_every=10,
        hidden_channels=16,
        num_layers=2,
        dropout=0.5,
        target=0.9,
    ),
    split_by_seed=always,
    one_graph=True,
)
