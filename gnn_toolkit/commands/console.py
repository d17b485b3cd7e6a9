"""The display of commands while they work, and how Ctrl-C stops them."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

console = Console(stderr=True, highlight=False)


def say(text: str) -> None:
    """Print a line about the work on standard error, as it is and unbroken."""
    console.print(text, markup=False, soft_wrap=True)


def bar_of_steps() -> Progress:
    """Return a bar of steps done, of all of them, with the time that is left."""
    return Progress(TextColumn("training"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), console=console)


def duration(seconds: float) -> str:
    """Return a time in the unit that people would use.

    >>> duration(8.2), duration(300), duration(60 * 100)
    ('8 s', '5 minutes', '1.7 hours')
    """
    if seconds < 90:
        return f"{max(seconds, 1):.0f} s"
    return f"{seconds / 60:.2g} minutes" if seconds < 5400 else f"{seconds / 3600:.2g} hours"


@contextmanager
def between_steps() -> Iterator[Callable[[], None]]:
    """Hold the first Ctrl-C back until the function that this yields is called; a second one is not held back.

    Wherever else it strikes, a library may swallow it.
    """
    asked, before = threading.Event(), signal.getsignal(signal.SIGINT)

    def remember(*_: object) -> None:
        asked.set()
        signal.signal(signal.SIGINT, before)

    def stop_if_asked() -> None:
        if asked.is_set():
            raise KeyboardInterrupt

    signal.signal(signal.SIGINT, remember)
    try:
        yield stop_if_asked
    finally:
        signal.signal(signal.SIGINT, before)
