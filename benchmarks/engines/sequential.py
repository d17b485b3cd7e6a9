"""One trial after the other, in this process."""

from benchmarks import attempts
from benchmarks.claims import owner
from benchmarks.engines.engine import Watcher, Work
from benchmarks.machine import limit_threads
from benchmarks.records import Trial


def run(work: Work, watcher: Watcher) -> None:
    """Run every trial; those that another process holds come last."""
    limit_threads(work.threads)
    held = [trial for trial in work.trials if not _run(trial, work, watcher, wait=False)]
    for trial in held:
        watcher.held(trial, owner(work.output.folder, trial.id))
        _run(trial, work, watcher, wait=True)


def _run(trial: Trial, work: Work, watcher: Watcher, *, wait: bool) -> bool:
    watcher.started(trial)
    record = attempts.work(trial, work.output, work.since, lambda steps: watcher.stepped(trial, steps), wait=wait)
    if record is not None:
        watcher.finished(record)
    return record is not None
