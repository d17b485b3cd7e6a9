"""One attempt at a trial: claimed, run, recorded; nothing that goes wrong in it reaches the next one."""

import errno
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from benchmarks import replicas, trials
from benchmarks.claims import claim
from benchmarks.records import Record, Trial, read_record, record_path, write_record

STORAGE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO)


def work(
    trial: Trial, folder: Path, since: float, progress: Callable[[int], None], *, wait: bool = False
) -> Record | None:
    """Run a trial and write its record, unless it has one.

    Args:
        trial: what to run.
        folder: of the run.
        since: when the runner started, in seconds since 1970: a failure recorded later is not tried again.
        progress: called with the number of steps done.
        wait: for another process that runs the same trial.

    Returns:
        the trial's record; ``None`` while another process runs it.

    Raises:
        OSError: the folder cannot be written; what was finished is kept, and the trial's last checkpoint with it.
    """
    with claim(folder, trial.id, wait=wait) as held:
        if not held:
            return None
        return settled(trial, folder, since) or keep(attempt(trial, folder, progress), folder)


def settled(trial: Trial, folder: Path, since: float) -> Record | None:
    """Return the record of a trial that need not be run: finished, or failed after ``since``."""
    record = read_record(folder, trial)
    if record is not None and record.status == "failed" and record_path(folder, trial).stat().st_mtime < since:
        return None
    return record


def attempt(trial: Trial, folder: Path, progress: Callable[[int], None]) -> Record:
    """Run a trial and return its record, also where it fails; only a folder that cannot be written is an error."""
    try:
        run = replicas.run if trial.config.get("devices", 1) > 1 else trials.run
        return run(trial, checkpoint_path(folder, trial), progress)
    except Exception as error:
        if isinstance(error, OSError) and error.errno in STORAGE:
            raise
        return Record(trial, status="failed", error=traceback.format_exc())


def keep(record: Record, folder: Path) -> Record:
    """Write a record, then remove what its trial needs no more."""
    write_record(folder, record)
    path = checkpoint_path(folder, record.trial)
    with suppress(OSError):
        for left in (path, *path.parent.glob(f".{path.name}.*"), *(folder / "records").glob(f".{record.trial.id}.*")):
            left.unlink(missing_ok=True)
    return record


def checkpoint_path(folder: Path, trial: Trial) -> Path:
    """Return where a trial's checkpoint is kept."""
    return folder / "checkpoints" / f"{trial.id}.pt"
