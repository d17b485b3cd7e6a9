"""The tables of the pages on documents, sentences and computation: what edges add, and of the first two all rows.

Run ``python docs/text_tables.py documents`` (or another suite) beside ``runs/``, where the suite of that name has left
its records; differences and intervals over texts need the score of every text, which the published record does not
keep. The other tables are those of ``benchmarks/results/documents.json``; ``draw_computation.py`` makes its page's.
"""

import sys
from pathlib import Path

import numpy as np
import pages
from draw_computation import line, rank

from benchmarks.results.rows import Row, rows
from benchmarks.results.statistics import Estimate, estimate_with_units
from benchmarks.run.record_files import read_records

RUNS = Path("runs")
Side = tuple[str, str, str]  # the task's label, with {} for what a comparison names; model and view
Compared = tuple[tuple[str, tuple[str, ...], Side, Side], ...]
SST = ("sst-5", "sst-2", "sst-whole")
CORPORA, LARGE = ("trec", "mr"), ("r52", "ohsumed", "20ng")
LISTS = ("listops-parts", "listops-whole")


def graphs_of_words(tasks: tuple[str, ...]) -> Compared:
    """Return what is compared of the graphs of single documents."""
    mine = ("{}", "GCN", "graph of words")
    return (
        ("graph of words", tasks, mine, ("{}", "GCN", "no edges")),
        ("which words", tasks, mine, ("{}", "GCN", "shuffled graph of words")),
        ("graph or path", tasks, mine, ("{}", "GCN", "path both ways")),
    )


def corpus_graph(tasks: tuple[str, ...]) -> Compared:
    """Return what is compared of a graph of all documents, with a perceptron that sees no edge and with controls."""
    mine = ("{}-corpus", "GCN", "corpus graph")
    return (
        ("graph of the corpus", tasks, mine, ("{}-wide", "wide MLP", "no edges")),
        ("edges between words", tasks, mine, ("{}-corpus", "GCN", "corpus graph, words apart")),
        ("between which words", tasks, mine, ("{}-corpus", "GCN", "corpus graph, other words")),
    )


# What is compared: on which tasks, and two rows of each.
COMPARED: dict[str, Compared] = {
    "documents": (
        ("order of words", CORPORA, ("{}", "LSTM", "path"), ("{}", "wide MLP", "no edges")),
        *graphs_of_words(CORPORA),
        *corpus_graph(("mr", "r8")),
    ),
    "documents-large": (
        ("order of words", LARGE, ("{}", "GRU", "path"), ("{}", "GCN", "no edges")),
        *graphs_of_words(LARGE),
        *corpus_graph(LARGE),
    ),
    "sentences": (
        ("order of words", (*SST, "sick"), ("{}", "LSTM", "words"), ("{}", "wide MLP", "bag of words")),
        ("tree, children alike", (*SST, "sick"), ("{}", "LSTM", "tree"), ("{}", "LSTM", "words")),
        ("tree, or a path both ways", (SST[0], SST[2], "sick"), ("{}", "LSTM", "tree"), ("{}", "BiLSTM", "words")),
        ("tree, children told apart", SST, ("{}", "N-ary Tree-LSTM", "ordered tree"), ("{}", "LSTM", "words")),
        ("parse or any tree", (*SST, "sick"), ("{}", "LSTM", "tree"), ("{}", "LSTM", "random tree")),
    ),
    "computation": (
        ("tree", LISTS, ("{}", "LSTM", "sibling tree"), ("{}", "LSTM", "symbols")),
        ("tree, the cell linear", LISTS[:1], ("{}", "MinGRU", "sibling tree"), ("{}", "MinGRU", "symbols")),
        ("parse or any tree", LISTS[:1], ("{}", "LSTM", "tree"), ("{}", "LSTM", "random parents")),
        ("order of children", LISTS[:1], ("{}", "LSTM", "sibling tree"), ("{}", "LSTM", "tree")),
        ("gates that see the state", LISTS[:1], ("{}", "LSTM", "sibling tree"), ("{}", "MinGRU", "sibling tree")),
        ("tree", ("proplogic",), ("{}", "LSTM", "ordered tree"), ("{}", "LSTM", "symbols")),
        ("parse or any tree", ("proplogic",), ("{}", "LSTM", "ordered tree"), ("{}", "LSTM", "random tree")),
        ("tree", ("programs",), ("{}", "LSTM", "tree"), ("{}", "LSTM", "symbols")),
        ("parse or any tree", ("programs",), ("{}", "LSTM", "tree"), ("{}", "LSTM", "random parents")),
        ("order of children", ("programs",), ("{}", "LSTM", "sibling tree"), ("{}", "LSTM", "tree")),
    ),
}


def difference(first: Row, second: Row) -> Estimate:
    """Return by how much the first row is ahead, over seeds and texts alike, each text paired with itself."""
    sides = [{record.trial.seed: record.units for record in row.records} for row in (first, second)]
    shared = sorted(set(sides[0]) & set(sides[1]))
    return estimate_with_units(*(np.array([side[seed] for seed in shared]) for side in sides))


def over_texts(row: Row) -> list[float] | None:
    """Return the interval over seeds and texts; every seed is tested on the texts of the published split."""
    units = np.array([record.units for record in row.records])
    if not units.size:  # baselines keep no scores
        return None
    ends = estimate_with_units(units, bounds=row.about.ends).interval
    return None if ends is None else list(ends)


def added(table: list[Row], compared: Compared) -> str:
    """Return the table of what is added."""
    found = {(row.records[0].trial.label, row.model, row.view): row for row in table}
    lines = []
    for what, tasks, *sides in compared:
        for task in tasks:
            pair = [found.get((label.format(task), model, view)) for label, model, view in sides]
            if pair[0] is None or pair[1] is None:
                continue
            one = difference(pair[0], pair[1])
            span = "" if one.interval is None else f" [{one.interval[0]:+.3f}, {one.interval[1]:+.3f}]"
            names = [f"{model} on {view}" for _, model, view in sides]
            lines.append([what, task, *names, f"{one.mean:+.3f}{span}"])
    return pages.table(["what is added", "task", "with", "without", "difference [95 %]"], lines, words=4)


def main(name: str) -> None:
    """Write the tables of a page that a suite makes."""
    page, _, rest = name.partition("-")
    text = pages.read(pages.HERE / f"{page}.md")
    table = rows(read_records(RUNS / name))
    parts = {f"table added {rest}".strip(): added(table, COMPARED[name])}
    if name != "computation":
        parts |= all_rows(name, table, together=bool(rest))
    pages.renew(f"{page}.md", pages.renewed(text, parts))


def all_rows(name: str, table: list[Row], together: bool) -> dict[str, str]:
    """Return a table of every task of a page, with its variants in tables of their own or together with it."""
    record = pages.rows_of(pages.read(pages.RESULTS / f"{name}.json"))
    spans = {(row.records[0].trial.label, row.model, row.view): over_texts(row) for row in table}
    record: list[pages.Row] = [{"interval_with_units": spans[r["task"], r["model"], r["view"]]} | r for r in record]
    parts = {}
    head = ["model", "view", "test [95 %]", "over texts too", "params", "FLOPs a step", "s"]
    if together:  # a task's baselines are those of its variants
        record = [row | {"task": row["task"].split("-")[0]} for row in record if row["view"] or "-" not in row["task"]]
    for task in dict.fromkeys(row["task"] for row in record):
        mine = sorted((row for row in record if row["task"] == task), key=rank)
        parts[f"table {task}"] = pages.table(head, [line(row, ()) for row in mine], words=2)
    return parts


if __name__ == "__main__":
    main(*sys.argv[1:])
