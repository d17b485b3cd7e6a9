"""Trained models as files that hold numbers and words alone: weights as safetensors, what they are as JSON beside."""

import json
from pathlib import Path
from typing import Any

from safetensors.torch import load, save
from torch import nn

from gnn_toolkit import _checks
from gnn_toolkit._files import write_atomically


def save_weights(path: Path, model: nn.Module, description: dict[str, Any]) -> None:
    """Save a model's ``state_dict`` and, in a file of the same name that ends in ``.json``, what the model is.

    Nothing in either file is code, and reading them runs none.

    Args:
        path: of the weights, ends in ``.safetensors``.
        model: its parameters and buffers are saved from whatever device.
        description: what JSON can hold; enough to build the model again.

    Raises:
        ValueError: ``path`` has another ending.
        OSError: a file cannot be written; an older one is still there.
    """
    described = _described(path)
    # Parameters may share memory, or be parts of larger tensors: each is written for itself.
    content = save({name: value.detach().cpu().clone().contiguous() for name, value in model.state_dict().items()})
    write_atomically(described, lambda file: file.write(json.dumps(description, indent=1).encode()))
    write_atomically(path, lambda file: file.write(content))


def load_weights(path: Path, model: nn.Module) -> dict[str, Any]:
    """Load saved weights into a model that was built as the description says, and return the description.

    Args:
        path: of the weights.
        model: has the same parameters and buffers; it keeps its device.

    Returns:
        the description.

    Raises:
        ValueError: ``path`` has another ending.
        RuntimeError: the model has other parameters; the message names them.
        safetensors.SafetensorError: the file is damaged, or of another kind.
    """
    _described(path)
    model.load_state_dict(load(path.read_bytes()))
    return read_description(path)


def read_description(path: Path) -> dict[str, Any]:
    """Return what the model is whose weights were saved at ``path``.

    Raises:
        ValueError: ``path`` has another ending.
        OSError: there is no such file.
    """
    return json.loads(_described(path).read_text(encoding="utf-8"))


def _described(path: Path) -> Path:
    if path.suffix != ".safetensors":
        raise ValueError(_checks.problem("path", "a name that ends in .safetensors", path.name, "name it so"))
    return path.with_suffix(".json")
