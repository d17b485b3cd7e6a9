"""The citation networks: splits as published, nothing leaks, baselines score what arithmetic says."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torch_geometric.data import Data

from benchmarks.tasks import citation

PARTS = ("train", "validation", "test")


def network(per_class: int, num_classes: int, unlabelled: int = 0) -> Data:
    """Return papers in blocks of a class each, every paper citing the next of its block; the last ones unlabelled."""
    y = torch.arange(num_classes).repeat_interleave(per_class)
    count = y.numel()
    source = torch.arange(count - 1)
    source = source[y[:-1] == y[1:]]
    pairs = torch.stack([source, source + 1])
    known = torch.ones(count, dtype=torch.bool)
    known[count - unlabelled :] = False
    edges = torch.cat([pairs, pairs.flip(0)], 1)
    return Data(x=torch.eye(num_classes)[y], edge_index=edges, y=y, labelled_mask=known)


@pytest.mark.parametrize("seed", [0, 1])
def test_a_random_split_has_20_and_30_papers_a_class_and_the_rest(seed: int):
    data = network(60, 3, unlabelled=5)
    masks = citation.random_split(data, seed)
    assert isinstance(data.y, Tensor)
    assert torch.bincount(data.y[masks["train"]]).tolist() == [20] * 3
    assert torch.bincount(data.y[masks["validation"]]).tolist() == [30] * 3
    assert torch.bincount(data.y[masks["test"]]).tolist() == [10, 10, 5]
    assert torch.stack(list(masks.values())).sum(0).equal(data.labelled_mask.long())


def test_the_seed_draws_the_split():
    data = network(60, 2)
    one, same, other = (citation.random_split(data, seed) for seed in (3, 3, 4))
    assert all(one[part].equal(same[part]) for part in PARTS)
    assert not any(one[part].equal(other[part]) for part in PARTS)


def test_baselines_score_what_arithmetic_says():
    data = network(60, 2)
    assert isinstance(data.y, Tensor)
    masks = {part: torch.zeros(120, dtype=torch.bool) for part in PARTS}
    masks["train"][[0, 119]] = True
    masks["validation"][[1, 2, 118]] = True
    masks["test"][40:80] = True
    assert citation._majority(data.y, masks) == (0.5, 1)
    assert citation._regression(data, masks) == (1.0, 3)  # words tell the classes apart
    # In 50 steps a class walks 50 papers along its block: papers 51 to 59 and 60 to 68 hear nothing and say class 0.
    assert citation._propagation(data, masks) == (pytest.approx(31 / 40), 1)


def test_the_public_split_is_the_published_one(data_folder: Callable[..., object]):
    data_folder("planetoid/Cora/raw/ind.cora.allx")
    data = citation.citation("cora", seed=5, split="public")
    source = data.source
    batches = [source.draw(torch.Generator(), 1), *source.held_out("validation"), *source.held_out("test")]
    assert [int(batch.mask.sum()) for batch in batches] == [140, 500, 1000]
    assert (source.num_features, source.example.num_nodes) == (1433, 2708)
    scores = {name: baseline()[0] for name, baseline in data.baselines.items()}
    assert scores["majority class"] == pytest.approx(0.319)  # 319 of the 1,000 test papers are of the largest class
    assert 0.5 < scores["logistic regression"] < 0.65
    assert 0.65 < scores["label propagation, edges alone"] < 0.75
