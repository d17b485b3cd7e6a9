"""What an engine is: it brings every trial to an end, and tells a watcher how it goes."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from ..records import Record, Trial
from ..workdir import Output


class Watcher(Protocol):
    """Is told how the trials go."""

    def started(self, trial: Trial) -> None:
        """A trial begins, here or in another process."""
        ...

    def stepped(self, trial: Trial, steps: int) -> None:
        """So many steps of it are done."""
        ...

    def held(self, trial: Trial, owner: str) -> None:
        """Another runner on the same folder runs it."""
        ...

    def finished(self, record: Record) -> None:
        """A trial has its record."""
        ...


@dataclass(frozen=True)
class Work:
    """What is to be done.

    Attributes:
        trials: those that wait.
        output: of the run.
        since: when the runner started, in seconds since 1970: a failure recorded later is not tried again.
        workers: how many trials run at a time.
        threads: how many threads they have together.
    """

    trials: list[Trial]
    output: Output
    since: float
    workers: int = 1
    threads: int = 1

    @property
    def threads_each(self) -> int:
        """Threads of one trial."""
        return max(1, self.threads // self.workers)


Engine = Callable[[Work, Watcher], None]
