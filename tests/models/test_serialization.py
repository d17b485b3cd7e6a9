"""Saved models come back as they were, and nothing in them is code."""

import json
import pickle
from pathlib import Path

import pytest
import torch
from safetensors import SafetensorError
from torch import nn

from gnn_toolkit import LSTM
from gnn_toolkit.models import load_weights, save_weights


def test_weights_and_description_come_back(tmp_path: Path):
    path, model, other = tmp_path / "m.safetensors", LSTM(3, 4, num_layers=2), LSTM(3, 4, num_layers=2)
    save_weights(path, model, {"kind": "LSTM", "sizes": [3, 4, 2]})
    assert load_weights(path, other) == {"kind": "LSTM", "sizes": [3, 4, 2]}
    for name, value in model.state_dict().items():
        assert torch.equal(value, other.state_dict()[name])
    assert sorted(file.name for file in tmp_path.iterdir()) == ["m.json", "m.safetensors"]
    assert json.loads((tmp_path / "m.json").read_text()) == {"kind": "LSTM", "sizes": [3, 4, 2]}


def test_shared_and_transposed_parameters_are_saved_for_themselves(tmp_path: Path):
    first, second = nn.Linear(2, 2), nn.Linear(2, 2)
    first.weight.data = first.weight.data.t()
    second.weight = first.weight
    save_weights(tmp_path / "m.safetensors", nn.Sequential(first, second), {})
    one, two = nn.Linear(2, 2), nn.Linear(2, 2)
    load_weights(tmp_path / "m.safetensors", nn.Sequential(one, two))
    assert torch.equal(one.weight, first.weight)
    assert torch.equal(two.weight, first.weight)


def test_a_pickle_is_refused_and_not_run(tmp_path: Path):
    path = tmp_path / "m.safetensors"
    path.write_bytes(pickle.dumps({"weight": [1.0]}))
    with pytest.raises(SafetensorError):
        load_weights(path, nn.Linear(1, 1))


def test_another_model_is_told_apart(tmp_path: Path):
    save_weights(tmp_path / "m.safetensors", nn.Linear(2, 3), {})
    with pytest.raises(RuntimeError, match="size mismatch for weight"):
        load_weights(tmp_path / "m.safetensors", nn.Linear(3, 3))


def test_another_ending_is_refused(tmp_path: Path):
    with pytest.raises(ValueError, match=r"path: expected a name that ends in .safetensors, got m.pt"):
        save_weights(tmp_path / "m.pt", nn.Linear(1, 1), {})
