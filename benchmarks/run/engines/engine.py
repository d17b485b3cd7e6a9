"""The interface of an engine: it brings every trial to an end, and tells a watcher how it goes."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from ..records import Record, Trial
from ..retry import Stamps
from ..workdir import Output


class Watcher(Protocol):
    """Hears how the trials go."""

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
        earlier: by trial, the stamp of its record when the runner started: a failure recorded later is not tried again.
        workers: how many trials run at a time.
        threads: how many threads each of them has, whatever their number: sums depend on it, and so do scores.
    """

    trials: list[Trial]
    output: Output
    earlier: Stamps
    workers: int = 1
    threads: int = 1


Engine = Callable[[Work, Watcher], None]
