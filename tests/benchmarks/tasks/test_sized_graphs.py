"""Batches hold graphs of one size, and every graph is drawn as often as every other."""

import random

import pytest
import torch
from torch_geometric.data import Data

from benchmarks.tasks.sized_graphs import FreshGraphs, SizedGraphs
from gnn_toolkit.graphs import Path, TreePath


def source(count: int = 70) -> SizedGraphs:
    sizes = torch.randperm(count, generator=torch.Generator().manual_seed(0)) + 1
    graphs = [Path()(Data(x=torch.ones(int(n), 1), y=torch.tensor([int(n)]))) for n in sizes]
    return SizedGraphs(graphs, dict.fromkeys(("train", "validation", "test"), torch.arange(count)))


def test_a_batch_holds_graphs_of_about_one_size():
    data, generator = source(), torch.Generator().manual_seed(0)
    batches = [data.draw(generator, 2).y for _ in range(200)]
    spread = sum(int(y.max() - y.min()) for y in batches) / 200
    assert spread < 6  # of 23 between two graphs drawn at random
    assert min(int(y.min()) for y in batches) < 10 < 60 < max(int(y.max()) for y in batches)


def test_every_graph_is_as_likely():
    data, generator = source(), torch.Generator().manual_seed(0)
    drawn = torch.cat([data.draw(generator, 2).which for _ in range(7000)])
    counts = torch.bincount(drawn, minlength=70)
    assert abs(counts.float() - 200).max() < 60


def test_fresh_graphs_are_new_in_every_batch_and_follow_the_generator():
    def fresh(chance: random.Random, count: int) -> Data:
        return Data(x=torch.tensor([[chance.randrange(1000)] for _ in range(count)]), phrase=torch.arange(count))

    kept = source(4)
    for graph in kept.graphs:
        graph.phrase = torch.zeros(graph.num_nodes or 0, dtype=torch.long)
    data = FreshGraphs(kept.graphs, kept.splits, fresh).viewed(TreePath())
    first, again = (torch.Generator().manual_seed(0) for _ in range(2))
    batches = [data.draw(first, 8) for _ in range(3)]
    assert len({tuple(batch.x.flatten().tolist()) for batch in batches}) == 3
    assert [data.draw(again, 8).x.equal(batch.x) for batch in batches] == [True] * 3
    assert (batches[0].num_graphs, batches[0].edge_index.shape, batches[0].level.max()) == (8, (2, 0), 0)
    assert next(data.held_out("test")).which.tolist() == source(4)._sorted["test"].tolist()
    assert data.shard(batches[0], 0, 1) is batches[0]
    with pytest.raises(ValueError, match="devices: expected 1 where graphs are drawn anew, got 2"):
        data.shard(batches[0], 0, 2)


def test_splits_are_read_by_size_under_every_view():
    data = source().viewed(Path(both_ways=True))
    (test,) = data.held_out("test")
    assert test.y.tolist() == list(range(1, 71))
    assert isinstance(data, SizedGraphs)
