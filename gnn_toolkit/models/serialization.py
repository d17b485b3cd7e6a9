"""Trained models as safetensors weights and a JSON description beside them.

One checksum, in the JSON, covers both files: a bit that flipped in either, a file cut short and two files that do not
belong together are found before anything is loaded.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import nn

from gnn_toolkit import _checks
from gnn_toolkit._files import write_atomically

ENDING = ".safetensors"
_NONE = "0" * 64
_OPENING = '{\n "checksum": "'  # of every description: by it older files of ours are recognised
_METADATA = {"written_by": "gnn_toolkit"}
_MARK = b'{"__metadata__":{"written_by":"gnn_toolkit"}'
_REMEDY = "copy both files again from where they came, or train anew"


def save_weights(path: str | Path, model: nn.Module, description: dict[str, Any]) -> None:
    """Save a model's ``state_dict`` and, in a file of the same name that ends in ``.json``, what the model is.

    Nothing in either file is code, and reading them runs none. A model that was saved there before is replaced; any
    other file is left alone.

    Args:
        path: of the weights, ends in ``.safetensors``.
        model: its parameters and buffers are saved from whatever device.
        description: what JSON can hold, but for the key ``checksum``; enough to build the model again.

    Raises:
        ValueError: ``path`` has another ending.
        FileExistsError: there is a file of that name that is no saved model.
        OSError: a file cannot be written; an older one is still there.
    """
    path = Path(path)
    check_free(path)
    # Parameters may share memory, or be parts of larger tensors: each is written for itself.
    state = {name: value.detach().cpu().clone().contiguous() for name, value in model.state_dict().items()}
    weights = save(state, _METADATA)
    text = json.dumps({"checksum": _NONE} | description, indent=1)
    text = text.replace(_NONE, _checksum(text, weights), 1)
    write_atomically(described(path), lambda file: file.write(text.encode()))
    write_atomically(path, lambda file: file.write(weights))


def load_weights(path: str | Path, model: nn.Module) -> dict[str, Any]:
    """Load saved weights into a model that was built as the description says, and return the description.

    Args:
        path: of the weights.
        model: has the same parameters and buffers; it keeps its device. Where anything is wrong it keeps its weights.

    Returns:
        the description.

    Raises:
        ValueError: ``path`` has another ending; a file is damaged or the two do not belong together; the model has
            other parameters, which the message names.
        OSError: a file is missing.
    """
    path = Path(path)
    description, weights = _whole(path)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    try:
        model.load_state_dict(load(weights))
    except (SafetensorError, RuntimeError) as error:
        model.load_state_dict(before)
        got = " ".join(str(error).split())
        remedy = f"build the model as {described(path).name} says"
        raise ValueError(_checks.problem(str(path), f"the weights of {type(model).__name__}", got, remedy)) from error
    return description


def read_description(path: str | Path, model: str = "") -> dict[str, Any]:
    """Return what the model is whose weights were saved at ``path``, once both files are found to be whole.

    Args:
        path: of the weights.
        model: the description's ``"model"`` that is asked for; empty for any.

    Raises:
        ValueError: ``path`` has another ending; a file is damaged or the two do not belong together; another model.
        OSError: there is no such file.
    """
    description = _whole(Path(path))[0]
    if model and description.get("model") != model:
        got = repr(description.get("model"))
        raise ValueError(_checks.problem(str(path), f"a saved {model}", got, "name another file"))
    return description


def check_free(path: Path) -> None:
    """Raise a ``FileExistsError`` if a file that is no saved model stands where one would be saved.

    Raises:
        ValueError: ``path`` has another ending.
    """
    marks = {described(path): (0, _OPENING.encode()), path: (8, _MARK)}  # safetensors begin with a length of 8 bytes
    for place, (start, mark) in marks.items():
        if place.exists() and mark != place.read_bytes()[start : start + len(mark)] and place.stat().st_size:
            got = "another file, which is kept"
            raise FileExistsError(_checks.problem(str(place), "no file, or a saved model", got, "name another place"))


def described(path: Path) -> Path:
    """Return the name of the description of the weights at ``path``.

    Raises:
        ValueError: ``path`` has another ending.
    """
    if path.suffix != ENDING:
        raise ValueError(_checks.problem("path", f"a name that ends in {ENDING}", path.name, "name it so"))
    return path.with_suffix(".json")


def _whole(path: Path) -> tuple[dict[str, Any], bytes]:
    """Return the description and the content of the weights' file, once their checksum is found to be right."""
    place = described(path)
    try:
        text = place.read_text(encoding="utf-8")
        description = json.loads(text)
        found = description.pop("checksum")
        whole = text.replace(found, _NONE, 1)
    except (ValueError, KeyError, AttributeError, TypeError, RecursionError) as error:
        got = "none" if isinstance(error, KeyError) else f"a damaged one ({error})"
        raise ValueError(
            _checks.problem(str(place), "a model's description with its checksum", got, _REMEDY)
        ) from error
    weights = path.read_bytes()
    if not text.startswith(_OPENING) or found != _checksum(whole, weights):
        allowed = f"the checksum that {place.name} and {path.name} have together"
        raise ValueError(_checks.problem(str(place), allowed, "another: one of the two is damaged or changed", _REMEDY))
    return description, weights


def _checksum(text: str, weights: bytes) -> str:
    """Return the SHA-256 of a description, zeros where its checksum stands, and of the weights."""
    return hashlib.sha256(hashlib.sha256(text.encode()).digest() + hashlib.sha256(weights).digest()).hexdigest()
