"""The suites: TOML files that say which views and models are compared on which tasks, with how many seeds.

A suite reads::

    title = "what it is for, in a line"
    seeds = 3
    plugins = ["my_tasks.py"]    # tasks, views and models from elsewhere (see benchmarks.plugins)

    [config]                     # for every task that reads it, instead of what the task says
    precision = "bf16-mixed"

    [variant."{length}"]         # named configurations (see benchmarks.suites.variants)
    length = [10, 20]

    [task.text]                  # for one task, or for one variant of it: palindrome-20
    steps = 1000

    [cut."palindrome-*"]         # the same, but --full leaves it out: what would take too long
    steps = 100

    [[compare]]                  # every task with every variant, view and model named here
    task = "palindrome"
    variant = ["10", "20"]       # without this line, the task's own configuration
    view = "path"
    model = ["RNN", "LSTM"]
    full = true                  # only with --full: what there is no time for otherwise

    [search]                     # the same number of configurations for every model (see benchmarks.suites.search)

    [ranking]                    # the view with which a model enters a ranking (see benchmarks.suites.ranking)
    LSTM = "path"

A name may be a pattern with ``*``, ``?`` or ``[12]``: all names that it fits.
"""

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from gnn_toolkit import _checks

from .. import plugins as elsewhere
from ..tables import MODELS, TASKS
from ..tasks.config import Config
from . import search
from .comparison import Comparison, crossed, texts
from .ranking import ranking_of
from .settings import fitting, parsed, readable, value_of
from .variants import variants_of

FOLDER = Path(__file__).parent
SECTIONS = ("title", "seeds", "plugins", "config", "variant", "task", "cut", "compare", "search", "ranking")


@dataclass(frozen=True)
class Suite:
    """What a suite asks for.

    Attributes:
        name: the file's name without its ending.
        title: what it is for, in a line.
        seeds: how many seeds, from 0 on.
        comparisons: task, variant, view and model of each.
        changes: by label, what differs from the task's own configuration.
        plugins: where tasks, views and models from elsewhere are.
        search: the points of its search; one without settings where it has none.
        ranking: by model, the views with which it enters a ranking over data sets.
    """

    name: str
    title: str
    seeds: int
    comparisons: tuple[Comparison, ...]
    changes: dict[str, dict[str, Any]] = field(default_factory=dict)
    plugins: tuple[str, ...] = ()
    search: tuple[dict[str, Any], ...] = ({},)
    ranking: dict[str, list[str]] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """The number of trials of its models."""
        return self.seeds * len(self.comparisons) * len(self.search)

    def by_label(self) -> dict[str, list[Comparison]]:
        """Return the comparisons of each task and variant."""
        found: dict[str, list[Comparison]] = {}
        for one in self.comparisons:
            found.setdefault(one.label, []).append(one)
        return found

    def config(self, label: str) -> Config:
        """Return the configuration of every model on a task and variant."""
        task = TASKS[self.by_label()[label][0].task]
        return replace(task.configured(self.changes.get(label, {})), plugins=list(self.plugins))

    def points(self, label: str) -> list[Config]:
        """Return the configurations of every model on a task and variant: one, or those of the search."""
        config, task = self.config(label), TASKS[self.by_label()[label][0].task]
        found = []
        for point in self.search:
            options = {key: value for key, value in point.items() if key in task.options}
            plain = {key: value for key, value in point.items() if key not in task.options}
            found.append(replace(config, data={**config.data, **options}, **plain))
        return found

    def only(self, tasks: Iterable[str] = (), models: Iterable[str] = ()) -> "Suite":
        """Return the suite of these tasks and models alone, of all where none is named; a name may be a pattern.

        A task may be named with its variant, as in ``palindrome-20``, or without.

        Raises:
            ValueError: a name that is in no table, or nothing is left.
        """
        labels, names = list(self.by_label()), {c.task for c in self.comparisons}
        wanted = {name for task in tasks for name in fitting("--task", task, [*labels, *names, *TASKS])} or {*labels}
        chosen = {name for model in models for name in fitting("--model", model, MODELS)} or {*MODELS}
        kept = [c for c in self.comparisons if {c.label, c.task} & wanted and c.model in chosen]
        if not kept:
            there = {model: [c.label for c in self.comparisons if c.model == model] for model in chosen}
            pairs = [f"{model} on {', '.join(dict.fromkeys(line))}" for model, line in there.items() if line]
            remedy = f"{self.name!r} has " + ("; ".join(pairs) or f"none of them, but {', '.join(labels)}")
            raise ValueError(_checks.problem("--task, --model", "a comparison of the suite", "none that fits", remedy))
        return replace(self, comparisons=tuple(kept))

    def set(self, assignments: Iterable[str]) -> "Suite":
        """Return the suite with ``key=value`` set for every task that reads it, or ``task.key=value`` for one.

        Raises:
            ValueError: not of that form, an unknown task or key, a value that does not fit, or a key that nothing
                reads.
        """
        chosen = self
        for assignment in assignments:
            name, equals, text = assignment.partition("=")
            task, _, key = name.rpartition(".")
            if not equals:
                remedy = "write e.g. steps=100 or text.steps=100"
                raise ValueError(_checks.problem("--set", "key=value", repr(assignment), remedy))
            chosen = chosen.changed("--set", task or "*", {key: parsed(text)}, everywhere=not task)
        return chosen

    def changed(self, where: str, pattern: str, table: object, *, everywhere: bool = False) -> "Suite":
        """Return the suite with some settings for the tasks, with or without variant, that a pattern fits.

        Args:
            where: the place that says so, for errors.
            pattern: of tasks or labels.
            table: the settings.
            everywhere: whether a setting that only some tasks read is for these alone, and no fault.

        Raises:
            ValueError: a pattern that fits nothing, an unknown setting, a value that does not fit, or a setting that
                nothing reads.
        """
        if not isinstance(table, dict):
            remedy = "write e.g. [task.club] and steps = 10 below it"
            raise ValueError(_checks.problem(where, "a table of settings", repr(table), remedy))
        groups = self.by_label()
        names = [*groups, *(c.task for c in self.comparisons), *TASKS]
        fits = set(fitting(where, pattern, names))
        labels = [label for label, group in groups.items() if {label, group[0].task} & fits]
        place = where if where == "--set" or pattern == "*" else f"{where}.{pattern}"
        changes = {label: dict(self.changes.get(label, {})) for label in groups}
        for key, value in table.items():
            read = [label for label in labels if key in _readable(groups[label])]
            for label in labels if not read or not everywhere else read:
                options = TASKS[groups[label][0].task].options
                checked = value_of(place, key, value, options)
                if label not in read:
                    models = ", ".join(sorted({c.model for c in groups[label]}))
                    allowed = f"a setting that {models} on {label} reads"
                    raise ValueError(_checks.problem(place, allowed, key, "leave it out"))
                changes[label][key] = checked
        return replace(self, changes=changes)


def _readable(group: list[Comparison]) -> set[str]:
    return readable(TASKS[group[0].task], [c.model for c in group])


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
    path = Path(suite) if suite.endswith(".toml") else FOLDER / f"{fitting('suite', suite, names())[0]}.toml"
    try:
        if path.exists() and not path.is_file():  # a pipe would be waited for
            raise OSError("no file")
        content = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise ValueError(_checks.problem("suite", "a TOML file", suite, f"there are {', '.join(names())}")) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(_checks.problem(str(path), "a TOML file in UTF-8", error, "save it as UTF-8")) from None
    except (ValueError, RecursionError) as error:  # no TOML, or a number of thousands of digits
        raise ValueError(_checks.problem(str(path), "TOML", str(error), "see https://toml.io")) from None
    return _suite(path, content, full)


def _suite(path: Path, content: dict[str, Any], full: bool) -> Suite:
    for key in content:
        _checks.choice(f"{path}: key", key, SECTIONS)
    for key, kind in (("title", str), ("compare", list)):
        if not isinstance(content.get(key), kind) or not content[key]:
            got = repr(content.get(key))
            remedy = 'write e.g. title = "..." and [[compare]]'
            raise ValueError(_checks.problem(f"{path}: {key}", "a text" if kind is str else "tables", got, remedy))
    plugins = tuple(elsewhere.located(name, path.parent) for name in texts(f"{path}: plugins", content, "plugins"))
    elsewhere.load(plugins)
    variants = variants_of(str(path), _table(path, content, "variant"))
    tables = [
        (crossed(f"{path}: compare[{place}]", entry, variants), full or not entry.get("full"))
        for place, entry in enumerate(content["compare"])
    ]
    comparisons = [c for table, _ in tables for c in table]
    kept = {c for table, now in tables if now for c in table}
    seeds = _checks.positive(f"{path}: seeds", content.get("seeds", 3))
    found = Suite(path.stem, content["title"], seeds, tuple(dict.fromkeys(comparisons)), plugins=plugins)
    for label, group in found.by_label().items():
        if group[0].variant:
            found = found.changed(f"{path}: variant", label, variants[group[0].variant])
    found = found.changed(f"{path}: config", "*", content.get("config", {}), everywhere=True)
    for where in ("task", *(() if full else ("cut",))):
        for pattern, table in _table(path, content, where).items():
            found = found.changed(f"{path}: {where}", pattern, table, everywhere=pattern == "*")
    if "search" in content:
        found = _searched(path, found, content)
    if not kept:
        raise ValueError(_checks.problem(f"{path}: compare", "a table without full = true", "none", "say --full"))
    ranking = ranking_of(f"{path}: ranking", _table(path, content, "ranking"), found.comparisons)
    return replace(found, ranking=ranking, comparisons=tuple(c for c in found.comparisons if c in kept))


def _searched(path: Path, suite: Suite, content: dict[str, Any]) -> Suite:
    """Return the suite with the points of its search, each of them checked as any setting is."""
    points = search.points(f"{path}: search", _table(path, content, "search"))
    for point in points:
        suite.changed(f"{path}: search.ranges", "*", point)
    return replace(suite, search=tuple(points))


def _table(path: Path, content: dict[str, Any], key: str) -> dict[str, Any]:
    table = content.get(key, {})
    if not isinstance(table, dict):
        remedy = f"write e.g. [{key}.name]"
        raise ValueError(_checks.problem(f"{path}: {key}", "a table", repr(table), remedy))
    return table
