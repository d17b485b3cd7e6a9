"""Graphs of any sizes, those of about one size together in a batch: few levels are then walked for one large graph."""

from collections.abc import Iterator, Mapping, Sequence

import torch
from torch import Tensor
from torch_geometric.data import Data

from .graph_list import TOGETHER, GraphList
from .source import Graphs, View

WINDOW = 16  # batches among whose graphs, sorted by size, a batch is drawn


class SizedGraphs(GraphList):
    """A :class:`GraphList` whose batches hold graphs of about one size.

    The training graphs are sorted by size and cut into windows of 16 batches; a window is drawn in proportion to the
    graphs in it, then a batch's graphs from it, so that every graph is as likely as in :class:`GraphList`.

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

    def draw(self, generator: torch.Generator, batch_size: int) -> Graphs:
        """Draw a training batch of about one size."""
        train = self._sorted["train"]
        window = WINDOW * batch_size
        first = int(torch.randint(len(train), (1,), generator=generator)) // window * window
        mine = train[first : first + window]
        return self.batch(mine[torch.randint(len(mine), (batch_size,), generator=generator)])

    def held_out(self, split: str) -> Iterator[Graphs]:
        """Yield the batches of a split, small graphs first: ``which`` says which graphs a batch has."""
        for which in self._sorted[split].split(TOGETHER):
            yield self.batch(which)
