"""Tasks, views and models from elsewhere: a Python file, or a module that is installed.

A plugin has tables of its own, called ``TASKS``, ``VIEWS`` and ``MODELS`` as in :mod:`benchmarks.tables`. A suite names
it by its file, ``my_tasks.py``, by its module, ``package.module``, or names one thing in a module,
``package.module:BIRDS``, which is then called ``birds``.
"""

import importlib
import importlib.util
import sys
import traceback
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType
from typing import Any

from gnn_toolkit import _checks

from .models.model import Model
from .tables import MODELS, TASKS, VIEWS, View
from .tasks.task import Task

KINDS: dict[type, dict[str, Any]] = {Task: TASKS, View: VIEWS, Model: MODELS}
NAMES = {"TASKS": Task, "VIEWS": View, "MODELS": Model}

_loaded: set[str] = set()


def located(plugin: str, folder: Path) -> str:
    """Return a plugin's name such that it is found from any folder: a file's with its whole path.

    Args:
        plugin: as a suite names it.
        folder: of the suite.
    """
    return str((folder / plugin).resolve()) if plugin.endswith(".py") else plugin


def load(plugins: Iterable[str]) -> None:
    """Put the tasks, views and models of some plugins into the tables, each plugin once.

    Raises:
        ValueError: a plugin that cannot be imported, which is named with the line that fails; one without tables; or
            two things of one name.
    """
    for plugin in plugins:
        if plugin not in _loaded:
            found = _things(plugin)
            for kind, things in found.items():
                for name in things:
                    if name in KINDS[kind]:
                        remedy = "give it another name"
                        raise ValueError(_checks.problem(f"{plugin}: {name!r}", "a new name", "one in use", remedy))
            for kind, things in found.items():
                KINDS[kind].update(things)
            _loaded.add(plugin)


def _things(plugin: str) -> dict[type, dict[str, Any]]:
    """Return the tasks, views and models of a plugin by name."""
    where, _, attribute = plugin.rpartition(":") if ":" in Path(plugin).name else (plugin, "", "")
    module = _imported(where)
    if attribute:
        thing = getattr(module, _checks.choice(plugin, attribute, [n for n in vars(module) if not n.startswith("_")]))
        tables = {attribute.lower().replace("_", "-"): thing}
    else:
        tables = {key: value for name in NAMES for key, value in getattr(module, name, {}).items()}
    found: dict[type, dict[str, Any]] = {kind: {} for kind in KINDS}
    for name, thing in tables.items():
        if type(thing) not in KINDS:
            remedy = "make it with those classes of the benchmarks"
            raise ValueError(_checks.problem(f"{plugin}: {name!r}", "a Task, View or Model", type(thing), remedy))
        found[type(thing)][name] = thing
    if not tables:
        remedy = 'write e.g. TASKS = {"birds": Task(...)}'
        raise ValueError(_checks.problem(plugin, "a table TASKS, VIEWS or MODELS", "none of them", remedy))
    return found


def _imported(where: str) -> ModuleType:
    """Return the module of a file, or of a dotted name."""
    try:
        if not where.endswith(".py"):
            return importlib.import_module(where)
        path = Path(where)
        if not path.is_file():
            remedy = "a plugin's path starts at its suite's folder"
            raise ValueError(_checks.problem("plugins", "a Python file", where, remedy))
        name = f"plugin_{path.stem}"
        spec = importlib.util.spec_from_file_location(name, path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
        return module
    except ValueError:
        raise
    except Exception as error:
        place = _line(error)
        got = f"{type(error).__name__}: {error}{place}"
        raise ValueError(_checks.problem(f"plugin {where}", "a module that can be imported", got, "mend it")) from error


def _line(error: Exception) -> str:
    """Return where an import failed, in words: the last line of it that is not Python's own."""
    if isinstance(error, SyntaxError):
        return f" ({error.filename}, line {error.lineno})"
    frames = [f for f in traceback.extract_tb(error.__traceback__) if "importlib" not in f.filename]
    frames = [f for f in frames if f.filename != __file__]
    return f" ({frames[-1].filename}, line {frames[-1].lineno})" if frames else ""
