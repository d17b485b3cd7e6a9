"""``list``: what there is to run."""

from rich.table import Table

from ..suites import suite
from ..tables import MODELS, TASKS, VIEWS
from .shared import console


def list_all() -> None:
    """List the suites, tasks, views and models."""
    suites = {name: suite.load(name) for name in suite.names()}
    tables = {
        "suites": {
            name: f"{s.title} ({len(s.comparisons)} comparisons, {s.seeds} seeds)" for name, s in suites.items()
        },
        "tasks": {name: f"{task.title} ({task.metric})" for name, task in TASKS.items()},
        "views": {name: view.text for name, view in VIEWS.items()},
        "models": {name: model.text for name, model in MODELS.items()},
    }
    for title, lines in tables.items():
        table = Table(title=title, show_header=False, box=None, title_justify="left", title_style="bold")
        for name, text in lines.items():
            table.add_row(f"  {name}", text)
        console.print(table)
