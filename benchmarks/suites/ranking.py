"""The view with which a model enters a ranking over data sets, declared before any trial runs.

A suite says::

    [ranking]
    LSTM = "BFS path"                   # of the views that it is compared with on a task
    DAGLSTM = ["grid DAG", "BFS DAG"]   # the first of these that a task has

A run keeps what was declared when it began, in ``ranking.json``, and its reports say it.
"""

from collections.abc import Iterable
from typing import Any

from gnn_toolkit import _checks

from .comparison import Comparison, texts
from .settings import fitting


def ranking_of(where: str, table: dict[str, Any], comparisons: Iterable[Comparison]) -> dict[str, list[str]]:
    """Return by model the views that a suite declares.

    Args:
        where: the table's place, for errors.
        table: as the suite has it.
        comparisons: of the suite.

    Raises:
        ValueError: a model or view that is not compared, or a task that has several views of a model and none of
            those declared.
    """
    compared: dict[str, dict[str, list[str]]] = {}
    for one in comparisons:
        compared.setdefault(one.model, {}).setdefault(one.label, []).append(one.view)
    found: dict[str, list[str]] = {}
    for pattern, model in [(key, name) for key in table for name in fitting(where, key, compared)]:
        place, by_label = f"{where}.{model}", compared[model]
        views = list(dict.fromkeys(view for line in by_label.values() for view in line))
        found[model] = [view for text in texts(place, table, pattern) for view in fitting(place, text, views)]
        for label, line in by_label.items():
            if len(line) > 1 and not set(line) & set(found[model]):
                got = ", ".join(found[model]) or "none"
                raise ValueError(_checks.problem(place, f"for {label} one of {', '.join(line)}", got, "add it"))
    return found
