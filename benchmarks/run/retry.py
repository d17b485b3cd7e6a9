"""One attempt at a trial: claimed, run, recorded; nothing that goes wrong in it reaches the next one."""

import errno
import math
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress

from gnn_toolkit.datasets import DatasetUnavailableError

from . import ddp, trials
from .locks import claim
from .record_files import read_record, stamp, write_record
from .records import Record, Trial
from .workdir import Output

STORAGE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO)
PASSING = (MemoryError, ConnectionError, TimeoutError, ChildProcessError, DatasetUnavailableError)
PASSING_CODES = (
    *(errno.ENOMEM, errno.EAGAIN, errno.EMFILE, errno.ENFILE, errno.EPIPE, errno.ESTALE),
    *(errno.ENETDOWN, errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ECONNRESET, errno.ETIMEDOUT),
)
PASSING_WORDS = ("out of memory", "allocate memory")  # torch says so by a RuntimeError

Stamps = Mapping[str, tuple[int, int] | None]


def work(
    trial: Trial, output: Output, earlier: Stamps, progress: Callable[[int], None], *, wait: bool = False
) -> Record | None:
    """Run a trial and write its record, unless it has one.

    Args:
        trial: what to run.
        output: of the run.
        earlier: by trial, the stamp of the record that it had when the runner started: one that is not done is tried
            again, a later one is not.
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
        found = settled(trial, output, earlier)
        return keep(attempt(trial, output, progress), output) if found is None else tidy(found, output)


def settled(trial: Trial, output: Output, earlier: Stamps) -> Record | None:
    """Return the record of a trial that need not be run: it is done, or was tried since the runner started."""
    record = read_record(output.folder, trial)
    tried_before = record is not None and earlier.get(trial.id) == stamp(output.folder, trial)
    return None if record is None or (record.status != "done" and tried_before) else record


def attempt(trial: Trial, output: Output, progress: Callable[[int], None]) -> Record:
    """Run a trial and return its record, also where it fails; only a folder that cannot be written is an error."""
    try:
        run = ddp.run if trial.config.get("devices", 1) > 1 else trials.run
        record = run(trial, output, progress)
    except Exception as error:
        if isinstance(error, OSError) and error.errno in STORAGE:
            raise
        return Record(trial, status="interrupted" if is_passing(error) else "failed", error=traceback.format_exc())
    if record.test is None or not all(math.isfinite(score) for score in (record.test, *record.units)):
        return Record(
            trial, status="failed", error=f"its test score is {record.test}: the task's metric gives no number"
        )
    return record


def is_passing(error: BaseException) -> bool:
    """Return whether an error, or what it came from, passes without the trial being changed: memory, network, pipes.

    >>> is_passing(BrokenPipeError()), is_passing(RuntimeError("CUDA out of memory")), is_passing(ValueError("no"))
    (True, True, False)
    """
    return any(
        isinstance(one, PASSING)
        or (isinstance(one, OSError) and one.errno in PASSING_CODES)
        or (isinstance(one, RuntimeError) and any(words in str(one) for words in PASSING_WORDS))
        for one in _chain(error)
    )


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def keep(record: Record, output: Output) -> Record:
    """Write a record, then remove what its trial needs no more."""
    write_record(output.folder, record)
    return tidy(record, output)


def tidy(record: Record, output: Output) -> Record:
    """Remove what a trial that has its record needs no more; the checkpoint only of a trial that is done.

    A worker that is killed after it has written a record leaves its checkpoint to whoever comes next.
    """
    path = output.checkpoint(record.trial)
    litter = [*path.parent.glob(f".{path.name}.*"), *(output.folder / "records").glob(f".{record.trial.id}.*")]
    with suppress(OSError):
        for left in (*litter, *([path] if record.status == "done" else [])):
            left.unlink(missing_ok=True)
    return record
