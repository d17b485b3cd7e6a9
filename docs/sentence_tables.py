"""Writes the tables of the page on sentences: all rows, and what the trees add.

Run ``python docs/sentence_tables.py`` beside ``runs/sentences``, where the suite ``sentences`` has left its records;
the differences need the score of every sentence, which the published record does not keep. The other tables are those
of ``benchmarks/results/sentences.json``.
"""

from pathlib import Path

import numpy as np
import pages
from draw_computation import line

from benchmarks.results.rows import Row, rows
from benchmarks.results.statistics import Estimate, estimate_with_units
from benchmarks.run.record_files import read_records

RUN = Path("runs/sentences")
# What is compared: the tasks, and two rows of each, model and view.
SST = ("sst-5", "sst-2", "sst-whole")
COMPARED: tuple[tuple[str, tuple[str, ...], tuple[str, str], tuple[str, str]], ...] = (
    ("order of words", (*SST, "sick"), ("LSTM", "words"), ("wide MLP", "bag of words")),
    ("tree, children alike", (*SST, "sick"), ("LSTM", "tree"), ("LSTM", "words")),
    ("tree, children told apart", SST, ("N-ary Tree-LSTM", "ordered tree"), ("LSTM", "words")),
    ("the parse, not just any tree", (*SST, "sick"), ("LSTM", "tree"), ("LSTM", "random tree")),
)


def difference(first: Row, second: Row) -> Estimate:
    """Return by how much the first row is ahead, over seeds and sentences alike, each sentence paired with itself."""
    sides = [{record.trial.seed: record.units for record in row.records} for row in (first, second)]
    shared = sorted(set(sides[0]) & set(sides[1]))
    return estimate_with_units(*(np.array([side[seed] for seed in shared]) for side in sides))


def added(table: list[Row]) -> str:
    """Return the table of what is added."""
    found = {(row.records[0].trial.label, row.model, row.view): row for row in table}
    lines = []
    for what, tasks, first, second in COMPARED:
        for task in tasks:
            pair = [found.get((task, *side)) for side in (first, second)]
            if pair[0] is None or pair[1] is None:
                continue
            one = difference(pair[0], pair[1])
            span = "" if one.interval is None else f" [{one.interval[0]:+.3f}, {one.interval[1]:+.3f}]"
            lines.append([what, task, " on ".join(first), " on ".join(second), f"{one.mean:+.3f}{span}"])
    return pages.table(["what is added", "task", "with", "without", "difference [95 %]"], lines, words=4)


def main() -> None:
    """Write the tables."""
    text = pages.read(pages.HERE / "sentences.md")
    record = pages.rows_of(pages.read(pages.RESULTS / "sentences.json"))
    parts = {"table added": added(rows(read_records(RUN)))}
    head = ["model", "view", "test [95 %]", "over sentences too", "params", "s"]
    for task in dict.fromkeys(row["task"] for row in record):
        mine = sorted((row for row in record if row["task"] == task), key=lambda row: bool(row["view"]))
        parts[f"table {task}"] = pages.table(head, [line(row, ()) for row in mine], words=2)
    pages.renew("sentences.md", pages.renewed(text, parts))


if __name__ == "__main__":
    main()
