"""From records to what people read: a table on the terminal, ``report.md`` and a self-contained ``report.html``."""

import re
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from gnn_toolkit.training import write_atomically

from ..results.compare import Change, across, changes, pairs
from ..results.names import about_of
from ..results.rows import Row, best, by_task, rows
from ..results.statistics import Estimate
from ..run.record_files import Survey, read_records, survey
from ..run.records import Record
from . import page, prose, standings

PROMISE = (
    "Within a task every model saw the same splits and the same budget of training steps, batches of the same size and "
    "the same optimiser settings. The weights that validated best (where a task says so, the last) were tested, "
    "once: nothing was chosen by test scores."
)
MARKS = {"improved": "green", "regressed": "bold red", "faster": "green", "slower": "red"}


def write_reports(folder: Path) -> list[Path]:
    """Write ``report.md`` and ``report.html`` of a run's finished trials; return their paths."""
    found = survey(folder)
    left_out, paths = left_out_of(found), []
    for name, text in (
        ("report.md", markdown(folder.name, found.records, left_out)),
        ("report.html", page.html(folder.name, found.records, PROMISE, left_out)),
    ):
        paths.append(folder / name)
        write_atomically(paths[-1], lambda file, text=text: file.write(text.encode()))
    return paths


def left_out_of(found: Survey) -> list[str]:
    """Return in words which files and records a report is without, and which it can only trust."""
    said = [f"{problem.path.name}: {problem.reason}" for problem in found.problems]
    strange = [record for record in found.records if about_of(record) is None]
    said += [f"{record.trial.id}.json: there is no task {record.trial.task!r}" for record in strange]
    if found.unsealed:
        said.append(f"none of the {found.unsealed} records of an earlier version, which have no checksum")
    return said


def print_table(folder: Path, console: Console) -> None:
    """Print the table of a run's finished trials; the best of each task in bold, baselines dim.

    A console under 120 columns has room for the scores alone.
    """
    found = survey(folder)
    table = rows(found.records)
    columns = prose.columns_of(table, short=True)[: None if console.width >= 120 else 2]
    shown = Table(title=f"{folder.name}: test scores", title_justify="left")
    for title in ("task", "model", "view"):
        shown.add_column(title, overflow="fold")
    for column in columns:
        shown.add_column(column.title, justify="right", no_wrap=True)
    for task, members in by_task(table).items():
        for place, row in enumerate(members):
            style = "bold" if row in best(members) else "dim" if not row.view else None
            texts = [row.model, row.view or prose.FREE, *(column.text(row) for column in columns)]
            shown.add_row(task if place == 0 else "", *texts, style=style)
        shown.add_section()
    console.print(shown)
    for text in left_out_of(found):
        console.print(f"left out: {text}", markup=False, soft_wrap=True)
    for members in by_task(table).values():
        console.print(f"- {prose.summary(prose.finding(members, pairs(members)))}", markup=False, soft_wrap=True)


def markdown(name: str, records: list[Record], left_out: Sequence[str] = ()) -> str:
    """Return the report as Markdown, with what was left out of it and why."""
    table, plain = rows(records), prose.escaped
    columns = prose.columns_of(table, short=True)
    lines = [f"# Benchmark “{plain(name)}”", "", f"{PROMISE} {prose.method(table) if table else ''}", ""]
    for task, members in by_task(table).items():
        about = f"{plain(members[0].records[0].note)}. {plain(prose.budget(members))}"
        lines += [f"## {plain(task)}: {plain(members[0].about.title)}", "", about, ""]
        lines += [_line(["model", "view", *(c.title for c in columns)])]
        lines += [_line(["---", "---", *["---:"] * len(columns)])]
        for row in members:
            texts = [row.model, row.view or prose.FREE, *(c.text(row) for c in columns)]
            lines.append(_line(texts, bold=row in best(members)))
        lines += ["", answer(members), "", *_samples(members)]
    lines += [*standings.lines(across(table)), ""]
    unfinished = [record for record in records if record.status != "done"]
    lines += [f"- {r.status}: {plain(r.trial.id)}: {plain(r.error.strip().rsplit(chr(10), 1)[-1])}" for r in unfinished]
    lines += [f"- left out: {plain(text)}" for text in left_out]
    return "\n".join([*lines, *(f"Machine: {plain(text)}" for text in prose.machines(records)), ""])


def answer(members: list[Row]) -> str:
    """Return the answer of a task, and how sure it is, as a paragraph of Markdown."""
    found = prose.finding(members, pairs(members))
    return prose.escaped(f"{prose.summary(found)} ({found.sure[:1].upper()}{found.sure[1:]}.)")


def _samples(members: list[Row]) -> list[str]:
    lines = []
    for row in members:
        record, label = row.records[0], prose.escaped(row.label)
        if record.samples:
            lines += [f"{label}, seed {record.trial.seed}, writes:", ""]
            lines += [f"- temperature {prose.escaped(t)}: {_code(text)}" for t, text in record.samples.items()] + [""]
        if row.measures:
            words = "; ".join(f"{prose.escaped(name)} {value:.3f}" for name, value in row.measures.items())
            lines += [f"{label}: {words}", ""]
    return lines


def _code(text: str) -> str:
    """Return a text as code, between more back quotes than it has in a row."""
    plain = " ".join(text.split())
    marks = "`" * (max((len(run) for run in re.findall("`+", plain)), default=0) + 1)
    space = " " if "`" in plain else ""
    return f"{marks}{space}{plain}{space}{marks}"


def print_changes(first: Path, second: Path, console: Console) -> list[Change]:
    """Print what changed from one run to another, and return it; only what the interval says is marked."""
    before, after = read_records(first), read_records(second)
    found = changes(before, after)
    shown = Table(title=f"from {first.name} to {second.name}", title_justify="left")
    for title in ("task", "model", "view"):
        shown.add_column(title, overflow="fold")
    for title in ("before", "after", "gain [95 %]", "seeds", "test score", "speed [95 %]", "steps/s"):
        shown.add_column(title, justify="right")
    for change in found:
        shown.add_row(
            *(change.after.task, change.after.model, change.after.view or prose.FREE),
            *(f"{change.before.test.mean:.3f}", f"{change.after.test.mean:.3f}", _signed(change.comparison.difference)),
            *(
                str(change.comparison.difference.count),
                _marked(change.verdict),
                _times(change.speed),
                _marked(change.speed_verdict),
            ),
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


def _signed(found: Estimate) -> str:
    return f"{found.mean:+.3f}" + (f" [{found.interval[0]:+.3f}, {found.interval[1]:+.3f}]" if found.interval else "")


def _times(found: Estimate | None) -> str:
    if found is None:
        return ""
    return f"x {found.mean:.2f}" + (f" [{found.interval[0]:.2f}, {found.interval[1]:.2f}]" if found.interval else "")


def _marked(verdict: str) -> str:
    return f"[{MARKS[verdict]}]{verdict}[/]" if verdict in MARKS else verdict


def _line(parts: list[str], *, bold: bool = False) -> str:
    texts = [prose.escaped(part) for part in parts]
    return f"| {' | '.join(f'**{text}**' if text and bold else text for text in texts)} |"
