"""Locks of trials: each on a file of its own, which the system takes back when its process dies.

Two runners on one folder share it trial by trial; what a killed runner held is free at once, so no lock can go stale.
"""

import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

POLL = 0.02  # seconds between two attempts of whoever waits


@contextmanager
def claim(folder: Path, trial: str, *, wait: bool = False) -> Iterator[bool]:
    """Hold the trial of that id while the block runs, if no other process does.

    Args:
        folder: of the run.
        trial: its id.
        wait: until whoever holds it is done or dead.

    Yields:
        whether it is held now.
    """
    path = _path(folder, trial)
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path, timeout=-1 if wait else 0, poll_interval=POLL)
    try:
        lock.acquire()
    except Timeout:
        yield False
        return
    try:
        _owner(path).write_text(f"process {os.getpid()} on {platform.node()}", encoding="utf-8")
        yield True
    finally:
        for left in (_owner(path), path):  # while it is still held, so that nobody else's is removed
            with suppress(PermissionError):  # Windows removes no open file: it stays, and is locked again
                left.unlink(missing_ok=True)
        lock.release()


def owner(folder: Path, trial: str) -> str:
    """Return who holds a trial, in words; empty where nobody says so."""
    with suppress(FileNotFoundError):
        return _owner(_path(folder, trial)).read_text(encoding="utf-8")
    return ""


def _path(folder: Path, trial: str) -> Path:
    return folder / "locks" / trial


def _owner(path: Path) -> Path:
    return path.with_name(f"{path.name}.owner")
