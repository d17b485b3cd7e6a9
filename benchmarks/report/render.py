"""From records to what people read: a table on the terminal, ``report.md`` and a self-contained ``report.html``."""

from pathlib import Path

from rich.console import Console
from rich.table import Table

from gnn_toolkit.training import write_atomically

from ..results.compare import Change, across, changes, pairs
from ..results.rows import Row, best, by_task, rows
from ..results.statistics import Estimate
from ..run.records import Record, read_records
from . import page, prose

PROMISE = (
    "Within a task every model saw the same splits and the same budget of training steps, batches of the same size and "
    "the same optimiser settings. The weights that validated best (where a task says so, the last) were tested, "
    "once: nothing was chosen by test scores."
)
MARKS = {"improved": "green", "regressed": "bold red", "faster": "green", "slower": "red"}


def write_reports(folder: Path) -> list[Path]:
    """Write ``report.md`` and ``report.html`` of a run's finished trials; return their paths."""
    records = read_records(folder)
    paths = []
    for name, text in (
        ("report.md", markdown(folder.name, records)),
        ("report.html", page.html(folder.name, records, PROMISE)),
    ):
        paths.append(folder / name)
        write_atomically(paths[-1], lambda file, text=text: file.write(text.encode()))
    return paths


def print_table(folder: Path, console: Console) -> None:
    """Print the table of a run's finished trials; the best of each task in bold, baselines dim.

    A console under 120 columns has room for the scores alone.
    """
    table = rows(read_records(folder))
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
    for members in by_task(table).values():
        console.print(f"- {prose.summary(prose.finding(members, pairs(members)))}", markup=False, soft_wrap=True)


def markdown(name: str, records: list[Record]) -> str:
    """Return the report as Markdown."""
    table = rows(records)
    columns = prose.columns_of(table, short=True)
    lines = [f"# Benchmark “{name}”", "", f"{PROMISE} {prose.method(table) if table else ''}", ""]
    for task, members in by_task(table).items():
        compared = pairs(members)
        found = prose.finding(members, compared)
        lines += [
            f"## {task}: {members[0].about.title}",
            "",
            f"{members[0].records[0].note}. {prose.budget(members)}",
            "",
        ]
        lines += [_line(["model", "view", *(c.title for c in columns)])]
        lines += [_line(["---", "---", *["---:"] * len(columns)])]
        for row in members:
            texts = [row.model, row.view or prose.FREE, *(c.text(row) for c in columns)]
            lines.append(_line([f"**{t}**" if t else "" for t in texts] if row in best(members) else texts))
        lines += ["", f"{prose.summary(found)} ({found.sure[:1].upper()}{found.sure[1:]}.)", "", *_samples(members)]
    lines += [prose.ranked(across(table)), ""]
    failures = [record for record in records if record.status == "failed"]
    lines += [f"- failed: {r.trial.id}: {r.error.strip().rsplit(chr(10), 1)[-1]}" for r in failures]
    return "\n".join([*lines, *(f"Machine: {text}" for text in prose.machines(records)), ""])


def _samples(members: list[Row]) -> list[str]:
    lines = []
    for row in members:
        record = row.records[0]
        if record.samples:
            lines += [f"{row.label}, seed {record.trial.seed}, writes:", ""]
            lines += [f"- temperature {t}: `{' '.join(text.split())}`" for t, text in record.samples.items()] + [""]
        if row.measures:
            lines += [f"{row.label}: " + "; ".join(f"{name} {value:.3f}" for name, value in row.measures.items()), ""]
    return lines


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
            *(f"{change.before.test.mean:.3f}", f"{change.after.test.mean:.3f}", _signed(change.gain)),
            *(str(change.gain.count), _marked(change.verdict), _times(change.speed), _marked(change.speed_verdict)),
        )
    console.print(shown)
    console.print(
        "The gain is the mean difference over seeds that both runs have, over zero where the second is better; it is "
        "marked where its 95 % interval excludes zero, the speed where it excludes one. Intervals are not corrected "
        "for the number of lines: of 20 without any change one is marked by chance.",
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


def _line(parts: list[str]) -> str:
    return f"| {' | '.join(parts)} |"
