"""Runs the trials of a suite that have no record yet, and says how it goes."""

import traceback
from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from benchmarks import trials
from benchmarks.records import Record, Trial, read_records, write_record
from benchmarks.tables import TASKS


def run(planned: list[Trial], folder: Path, console: Console) -> list[Record]:
    """Run the trials that have no finished record in ``folder`` and return the records of those that failed.

    Every finished trial is written at once. What Ctrl-C interrupts is continued from its last checkpoint by the next
    call with the same folder; a trial that fails is recorded with its traceback, and tried again by the next call.
    """
    done = {record.trial.id for record in read_records(folder) if record.status == "done"}
    waiting = [trial for trial in planned if trial.id not in done]
    if len(waiting) < len(planned):
        console.print(f"{len(planned) - len(waiting)} of {len(planned)} trials are finished already.")
    failures = []
    with _progress(console) as progress:
        overall = progress.add_task("trials", total=len(waiting))
        for number, trial in enumerate(waiting, 1):
            steps = progress.add_task(trial.title, total=trial.config.get("steps", 1))
            record = _attempt(trial, folder, lambda step, steps=steps: progress.update(steps, completed=step))
            write_record(folder, record)
            _checkpoint(folder, trial).unlink(missing_ok=True)
            progress.remove_task(steps)
            progress.advance(overall)
            console.print(f"[{number}/{len(waiting)}] {trial.title}: {_outcome(record)}", markup=False, soft_wrap=True)
            if record.status == "failed":
                failures.append(record)
    return failures


def _progress(console: Console) -> Progress:
    """Return a live view of bars on a terminal; elsewhere the printed lines are all there is."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    times = (TimeElapsedColumn(), TimeRemainingColumn())
    return Progress(*columns, *times, console=console, disable=not console.is_terminal, transient=True)


def _attempt(trial: Trial, folder: Path, progress: Callable[[int], None]) -> Record:
    try:
        if not trial.view:
            return trials.run_baseline(trial)
        return trials.run_trial(trial, _checkpoint(folder, trial), progress)
    except Exception:
        return Record(trial, status="failed", error=traceback.format_exc())


def _checkpoint(folder: Path, trial: Trial) -> Path:
    return folder / "checkpoints" / f"{trial.id}.pt"


def _outcome(record: Record) -> str:
    if record.test is None:
        return "failed: " + record.error.strip().rsplit("\n", 1)[-1]
    return f"{TASKS[record.trial.task].metric} {record.test:.3f} ({record.seconds:.1f} s)"
