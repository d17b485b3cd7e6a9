"""The tables of the page on linear recurrences, from its records.

Run ``PYTHONPATH=. python docs/linear_tables.py``; it reads ``long.json``, ``long-tuning.json``, ``long-seconds.json``
and ``molecules.json`` in ``benchmarks/results`` and renews the tables of ``docs/linear.md``, each after a comment with
its name.
"""

import re
from collections.abc import Callable

import numpy as np
import pages
from pages import RESULTS, Row

LENGTHS = (80, 160, 320, 640, 1280)
MODELS = ("LSTM", "GRU", "MinGRU", "LRU", "Mamba")
LONG, TUNING, SECONDS, MOLECULES = (
    RESULTS / f"{name}.json" for name in ("long", "long-tuning", "long-seconds", "molecules")
)
FREE, FOLDS, SEEDS = "(no edges)", 10, 3
BOOKS = {"grimm": "Grimm", "shakespeare": "Tiny Shakespeare"}


def steps_of(row: Row) -> list[int]:
    """Return the steps to solve of the seeds that did."""
    return [step for step in row.get("steps_to_target", {}).values() if step is not None]


def accuracy(row: Row) -> str:
    """Return the mean of the seeds, and the lowest and highest where they differ."""
    scores = list(row["scores"].values())
    low, high = f"{min(scores):.3f}", f"{max(scores):.3f}"
    return f"{np.mean(scores):.3f}" + (f" ({low} to {high})" if low != high else "")


def palindrome(rows: list[Row], length: int, model: str) -> Row | None:
    """Return the row of a model on palindromes of a length."""
    task = f"palindrome-{length}-{model.lower()}"
    return next((row for row in rows if (row["task"], row["model"]) == (task, model)), None)


def palindromes(records: dict[str, list[Row]]) -> str:
    """Return how many seeds of each model solve each length, in how many steps, and in how many quiet seconds."""
    lines = []
    for model in MODELS:
        cells = []
        for length in LENGTHS:
            row, quiet = (palindrome(records[name], length, model) for name in ("long", "long-seconds"))
            if row is None:
                cells.append("")
                continue
            steps = steps_of(row)
            cell = f"{len(steps)} of {len(row['scores'])}"
            if not steps:
                cells.append(f"{cell}; {row['test']:.2f} after {row['curve']['step'][-1]:,}")
                continue
            cell += f": {np.mean(steps):.0f}"
            if quiet is not None:
                cell += f", {np.mean(steps) / quiet['costs']['steps_per_second']:.0f} s"
            cells.append(cell)
        lines += [[model, *cells]] if any(cells) else []
    return pages.table(["model", *(f"T = {length}" for length in LENGTHS)], lines)


def tuning(records: dict[str, list[Row]]) -> str:
    """Return what each of the four settings of a model reached, the chosen one in bold."""
    lines = []
    for model in MODELS:
        rows = [row for row in records["long-tuning"] if row["model"] == model]
        best = min(rows, key=lambda row: rank(row))
        cells = [f"**{reached(row)}**" if row is best else reached(row) for row in rows]
        lines.append([model, *cells])
    head = ["model", "rate 0.003", "gain 4, or perceptron", "rate 0.01", "gain 4, or perceptron"]
    return pages.table(head, lines)


def rank(row: Row) -> tuple[float, float]:
    """Return what settings are chosen by: the fewest steps to solve, and then the best validation score."""
    steps = steps_of(row)
    return (float(steps[0]) if steps else np.inf, -row["validation"])


def reached(row: Row) -> str:
    """Return in how many steps a row solved its task, or how far it came."""
    steps = steps_of(row)
    return f"{steps[0]} steps" if steps else f"{row['validation']:.2f}"


def copying(records: dict[str, list[Row]]) -> str:
    """Return what each model copies."""
    lines = []
    for row in records["long"]:
        length = re.match(r"copying-copy-(\d+)", row["task"])
        if length is None:
            continue
        steps = f"{row['curve']['step'][-1]:,}" if row["view"] else ""
        known = [line[:2] for line in lines]
        if [length[1], row["model"]] not in known:
            lines.append([length[1], row["model"], accuracy(row), steps, parameters(row)])
    head = ["length", "model", "accuracy of a token", "steps", "parameters"]
    return pages.table(head, sorted(lines, key=lambda line: int(line[0])), 2)


def parameters(row: Row) -> str:
    """Return how many parameters a model has."""
    return f"{row['costs']['parameters']:,.0f}"


def text(records: dict[str, list[Row]]) -> str:
    """Return nats per character after as many steps, and after as many seconds of a quiet machine, of what is run."""
    lines = []
    quiet = {(row["task"], row["model"]): row["costs"].get("steps_per_second") for row in records["long-seconds"]}
    rows = [row for row in records["long"] if row["task"].split("-")[0] in BOOKS and len(row["scores"]) == SEEDS]
    for row in rows:
        speed = quiet.get((row["task"], row["model"]))
        peers = [quiet.get((other["task"], other["model"])) for other in rows if other["task"] == row["task"]]
        cells = ["", "", ""]
        if speed and all(peers):
            seconds = row["curve"]["step"][-1] / max(filter(None, peers))
            seen = zip(row["curve"]["step"], row["curve"]["mean"], strict=True)
            within = [score for step, score in seen if step / speed <= seconds + 1e-9]
            best = f"{min(within):.3f}" if within else "none yet"
            cells = [f"{1000 / speed:.0f}", best, f"{seconds:.0f}"]
        name = BOOKS[row["task"].split("-")[0]]
        lines.append([name, row["model"], parameters(row), accuracy(row), f"{row['validation']:.3f}", *cells])
    head = ["text", "model", "parameters", "test nats, equal steps", "validation", "ms a step", "equal time", "s"]
    return pages.table(head, lines, 2) if lines else ""


def molecules(records: dict[str, list[Row]]) -> str:
    """Return the mean over ten folds of what was run on all of them, the baselines first."""
    table: dict[tuple[str, str], dict[str, Row]] = {}
    for row in records["molecules"]:
        if len(row["scores"]) < FOLDS:
            continue
        table.setdefault((row["model"], row["view"] or FREE), {})[row["task"]] = row
    names = {"mutag": "MUTAG", "proteins": "PROTEINS"}
    run = [task for task in names if any(task in row for row in table.values())]
    lines = [
        [model, view, *(folds(row[task]) if task in row else "" for task in run)]
        for (model, view), row in table.items()
    ]
    return pages.table(["model", "edges", *(names[task] for task in run)], lines, 2)


def folds(row: Row) -> str:
    """Return the mean over folds with its interval."""
    interval = row["interval"]
    return f"{row['test']:.3f}" + (f" [{interval[0]:.3f}, {interval[1]:.3f}]" if interval else "")


MAKERS: dict[str, Callable[[dict[str, list[Row]]], str]] = {
    "palindromes": palindromes,
    "tuning": tuning,
    "copying": copying,
    "text": text,
    "molecules": molecules,
}


def records() -> dict[str, list[Row]]:
    """Return the rows of each record that the page is made of; none where the times of a step were not taken."""
    paths = (LONG, TUNING, SECONDS, MOLECULES)
    return {path.stem: pages.rows_of(pages.read(path)) if path.exists() else [] for path in paths}


def page(text: str, found: dict[str, list[Row]]) -> str:
    """Return the page with its tables renewed."""
    return pages.renewed(text, {f"table-{name}": make(found) for name, make in MAKERS.items()})


def main() -> None:
    """Renew the page."""
    pages.renew("linear.md", page(pages.read(pages.HERE / "linear.md"), records()))


if __name__ == "__main__":
    main()
