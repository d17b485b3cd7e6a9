"""Batches hold graphs of one size, and every graph is drawn as often as every other."""

import torch
from torch_geometric.data import Data

from benchmarks.tasks.sized_graphs import WINDOW, SizedGraphs
from gnn_toolkit.graphs import Path


def source(count: int = 70) -> SizedGraphs:
    sizes = torch.randperm(count, generator=torch.Generator().manual_seed(0)) + 1
    graphs = [Path()(Data(x=torch.ones(int(n), 1), y=torch.tensor([int(n)]))) for n in sizes]
    return SizedGraphs(graphs, dict.fromkeys(("train", "validation", "test"), torch.arange(count)))


def test_a_batch_holds_graphs_of_about_one_size():
    found = source().draw(torch.Generator().manual_seed(0), 2).y
    assert int(found.max() - found.min()) < 2 * WINDOW
    assert (
        len(
            {
                (int(batch.y.min()) - 1) // 32
                for batch in (source().draw(torch.Generator().manual_seed(k), 4) for k in range(20))
            }
        )
        > 1
    )


def test_every_graph_is_as_likely():
    data, generator = source(), torch.Generator().manual_seed(0)
    drawn = torch.cat([data.draw(generator, 2).which for _ in range(7000)])
    counts = torch.bincount(drawn, minlength=70)
    assert abs(counts.float() - 200).max() < 60


def test_splits_are_read_by_size_under_every_view():
    data = source().viewed(Path(both_ways=True))
    (test,) = data.held_out("test")
    assert test.y.tolist() == list(range(1, 71))
    assert isinstance(data, SizedGraphs)
