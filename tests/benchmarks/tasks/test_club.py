"""The club: two members a side are known, and the splits are disjoint."""

import torch

from benchmarks.tasks.club import club


def test_club_knows_two_members_a_side_and_the_splits_are_disjoint():
    source = club(seed=3).source
    train = source.draw(torch.Generator(), 1)
    (validation,), (test,) = source.held_out("validation"), source.held_out("test")
    assert torch.bincount(train.y[train.mask]).tolist() == [2, 2]
    masks = torch.stack([batch.mask for batch in (train, validation, test)])
    assert torch.equal(masks.sum(0), torch.ones(34, dtype=torch.long))
