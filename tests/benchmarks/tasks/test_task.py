"""What counts of a batch, and only that."""

import torch

from benchmarks.tasks.task import Batch, counted


def test_only_the_marked_nodes_of_every_graph_count():
    batch = Batch(torch.zeros(2, 3, 1), torch.tensor([[0, 1, 1], [1, 0, 0]]), torch.tensor([True, False, True]))
    logits, y = counted(torch.arange(12.0).view(6, 2), batch)
    assert y.tolist() == [0, 1, 1, 0]
    assert logits[:, 0].tolist() == [0.0, 4.0, 6.0, 10.0]


def test_all_count_where_none_is_marked():
    batch = Batch(torch.zeros(1, 3, 1), torch.tensor([[0, 1, 1]]))
    logits, y = counted(torch.ones(3, 2), batch)
    assert y.tolist() == [0, 1, 1]
    assert logits.shape == (3, 2)
