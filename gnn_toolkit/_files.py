"""Files that are either whole or not there."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import IO
from uuid import uuid4


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
        _keep_names(path.parent)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _keep_names(folder: Path) -> None:
    """Have the system write a folder's names to the disk, where it lets folders be opened (Windows does not)."""
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
