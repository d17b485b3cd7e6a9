"""Penn-Fudan in folds: no picture on both sides, mirrored pictures in training alone, confidence without leaks."""

from typing import Any

import pytest
import torch
from torch_geometric.data import Data

from benchmarks.tasks import pedestrians as module
from benchmarks.tasks.pedestrians import FOLDS, Fold, Pictures, Split, cover, parsed
from benchmarks.tasks.picture_baselines import BASELINES
from gnn_toolkit.datasets.penn_fudan import superpixel_edges
from gnn_toolkit.datasets.picture_features import centres, mirrored, picture_features
from gnn_toolkit.training.softmax_regression import confidence, fit_softmax


def picture(number: int) -> Data:
    """Return a picture of 30 superpixels, of which the right half is of part 1, and light."""
    generator = torch.Generator().manual_seed(number)
    segments = (torch.arange(20) // 4)[:, None] * 6 + torch.arange(18) // 3
    image = torch.randint(90, (20, 18, 3), generator=generator).to(torch.uint8)
    image[:, 9:] += 120
    labels = (torch.arange(18) >= 9).long().repeat(20, 1)
    pixels = torch.bincount((segments * 7 + labels).flatten(), minlength=30 * 7).view(30, 7)
    x = torch.cat([torch.ones(30, 1), torch.rand(30, 4, generator=generator)], 1)
    data = Data(x=x, edge_index=superpixel_edges(segments), y=pixels.argmax(1), pos=centres(segments))
    data.pixels, data.own, data.cover = pixels, picture_features(image, segments), cover(segments)
    return data


@pytest.fixture(scope="module")
def graphs() -> list[Data]:
    return [picture(number) for number in range(20)]


@pytest.fixture(scope="module")
def fold(graphs) -> Fold:
    return Fold(Pictures(graphs, "all", True), 1)


def test_every_picture_is_tested_in_one_fold_and_no_split_shares_any():
    tested = []
    for fold in range(FOLDS):
        split = Split.of(fold, 169)
        parts = [set(part.tolist()) for part in (split.train, split.validation, split.test)]
        assert sum(map(len, parts)) == len(set.union(*parts)) == 169
        assert {number % FOLDS for number in parts[2]} == {fold}
        assert len(parts[1]) in (16, 17)
        tested += sorted(parts[2])
    assert sorted(tested) == list(range(169))


def test_mirrored_pictures_are_learnt_from_and_never_judged(graphs, fold):
    source: Any = parsed(fold).source
    assert len(source.graphs) == 40
    for part in ("validation", "test"):
        assert int(source.splits[part].max()) < 20
    learnt = source.splits["train"].tolist()
    assert sorted(number % 20 for number in learnt) == sorted(2 * fold.split.train.tolist())
    plain, swapped = source.graphs[4], source.graphs[24]
    assert torch.equal(swapped.pos, torch.stack([plain.pos[:, 0], 1 - plain.pos[:, 1]], 1))
    assert torch.equal(swapped.x[:, 4 : 4 + 469], mirrored(graphs[4].own))
    assert torch.equal(swapped.cover.view(-1, 20, 8), plain.cover.view(-1, 20, 8).flip(2))
    assert torch.equal(swapped.pixels, plain.pixels)


def test_features_are_standardised_by_the_pictures_to_train_on(fold):
    source: Any = parsed(fold).source
    x = source.batch(fold.split.train).x
    varied = x.std(0) > 1e-3  # all superpixels of these pictures are of one size
    assert int(varied.sum()) == x.size(1) - 1
    torch.testing.assert_close(x[:, varied].mean(0), torch.zeros(x.size(1) - 1), atol=0.05, rtol=0)
    assert bool((x[:, varied].std(0) > 0.5).all())


def test_the_first_classifier_never_judges_what_it_was_fitted_on(fold):
    train = fold.pictures.joined(fold.split.train)
    x, pixels, picture = fold.standard(train["x"]), train["pixels"], train["picture"]
    tested = fold.graphs[int(fold.split.test[0])]
    assert torch.equal(tested.confidence, confidence(fit_softmax(x, pixels), fold.standard(tested.x)))
    odd = picture % 2 == 1
    half, first = fit_softmax(x[odd], pixels[odd]), int(fold.split.train[0])
    expected = confidence(half, fold.standard(fold.graphs[first].x))
    torch.testing.assert_close(fold.graphs[first].confidence, expected)
    assert torch.equal(fold.graphs[first + 20].confidence, fold.graphs[first].confidence)


def test_features_can_be_fewer(graphs):
    sizes = [
        Pictures(graphs, *asked).graphs[0]["x"].size(1) for asked in (("given", False), ("given", True), ("all", False))
    ]
    assert sizes == [4, 4 + 14, 4 + 469]
    with pytest.raises(ValueError, match="features: expected one of given, all, got 'own'"):
        module.pedestrians(0, "own", True)


def test_the_cover_of_a_superpixel_says_where_its_pixels_are():
    segments = torch.tensor([[0, 0, 1, 1], [0, 0, 0, 1]])
    shares = cover(segments, (1, 2))
    torch.testing.assert_close(shares, torch.tensor([[0.8, 0.2], [0.0, 1.0]]))


def test_baselines_score_what_arithmetic_says(graphs):
    fold = Fold(Pictures(graphs, "given", True), 1)
    found: dict[str, Any] = {name: make() for name, make in parsed(fold).baselines.items()}
    assert list(found) == list(BASELINES)
    assert found["always background"].test == pytest.approx(0.5 / 7)
    assert found["always background"].measures["pixel accuracy"] == 0.5
    for name in ("position prior", "logistic regression", "gradient boosting"):
        assert found[name].test == pytest.approx(2 / 7)  # two parts are found, five are not there
    assert fold.baseline("position prior") is found["position prior"]


def test_the_real_pictures_are_read(at_hand):
    at_hand("pedestrians")
    pictures = module._pictures("given", True)
    assert (pictures.count, len(pictures.graphs)) == (169, 338)
    assert pictures.graphs[0]["x"].size(1) == 128 + 14
    tested = pictures.joined(Split.of(2, 169).test)
    empty = BASELINES["always background"](tested, tested)
    assert empty.measures["pixel accuracy"] == pytest.approx(0.55, abs=0.02)
