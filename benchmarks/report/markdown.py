"""The report as Markdown."""

import re

from . import prose
from .analysis import PROMISE, Analysis, Section
from .prose import escaped


def markdown(found: Analysis) -> str:
    """Return the report of a run, with what was left out of it and why."""
    lines = [f"# Benchmark “{escaped(found.name)}”", "", f"{PROMISE} {found.method}", ""]
    for section in found.sections:
        lines += [f"## {escaped(section.task)}: {escaped(section.title)}", ""]
        lines += [f"{escaped(section.note)}. {escaped(section.budget)}", "", *_table(section), ""]
        lines += [escaped(section.answer), "", *_samples(section)]
    lines += [*standing(found), ""]
    for record in found.unfinished:
        last = record.error.strip().rsplit(chr(10), 1)[-1]
        lines.append(f"- {record.status}: {escaped(record.trial.id)}: {escaped(last)}")
    lines += [f"- left out: {escaped(text)}" for text in found.left_out]
    return "\n".join([*lines, *(f"Machine: {escaped(text)}" for text in found.machines), ""])


def standing(found: Analysis) -> list[str]:
    """Return what is said of the models over all data sets, with its table where there is one."""
    return [escaped(found.standing), *(["", *_ruled(found.aggregates)] if found.aggregates else [])]


def _table(section: Section) -> list[str]:
    columns = [column.title for column in section.columns if column.short]
    rows = [["model", "view", *columns], ["---", "---", *["---:"] * len(columns)]]
    lines = [_line(parts) for parts in rows]
    for line in section.lines:
        texts = [line.row.model, line.view, *(line.cells[title] for title in columns)]
        lines.append(_line(texts, bold=line.best))
    return lines


def _ruled(table: list[list[str]]) -> list[str]:
    head, *rest = table
    return [_line(parts) for parts in (head, ["---", *["---:"] * (len(head) - 1)], *rest)]


def _samples(section: Section) -> list[str]:
    lines = []
    for row in section.rows:
        record, label = row.records[0], escaped(row.label)
        if record.samples:
            lines += [f"{label}, seed {record.trial.seed}, writes:", ""]
            lines += [f"- temperature {escaped(t)}: {_code(text)}" for t, text in record.samples.items()] + [""]
    return [*lines, *(_ruled(section.measured) if section.measured else []), *([""] if section.measured else [])]


def _code(text: str) -> str:
    """Return a text as code, between more back quotes than it has in a row."""
    plain = " ".join(text.split())
    marks = "`" * (max((len(run) for run in re.findall("`+", plain)), default=0) + 1)
    space = " " if "`" in plain else ""
    return f"{marks}{space}{plain}{space}{marks}"


def _line(parts: list[str], *, bold: bool = False) -> str:
    texts = [prose.escaped(part) for part in parts]
    return f"| {' | '.join(f'**{text}**' if text and bold else text for text in texts)} |"
