"""Names of tasks in records and in reports, also where the record is older than its task's name."""

import re
from functools import cache

from ..run.records import Record
from ..tables import TASKS
from ..tasks.task import About

# Names of tasks that were settings of one task: a pattern, the task, and its variant.
FORMER = (
    (r"scalar-palindrome-(\d+)", "palindrome", r"scalar-\1"),
    (r"memory-([2-6])", "palindrome", r"hops-\1"),
    (r"(memory-.+)", "palindrome", r"\1"),
)


def about_of(record: Record) -> About | None:
    """Return what a report says of a record's task; ``None`` where nobody knows the task."""
    if record.about:
        return About(**record.about)
    return _about(renamed(record.trial.task)[0])


@cache
def _about(task: str) -> About | None:
    return About.of(task, TASKS[task], TASKS[task].options) if task in TASKS else None


def renamed(name: str) -> tuple[str, str]:
    """Return the task and the variant that a name stands for, which may have been a task of its own.

    >>> renamed("memory-40-no-bias"), renamed("cora-random"), renamed("los-loop-15"), renamed("club")
    (('palindrome', 'memory-40-no-bias'), ('cora', 'random'), ('los-loop', '15'), ('club', ''))
    """
    for pattern, task, variant in FORMER:
        if found := re.fullmatch(pattern, name):
            return task, found.expand(variant)
    tasks = [task for task in TASKS if name.startswith(f"{task}-")]
    if name in TASKS or not tasks:
        return name, ""
    task = max(tasks, key=len)
    return task, name.removeprefix(f"{task}-")
