"""The page ``report.html``: what the templates show, and the template's environment."""

import base64
import hashlib
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup

from ..results.compare import Pair, across, pairs
from ..results.rows import Row, best, by_task, rows
from ..results.verdicts import TURNED
from ..run.records import Record
from . import figures, prose, standings

TEMPLATES = Path(__file__).parent / "templates"


def html(name: str, records: list[Record], promise: str, left_out: Sequence[str] = ()) -> str:
    """Return a run's records as one page that asks nothing from outside.

    Args:
        name: of the run.
        records: of all its trials.
        promise: what was the same for all models.
        left_out: what is not on it, and why.
    """
    environment = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True, trim_blocks=True, lstrip_blocks=True)
    style, script = ((TEMPLATES / name).read_text(encoding="utf-8") for name in ("report.css", "report.js"))
    table = rows(records)
    ranking = across(table)
    return environment.get_template("report.html.j2").render(
        name=name,
        promise=promise,
        method=prose.method(table) if table else "",
        style=Markup(style),
        script=Markup(script),
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        sections=[_section(task, members) for task, members in by_task(table).items()],
        columns=prose.columns_of(table),
        families=_families(table),
        ranked=standings.ranked(ranking),
        aggregates=standings.table(ranking),
        ranking=Markup(figures.critical_difference(ranking)) if ranking.ranking else "",
        failures=[record for record in records if record.status != "done"],
        left_out=left_out,
        machines=prose.machines(records),
        trials=len(records),
    )


def _section(task: str, members: list[Row]) -> dict[str, Any]:
    compared = pairs(members)
    found = prose.finding(members, compared)
    columns = prose.columns_of(members)
    return {
        "task": task,
        "mark": mark(task),
        "title": members[0].about.title,
        "metric": members[0].about.metric,
        "better": "higher" if members[0].about.higher_is_better else "lower",
        "target": next((row.target for row in members if row.target is not None), None),
        "note": members[0].records[0].note,
        "budget": prose.budget(members),
        "finding": found,
        "card": _card(found, members),
        "columns": columns,
        "groups": [
            [_line(row, members, columns, found) for row in members if bool(row.view) is trained]
            for trained in (False, True)
        ],
        "figures": _figures(task, members),
        "pairs": [_pair(pair) for pair in compared],
        "samples": [_sample(row) for row in members if row.records[0].samples],
        "rows": [_records(row) for row in members],
    }


def _card(found: prose.Finding, members: list[Row]) -> dict[str, Any]:
    """Return the answer of a task in short lines: which model, at what cost, how sure."""
    free = [row for row in members if not row.view]
    base = best(free)[0] if free else None
    return {
        "leader": found.leader.label,
        "anchor": anchor(found.leader),
        "score": prose.scored(found.leader.test),
        "verdicts": [(words[0].upper() + words[1:], prose.listed(labels)) for words, labels in found.said],
        "cost": _cost(found.leader),
        "cheapest": None if found.cheapest is found.leader else (found.cheapest.label, _cost(found.cheapest)),
        "baseline": None if base is None else (base.label, prose.scored(base.test)),
        "sure": found.sure,
    }


def _cost(row: Row) -> str:
    parts = [f"{row.mean('seconds') or 0.0:.1f} s of training", f"{row.mean('parameters'):,.0f} parameters"]
    if (flops := row.mean("flops_per_step")) is not None:
        parts.append(f"{prose.quantity(flops)} FLOPs a step")
    return ", ".join(parts)


def _line(row: Row, members: list[Row], columns: list[prose.Column], found: prose.Finding) -> dict[str, Any]:
    said = "best mean" if row is found.leader else found.verdicts.get(row.label, "")
    cells = [{"text": c.text(row), "value": "" if (v := c.value(row)) is None else repr(float(v))} for c in columns]
    kind = "best" if row in best(members) else "" if row.view else "baseline"
    return {
        "kind": kind,
        "model": row.model,
        "view": row.view or prose.FREE,
        "anchor": anchor(row),
        "cells": cells,
        "verdict": TURNED.get(said, said),
    }


def _figures(task: str, members: list[Row]) -> list[tuple[Markup, str]]:
    """Return a task's figures and their captions."""
    trained = [row for row in members if row.view]
    if not trained:
        return []
    drawn: list[tuple[str, str]] = [
        (figures.scores(task, members), "Test score: mean, 95 % interval over seeds (bar), seeds (points)."),
        (
            figures.learning_curves(task, members),
            "Validation score while training: mean over seeds; the band is the range of the seeds.",
        ),
    ]
    costs = (("seconds", "seconds of training"), ("flops_per_step", "FLOPs of a training step"))
    for field, label in costs:
        if any(row.mean(field) for row in trained):
            text = f"Test score against {label}; the line joins what nothing cheaper equals. Dotted: without structure."
            drawn.append((figures.pareto(task, members, field, label), text))
    return [(Markup(svg), caption) for svg, caption in drawn]


def _families(table: list[Row]) -> list[tuple[str, Markup]]:
    """Return a figure for each family of tasks of which several lengths were run."""
    lengths: dict[str, set[float | None]] = {}
    for row in table:
        lengths.setdefault(row.family, set()).add(row.place)
    several = [family for family, found in lengths.items() if family and len(found) > 1]
    return [(family, Markup(figures.against_length(family, table))) for family in several]


def _pair(pair: Pair) -> dict[str, Any]:
    comparison = pair.comparison
    d = comparison.difference
    interval = f"[{d.interval[0]:+.3f}, {d.interval[1]:+.3f}]" if d.interval else "none"
    return {
        "first": pair.first.label,
        "second": pair.second.label,
        "anchors": (anchor(pair.first), anchor(pair.second)),
        "difference": (f"{d.mean:+.3f}", d.mean),
        "interval": interval,
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
        "measures": [(name, f"{value:.3f}".removesuffix(".000")) for name, value in row.measures.items()],
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
