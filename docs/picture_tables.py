"""The tables of the page on pictures: all rows, and what neighbours, order and layer add.

Run ``python docs/picture_tables.py``. Beside ``runs/pictures``, where the suite ``pictures`` has left its records, it
first renews ``benchmarks/results/pictures-differences.json``, which needs the share of every picture; the tables are
those of the two committed files.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pages

from benchmarks.results.rows import Row, rows
from benchmarks.results.statistics import Estimate, estimate_with_units
from benchmarks.run.record_files import read_records
from benchmarks.tasks.pedestrians import FOLDS

RUN = Path("runs/pictures")
LABELS = ("pedestrians", "pedestrians-no-position", "pedestrians-given")
BY_CONFIDENCE, PLAIN, NONE = "superpixels, confidence first", "superpixels", "no edges"
# What is compared: the question, and two rows of each, model and view.
COMPARED: tuple[tuple[str, tuple[str, str], tuple[str, str]], ...] = (
    ("neighbours", ("SAGE", PLAIN), ("MLP", NONE)),
    ("neighbours", ("GraphLSTM", BY_CONFIDENCE), ("MLP", NONE)),
    ("order", ("GraphLSTM", BY_CONFIDENCE), ("GraphLSTM", "superpixels, at random")),
    ("order", ("GraphLSTM", BY_CONFIDENCE), ("GraphLSTM", "superpixels, breadth first")),
    ("order", ("GraphLSTM", BY_CONFIDENCE), ("GraphLSTM", "superpixels, row by row")),
    ("LSTM against convolution", ("GraphLSTM", BY_CONFIDENCE), ("SAGE", PLAIN)),
    ("graph against path", ("GraphLSTM", BY_CONFIDENCE), ("BiLSTM", "row of superpixels")),
    ("superpixels against patches", ("GraphLSTM", BY_CONFIDENCE), ("2-D LSTM", "grid of patches")),
)
PARTS = ("hair", "face", "upper clothes", "lower clothes", "arms", "legs and shoes")


def arranged(row: Row) -> np.ndarray | None:
    """Return the share of every picture in the score, [repeats, pictures]: seed s tests fold s modulo five.

    ``None`` where some fold is missing in every repeat that was begun.
    """
    units = {record.trial.seed: record.units for record in row.records}
    whole = [[units.get(FOLDS * repeat + fold) for fold in range(FOLDS)] for repeat in range(len(units) // FOLDS)]
    lines = [np.concatenate(parts) for parts in whole if all(part is not None for part in parts)]  # type: ignore[arg-type]
    return np.stack(lines) if lines else None


def differences(table: list[Row]) -> list[dict[str, Any]]:
    """Return what is compared, with intervals over seeds and pictures alike; each picture is paired with itself."""
    found = {(row.records[0].trial.label, row.model, row.view): arranged(row) for row in table if row.view}
    lines = []
    for label in LABELS:
        for what, first, second in COMPARED:
            this, against = (found.get((label, *side)) for side in (first, second))
            if this is not None and against is not None:
                count = min(len(this), len(against))
                one = estimate_with_units(this[:count], against[:count])
                sides = {"with": " on ".join(first), "without": " on ".join(second)}
                lines.append({"what": what, "task": label, **sides, **_numbers(one)})
    return lines


def _numbers(found: Estimate) -> dict[str, Any]:
    return {"mean": found.mean, "interval": None if found.interval is None else list(found.interval)}


def scores(table: list[Row]) -> list[dict[str, Any]]:
    """Return the mean score of each model with its interval over seeds and pictures alike."""
    lines = []
    for row in table:
        units = arranged(row) if row.view else None
        if units is not None:
            about = {"task": row.records[0].trial.label, "model": row.model, "view": row.view}
            lines.append(about | _numbers(estimate_with_units(units, bounds=(0.0, 1.0))))
    return lines


def page(text: str, published: list[pages.Row], pooled: dict[str, Any]) -> str:
    """Return the page with the tables of what was published, and of scores and differences over pictures."""
    spans = {(one["task"], one["model"], one["view"]): one for one in pooled["scores"]}
    parts = {}
    for label in LABELS:
        mine = sorted((row for row in published if row["task"] == label), key=lambda row: bool(row["view"]))
        lines = [_line(row, spans.get((label, row["model"], row["view"]))) for row in mine]
        head = ["model", "view", "mean IoU [95 %]", "pixel accuracy", *PARTS, "params", "s"]
        parts[f"table {label}"] = pages.table(head, lines, words=2) if lines else ""
    lines = [_compared(one) for one in pooled["differences"]]
    head = ["question", "features", "this", "against", "difference [95 %]"]
    parts["table differences"] = pages.table(head, lines, words=4) if lines else ""
    return pages.renewed(text, parts)


def _compared(one: dict[str, Any]) -> list[str]:
    features = one["task"].removeprefix("pedestrians").strip("-") or "all"
    return [one["what"], features, one["with"], one["without"], pages.span(one["mean"], one["interval"], "+.3f")]


def _line(row: pages.Row, pooled: dict[str, Any] | None) -> list[str]:
    measured, costs = row["measures"], row["costs"]
    score = pages.span(*((row["test"], None) if pooled is None else (pooled["mean"], pooled["interval"])), ".3f")
    each = [f"{measured[f'IoU {part}']:.2f}" for part in PARTS]
    return [
        row["model"],
        row["view"],
        score,
        f"{measured['pixel accuracy']:.3f}",
        *each,
        f"{costs['parameters']:,.0f}",
        f"{costs['seconds']:.0f}" if row["view"] else "",
    ]


def records(folder: Path = pages.RESULTS) -> tuple[list[pages.Row], dict[str, Any]]:
    """Return the two committed files' content: no rows where they are not there yet."""
    published, pooled = folder / "pictures.json", folder / "pictures-differences.json"
    found = pages.rows_of(pages.read(published)) if published.exists() else []
    return found, json.loads(pages.read(pooled)) if pooled.exists() else {"scores": [], "differences": []}


def main() -> None:
    """Write the file of differences, where there is a run, and the tables."""
    if RUN.is_dir():
        table = rows(read_records(RUN))
        pooled = {"scores": scores(table), "differences": differences(table)}
        (pages.RESULTS / "pictures-differences.json").write_text(json.dumps(pooled, indent=1) + "\n", encoding="utf-8")
    pages.renew("pictures.md", page(pages.read(pages.HERE / "pictures.md"), *records()))


if __name__ == "__main__":
    main()
