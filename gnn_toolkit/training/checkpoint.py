"""The state of a training run in a file that is either whole or not there."""

import hashlib
import warnings
from io import BytesIO
from pathlib import Path
from typing import Any

import torch

from gnn_toolkit import _checks
from gnn_toolkit._files import write_atomically

_MARK = b"gnn_toolkit checkpoint "  # what follows it: the SHA-256 of the rest as 64 digits, a line feed, the rest
_HEADER = len(_MARK) + 65


def save_checkpoint(path: Path, state: dict[str, Any]) -> None:
    """Save a state of tensors, numbers and strings, whole or not at all.

    Raises:
        FileExistsError: there is a file of that name that is no checkpoint; it is kept.
        OSError: the file cannot be written, e.g. because the disk is full; an older one is still there.
    """
    if path.is_file() and not _is_checkpoint(path):
        got = "another file, which is kept"
        raise FileExistsError(_checks.problem(str(path), "no file, or a checkpoint", got, "name another place"))
    buffer = BytesIO()  # torch's own writer turns an error of the disk into another one
    torch.save(state, buffer)
    header = _MARK + hashlib.sha256(buffer.getbuffer()).hexdigest().encode() + b"\n"
    write_atomically(path, lambda file: (file.write(header), file.write(buffer.getbuffer())))


def load_checkpoint(path: Path) -> dict[str, Any] | None:
    """Return a saved state, or ``None`` where there is none; only tensors and plain values are unpickled.

    A damaged checkpoint is set aside: a warning names it, it gets a name that ends in ``.damaged``, and the run begins
    anew.

    Raises:
        ValueError: the file is no checkpoint; it is left alone.
        OSError: the file cannot be read, or a damaged one not be set aside.
    """
    if not path.exists():
        return None
    if not _is_checkpoint(path):
        allowed, remedy = "a checkpoint that save_checkpoint wrote", "name another place; the file is left alone"
        raise ValueError(_checks.problem(str(path), allowed, "another file", remedy))
    content = path.read_bytes()
    if content[len(_MARK) : _HEADER] != hashlib.sha256(content[_HEADER:]).hexdigest().encode() + b"\n":
        aside = _set_aside(path)
        remedy = f"it is set aside as {aside}, and training begins anew"
        warnings.warn(_checks.problem(str(path), "a whole checkpoint", "a damaged one", remedy), stacklevel=2)
        return None
    try:
        return torch.load(BytesIO(content[_HEADER:]), map_location="cpu", weights_only=True)
    except Exception as error:  # what torch raises depends on what the file asks for
        allowed, got = "a checkpoint of tensors and plain values", " ".join(str(error).split())
        raise ValueError(_checks.problem(str(path), allowed, got, "delete it to begin anew")) from error


def _is_checkpoint(path: Path) -> bool:
    """Return whether a file begins as checkpoints do; an empty one counts as a damaged checkpoint."""
    with path.open("rb") as file:
        begins = file.read(len(_MARK))
    return begins in (_MARK, b"")


def _set_aside(path: Path) -> Path:
    """Give a damaged file a name that is free and return it."""
    names = (path.with_name(f"{path.name}.damaged{number or ''}") for number in range(1000))
    aside = next(name for name in names if not name.exists())
    path.rename(aside)
    return aside
