"""One trial after the other, in this process."""

from ...measure.machine import limit_threads
from .. import retry
from ..locks import owner
from ..records import Trial
from .engine import Watcher, Work


def run(work: Work, watcher: Watcher) -> None:
    """Run every trial; those that another process holds come last."""
    limit_threads(work.threads)
    held = [trial for trial in work.trials if not _run(trial, work, watcher, wait=False)]
    for trial in held:
        watcher.held(trial, owner(work.output.folder, trial.id))
        _run(trial, work, watcher, wait=True)


def _run(trial: Trial, work: Work, watcher: Watcher, *, wait: bool) -> bool:
    watcher.started(trial)
    record = retry.work(trial, work.output, work.earlier, lambda steps: watcher.stepped(trial, steps), wait=wait)
    if record is not None:
        watcher.finished(record)
    return record is not None
