"""The suites: TOML files that say which views and models are compared on which tasks, with how many seeds.

A suite reads::

    title = "what it is for, in a line"
    seeds = 3

    [budget]                     # for every task, instead of what the task says
    precision = "bf16-mixed"

    [task.text]                  # for one task
    steps = 1000

    [cut."palindrome-*"]         # the same, but --full leaves it out: what would take too long
    steps = 100

    [[compare]]                  # every task with every view and every model named here
    task = ["palindrome-10", "palindrome-20"]
    view = "path"
    model = ["RNN", "LSTM"]

A name may be a pattern with ``*``, ``?`` or ``[12]``: all names of the table that it fits.
"""

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, field, fields, replace
from fnmatch import fnmatchcase
from itertools import product
from pathlib import Path
from types import UnionType
from typing import Any, get_args, get_type_hints

from gnn_toolkit import _checks
from gnn_toolkit.training import KEPT, OPTIMIZERS

from ..tables import MODELS, TASKS, VIEWS
from ..tasks.task import Budget

FOLDER = Path(__file__).parent
TABLES: dict[str, Iterable[str]] = {"task": TASKS, "view": VIEWS, "model": MODELS}
KEYS = [field.name for field in fields(Budget) if field.name not in ("seed", "device", "devices")]
CHOICES: dict[str, Iterable[str]] = {"optimizer": OPTIMIZERS, "keep": KEPT}
POSITIVE = (
    "steps",
    "evaluate_every",
    "batch_size",
    "hidden_channels",
    "num_layers",
    "num_convolutions",
    "rate_decay_every",
    "patience",
    "parameters",
    "window",
)

Comparison = tuple[str, str, str]  # task, view, model


@dataclass(frozen=True)
class Suite:
    """What a suite asks for.

    Attributes:
        name: the file's name without its ending.
        title: what it is for, in a line.
        seeds: how many seeds, from 0 on.
        comparisons: task, view and model of each.
        changes: by task, what differs from the task's own budget.
    """

    name: str
    title: str
    seeds: int
    comparisons: tuple[Comparison, ...]
    changes: dict[str, dict[str, Any]] = field(default_factory=dict)

    def budget(self, task: str) -> Budget:
        """Return the budget of every model on a task."""
        return replace(TASKS[task].budget, **self.changes.get(task, {}))

    def only(self, tasks: Iterable[str] = (), models: Iterable[str] = ()) -> "Suite":
        """Return the suite of these tasks and models alone, of all where none is named; a name may be a pattern.

        Raises:
            ValueError: a name that is in no table, or nothing is left.
        """
        tasks = [name for task in tasks for name in _fitting("--task", task, TASKS)] or TASKS
        models = [name for model in models for name in _fitting("--model", model, MODELS)] or MODELS
        kept = tuple(c for c in self.comparisons if c[0] in tasks and c[2] in models)
        if not kept:
            remedy = f"`python -m benchmarks list` and the suite {self.name!r} show what there is"
            raise ValueError(_checks.problem("--task, --model", "a comparison of the suite", "none that fits", remedy))
        return replace(self, comparisons=kept)

    def set(self, assignments: Iterable[str]) -> "Suite":
        """Return the suite with ``key=value`` set for every task, or ``task.key=value`` for one.

        Raises:
            ValueError: not of that form, an unknown task or key, or a value that does not fit.
        """
        changes = {task: dict(change) for task, change in self.changes.items()}
        for assignment in assignments:
            name, equals, text = assignment.partition("=")
            task, _, key = name.rpartition(".")
            if not equals:
                remedy = "write e.g. steps=100 or text.steps=100"
                raise ValueError(_checks.problem("--set", "key=value", repr(assignment), remedy))
            for chosen in _fitting("--set", task, TASKS) if task else {c[0] for c in self.comparisons}:
                changes.setdefault(chosen, {})[key] = _value("--set", key, _parsed(text))
        return replace(self, changes=changes)


def names() -> list[str]:
    """Return the names of the suites that come with the benchmarks."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def load(suite: str, *, full: bool = False) -> Suite:
    """Return a suite by its name, or by the path of its file where that ends in ``.toml``.

    Args:
        suite: its name or path.
        full: whether to leave out its cuts.

    Raises:
        ValueError: no such suite, or a file that does not fit; the message names file, key and what is allowed.
    """
    path = Path(suite) if suite.endswith(".toml") else FOLDER / f"{_checks.choice('suite', suite, names())}.toml"
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ValueError(_checks.problem("suite", "a TOML file", suite, f"there are {', '.join(names())}")) from None
    except tomllib.TOMLDecodeError as error:
        raise ValueError(_checks.problem(str(path), "TOML", str(error), "see https://toml.io")) from None
    return _suite(path, content, full)


def _suite(path: Path, content: dict[str, Any], full: bool) -> Suite:
    for key in content:
        _checks.choice(f"{path}: key", key, ("title", "seeds", "budget", "task", "cut", "compare"))
    for key, kind in (("title", str), ("compare", list)):
        if not isinstance(content.get(key), kind) or not content[key]:
            got = repr(content.get(key))
            remedy = 'write e.g. title = "..." and [[compare]]'
            raise ValueError(_checks.problem(f"{path}: {key}", "a text" if kind is str else "tables", got, remedy))
    comparisons = [c for place, entry in enumerate(content["compare"]) for c in _crossed(path, place, entry)]
    changes: dict[str, dict[str, Any]] = {task: {} for task, _, _ in comparisons}
    for where, pattern, table in _change_tables(content):
        for task in _fitting(f"{path}: {where}", pattern, TASKS):
            values = _changes(f"{path}: {where}.{pattern}".removesuffix(".*"), table)
            if task in changes and not (full and where == "cut"):
                changes[task] |= values
    return Suite(
        path.stem,
        content["title"],
        _checks.positive(f"{path}: seeds", content.get("seeds", 3)),
        tuple(dict.fromkeys(comparisons)),
        changes,
    )


def _change_tables(content: dict[str, Any]) -> Iterable[tuple[str, str, dict[str, Any]]]:
    """Yield the tables that change budgets, with the key they stand under and the tasks' pattern."""
    yield "budget", "*", content.get("budget", {})
    for where in ("task", "cut"):
        for pattern, table in content.get(where, {}).items():
            yield where, pattern, table


def _fitting(where: str, pattern: str, table: Iterable[str]) -> list[str]:
    """Return the names of a table that a name or pattern fits."""
    if set(pattern) & set("*?["):
        names = [name for name in table if fnmatchcase(name, pattern)]
        if names:
            return names
    return [_checks.choice(where, pattern, table)]


def _crossed(path: Path, place: int, entry: dict[str, Any]) -> Iterable[Comparison]:
    where = f"{path}: compare[{place}]"
    for key in entry:
        _checks.choice(where, key, TABLES)
    chosen = []
    for key, table in TABLES.items():
        values = entry.get(key, [])
        values = [values] if isinstance(values, str) else values
        if not values:
            raise ValueError(_checks.problem(f"{where}.{key}", "a name or a list of names", "none", f"add {key} = ..."))
        chosen.append([name for value in values for name in _fitting(f"{where}.{key}", value, table)])
    return product(*chosen)


def _changes(where: str, table: dict[str, Any]) -> dict[str, Any]:
    return {key: _value(where, key, value) for key, value in table.items()}


def _value(where: str, key: str, value: object) -> object:
    """Return the value of a key of a budget if it fits."""
    kind = get_type_hints(Budget)[_checks.choice(where, key, KEYS)]
    where = f"{where}.{key}" if where != "--set" else f"--set {key}"
    kinds = get_args(kind) if isinstance(kind, UnionType) else (kind,)
    if value == "none" and type(None) in kinds:
        return None
    if key in CHOICES:
        return _checks.choice(where, str(value), CHOICES[key])
    if key in POSITIVE:
        return _checks.positive(where, value)  # type: ignore[arg-type]
    if kind is bool and isinstance(value, bool):
        return value
    if float in kinds and isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    wordy = Any in kinds or str in kinds
    if wordy and isinstance(value, str):
        return value
    number = "true or false" if kind is bool else "a number" + (' or "none"' if type(None) in kinds else "")
    allowed = "a text" if wordy else number
    raise ValueError(_checks.problem(where, allowed, repr(value), f"the tasks say {getattr(_example(), key)!r}"))


def _example() -> Budget:
    return next(iter(TASKS.values())).budget


def _parsed(text: str) -> object:
    """Return what a text means in TOML; the text itself where it means nothing."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text
