"""One attempt at a trial: claimed, run, recorded; nothing that goes wrong in it reaches the next one."""

import errno
import traceback
from collections.abc import Callable
from contextlib import suppress

from . import ddp, trials
from .locks import claim
from .records import Record, Trial, read_record, record_path, write_record
from .workdir import Output

STORAGE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO)


def work(
    trial: Trial, output: Output, since: float, progress: Callable[[int], None], *, wait: bool = False
) -> Record | None:
    """Run a trial and write its record, unless it has one.

    Args:
        trial: what to run.
        output: of the run.
        since: when the runner started, in seconds since 1970: a failure recorded later is not tried again.
        progress: called with the number of steps done.
        wait: for another process that runs the same trial.

    Returns:
        the trial's record; ``None`` while another process runs it.

    Raises:
        OSError: the folder cannot be written; what was finished is kept, and the trial's last checkpoint with it.
    """
    with claim(output.folder, trial.id, wait=wait) as held:
        if not held:
            return None
        return settled(trial, output, since) or keep(attempt(trial, output, progress), output)


def settled(trial: Trial, output: Output, since: float) -> Record | None:
    """Return the record of a trial that need not be run: finished, or failed after ``since``."""
    record = read_record(output.folder, trial)
    if record is not None and record.status == "failed" and record_path(output.folder, trial).stat().st_mtime < since:
        return None
    return record


def attempt(trial: Trial, output: Output, progress: Callable[[int], None]) -> Record:
    """Run a trial and return its record, also where it fails; only a folder that cannot be written is an error."""
    try:
        run = ddp.run if trial.config.get("devices", 1) > 1 else trials.run
        return run(trial, output, progress)
    except Exception as error:
        if isinstance(error, OSError) and error.errno in STORAGE:
            raise
        return Record(trial, status="failed", error=traceback.format_exc())


def keep(record: Record, output: Output) -> Record:
    """Write a record, then remove what its trial needs no more."""
    write_record(output.folder, record)
    path = output.checkpoint(record.trial)
    with suppress(OSError):
        for left in (
            path,
            *path.parent.glob(f".{path.name}.*"),
            *(output.folder / "records").glob(f".{record.trial.id}.*"),
        ):
            left.unlink(missing_ok=True)
    return record
