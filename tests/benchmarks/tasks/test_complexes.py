"""Batches of complexes: their pairs, numbered through the batch, and shares of a batch."""

import pytest
import torch

from benchmarks.tasks.complexes import Complexes
from gnn_toolkit.graphs import Backbone, NoEdges, ShuffledEdges
from tests.datasets.proteins import complexes

SPLITS = {"train": torch.arange(4), "validation": torch.tensor([4]), "test": torch.tensor([5])}


def source() -> Complexes:
    return Complexes(complexes(6, 1), SPLITS, negatives=10)


def test_a_batch_asks_about_pairs_of_its_own_complexes():
    data, generator = source(), torch.Generator().manual_seed(0)
    for size in (1, 3):
        batch = data.draw(generator, size)
        assert batch.num_graphs == 2 * size
        protein = batch.batch[batch.pairs]
        assert torch.equal(protein[:, 0] + 1, protein[:, 1])
        assert set(protein[:, 0].tolist()) == set(range(0, 2 * size, 2))
        marked = (batch.x[:, 0] > 1)[batch.pairs].all(1)
        assert torch.equal(marked, batch.y > 0)
        assert 0.08 < float(batch.y.mean()) < 0.2


def test_held_out_is_one_complex_with_all_its_pairs():
    data = source()
    (batch,) = data.held_out("test")
    assert (batch.which.tolist(), "pairs" in batch, batch.num_graphs) == ([5], False, 2)
    assert data.touching(5).sum() == len(data.complexes[5].pairs)
    assert data.features("validation").shape[0] == sum(
        part.num_nodes or 0 for part in (data.complexes[4].ligand, data.complexes[4].receptor)
    )


def test_a_view_changes_both_proteins_and_leaves_the_data_alone():
    data = source()
    edges = data.complexes[0].ligand["edge_index"].clone()
    for view, key in ((NoEdges(), "level"), (Backbone(), "level"), (Backbone(beside=True), "follows")):
        batch = next(data.viewed(view).held_out("test"))
        assert key in batch
    shuffled = next(data.viewed(ShuffledEdges()).held_out("test"))
    assert shuffled.edge_attr.shape == next(data.held_out("test")).edge_attr.shape
    assert torch.equal(data.complexes[0].ligand["edge_index"], edges)


def test_a_share_of_a_batch_has_the_pairs_of_its_complexes():
    data = source()
    batch = data.draw(torch.Generator().manual_seed(1), 4)
    parts = [data.shard(batch, place, 2) for place in range(2)]
    assert torch.equal(torch.cat([part.which for part in parts]).sort().values, batch.which.sort().values)
    assert sum(len(part.pairs) for part in parts) == len(batch.pairs)
    for part in parts:
        assert torch.equal((part.x[:, 0] > 1)[part.pairs].all(1), part.y > 0)
    with pytest.raises(ValueError, match="batch_size: expected a multiple of the 3 devices, got 4"):
        data.shard(batch, 0, 3)
