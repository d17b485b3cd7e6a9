"""The club: two members a side are known, and the splits are disjoint."""

import torch

from benchmarks.tasks.club import club


def test_club_knows_two_members_a_side_and_the_splits_are_disjoint():
    problem = club(seed=3)
    train = problem.train(torch.Generator(), 1)
    (validation,), (test,) = problem.held_out("validation"), problem.held_out("test")
    assert train.counted is not None
    assert torch.bincount(train.y[0][train.counted]).tolist() == [2, 2]
    masks = torch.stack([batch.counted for batch in (train, validation, test) if batch.counted is not None])
    assert torch.equal(masks.sum(0), torch.ones(34, dtype=torch.long))
