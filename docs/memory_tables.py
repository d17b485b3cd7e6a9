"""The tables of the page on memory, from its record.

Run ``PYTHONPATH=. python docs/memory_tables.py``; it reads ``benchmarks/results/memory.json`` and renews the tables of
``docs/memory.md``, each after a comment with its name.
"""

import numpy as np
import pages
from pages import RESULTS, Row

from benchmarks.results.statistics import estimate

RECORD = RESULTS / "memory.json"
HOPS = (2, 3, 4, 5, 6)  # lengths whose first digit is one to five hops away
VARIANTS = {
    "": "all of it",
    "-scalar": "digits as one number",
    "-one-bias": "one bias for all units",
    "-no-bias": "no bias to remember",
    "-uniform": "uniform recurrent weights",
    "-rmsprop": "RMSProp",
    "-clip-10": "norm clipped at 10",
    "-no-clip": "not clipped",
}
OPTIMIZERS = {"sgd": "SGD", "momentum": "momentum", "nesterov": "Nesterov", "rmsprop": "RMSProp", "adam": "Adam"}

Rows = dict[tuple[str, str, str], Row]


def rows_of(text: str) -> Rows:
    """Return the record's rows by task, model and view."""
    return pages.by(pages.rows_of(text), "task", "model", "view")


def accuracy(row: Row | None) -> str:
    """Return the mean of the seeds, the lowest and the highest."""
    if row is None:
        return ""
    scores = list(row["scores"].values())
    return f"{np.mean(scores):.3f} ({min(scores):.3f} to {max(scores):.3f})"


def solved(row: Row | None) -> str:
    """Return how many seeds reached the target, and in how many steps."""
    if row is None:
        return ""
    steps = [step for step in row["steps_to_target"].values() if step is not None]
    mean = f": {np.mean(steps):.0f}" if steps else ""
    return f"{len(steps)} of {len(row['scores'])}{mean}"


def in_short(row: Row | None) -> str:
    """Return the accuracy and the steps to solve in one cell."""
    return "" if row is None else f"{np.mean(list(row['scores'].values())):.3f}; {solved(row)}"


def line(*cells: object) -> str:
    """Return a row of a table."""
    return "| " + " | ".join(map(str, cells)) + " |"


def course(rows: Rows) -> list[str]:
    """Return what the RNN and the LSTM reach at the course's settings."""
    lines = []
    for length in range(5, 81, 5):
        rnn, lstm = (rows.get((f"palindrome-scalar-{length}", model, "path")) for model in ("RNN", "LSTM"))
        if rnn is None or lstm is None:
            continue
        losses = [f"{np.mean(list(row['loss'].values())):.2f}" for row in (rnn, lstm)]
        lines.append(line(length, f"{rnn['curve']['step'][-1]:,}", accuracy(rnn), accuracy(lstm), *losses))
    return lines


def longest(rows: Rows) -> list[str]:
    """Return what each recurrence solves, made to remember."""
    lines = []
    for length in (10, 20, 40, 80, 160, 320):
        found = [rows.get((f"palindrome-memory-{length}", model, "path")) for model in ("RNN", "GRU", "LSTM")]
        if any(found):
            lines.append(line(length, *(cell for row in found for cell in (accuracy(row), solved(row)))))
    return lines


def ablation(rows: Rows) -> list[str]:
    """Return what the LSTM reaches with one setting less at a time."""
    lines = []
    for ending, label in VARIANTS.items():
        found = [rows.get((f"palindrome-memory-{length}{ending}", "LSTM", "path")) for length in (40, 80)]
        lines.append(line(label, *(cell for row in found for cell in (accuracy(row), solved(row)))))
    return lines


def structure(rows: Rows) -> list[str]:
    """Return what models reach on other edges."""
    pairs = [("RNN", "path"), ("LSTM", "path"), ("BiLSTM", "path"), ("DAGLSTM", "mirror DAG"), ("DAGLSTM", "skip DAG")]
    pairs += [("GCN", "path both ways"), ("GCN", "path + skips"), ("GCN", "path + mirror")]
    return [
        line(
            model,
            view,
            *(in_short(rows.get((f"palindrome-memory-{length}", model, view))) for length in (10, 20, 40, 80)),
        )
        for model, view in pairs
    ]


def hops(rows: Rows) -> list[str]:
    """Return what k convolutions see."""
    return [
        line(k, *(f"{rows[f'palindrome-hops-{length}', f'GCN-{k}', 'path both ways']['test']:.3f}" for length in HOPS))
        for k in range(1, 5)
    ]


def optimizers(rows: Rows) -> list[str]:
    """Return the best learning rate of each optimiser."""
    lines = []
    for name, label in OPTIMIZERS.items():
        prefix = f"palindrome-memory-10-{name}-"
        rated = sorted(
            (float(task.removeprefix(prefix)), task) for task, _, view in rows if task.startswith(prefix) and view
        )
        rated = [(rate, rows[task, "LSTM", "path"]) for rate, task in rated]
        counts = ", ".join(f"{rate:g}: {solved(row).partition(':')[0]}" for rate, row in rated)
        rate, row = min(rated, key=lambda pair: sorted_steps(pair[1]))
        steps = [step for step in row["steps_to_target"].values() if step is not None]
        if len(steps) < len(row["scores"]):
            lines.append(
                line(label, counts, f"{rate:g}", f"{len(steps)} of {len(row['scores'])} solved", accuracy(row))
            )
            continue
        found = estimate(steps, (0.0, np.inf))
        interval = "" if found.interval is None else f" [{found.interval[0]:.0f}, {found.interval[1]:.0f}]"
        lines.append(line(label, counts, f"{rate:g}", f"{found.mean:.0f}{interval}", accuracy(row)))
    return lines


def sorted_steps(row: Row) -> list[int]:
    """Return the steps to solve of the seeds, the slowest first."""
    return sorted((step or 10**6 for step in row["steps_to_target"].values()), reverse=True)


def page(text: str, rows: Rows) -> str:
    """Return the page with its tables renewed."""
    makers = (course, longest, ablation, structure, hops, optimizers)
    parts = {f"table-{make.__name__}": "".join(f"{one}\n" for one in make(rows)) for make in makers}
    return pages.renewed(text, parts, kept=2)


def main() -> None:
    """Renew the page."""
    pages.renew("memory.md", page(pages.read(pages.HERE / "memory.md"), rows_of(pages.read(RECORD))))


if __name__ == "__main__":
    main()
