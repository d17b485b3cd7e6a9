"""Pairs of proteins as the source of a task: a batch has some complexes and some pairs of their residues."""

import copy
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache

import torch
from torch import Tensor
from torch_geometric.data import Data

from gnn_toolkit.datasets import Complex
from gnn_toolkit.graphs.batch import together
from gnn_toolkit.training.interface_training import ask_pairs, partners, touching

from .graph_list import Same
from .source import Graphs, View, filled, relations_of, same_nodes, sharded


class Complexes:
    """Complexes of two proteins, ligand and receptor, with the pairs of residues that touch.

    A training batch has all pairs that touch and, for each of them, ``negatives`` drawn from all pairs that do not:
    ``pairs`` [P, 2] and ``y`` [P]. A held-out batch is one complex without ``pairs``: all of them are asked about.

    Args:
        complexes: the complexes.
        splits: for ``"train"``, ``"validation"`` and ``"test"`` the numbers of their complexes.
        negatives: pairs that do not touch for each one that does.
    """

    def __init__(
        self, complexes: Sequence[Complex], splits: Mapping[str, Tensor], negatives: int, device: str = "cpu"
    ) -> None:
        filled(splits)
        self.complexes, self.splits, self.negatives = Same(complexes), splits, negatives
        self.example = self.complexes[0].ligand
        self.num_features = self.example.num_node_features
        self.num_relations = relations_of(one.ligand for one in self.complexes)
        self.ends_last, self._device = False, device
        self._joined: dict[int, Graphs] = {}

    def viewed(self, view: View, device: str = "cpu") -> "Complexes":
        """Return the complexes with both proteins of each as a view leaves them."""
        return Complexes(_viewed(view, self.complexes), self.splits, self.negatives, device)

    def features(self, split: str) -> Tensor:
        """Return the features of all residues of a split [N, F]."""
        mine = [self.complexes[k] for k in self.splits[split].tolist()]
        return torch.cat([part["x"] for one in mine for part in (one.ligand, one.receptor)])

    def draw(self, generator: torch.Generator, batch_size: int) -> Graphs:
        """Draw a training batch of so many complexes."""
        train = self.splits["train"]
        which = train[torch.randint(len(train), (batch_size,), generator=generator)]
        asked = [ask_pairs(self.complexes[k], self.negatives, generator) for k in which.tolist()]
        return self._batch(which, [pairs for pairs, _ in asked], [y for _, y in asked])

    def held_out(self, split: str) -> Iterator[Graphs]:
        """Yield the complexes of a split one by one; ``which`` says which one it is."""
        for k in self.splits[split].tolist():
            batch = copy.copy(self._whole(k))
            batch.which = torch.tensor([k])
            yield batch

    def touching(self, k: int) -> Tensor:
        """Return which pairs of a complex touch [n, m]."""
        return touching(self.complexes[k])

    def shard(self, batch: Graphs, place: int, count: int) -> Graphs:
        """Return every so many-th complex with its pairs."""
        mine = sharded(len(batch.which), place, count)
        of = torch.searchsorted(batch.ptr[2::2].contiguous(), batch.pairs[:, 0].contiguous(), right=True)
        chosen = [of == one for one in mine.tolist()]
        pairs = [batch.pairs[rows] - batch.ptr[2 * one] for one, rows in zip(mine.tolist(), chosen, strict=True)]
        sizes = [int(batch.ptr[2 * one + 1] - batch.ptr[2 * one]) for one in mine.tolist()]
        own = [torch.stack([p[:, 0], p[:, 1] - size], 1) for p, size in zip(pairs, sizes, strict=True)]
        return self._batch(batch.which[mine], own, [batch.y[rows] for rows in chosen])

    def _batch(self, which: Tensor, pairs: Sequence[Tensor], y: Sequence[Tensor]) -> Graphs:
        """Return complexes as one batch, their pairs, numbered in each protein, numbered through it."""
        parts = [self._whole(k) for k in which.tolist()]
        if len(parts) == 1:
            batch = copy.copy(parts[0])
        else:
            batch = together([graph for part in parts for graph in part.to_data_list()])
        starts = batch.ptr[:-1].view(-1, 2)
        batch.pairs = torch.cat([p.to(self._device) + start for p, start in zip(pairs, starts, strict=True)])
        batch.y, batch.which = torch.cat(list(y)).to(self._device), which
        return batch

    def _whole(self, k: int) -> Graphs:
        """Return both proteins of a complex as a batch, which is built once."""
        if k not in self._joined:
            self._joined[k] = partners(self.complexes[k].ligand, self.complexes[k].receptor).to(self._device)
        return self._joined[k]


@lru_cache(maxsize=4)
def _viewed(view: View, complexes: Same[Complex]) -> tuple[Complex, ...]:
    """Return the complexes as a view leaves them, kept for other seeds."""
    return tuple(
        Complex(one.name, _seen(view, one.ligand), _seen(view, one.receptor), one.pairs, one.is_test)
        for one in complexes
    )


def _seen(view: View, graph: Data) -> Data:
    return same_nodes(graph, view(copy.copy(graph)))
