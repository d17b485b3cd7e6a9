"""The files of a report; and a run boiled down to what a repository keeps, without the records."""

import json
import re
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from gnn_toolkit.training import write_atomically

from ..results.published import read_published, read_published_entries
from ..results.rows import Row
from ..results.statistics import Estimate
from . import prose
from .analysis import Analysis, analyse, analysis_of
from .markdown import markdown, standing
from .page import html

POINTS = 40  # of a curve, at most


def publish(folder: Path, out: Path) -> list[Path]:
    """Write ``<run>.json`` and ``<run>.md`` into a folder and return their paths.

    The JSON has a line for each row of the tables: test scores by seed, their mean and interval, by seed also the last
    training loss and the steps to the task's target where it has one, what the row cost, and its curve, the mean and
    the range over seeds of the validation scores at some of the steps.

    Args:
        folder: of the run.
        out: where the two files go.
    """
    found = analysis_of(folder)
    lines = ",\n".join(f"  {json.dumps(_line(row), ensure_ascii=False)}" for row in found.rows)
    ranking = f'"ranking": {json.dumps(asdict(found.entries), ensure_ascii=False)},\n ' if found.entries.views else ""
    machines = json.dumps(found.machines, ensure_ascii=False)
    text = f'{{"machines": {machines},\n {ranking}"rows": [\n{lines}\n]}}\n'
    return write_texts(out, {f"{found.name}.json": text, f"{found.name}.md": markdown(replace(found, left_out=[]))})


def write_reports(found: Analysis, folder: Path) -> list[Path]:
    """Write ``report.md`` and ``report.html`` of a run; return their paths."""
    return write_texts(folder, {"report.md": markdown(found), "report.html": html(found)})


def write_texts(folder: Path, texts: dict[str, str]) -> list[Path]:
    """Write texts into files of a folder, each whole or not at all, and return their paths."""
    for name, text in texts.items():
        write_atomically(folder / name, lambda file, text=text: file.write(text.encode()))
    return [folder / name for name in texts]


def _line(row: Row) -> dict[str, Any]:
    names = ("parameters", "seconds", "overall_seconds", "steps_per_second", "flops_per_step")
    costs = {name: value for name in names if (value := row.mean(name)) is not None}
    return {
        "task": row.records[0].trial.task,
        "variant": row.records[0].trial.variant,
        "view": row.view,
        "model": row.model,
        "test": round(row.test.mean, 5),
        "interval": _ends(row.test),
        "method": row.test.method,
        **({"interval_with_units": ends} if (ends := _ends(row.test_with_units)) else {}),
        "scores": {seed: round(score, 5) for seed, score in row.scores.items()},
        "validation": None if row.validation is None else round(row.validation, 5),
        **({"loss": loss} if (loss := _last_losses(row)) else {}),
        **({"steps_to_target": row.steps_to_target} if row.steps_to_target else {}),
        "costs": {k: int(v) if k == "parameters" else float(f"{v:.4g}") for k, v in costs.items()},
        "curve": _curve(row),
        **_measured(row),
        **_text(row),
    }


def _ends(found: Estimate | None) -> list[float] | None:
    return [round(end, 5) for end in found.interval] if found and found.interval else None


def renew(path: Path) -> Path:
    """Write the verdicts of a published ``<run>.json`` anew into the ``<run>.md`` beside it, where the rule is another.

    Tables, and what else the page says, stay as they are: the scores are the same.
    """
    found = analyse(path.stem, read_published(path), entries=read_published_entries(path))
    page = path.with_suffix(".md")
    text = page.read_text(encoding="utf-8")
    for section in found.sections:
        said = prose.escaped(section.answer).removeprefix(f"{prose.escaped(section.rows[0].title)}: ")
        head = rf"(?m)(^## {re.escape(section.task)}: ([^\n]*)\n(?:(?!^## )[^\n]*\n)*?)"
        line = r"^[^\n|]* has the best mean, [^\n]*$"
        text = re.sub(head + line, lambda found, said=said: f"{found[1]}{found[2]}: {said}", text)
    said = "\n".join(standing(found))
    text = re.sub(r"(?m)^(Over \d+ (tasks|data sets) \(|No ranking across tasks: )[^\n]*$", lambda _: said, text)
    return write_texts(page.parent, {page.name: text})[0]


def _measured(row: Row) -> dict[str, Any]:
    """Return the mean of what else was measured, and by seed that and the validation score."""
    if not row.measures:
        return {}
    lines = {"validation": {r.trial.seed: score for r in row.records if (score := r.curve.get("best_validation"))}}
    lines |= {name: {r.trial.seed: r.measures[name] for r in row.records} for name in row.measures}
    by_seed = {name: {seed: round(v, 6) for seed, v in line.items()} for name, line in lines.items() if line}
    return {"measures": {name: round(value, 4) for name, value in row.measures.items()}, "by_seed": by_seed}


def _text(row: Row) -> dict[str, Any]:
    """Return what only a text's rows have: the first seed's curves, samples and texts."""
    record, watched = row.records[0], row.watched()
    if not any("accuracy" in seen for _, seen in watched):  # others watch no more than their validation loss
        return {}
    curves = {
        "loss": record.curve["loss"],
        "accuracy": [seen["accuracy"] for _, seen in watched],
        "validation": record.curve["validation"],
        "seconds": record.curve["seconds"],
    }
    return {
        "training": {
            "step": [step for step, _ in watched],
            **{name: [float(f"{value:.5g}") for value in line] for name, line in curves.items()},
        },
        "samples": {step: seen["samples"] for step, seen in watched if "samples" in seen},
        "texts": record.samples,
    }


def _last_losses(row: Row) -> dict[int, float]:
    """Return the mean training loss of the steps before the last validation, by seed."""
    known = {r.trial.seed: r.curve["loss"][-1] for r in row.records if r.curve.get("loss")}
    return {seed: float(f"{loss:.4g}") for seed, loss in known.items()}


def _curve(row: Row) -> dict[str, list[float]]:
    steps, values = row.course()
    if not steps:
        return {}
    places = np.unique(np.linspace(0, len(steps) - 1, min(POINTS, len(steps))).round().astype(int))
    values = values[:, places]
    ends = {"mean": values.mean(0), "low": values.min(0), "high": values.max(0)}
    return {
        "step": [steps[place] for place in places],
        **{name: [round(float(v), 4) for v in line] for name, line in ends.items()},
    }
