"""The parts that the scripts of the pages share: committed records, trained models, tables, marked parts, pictures."""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

HERE = Path(__file__).parent
RESULTS = HERE.parent / "benchmarks/results"
PLAIN: dict[Any, Any] = {"svg.fonttype": "none", "svg.hashsalt": "gnn_toolkit", "font.family": "sans-serif"}

Row = dict[str, Any]


def read(path: Path) -> str:
    """Return a file's text."""
    return path.read_text(encoding="utf-8")


def rows_of(text: str) -> list[Row]:
    """Return the rows of a record; ``task`` is the task with its variant, as in ``palindrome-memory-40``."""
    rows = json.loads(text)["rows"]
    return [row | {"task": "-".join(filter(None, (row["task"], row["variant"])))} for row in rows]


def by(rows: list[Row], *keys: str) -> dict[Any, Row]:
    """Return rows by what they have under some keys."""
    return {tuple(row[key] for key in keys): row for row in rows}


def table(head: list[str], lines: list[list[str]], words: int = 1) -> str:
    """Return a table of Markdown; the first columns hold words, the others numbers."""
    rule = ["---"] * words + ["---:"] * (len(head) - words)
    return "".join(f"| {' | '.join(line)} |\n" for line in [head, rule, *lines])


def span(mean: float, ends: Sequence[float] | None, form: str = ".2f") -> str:
    """Return a mean with its interval, where it has one."""
    return f"{mean:{form}}" + ("" if ends is None else f" [{ends[0]:{form}}, {ends[1]:{form}}]")


def trained(suite: str, task: str, view: str, model: str, seed: int) -> tuple[Any, Any]:
    """Return a trial's model, trained, and its objective: as the run of a suite kept it, or trained again."""
    from benchmarks.run import trials
    from benchmarks.run.workdir import Output
    from benchmarks.suites.suite import load
    from benchmarks.tasks.config import Config
    from gnn_toolkit.training import load_weights

    planned = trials.plan(load(suite).only([task], [model]), "cpu")
    (trial,) = (t for t in planned if (t.label, t.view, t.model, t.seed) == (task, view, model, seed))
    objective = trials.objective_of(trial.task, trial.view, Config(**trial.config))
    network = trials.build(trial.model, objective)
    with TemporaryDirectory() as folder:
        output = Output(HERE.parent / "runs" / suite, models=True)
        if not output.model(trial).exists():
            output = Output(Path(folder), models=True)
            trials.run_trial(trial, output, lambda step: None)
        load_weights(output.model(trial), network)
    return network.eval(), objective


def renewed(text: str, parts: Mapping[str, str], *, kept: int = 0) -> str:
    """Return a page with its tables renewed, each after the comment that names it.

    Args:
        text: the page.
        parts: by the comment's words, the new lines.
        kept: number of lines that stay at the top of a table.
    """
    for name, content in parts.items():
        head = rf"(<!-- {re.escape(name)} -->\n" + r"\|.*\n" * kept + r")(?:\|.*\n)*"
        text = re.sub(head, lambda found, new=content: found[1] + new, text)
    return text


def renew(page: str, text: str) -> None:
    """Write a page and say so."""
    (HERE / page).write_text(text, encoding="utf-8")
    print(f"wrote {HERE / page}")


def save(figure: Figure, name: str, style: dict[Any, Any] | None = None, **options: Any) -> Path:
    """Write a picture, the same bytes for the same picture, and say so."""
    with mpl.rc_context(style or PLAIN):
        figure.savefig(HERE / name, metadata={"Date": None}, **options)
    print(f"wrote {HERE / name}")
    return HERE / name
