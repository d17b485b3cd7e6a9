"""Equal graphs and one graph: structure is built once, shares are equal, and only what is marked counts."""

import pytest
import torch
from torch_geometric.data import Data

from benchmarks.tasks.config import Config
from benchmarks.tasks.metrics import ACCURACY
from benchmarks.tasks.objective import Objective
from benchmarks.tasks.source import EqualGraphs, OneGraph
from gnn_toolkit.graphs import GridDAG, LineGraph, Path


def sample(generator, count):
    x = torch.rand(count, 4, 3, generator=generator)
    return x, x[:, 0, 0].long()


def test_a_batch_s_structure_is_built_once_for_each_size():
    source = EqualGraphs(Data(num_nodes=4), 3, sample, lambda split: [sample(torch.Generator(), 2)]).viewed(Path())
    generator = torch.Generator().manual_seed(0)
    one, two = source.draw(generator, 5), source.draw(generator, 5)
    assert one.edge_index is two.edge_index
    assert not one.x.equal(two.x)
    assert (one.num_graphs, one.num_nodes, one.x.shape) == (5, 20, (20, 3))
    assert one.edge_index[:, 3:6].tolist() == [[4, 5, 6], [5, 6, 7]]
    assert next(source.held_out("test")).num_graphs == 2
    assert source.ends_last


def test_edge_types_and_weights_are_repeated_too():
    typed = EqualGraphs(Data(num_nodes=4), 3, sample, lambda split: []).viewed(GridDAG(2, 2))
    assert typed.num_relations == 2
    assert typed.draw(torch.Generator(), 2).edge_type.tolist() == [0, 0, 1, 1] * 2
    weighted = Data(num_nodes=4, edge_index=torch.tensor([[0], [1]]), edge_weight=torch.tensor([0.5]))
    batch = EqualGraphs(weighted, 3, sample, lambda split: []).draw(torch.Generator(), 2)
    assert batch.edge_weight.tolist() == [0.5, 0.5]


def test_each_process_has_its_share_of_a_batch():
    source = EqualGraphs(Data(num_nodes=4), 3, sample, lambda split: []).viewed(Path())
    batch = source.draw(torch.Generator().manual_seed(0), 4)
    shares = [source.shard(batch, place, 2) for place in range(2)]
    assert torch.stack([share.x.view(2, 4, 3) for share in shares], 1).flatten(0, 1).equal(batch.x.view(4, 4, 3))
    with pytest.raises(ValueError, match="batch_size: expected a multiple of the 3 devices, got 4"):
        source.shard(batch, 0, 3)


def test_a_view_with_nodes_of_its_own_is_refused_where_features_are_of_the_old_ones():
    graph = Data(x=torch.eye(3), edge_index=torch.tensor([[0, 1], [1, 2]]), y=torch.tensor([0, 1, 1]))
    masks = {split: torch.ones(3, dtype=torch.bool) for split in ("train", "validation", "test")}
    for source in (OneGraph(graph, masks), EqualGraphs(graph, 3, sample, lambda split: [])):
        with pytest.raises(ValueError, match=r"view: expected the task's 3 nodes, got 2; .* whose graphs are a list"):
            source.viewed(LineGraph())


def test_only_the_marked_nodes_count():
    graph = Data(x=torch.eye(3), edge_index=torch.tensor([[0, 1], [1, 2]]), y=torch.tensor([0, 1, 1]))
    masks = {"train": torch.tensor([True, False, True])}
    masks |= {"validation": torch.tensor([False, True, False]), "test": torch.tensor([False, True, True])}
    objective = Objective(OneGraph(graph, masks), Config(steps=1), ACCURACY, 2, "nodes")
    logits = torch.tensor([[2.0, 0.0], [0.0, 2.0], [2.0, 0.0]])

    class Fixed(torch.nn.Linear):
        def forward(self, batch):
            return logits

    model = Fixed(1, 1)
    answers, y = objective.answers(model, objective.batch(torch.Generator()))
    assert (answers[:, 0].tolist(), y.tolist()) == ([2.0, 2.0], [0, 1])
    scores = objective.evaluate(model, "test")
    assert (scores.units, scores.mean) == ([1.0, 0.0], 0.5)
