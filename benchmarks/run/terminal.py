"""The display of a terminal while trials run."""

from types import TracebackType

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from .records import Record, Trial


class Terminal:
    """Bars on a terminal, and a line for every finished trial; elsewhere the lines are all there is."""

    def __init__(self, console: Console, total: int) -> None:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
        times = (TimeElapsedColumn(), TimeRemainingColumn())
        self.progress = Progress(*columns, *times, console=console, disable=not console.is_terminal, transient=True)
        self.console, self.total, self.number = console, total, 0
        self.overall = self.progress.add_task("trials", total=total)
        self.bars: dict[str, TaskID] = {}

    def __enter__(self) -> "Terminal":
        self.progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.progress.stop()

    def started(self, trial: Trial) -> None:
        """Show a bar for the trial."""
        if trial.id not in self.bars:
            self.bars[trial.id] = self.progress.add_task(trial.title, total=trial.config.get("steps", 1))

    def stepped(self, trial: Trial, steps: int) -> None:
        """Move the trial's bar."""
        self.progress.update(self.bars[trial.id], completed=steps)

    def held(self, trial: Trial, owner: str) -> None:
        """Say who runs the trial."""
        self.console.print(f"{trial.title}: run by {owner or 'another process'}", markup=False, soft_wrap=True)

    def finished(self, record: Record) -> None:
        """Print the trial's line and take its bar away."""
        trial = record.trial
        self.number += 1
        if trial.id in self.bars:
            self.progress.remove_task(self.bars.pop(trial.id))
        self.progress.advance(self.overall)
        line = f"[{self.number}/{self.total}] {trial.title}: {_outcome(record)}"
        self.console.print(line, markup=False, soft_wrap=True)


def _outcome(record: Record) -> str:
    if record.test is None:
        return "failed: " + record.error.strip().rsplit("\n", 1)[-1]
    return f"{record.about.get('metric', 'test')} {record.test:.3f} ({record.seconds:.1f} s)"
