"""The files that commands write: never one they read, and none that is there unless somebody says so."""

import os
from collections.abc import Iterable
from pathlib import Path

from gnn_toolkit import _checks


def check_written(option: str, written: Iterable[Path], read: Iterable[Path | None], *, force: bool) -> None:
    """Refuse files that cannot be written without loss.

    Args:
        option: that names them, for errors.
        written: what the command writes.
        read: what it reads; ``None`` for what is not given.
        force: whether files that are there may be overwritten.

    Raises:
        ValueError: two of what is written are one file, one is also read, one is a folder, or is there already.
    """
    places = list(written)
    if len({os.path.abspath(place) for place in places}) < len(places):
        remedy = "give the name another ending"
        raise ValueError(_checks.problem(option, "names that differ", " and ".join(map(str, places)), remedy))
    for place in (place for place in places if place.exists()):
        if any(path.exists() and os.path.samefile(place, path) for path in read if path is not None):
            raise ValueError(_checks.problem(option, "another file than the input", place, f"pass another {option}"))
        if place.is_dir():
            raise ValueError(_checks.problem(option, "a name for a file", f"the folder {place}", "add a name to it"))
        if not force:
            remedy = f"pass --force or another {option}"
            raise ValueError(_checks.problem(option, "a file that is not there yet", place, remedy))
