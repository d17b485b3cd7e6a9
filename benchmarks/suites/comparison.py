"""Comparisons: what a table ``[[compare]]`` of a suite names."""

from itertools import product
from typing import Any, NamedTuple

from gnn_toolkit import _checks

from ..tables import MODELS, TASKS, VIEWS
from .settings import fitting

TABLES: dict[str, dict[str, Any]] = {"task": TASKS, "view": VIEWS, "model": MODELS}


class Comparison(NamedTuple):
    """One model on one view of one task, in one variant of its configuration."""

    task: str
    variant: str
    view: str
    model: str

    @property
    def label(self) -> str:
        """The task and the variant: what is compared within one label can be compared."""
        return "-".join(filter(None, (self.task, self.variant)))


def texts(where: str, entry: dict[str, Any], key: str) -> list[str]:
    """Return a name or a list of names as a list."""
    values = entry.get(key, [])
    values = [values] if isinstance(values, str) else values
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise ValueError(_checks.problem(where, "a name or a list of names", repr(values), f'write {key} = "..."'))
    return values


def crossed(where: str, entry: object, variants: dict[str, Any]) -> list[Comparison]:
    """Return every task of a table ``[[compare]]`` with every variant, view and model that it names."""
    if not isinstance(entry, dict):
        raise ValueError(_checks.problem(where, "a table", repr(entry), "write [[compare]]"))
    for key in entry:
        _checks.choice(where, key, [*TABLES, "variant", "full"])
    if not isinstance(entry.get("full", False), bool):
        raise ValueError(_checks.problem(f"{where}.full", "true or false", repr(entry["full"]), "leave it out"))
    chosen: dict[str, list[str]] = {}
    for key, table in (*TABLES.items(), ("variant", variants)):
        values = texts(f"{where}.{key}", entry, key)
        if not values and key != "variant":
            raise ValueError(_checks.problem(f"{where}.{key}", "a name or a list of names", "none", f"add {key} = ..."))
        chosen[key] = [name for value in values for name in fitting(f"{where}.{key}", value, table)]
    names = product(chosen["task"], chosen["variant"] or [""], chosen["view"], chosen["model"])
    found = [Comparison(*one) for one in names]
    for one in found:
        _check_edges(where, one.task, one.view, one.model)
    return found


def _check_edges(where: str, task: str, view: str, model: str) -> None:
    """Refuse a model that cannot answer the task's form of question, or cannot use the view's edges."""
    builder = MODELS[model].builders.get(TASKS[task].form)
    if builder is None:
        able = ", ".join(name for name, one in MODELS.items() if TASKS[task].form in one.builders)
        raise ValueError(_checks.problem(f"{where}.model", f"for {task} one of {able}", model, "take one of them"))
    if VIEWS[view].edges not in builder.edges:
        able = ", ".join(repr(name) for name, one in VIEWS.items() if one.edges in builder.edges)
        allowed = f"for {model} on {task} edges of the kind {' or '.join(builder.edges)}"
        remedy = f"it cannot use these edges; take one of {able}"
        raise ValueError(_checks.problem(f"{where}.view", allowed, f"{view!r} ({VIEWS[view].edges})", remedy))
