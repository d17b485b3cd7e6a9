"""The page on proteins has the tables of its records, and compares what the suite runs."""

import json
import re

import numpy as np
import pages
import protein_tables as tables
import pytest

from benchmarks.suites.suite import load

PAGE = pages.read(pages.HERE / "proteins.md")


def test_what_is_compared_is_in_the_suite():
    suite = {(c.label, c.model, c.view) for c in load("proteins", full=True).comparisons}
    assert {side for _, first, second in tables.COMPARED for side in (first, second)} <= suite
    assert re.findall(r"<!-- table (\S+) -->", PAGE) == ["interfaces", "sites", "added"]


def test_the_tables_are_those_of_the_records():
    assert tables.page(PAGE) == PAGE
    assert tables.page(re.sub(r"\| \.?\d\.\d{3} \[", "| 9.999 [", PAGE)) == PAGE


def test_units_and_rows_are_of_the_same_run():
    record = {
        " | ".join((row["task"], row["model"], row["view"])): row
        for row in pages.rows_of(pages.read(pages.RESULTS / "proteins.json"))
        if row["view"]
    }
    units = json.loads(pages.read(tables.UNITS))
    assert units.keys() == record.keys()
    for key, row in record.items():
        pooled = {"median": np.median, "mean": np.mean}[units[key]["pooling"]]
        for seed, score in row["scores"].items():
            assert float(pooled(units[key]["seeds"][seed])) == pytest.approx(score, abs=1e-4)


def test_a_difference_is_paired_by_unit():
    chance = np.random.default_rng(0)
    hard = chance.random(55)
    units = {
        f"interfaces | {name} | v": {
            "pooling": "median",
            "seeds": {str(seed): (hard + gain + 0.001 * chance.random(55)).tolist() for seed in range(3)},
        }
        for name, gain in (("a", 0.05), ("b", 0.0))
    }
    found = tables.difference(units, ("interfaces", "a", "v"), ("interfaces", "b", "v"))
    assert found is not None
    assert found.mean == pytest.approx(0.05, abs=2e-3)
    assert found.interval is not None
    assert 0.045 < found.interval[0] < found.interval[1] < 0.055
    assert tables.difference(units, ("interfaces", "a", "v"), ("interfaces", "c", "v")) is None
