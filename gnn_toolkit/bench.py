"""The benchmark runner from an installation: ``python -m gnn_toolkit bench``, and what plugins of it are made of.

In a wheel the runner is installed inside this package, in a checkout it is the folder ``benchmarks`` beside it: these
names are the same classes in both. They need the packages of ``pip install "gnn-toolkit[bench]"``.

>>> from gnn_toolkit.bench import ACCURACY
>>> ACCURACY.higher_is_better
True
"""

import sys
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import typer

from gnn_toolkit import _checks

_PLACES = {
    "ACCURACY": "tasks.metrics",
    "Baseline": "tasks.task",
    "Builder": "models.model",
    "Config": "tasks.config",
    "EqualGraphs": "tasks.source",
    "GraphList": "tasks.graph_list",
    "Metric": "tasks.metrics",
    "Model": "models.model",
    "Objective": "tasks.objective",
    "OneGraph": "tasks.source",
    "RMSE": "tasks.metrics",
    "Scores": "tasks.metrics",
    "Task": "tasks.task",
    "TaskData": "tasks.task",
    "View": "tables",
}


def __getattr__(name: str) -> Any:
    """Return one of the runner's classes."""
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(_part(_PLACES[name]), name)


def __dir__() -> list[str]:
    """Return the names of the runner's classes."""
    return sorted(_PLACES)


def bench(context: typer.Context) -> None:
    """Compare sequence models and graph models on the same data; `bench --help` has the commands."""
    sys.argv = [f"{sys.argv[0]} bench", *context.args]
    _part("__main__").main()


def _part(name: str) -> Any:
    """Return a module of the runner: of the one that runs already, else of the installed one, else of the checkout's.

    Raises:
        ValueError: a package that the runner needs is not installed.
    """
    names = ("benchmarks", "gnn_toolkit._bench")
    running = next((one for one in names if f"{one}.tables" in sys.modules), None)
    runner = running or ("gnn_toolkit._bench" if find_spec("gnn_toolkit._bench") else "benchmarks")
    try:
        return import_module(f"{runner}.{name}")
    except ModuleNotFoundError as error:
        if error.name and error.name.startswith(("benchmarks", "gnn_toolkit")):
            raise
        remedy = 'pip install "gnn-toolkit[bench]"'
        raise ValueError(_checks.problem("bench", "the runner's packages", f"no {error.name}", remedy)) from None
