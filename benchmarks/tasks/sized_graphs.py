"""Graphs of any sizes, those of about one size together in a batch, or drawn anew for every batch."""

import random
from collections.abc import Callable, Iterator, Mapping, Sequence

import torch
from torch import Tensor
from torch_geometric.data import Batch, Data

from gnn_toolkit import _checks

from .graph_list import TOGETHER, GraphList
from .source import Graphs, View

POOL = 16  # batches among whose graphs, sorted by size, a batch is drawn


class SizedGraphs(GraphList):
    """A :class:`GraphList` whose batches hold graphs of about one size: few levels are then walked for one large graph.

    The graphs of 16 batches are drawn at random and sorted by size, and one of these batches is taken, so that every
    graph is as likely as in :class:`GraphList`.

    Args:
        graphs: each with ``x`` and ``y``.
        splits: for ``"train"``, ``"validation"`` and ``"test"`` the numbers of their graphs.

    >>> from gnn_toolkit.graphs import Path
    >>> graphs = [Path()(Data(x=torch.ones(n, 1), y=torch.tensor([0]))) for n in (9, 1, 8, 2)]
    >>> source = SizedGraphs(graphs, dict.fromkeys(("train", "validation", "test"), torch.arange(4)))
    >>> [batch.which.tolist() for batch in source.held_out("test")]
    [[1, 3, 2, 0]]
    """

    def __init__(self, graphs: Sequence[Data], splits: Mapping[str, Tensor], device: str = "cpu") -> None:
        super().__init__(graphs, splits, device)
        sizes = torch.tensor([graph.num_nodes or 0 for graph in self.graphs])
        self._sorted = {name: which[sizes[which].argsort(stable=True)] for name, which in splits.items()}

    def viewed(self, view: View, device: str = "cpu") -> "SizedGraphs":
        """Return the graphs as a view leaves each of them."""
        return SizedGraphs(super().viewed(view, device).graphs, self.splits, device)

    def asks_inside(self) -> bool:
        """Return whether some phrase has several nodes that are asked about, so that none stands for the whole."""
        whole = self._stored()
        starts = torch.diff(whole["phrase"], prepend=whole["phrase"].new_tensor([-1])) != 0
        starts[whole["first"]] = True
        return int(whole["mask"].sum()) > int(starts.sum())

    def draw(self, generator: torch.Generator, batch_size: int) -> Graphs:
        """Draw a training batch of about one size."""
        train = self._sorted["train"]
        pool = torch.randint(len(train), (POOL * batch_size,), generator=generator).sort().values
        first = batch_size * int(torch.randint(POOL, (1,), generator=generator))
        return self.batch(train[pool[first : first + batch_size]])

    def held_out(self, split: str) -> Iterator[Graphs]:
        """Yield the batches of a split, small graphs first: ``which`` says which graphs a batch has."""
        for which in self._sorted[split].split(TOGETHER):
            yield self.batch(which)


class FreshGraphs(SizedGraphs):
    """Graphs of which none is trained on twice, but by chance; the held-out ones are fixed.

    Args:
        graphs: those of the held-out splits, and a few for training as an example.
        splits: the numbers of their graphs.
        fresh: draws so many trees for a batch, side by side in one graph.
        view: of every batch; it must leave trees apart that stand side by side, as those of
            :mod:`gnn_toolkit.graphs.trees` do.
    """

    def __init__(
        self,
        graphs: Sequence[Data],
        splits: Mapping[str, Tensor],
        fresh: Callable[[random.Random, int], Data],
        device: str = "cpu",
        view: View | None = None,
    ) -> None:
        super().__init__(graphs, splits, device)
        self._fresh, self._view = fresh, view

    def viewed(self, view: View, device: str = "cpu") -> "FreshGraphs":
        """Return the source with every graph as a view leaves it, the fresh ones, too."""
        return FreshGraphs(super().viewed(view, device).graphs, self.splits, self._fresh, device, view)

    def draw(self, generator: torch.Generator, batch_size: int) -> Graphs:
        """Draw a training batch that nobody has seen."""
        source = random.Random(int(torch.randint(1 << 62, (1,), generator=generator)))
        drawn = self._fresh(source, batch_size)
        drawn = drawn if self._view is None else self._view(drawn)
        return Batch(_base_cls=Data, **drawn.to_dict(), _num_graphs=batch_size).to(self._device)

    def shard(self, batch: Graphs, place: int, count: int) -> Graphs:
        """Return the batch, which cannot be shared out.

        Raises:
            ValueError: several processes train together.
        """
        if count > 1:
            remedy = "train on one, or on expressions that are fixed"
            raise ValueError(_checks.problem("devices", "1 where graphs are drawn anew", count, remedy))
        return batch
