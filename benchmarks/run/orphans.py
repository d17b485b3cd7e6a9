"""A process that ends with the one that started it, also where that is killed and can say nothing any more."""

import os
from multiprocessing import parent_process
from multiprocessing.connection import wait
from threading import Thread


def end_with_parent() -> None:
    """End this process at once where its parent does: its files are whole at any moment, and its locks are free then.

    An orphan would otherwise hold its trial until it next has something to say, and take the broken pipe for the
    trial's failure.
    """
    parent = parent_process()
    if parent is not None:
        Thread(target=_wait, args=(parent.sentinel,), daemon=True).start()


def _wait(sentinel: int) -> None:
    wait([sentinel])
    os._exit(1)
