"""The page on memory says what the committed record says."""

import json
import re
from pathlib import Path

import memory_tables as tables
import numpy as np

ROOT = Path(__file__).parents[1]

ROWS = tables.rows_of(tables.RECORD.read_text(encoding="utf-8"))
PAGE = (ROOT / "docs" / "memory.md").read_text(encoding="utf-8")
TEXT = " ".join(PAGE.split())


def test_the_tables_are_those_of_the_record():
    assert len(re.findall(r"<!-- table-\S+ -->\n\|", PAGE)) == 6
    assert tables.page(PAGE, ROWS) == PAGE
    assert tables.page(PAGE.replace("| 0.9", "| 0.1"), ROWS) == PAGE


def test_the_lstm_solves_eighty_digits_from_every_seed_in_time():
    row = ROWS["palindrome-memory-80", "LSTM", "path"]
    assert len(row["scores"]) == 3
    assert min(row["scores"].values()) >= 0.995
    assert row["costs"]["seconds"] < 300
    seconds = f"{row['costs']['seconds']:.0f} s of training"
    assert f"in {seconds} each" in TEXT
    assert seconds in " ".join((ROOT / "docs" / "findings.md").read_text(encoding="utf-8").split())


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
