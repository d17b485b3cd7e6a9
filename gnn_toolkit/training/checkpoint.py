"""The state of a training run in a file that is either whole or not there."""

from io import BytesIO
from pathlib import Path
from typing import Any

import torch

from gnn_toolkit._files import write_atomically


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
