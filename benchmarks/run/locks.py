"""Who runs which trial: a lock on a file of its own, which the system takes back when its process dies.

Two runners on one folder share it trial by trial; what a killed runner held is free at once, so no lock can go stale.
"""

import fcntl
import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


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
    descriptor = _locked(path, wait)
    try:
        if descriptor is not None:
            os.truncate(descriptor, 0)
            os.write(descriptor, f"process {os.getpid()} on {platform.node()}".encode())
        yield descriptor is not None
    finally:
        if descriptor is not None:
            path.unlink(missing_ok=True)  # while it is still held, so that nobody else's is removed
            os.close(descriptor)


def owner(folder: Path, trial: str) -> str:
    """Return who holds a trial, in words; empty where nobody says so."""
    with suppress(FileNotFoundError):
        return _path(folder, trial).read_text(encoding="utf-8")
    return ""


def _path(folder: Path, trial: str) -> Path:
    return folder / "locks" / trial


def _locked(path: Path, wait: bool) -> int | None:
    """Return the descriptor of the locked file that has this path now, or ``None`` where another process holds it."""
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
            # Its last holder may have removed the file between the two calls; then this is not the file at the path.
            if path.exists() and os.path.samestat(os.fstat(descriptor), path.stat()):
                return descriptor
        except BlockingIOError:
            os.close(descriptor)
            return None
        except FileNotFoundError:
            pass
        os.close(descriptor)
