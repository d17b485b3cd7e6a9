"""The page ``report.html``: what the templates show, and the template's environment."""

import base64
import hashlib
import json
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup

from ..results.compare import Pair
from ..results.rows import Row, best
from ..run.records import Record
from . import figures, prose
from .analysis import PROMISE, Analysis, Line, Section

TEMPLATES = Path(__file__).parent / "templates"


def html(found: Analysis) -> str:
    """Return the report of a run as one page that asks nothing from outside."""
    environment = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True, trim_blocks=True, lstrip_blocks=True)
    style, script = ((TEMPLATES / name).read_text(encoding="utf-8") for name in ("report.css", "report.js"))
    return environment.get_template("report.html.j2").render(
        found=found,
        sure=_sure(found.sections),
        overview=_overview(found.sections),
        promise=PROMISE,
        style=Markup(style),
        script=Markup(script),
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        sections=[_section(section) for section in found.sections],
        figures=[(Markup(svg), caption) for svg, caption in figures.of_all(found)],
    )


def _section(section: Section) -> dict[str, Any]:
    about = section.rows[0].about
    return {
        "task": section.task,
        "mark": mark(section.task),
        "title": section.title,
        "metric": about.metric,
        "better": "higher" if about.higher_is_better else "lower",
        "selection": ""
        if about.selection == about.metric
        else f"{about.selection}, {'lower' if about.lower_selects else 'higher'} is better",
        "target": next((row.target for row in section.rows if row.target is not None), None),
        "note": section.note,
        "budget": section.budget,
        "card": _card(section),
        "columns": section.columns,
        "groups": [
            [_line(line, section) for line in section.lines if bool(line.row.view) is trained]
            for trained in (False, True)
        ],
        "figures": [(Markup(svg), caption) for svg, caption in figures.of_section(section)],
        "pairs": [_pair(pair) for pair in section.pairs],
        "samples": [_sample(row) for row in section.rows if row.records[0].samples],
        "measured": section.measured,
        "rows": [_records(row) for row in section.rows],
    }


def _card(section: Section) -> dict[str, Any]:
    """Return the answer of a task in short lines: which model, at what cost, how sure."""
    found = section.finding
    free = [row for row in section.rows if not row.view]
    base = best(free)[0] if free else None
    return {
        "leader": found.leader.label,
        "anchor": anchor(found.leader),
        "score": prose.scored(found.leader.test),
        "verdicts": [(words, prose.listed(labels)) for words, labels in found.said],
        "cost": prose.cost(found.leader),
        "cheapest": None
        if found.cheapest in (None, found.leader)
        else (found.cheapest.label, prose.cost(found.cheapest)),
        "baseline": None if base is None else (base.label, prose.scored(base.test)),
    }


def _sure(sections: list[Section]) -> list[tuple[str, str]]:
    """Return how sure the answers are, each text once with the tasks that it is about."""
    tasks: dict[str, list[str]] = {}
    for section in sections:
        tasks.setdefault(section.finding.sure, []).append(section.task)
    return [(text, prose.listed(names)) for text, names in tasks.items()]


def _overview(sections: list[Section]) -> dict[str, Any] | None:
    """Return the scores of the rows that several tasks have, a line a task; ``None`` where there is no such row.

    A cell's share is 100 for the best of them on its task, and 0 for the worst.
    """
    counts = Counter(row.label for section in sections for row in section.rows if row.view)
    columns = [label for label, count in counts.items() if count > 1]
    lines = []
    for section in sections:
        mine = {row.label: row for row in section.rows if row.label in columns}
        if not mine:
            continue
        sign = 1 if section.rows[0].about.higher_is_better else -1
        signed = [sign * row.test.mean for row in mine.values()]
        low, spread = min(signed), (max(signed) - min(signed)) or 1.0
        cells: list[dict[str, Any] | None] = [
            {
                "text": f"{row.test.mean:.3f}",
                "share": round(100 * (sign * row.test.mean - low) / spread),
                "anchor": anchor(row),
            }
            if (row := mine.get(label))
            else None
            for label in columns
        ]
        lines.append({"task": section.task, "cells": cells})
    return {"columns": columns, "lines": lines} if lines else None


def _line(line: Line, section: Section) -> dict[str, Any]:
    cells = [
        {"text": line.cells[c.title], "value": "" if (v := c.value(line.row)) is None else repr(float(v))}
        for c in section.columns
    ]
    return {
        "kind": "best" if line.best else "" if line.row.view else "baseline",
        "model": line.row.model,
        "view": line.view,
        "anchor": anchor(line.row),
        "cells": cells,
        "verdict": line.verdict,
    }


def _pair(pair: Pair) -> dict[str, Any]:
    comparison = pair.comparison
    d = comparison.difference
    return {
        "first": pair.first.label,
        "second": pair.second.label,
        "anchors": (anchor(pair.first), anchor(pair.second)),
        "difference": (f"{d.mean:+.3f}", d.mean),
        "interval": prose.interval(d, "+.3f") or "none",
        "with_units": "" if comparison.with_units is None else prose.interval(comparison.with_units),
        "more": "" if (more := comparison.more_seeds) is None else str(more),
        "effect": ("", "") if comparison.effect is None else (f"{comparison.effect:+.2f}", comparison.effect),
        "p": (f"{comparison.p:.3f}", comparison.p),
        "p_holm": (f"{comparison.p_holm:.3f}", comparison.p_holm),
        "seeds": d.count,
        "verdict": comparison.verdict,
    }


def _sample(row: Row) -> dict[str, Any]:
    record = row.records[0]
    return {
        "label": row.label,
        "seed": record.trial.seed,
        "anchor": anchor(row),
        "texts": record.samples.items(),
        "steps": [(step, seen["samples"]) for step, seen in row.watched() if "samples" in seen],
    }


def _records(row: Row) -> dict[str, Any]:
    """Return the records behind a row; the machine is said once, for the whole page."""
    columns: list[tuple[str, Callable[[Record], Any], str]] = [
        ("test", lambda r: r.test, "{:.4f}"),
        ("best validation", lambda r: r.curve.get("best_validation"), "{:.4f}"),
        ("at step", lambda r: r.curve.get("best_step"), "{}"),
        ("seconds", lambda r: r.seconds, "{:.2f}"),
        ("steps/s", lambda r: r.steps_per_second, "{:.1f}"),
        ("s to target", lambda r: r.seconds_to_target, "{:.2f}"),
        ("peak MiB", lambda r: r.peak_memory_mib, "{:.0f}"),
        ("joules", lambda r: r.energy_joules, "{:.0f}"),
    ]
    used = [column for column in columns if any(column[1](record) is not None for record in row.records)]
    lines = []
    for record in row.records:
        values = [(get(record), form) for _, get, form in used]
        content = {name: value for name, value in asdict(record).items() if name != "machine" and value not in ("", {})}
        lines.append(
            {
                "seed": record.trial.seed,
                "cells": ["" if value is None else form.format(value) for value, form in values],
                "file": f"records/{record.trial.id}.json",
                "content": json.dumps(content, indent=1, ensure_ascii=False),
            }
        )
    return {"label": row.label, "anchor": anchor(row), "columns": [title for title, *_ in used], "lines": lines}


def anchor(row: Row) -> str:
    """Return the id of the records of a row on the page."""
    return "records-" + mark(f"{row.task} {row.view} {row.model}".replace("+", "and"))


def mark(text: str) -> str:
    """Return words as an id.

    >>> mark("path + mirror")
    'path-mirror'
    """
    return re.sub(r"\W+", "-", text).strip("-").lower()
