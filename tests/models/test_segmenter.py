"""The segmenter: it visits the surest first, keeps what it is across a file, and refuses what is no segmenter."""

from typing import Any

import pytest
import torch
from torch_geometric.data import Data

from gnn_toolkit.models.segmenter import Segmenter
from gnn_toolkit.models.serialization import save_weights

LABELS = ("sky", "field", "house")


def made(**options) -> Segmenter:
    torch.manual_seed(0)
    model = Segmenter(5, LABELS, hidden_channels=6, **options)
    model.mean.copy_(torch.randn(5))
    model.spread.copy_(torch.rand(5) + 0.5)
    return model.eval()


def picture() -> Any:
    pairs = torch.tensor([[0, 1, 2, 0], [1, 2, 3, 3]])
    x = torch.randn(4, 5, generator=torch.Generator().manual_seed(1))
    return Data(x=x, edge_index=torch.cat([pairs, pairs.flip(0)], 1))


def test_the_surest_is_visited_first():
    model, data = made(num_layers=2), picture()
    sure = model.first((data.x - model.mean) / model.spread).softmax(1).amax(1)
    torch.testing.assert_close(model.confidence(data), sure)
    scored = picture()
    scored.score = sure.argsort().argsort()
    torch.testing.assert_close(model(data), model(scored))
    scored.score = -scored.score
    assert not torch.allclose(model(data), model(scored))
    torch.testing.assert_close(model.probabilities(data).sum(1), torch.ones(4))


def test_a_segmenter_comes_back_from_its_files(tmp_path):
    model, path = made(num_layers=2, superpixels=17), tmp_path / "a.safetensors"
    model.save(path, {"pictures": 3})
    again = Segmenter.load(path)
    assert (again.labels, again.superpixels, again.sizes) == (LABELS, 17, model.sizes)
    assert torch.equal(again.probabilities(picture()), model.probabilities(picture()))


def test_what_is_no_segmenter_is_refused(tmp_path):
    save_weights(tmp_path / "b.safetensors", torch.nn.Linear(2, 2), {"model": "Vocabulary"})
    with pytest.raises(ValueError, match="expected a saved Segmenter, got 'Vocabulary'; name another file"):
        Segmenter.load(tmp_path / "b.safetensors")
    with pytest.raises(ValueError, match="labels: expected two different names at least"):
        Segmenter(5, ["sky", "sky"])
    with pytest.raises(ValueError, match="superpixels: expected an integer of at least 1, got 0"):
        Segmenter(5, LABELS, superpixels=0)
