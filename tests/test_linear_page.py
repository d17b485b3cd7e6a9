"""The page on linear recurrences says what the committed records say."""

import re
from pathlib import Path

import linear_tables as tables
from linear_tables import LENGTHS, MODELS

ROOT = Path(__file__).parents[1]
RECORDS = tables.records()
PAGE = (ROOT / "docs" / "linear.md").read_text(encoding="utf-8")
TEXT = " ".join(PAGE.split())


def test_the_tables_are_those_of_the_records():
    assert set(re.findall(r"<!-- table-(\S+) -->\n", PAGE)) == set(tables.MAKERS)
    assert tables.page(PAGE, RECORDS) == PAGE
    assert tables.page(re.sub(r"\| \d of 3", "| 9 of 3", PAGE), RECORDS) == PAGE


def test_a_mingru_solves_1280_digits_from_every_seed():
    row = tables.palindrome(RECORDS["long"], 1280, "MinGRU")
    assert row is not None
    assert len(tables.steps_of(row)) == len(row["scores"]) == 3
    assert min(row["scores"].values()) >= 0.99


def test_every_length_was_run_at_the_settings_that_tuning_chose():
    suite = tables.RESULTS.parent / "suites" / "long.toml"
    text = suite.read_text(encoding="utf-8")
    for model in MODELS:
        rows = [row for row in RECORDS["long-tuning"] if row["model"] == model]
        assert len(rows) == 4
        best = min(rows, key=tables.rank)["task"]
        (block,) = re.findall(rf'\[variant\."{{length}}-{model.lower()}"\]\n((?:.+\n)+)', text)
        rate, knob, value = re.findall(r"-(0\.\d+)-(gain|perceptron)-(\d)$", best)[0]
        assert f"learning_rate = {float(rate):g}" in block.replace("1e-2", "0.01").replace("3e-3", "0.003")
        assert f"{'gate_gain' if knob == 'gain' else 'expansion'} = {value}" in block
        # What has learnt 40 digits with none of the four was not run on more.
        learnt = any(tables.steps_of(row) for row in rows)
        assert (tables.palindrome(RECORDS["long"], min(LENGTHS), model) is not None) == learnt
