"""Saved models come back as they were, and nothing in them is code."""

import json
import pickle
from pathlib import Path

import pytest
import torch
from torch import nn

from gnn_toolkit import LSTM
from gnn_toolkit.models import load_weights, read_description, save_weights


def test_weights_and_description_come_back(tmp_path: Path):
    path, model, other = tmp_path / "m.safetensors", LSTM(3, 4, num_layers=2), LSTM(3, 4, num_layers=2)
    save_weights(path, model, {"kind": "LSTM", "sizes": [3, 4, 2]})
    assert load_weights(path, other) == {"kind": "LSTM", "sizes": [3, 4, 2]}
    for name, value in model.state_dict().items():
        assert torch.equal(value, other.state_dict()[name])
    assert sorted(file.name for file in tmp_path.iterdir()) == ["m.json", "m.safetensors"]
    written = json.loads((tmp_path / "m.json").read_text())
    assert len(written.pop("checksum")) == 64
    assert written == {"kind": "LSTM", "sizes": [3, 4, 2]}
    save_weights(str(path), other, {"kind": "again"})  # a path as text serves as well
    assert read_description(str(path)) == load_weights(str(path), model) == {"kind": "again"}


def test_shared_and_transposed_parameters_are_saved_for_themselves(tmp_path: Path):
    first, second = nn.Linear(2, 2), nn.Linear(2, 2)
    first.weight.data = first.weight.data.t()
    second.weight = first.weight
    save_weights(tmp_path / "m.safetensors", nn.Sequential(first, second), {})
    one, two = nn.Linear(2, 2), nn.Linear(2, 2)
    load_weights(tmp_path / "m.safetensors", nn.Sequential(one, two))
    assert torch.equal(one.weight, first.weight)
    assert torch.equal(two.weight, first.weight)


def test_every_flipped_bit_and_every_cut_of_either_file_is_found(tmp_path: Path):
    path = tmp_path / "m.safetensors"
    save_weights(path, nn.Linear(1, 1), {"name": "\u00e9", "rate": 1e-05})
    for place in (path, tmp_path / "m.json"):
        content = place.read_bytes()
        flipped = ((k, bit) for k in range(len(content)) for bit in range(8))
        damaged = [content[:k] + bytes([content[k] ^ 1 << bit]) + content[k + 1 :] for k, bit in flipped]
        for bad in (*damaged, *(content[:k] for k in range(len(content)))):
            place.write_bytes(bad)
            with pytest.raises(ValueError, match=r"m\.json: expected "):
                load_weights(path, nn.Linear(1, 1))
        place.write_bytes(content)
    assert load_weights(path, nn.Linear(1, 1)) == {"name": "\u00e9", "rate": 1e-05}


def test_two_files_that_do_not_belong_together_are_refused(tmp_path: Path):
    for name in ("a", "b"):
        save_weights(tmp_path / f"{name}.safetensors", nn.Linear(1, 1), {})
    (tmp_path / "a.json").replace(tmp_path / "b.json")
    with pytest.raises(
        ValueError, match=r"b\.json: expected the checksum that b\.json and b\.safetensors have together"
    ):
        load_weights(tmp_path / "b.safetensors", nn.Linear(1, 1))


def test_a_pickle_is_refused_and_not_run(tmp_path: Path):
    path = tmp_path / "m.safetensors"
    save_weights(path, nn.Linear(1, 1), {})
    path.write_bytes(pickle.dumps({"weight": [1.0]}))
    with pytest.raises(ValueError, match="one of the two is damaged or changed"):
        load_weights(path, nn.Linear(1, 1))


@pytest.mark.parametrize(
    "layers", [(nn.Linear(3, 3),), (nn.Linear(2, 3), nn.Linear(3, 3)), (nn.Linear(2, 3), nn.ReLU())]
)
def test_another_model_keeps_its_weights_and_is_named(tmp_path: Path, layers: tuple[nn.Module, ...]):
    save_weights(tmp_path / "m.safetensors", nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 4)), {})
    model = nn.Sequential(*layers)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    with pytest.raises(
        ValueError, match=r"m\.safetensors: expected the weights of Sequential, got .*; build the model"
    ):
        load_weights(tmp_path / "m.safetensors", model)
    for name, value in model.state_dict().items():
        assert torch.equal(value, before[name])


@pytest.mark.parametrize("name", ["m.json", "m.safetensors"])
@pytest.mark.parametrize("content", [b"{}", b'{"checksum": "mine"}', b"Once upon a time there was a king"])
def test_a_file_that_is_no_model_is_not_overwritten(tmp_path: Path, name: str, content: bytes):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(FileExistsError, match=rf"{name}: expected no file, or a saved model, got another file"):
        save_weights(tmp_path / "m.safetensors", nn.Linear(1, 1), {})
    assert [(file.name, file.read_bytes()) for file in tmp_path.iterdir()] == [(name, content)]


def test_another_ending_is_refused(tmp_path: Path):
    with pytest.raises(ValueError, match=r"path: expected a name that ends in .safetensors, got m.pt"):
        save_weights(tmp_path / "m.pt", nn.Linear(1, 1), {})
