"""The tables of the page on proteins: all rows, and what neighbours, chain and context add.

Run ``python docs/protein_tables.py``; it reads ``benchmarks/results/proteins.json`` and ``proteins-units.json`` and
writes the tables of ``docs/proteins.md``. Beside ``runs/proteins``, where the suite has left its records, it first
writes ``proteins-units.json`` anew: the score of every test complex and protein, which the differences need.
"""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import pages

from benchmarks.results.rows import rows
from benchmarks.results.statistics import Estimate, estimate_with_units
from benchmarks.run.record_files import read_records

RUN = pages.HERE.parent / "runs/proteins"
UNITS = pages.RESULTS / "proteins-units.json"
EDGE, BOTH = "node and edge average", "node and edge average + chain MinGRU, context"
Side = tuple[str, str, str]  # task with its variant, model, view


def _context(task: str, what: str) -> list[tuple[str, Side, Side]]:
    """Return what is compared with context everywhere."""
    alone, graph = (task, "residue MLP, context", "no edges"), (task, f"{EDGE}, context", "graph")
    chain, both = (task, "chain MinGRU, context", "backbone"), (task, BOTH, "graph + backbone")
    return [
        (f"{what}: neighbours to residues", graph, alone),
        (f"{what}: the chain to residues", chain, alone),
        (f"{what}: the chain to neighbours", both, graph),
        (f"{what}: neighbours to the chain", both, chain),
    ]


PLAIN: Side = ("interfaces", "residue MLP", "no edges")
COMPARED: list[tuple[str, Side, Side]] = [
    ("neighbours, node average", ("interfaces", "node average", "graph"), PLAIN),
    ("neighbours, node and edge average", ("interfaces", EDGE, "graph"), PLAIN),
    ("neighbours, order dependent", ("interfaces", "order dependent", "graph"), PLAIN),
    ("the right neighbours", ("interfaces", EDGE, "graph"), ("interfaces", EDGE, "shuffled graph")),
    ("features of edges", ("interfaces", EDGE, "graph"), ("interfaces", "node average", "graph")),
    ("context to neighbours", ("interfaces", f"{EDGE}, context", "graph"), ("interfaces", EDGE, "graph")),
    *_context("interfaces", "with context"),
    *(
        pair
        for task in ("sites", "sites-longer")
        for pair in (
            ("the right neighbours", (task, f"{EDGE}, context", "graph"), (task, f"{EDGE}, context", "shuffled graph")),
            *_context(task, "with context"),
        )
    ),
]
MEASURES = {"interfaces": ("mean AUC",), "interfaces-wide": ("mean AUC",), "sites": ("MCC", "AUROC")}


def kept_units() -> dict[str, Any]:
    """Return the scores of units of each row of the run, by seed."""
    found: dict[str, Any] = {}
    for row in rows(read_records(RUN)):
        if row.view and row.units is not None:
            key = " | ".join((row.records[0].trial.label, row.model, row.view))
            lines = {str(record.trial.seed): [round(unit, 4) for unit in record.units] for record in row.records}
            found[key] = {"pooling": row.records[0].pooling, "seeds": lines}
    return found


def difference(units: Mapping[str, Any], first: Side, second: Side) -> Estimate | None:
    """Return by how much the first row is ahead, over seeds and units alike, each unit paired with itself."""
    sides = [units.get(" | ".join(side)) for side in (first, second)]
    if sides[0] is None or sides[1] is None:
        return None
    shared = sorted(set(sides[0]["seeds"]) & set(sides[1]["seeds"]))
    pair = [np.array([side["seeds"][seed] for seed in shared]) for side in sides if side is not None]
    return estimate_with_units(pair[0], pair[1], pooling=sides[0]["pooling"])


def added(units: Mapping[str, Any]) -> str:
    """Return the table of what is added."""
    lines = []
    for what, first, second in COMPARED:
        found = difference(units, first, second)
        if found is not None:
            ends = "" if found.interval is None else f" [{found.interval[0]:+.3f}, {found.interval[1]:+.3f}]"
            names = (f"{model} on {view}" for _, model, view in (first, second))
            lines.append([what, first[0], *names, f"{found.mean:+.3f}{ends}"])
    return pages.table(["what is added", "task", "with", "without", "difference [95 %]"], lines, words=4)


def scores(record: list[pages.Row], task: str) -> str:
    """Return the table of a task and its variants: first the baselines, which a variant does not change."""
    mine = [row for row in record if row["task"].split("-")[0] == task and (row["view"] or not row["variant"])]
    lines = []
    for row in sorted(mine, key=lambda row: (bool(row["view"]), row["task"])):
        measures = row.get("measures", {})
        name = row["model"] + (f", {row['variant']}" if row["variant"] else "")
        both = row.get("interval_with_units")
        lines.append(
            [
                name,
                row["view"],
                pages.span(row["test"], row["interval"], ".3f"),
                "" if both is None else f"[{both[0]:.3f}, {both[1]:.3f}]",
                *(f"{measures[name]:.3f}" if name in measures else "" for name in MEASURES[task]),
                str(len(row["scores"])),
                f"{row['costs']['parameters']:,}",
            ]
        )
    score = {"interfaces": "median AUC [95 %]", "sites": "AUPRC [95 %]"}[task]
    return pages.table(["model", "view", score, "over units too", *MEASURES[task], "seeds", "params"], lines, words=2)


def page(text: str) -> str:
    """Return the page with the tables of the committed records."""
    record = pages.rows_of(pages.read(pages.RESULTS / "proteins.json"))
    units = json.loads(pages.read(UNITS))
    parts = {f"table {task}": scores(record, task) for task in ("interfaces", "sites")}
    return pages.renewed(text, parts | {"table added": added(units)})


def main() -> None:
    """Write the tables."""
    if RUN.is_dir():
        lines = (f"{json.dumps(key)}: {json.dumps(value)}" for key, value in kept_units().items())
        UNITS.write_text("{" + ",\n ".join(lines) + "}\n", encoding="utf-8")
    pages.renew("proteins.md", page(pages.read(pages.HERE / "proteins.md")))


if __name__ == "__main__":
    main()
