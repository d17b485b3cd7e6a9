"""The page on memory says what the committed record says."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.statistics import estimate
from benchmarks.tasks.palindrome import HOPS, RATES

ROOT = Path(__file__).parents[1]
RECORD = json.loads((ROOT / "benchmarks" / "results" / "memory.json").read_text(encoding="utf-8"))
ROWS = {(row["task"], row["model"], row["view"]): row for row in RECORD["rows"]}
PAGE = (ROOT / "docs" / "memory.md").read_text(encoding="utf-8")
TABLES = {
    name: text.splitlines() for name, text in re.findall(r"<!-- table-(\S+) -->\n\|.*\n\|.*\n((?:\|.*\n)*)", PAGE)
}
TEXT = " ".join(PAGE.split())
Row = dict[str, Any]
VARIANTS = {
    "memory-40": "all of it",
    "memory-40-scalar": "digits as one number",
    "memory-40-one-bias": "one bias for all units",
    "memory-40-no-bias": "no bias to remember",
    "memory-40-uniform": "uniform recurrent weights",
    "memory-40-rmsprop": "RMSProp",
    "memory-40-clip-10": "norm clipped at 10",
    "memory-40-no-clip": "not clipped",
}
OPTIMIZERS = {"sgd": "SGD", "momentum": "momentum", "nesterov": "Nesterov", "rmsprop": "RMSProp", "adam": "Adam"}


def accuracy(row: Row | None) -> str:
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
    return "" if row is None else f"{np.mean(list(row['scores'].values())):.3f}; {solved(row)}"


def line(*cells: object) -> str:
    return "| " + " | ".join(map(str, cells)) + " |"


def course() -> list[str]:
    lines = []
    for length in range(5, 81, 5):
        rnn, lstm = (ROWS.get((f"scalar-palindrome-{length}", model, "path")) for model in ("RNN", "LSTM"))
        if rnn is None or lstm is None:
            continue
        losses = [f"{np.mean(list(row['loss'].values())):.2f}" for row in (rnn, lstm)]
        lines.append(line(length, rnn["curve"]["step"][-1], accuracy(rnn), accuracy(lstm), *losses))
    return lines


def longest() -> list[str]:
    lines = []
    for length in (10, 20, 40, 80, 160, 320):
        rows = [ROWS.get((f"memory-{length}", model, "path")) for model in ("RNN", "GRU", "LSTM")]
        if any(rows):
            lines.append(line(length, *(cell for row in rows for cell in (accuracy(row), solved(row)))))
    return lines


def ablation() -> list[str]:
    rows = {label: ROWS[task, "LSTM", "path"] for task, label in VARIANTS.items()}
    return [line(label, accuracy(row), solved(row)) for label, row in rows.items()]


def structure() -> list[str]:
    pairs = [("RNN", "path"), ("LSTM", "path"), ("BiLSTM", "path"), ("DAGLSTM", "mirror DAG"), ("DAGLSTM", "skip DAG")]
    pairs += [("GCN", "path both ways"), ("GCN", "path + skips"), ("GCN", "path + mirror")]
    return [
        line(model, view, *(in_short(ROWS.get((f"memory-{length}", model, view))) for length in (10, 20, 40, 80)))
        for model, view in pairs
    ]


def hops() -> list[str]:
    return [
        line(k, *(f"{ROWS[f'memory-{length}', f'GCN-{k}', 'path both ways']['test']:.3f}" for length in HOPS))
        for k in range(1, 5)
    ]


def optimizers() -> list[str]:
    lines = []
    for name, label in OPTIMIZERS.items():
        rows = [(rate, ROWS[f"memory-10-{name}-{rate:g}", "LSTM", "path"]) for rate in RATES[name]]
        counts = ", ".join(f"{rate:g}: {solved(row).partition(':')[0]}" for rate, row in rows)
        rate, row = min(rows, key=lambda pair: sorted_steps(pair[1]))
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
    return sorted((step or 10**6 for step in row["steps_to_target"].values()), reverse=True)


@pytest.mark.parametrize("table", [course, longest, ablation, structure, hops, optimizers])
def test_a_table_is_that_of_the_record(table):
    assert TABLES[table.__name__] == table()


def test_the_lstm_solves_eighty_digits_from_every_seed_in_time():
    row = ROWS["memory-80", "LSTM", "path"]
    assert len(row["scores"]) == 3
    assert min(row["scores"].values()) >= 0.995
    assert row["costs"]["seconds"] < 300
    seconds = f"{row['costs']['seconds']:.0f} s of training"
    assert f"in {seconds} each" in TEXT
    assert seconds in " ".join((ROOT / "README.md").read_text(encoding="utf-8").split())


def test_what_the_page_says_of_gradients_and_gates_is_what_was_measured():
    found = json.loads((ROOT / "benchmarks" / "results" / "memory-gradients.json").read_text(encoding="utf-8"))
    arrives = {
        (model, start): curve[0] / curve[-1]
        for model, curves in found["norm"].items()
        for start, curve in curves.items()
    }
    lost = [round(-np.log10(arrives[model, "torch's start"])) for model in ("RNN", "LSTM")]
    assert lost == [9, 7]
    assert "nine powers of ten are gone, or seven" in TEXT
    parts = [round(1 / arrives[model]) for model in (("RNN", "orthogonal"), ("LSTM", "spans up to 40"))]
    assert f"orthogonal weights 1/{parts[0]} of it arrives" in TEXT
    assert f"stay open 1/{parts[1]}" in TEXT
    assert all(arrives[model, "trained"] > 1 for model in ("RNN", "LSTM"))
    assert all(min(curves["trained"]) > 1 for curves in found["singular value"].values())
    assert found["gain"]["2"][0] / found["gain"]["2"][-1] > 1000
    assert found["gain"]["0.5"][0] / found["gain"]["0.5"][-1] < 1e-9
    spread = found["spread of gates"]
    (same,) = (values for name, values in spread.items() if name.startswith("g where"))
    assert f"spreads by {spread['g'][-1]:.2f}" in TEXT
    assert f"with the same digit by {same[-1]:.3f}" in TEXT
