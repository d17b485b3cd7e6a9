"""Files that are either whole or not there."""

import os
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import IO, Any
from uuid import uuid4

import torch


def write_atomically(path: Path, write: Callable[[IO[bytes]], object]) -> None:
    """Write a file under a temporary name in the same folder, then move it into place in one step.

    A process that dies on the way leaves the old file, or none, but never half of one.

    Args:
        path: where the file goes; its folder is made if need be.
        write: called with the open binary file.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{uuid4().hex}")
    try:
        with temporary.open("xb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def save_checkpoint(path: Path, state: dict[str, Any]) -> None:
    """Save a state of tensors, numbers and strings, whole or not at all.

    Raises:
        OSError: the file cannot be written, e.g. because the disk is full; an older one is still there.
    """
    buffer = BytesIO()  # torch's own writer turns an error of the disk into another one
    torch.save(state, buffer)
    write_atomically(path, lambda file: file.write(buffer.getbuffer()))


def load_checkpoint(path: Path) -> dict[str, Any] | None:
    """Return a saved state, or ``None`` where there is none; only tensors and plain values are unpickled."""
    return torch.load(path, map_location="cpu", weights_only=True) if path.exists() else None
