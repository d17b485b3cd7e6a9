"""The report on a terminal, and what changed from one run to another."""

from pathlib import Path

from rich.console import Console
from rich.table import Table

from ..results.compare import Change, changes
from ..run.record_files import read_records
from . import prose
from .analysis import Analysis

MARKS = {"improved": "green", "regressed": "bold red", "faster": "green", "slower": "red"}


def print_report(found: Analysis, console: Console) -> None:
    """Print the table of a run's finished trials and the answers; the best of each task in bold, baselines dim.

    A console under 120 columns has room for the scores alone.
    """
    columns = [column.title for column in found.columns if column.short][: None if console.width >= 120 else 2]
    shown = _table(f"{found.name}: test scores", columns)
    for section in found.sections:
        for place, line in enumerate(section.lines):
            style = "bold" if line.best else None if line.row.view else "dim"
            texts = [line.row.model, line.view, *(line.cells[title] for title in columns)]
            shown.add_row(section.task if place == 0 else "", *texts, style=style)
        shown.add_section()
    console.print(shown)
    said = [f"left out: {text}" for text in found.left_out] + [f"- {section.summary}" for section in found.sections]
    for text in said:
        console.print(text, markup=False, soft_wrap=True)


def print_changes(first: Path, second: Path, console: Console) -> list[Change]:
    """Print what changed from one run to another, and return it; only what the interval says is marked."""
    before, after = read_records(first), read_records(second)
    found = changes(before, after)
    heads = ["before", "after", "gain [95 %]", "seeds", "test score", "speed [95 %]", "steps/s"]
    shown = _table(f"from {first.name} to {second.name}", heads)
    for change in found:
        shown.add_row(
            *(change.after.task, change.after.model, change.after.view or prose.FREE),
            *(f"{change.before.test.mean:.3f}", f"{change.after.test.mean:.3f}"),
            *(prose.scored(change.comparison.difference, "+.3f"), str(change.comparison.difference.count)),
            _marked(change.verdict),
            "" if change.speed is None else f"x {prose.scored(change.speed, '.2f')}",
            _marked(change.speed_verdict),
        )
    console.print(shown)
    console.print(
        "The gain is the mean difference over seeds that both runs have, over zero where the second is better; it is "
        "marked as two models would be distinguished, corrected for the number of lines. The speed is marked where its "
        "95 % interval excludes one, which is not corrected: of 20 without any change one is marked by chance.",
        soft_wrap=True,
    )
    if (a := prose.machines(before)) != (b := prose.machines(after)):
        console.print("The machines or versions differ:", *a, *b, sep="\n", markup=False, soft_wrap=True)
    return found


def _table(title: str, heads: list[str]) -> Table:
    shown = Table(title=title, title_justify="left")
    for name in ("task", "model", "view"):
        shown.add_column(name, overflow="fold")
    for head in heads:
        shown.add_column(head, justify="right", no_wrap=True)
    return shown


def _marked(verdict: str) -> str:
    return f"[{MARKS[verdict]}]{verdict}[/]" if verdict in MARKS else verdict
