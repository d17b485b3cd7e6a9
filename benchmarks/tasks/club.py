"""Zachary's karate club, split in two."""

from collections.abc import Iterator

import networkx as nx
import torch
from torch_geometric.data import Data

from gnn_toolkit.graphs import from_networkx

from .metrics import ACCURACY
from .task import Batch, Budget, Problem, Task


def club(seed: int) -> Problem:
    """Say which side a member of Zachary's karate club took, from two known members a side and the friendships."""
    graph = nx.karate_club_graph()
    data = from_networkx(graph)
    side = torch.tensor([name == "Officer" for name in data.club]).long()
    x = torch.eye(side.numel())[None]
    generator = torch.Generator().manual_seed(seed)
    shuffled = torch.randperm(side.numel(), generator=generator)
    known = torch.cat([shuffled[side[shuffled] == group][:2] for group in (0, 1)])
    rest = shuffled[~torch.isin(shuffled, known)]
    parts = {"train": known, "validation": rest[:8], "test": rest[8:]}

    def one(part: str) -> Batch:
        return Batch(x, side[None], torch.isin(torch.arange(side.numel()), parts[part]))

    def held_out(part: str) -> Iterator[Batch]:
        yield one(part)

    def majority() -> tuple[float, int]:
        # Both sides have equally many known members, so the larger side is not known: the first is as good as any.
        return float((side[parts["test"]] == side[known].mode().values).float().mean()), 1

    return Problem(
        graph=Data(edge_index=data.edge_index, num_nodes=side.numel()),
        num_features=side.numel(),
        num_classes=2,
        readout="nodes",
        train=lambda generator, batch_size: one("train"),
        held_out=held_out,
        baselines={"majority class": majority},
        note="Zachary's karate club from networkx, 34 members, one-hot names; each seed draws 2 known members a side, "
        "8 for validation and 22 for the test, the same for every model",
    )


CLUB = Task(
    "which side a member of the karate club took",
    club,
    ACCURACY,
    ("majority class",),
    Budget(
        steps=100,
        learning_rate=1e-2,
        weight_decay=5e-4,
        evaluate_every=10,
        hidden_channels=16,
        num_layers=2,
        dropout=0.5,
    ),
    split_by_seed=True,
    target=0.9,
)
