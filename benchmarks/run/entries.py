"""The views with which models enter a ranking over data sets: declared by a suite, kept by its run from the start."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from gnn_toolkit import _checks
from gnn_toolkit.training import write_atomically

from .record_files import read_records

FILE = "ranking.json"


@dataclass(frozen=True)
class Entries:
    """Which view of a task a model enters with.

    Attributes:
        views: by model; the first of its views that a task has.
        after: how many trials of models were finished when this was declared.
    """

    views: dict[str, list[str]] = field(default_factory=dict)
    after: int = 0

    @classmethod
    def of(cls, content: Any) -> "Entries":
        """Return entries as JSON has them, none where they are damaged."""
        if not isinstance(content, dict) or not isinstance(views := content.get("views"), dict):
            return cls()
        lines = views.values()
        whole = all(isinstance(line, list) and all(isinstance(view, str) for view in line) for line in lines)
        after = content.get("after")
        return cls(views, after) if whole and isinstance(after, int) else cls()


NONE = Entries()


def read_entries(folder: Path) -> Entries:
    """Return what a run's suite declared; nothing where it declared nothing, or the file cannot be read."""
    try:
        return Entries.of(json.loads((folder / FILE).read_text(encoding="utf-8")))
    except (OSError, ValueError, RecursionError):
        return Entries()


def declare(folder: Path, views: dict[str, list[str]]) -> None:
    """Keep what a suite declares, before its trials run.

    Raises:
        ValueError: a model has trials that are finished, and another declaration.
    """
    earlier = read_entries(folder)
    if views.items() <= earlier.views.items():
        return
    finished = [record.trial for record in read_records(folder) if record.status == "done" and record.trial.view]
    for model, line in views.items():
        before = earlier.views.get(model, line)
        if line != before and any(trial.model == model for trial in finished):
            allowed = f"{', '.join(before)}, as when this run began"
            remedy = "put that back, or give the new run a --name of its own"
            raise ValueError(_checks.problem(f"ranking.{model}", allowed, ", ".join(line), remedy))
    content = json.dumps(asdict(Entries(earlier.views | views, len(finished))), ensure_ascii=False)
    write_atomically(folder / FILE, lambda file: file.write(content.encode()))
