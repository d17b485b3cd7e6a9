"""The tables on accidents of their page, from the records.

Run ``PYTHONPATH=. python docs/draw_accidents.py``; it reads ``benchmarks/results/accidents.json`` and, of each day of
the test part, ``accidents-days.json`` beside it, and renews the tables of ``docs/traffic.md``. With the folder of a run
as an argument, e.g. ``runs/accidents``, it writes the days' file from its records and the data first.
"""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pages
from pages import RESULTS, table

from benchmarks.results.rows import rows
from benchmarks.results.statistics import Estimate, estimate_with_units
from benchmarks.run.record_files import read_records
from benchmarks.tasks.accidents import Hours
from gnn_toolkit.datasets import load_chicago_accidents

RECORD, DAYS = RESULTS / "accidents.json", RESULTS / "accidents-days.json"
NAIVE = ("mean of the cell", "mean of the cell and hour", "mean of the cell so far")
HINDSIGHT = "share of the cell in the test part itself"  # what no forecast can know
MODELS = {  # variant, view and model: what it is
    ("road", "graph", "GConvGRU"): "graph and memory, like roads",
    ("risk", "graph", "GConvGRU"): "graph and memory, like risk",
    ("road", "shuffled graph", "GConvGRU"): "graph and memory, wrong neighbours",
    ("road", "no edges", "GRU"): "memory of each cell",
    ("road", "graph", "ChebConv"): "graph alone, like roads",
    ("risk", "graph", "ChebConv"): "graph alone, like risk",
    ("road", "shuffled graph", "ChebConv"): "graph alone, wrong neighbours",
    ("road", "no edges", "MLP"): "neither",
}
BOTH = ("road", "graph", "GConvGRU")
RIVALS = (
    ("road", "no edges", "GRU"), ("road", "graph", "ChebConv"), ("road", "shuffled graph", "GConvGRU"),
    ("road", "no edges", "MLP"),
)  # fmt: skip

Key = tuple[str, str, str]


def days_of(folder: Path) -> str:
    """Return the days' file of a run: for each row the score of each day by seed, and the MAP."""
    lines = [
        {
            "key": [row.records[0].trial.variant, row.view, row.model],
            "days": {record.trial.seed: [round(unit, 6) for unit in record.units] for record in row.records},
            "MAP": {record.trial.seed: round(record.measures["MAP"], 6) for record in row.records},
        }
        for row in rows(read_records(folder))
        if row.view
    ]
    hours = Hours(load_chicago_accidents())
    share = (hours.risk[hours.parts["test"]] > 0).float().mean(0)
    orders = {name: scores for name, (scores, _) in hours.naive().items()}
    for name, scores in (orders | {HINDSIGHT: lambda which: share.expand(len(which), -1)}).items():
        recall, precision = hours.judged(scores)
        units = [round(unit, 6) for unit in recall.units]
        lines.append({"key": ["", "", name], "days": {0: units}, "MAP": {0: round(precision, 6)}})
    return "[\n" + ",\n".join(json.dumps(line) for line in lines) + "\n]\n"


def rows_of(record: str, days: str) -> dict[Key, dict[str, Any]]:
    """Return, by variant, view and model, the row of the record with the scores of its days."""
    kept = {tuple(line["key"]): line for line in json.loads(days)}
    found: dict[Key, dict[str, Any]] = {("", "", HINDSIGHT): kept["", "", HINDSIGHT]}
    for row in json.loads(record)["rows"]:
        key = (row["variant"], row["view"], row["model"]) if row["view"] else ("", "", row["model"])
        found[key] = row | ({"days": kept[key]["days"], "MAP": kept[key]["MAP"]} if key in kept else {})
    return found


def days(row: dict[str, Any]) -> np.ndarray:
    """Return the score of each day, [seeds, days]."""
    return np.array(list(row["days"].values()))


def percent(found: Estimate, form: str = ".1f") -> str:
    """Return an estimate with its interval, in percent."""
    ends = "" if found.interval is None else f" [{100 * found.interval[0]:{form}}, {100 * found.interval[1]:{form}}]"
    return f"{100 * found.mean:{form}}{ends}"


def scores(rows: dict[Key, dict[str, Any]]) -> str:
    """Return recall and MAP of everything, over days and seeds."""
    lines = []
    titles = {**{("", "", name): name for name in (*NAIVE, HINDSIGHT)}, **MODELS}
    for key, title in titles.items():
        if key not in rows:
            continue
        row = rows[key]
        parts = list(row["MAP"].values())
        spread = f" [{min(parts):.4f}, {max(parts):.4f}]" if len(parts) > 1 else ""
        recall = percent(estimate_with_units(days(row)))
        size = f"{row['costs']['parameters']:,.0f}" if "costs" in row else ""
        sizes = [size, str(len(row["scores"])) if key[1] else ""]
        lines.append([title, key[2] if key[1] else "", recall, f"{np.mean(parts):.4f}{spread}", *sizes])
    random = rows["", "", "random order, expected"]
    lines.insert(0, ["random order, expected", "", f"{100 * random['test']:.1f}", "", "0", ""])
    head = ["order of the cells by", "model", "recall in % [95 %]", "MAP [lowest, highest seed]", "parameters", "seeds"]
    return table(head, lines, 2)


def differences(rows: dict[Key, dict[str, Any]]) -> str:
    """Return how much more recall has one than another, over days and seeds."""
    mean = ("", "", "mean of the cell")
    pairs = [(key, mean) for key in MODELS] + [(BOTH, rival) for rival in RIVALS]
    titles = {mean: mean[2], **MODELS}
    lines = [
        [titles[one], titles[other], percent(estimate_with_units(days(rows[one]), days(rows[other])), "+.2f")]
        for one, other in pairs
        if one in rows and other in rows
    ]
    return table(["recall of", "minus that of", "points [95 %]"], lines, 2)


def page(text: str, rows: dict[Key, dict[str, Any]]) -> str:
    """Return the page with its tables renewed."""
    return pages.renewed(text, {f"accidents: {make.__name__}": make(rows) for make in (scores, differences)})


def main() -> None:
    """Write the tables, and the days' file of a run first."""
    if len(sys.argv) > 1:
        DAYS.write_text(days_of(Path(sys.argv[1])), encoding="utf-8")
    text = page(pages.read(pages.HERE / "traffic.md"), rows_of(pages.read(RECORD), pages.read(DAYS)))
    pages.renew("traffic.md", text)


if __name__ == "__main__":
    main()
