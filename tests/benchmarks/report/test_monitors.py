"""Detectors on a small town: what is counted, and what the record says."""

import json
from pathlib import Path

import pytest

from benchmarks.models.detectors import Usual
from benchmarks.report.monitors import RATES, Found, judge, markdown, watch, write
from benchmarks.tasks.incidents import Plan, Scene, Struck
from tests.benchmarks.models.test_detectors import days, series

PLAN = Plan(size=2, days=1, quiet=1, accidents=2, steps=2, detector_steps=2, minutes=10, seconds=60.0, window=8)


def scene() -> Scene:
    """Three accidents: one seen at its third step, one never, one on the other road."""
    seen, calm, other = (days(2, seed=seed)[:36] for seed in (2, 3, 5))
    seen[26:, 1] += 100.0
    other[24:, 0] += 100.0
    spiky = days(4, seed=4)
    spiky[50, 0] += 300.0
    struck = [
        Struck(series(values), 0, node, 24, strong)
        for values, node, strong in ((seen, 1, True), (calm, 1, False), (other, 0, False))
    ]
    return Scene("s", series(days(40)), series(days(4, seed=4)), series(spiky), struck, speed=0, steps=2, ahead=1)


def test_what_a_detector_finds_is_counted():
    told = scene()
    found = judge("w", Usual(told.usual), told, 0.0, 7)
    assert (found.scene, found.detector, found.seed, found.loss) == ("s", "w", 7, None)
    assert found.detected == pytest.approx(2 / 3)
    assert found.weak == 0.5
    assert found.delay == pytest.approx(60 * (3 + 12 + 1) / 3)  # what is not found waits to the end
    assert found.rank in (1.0, 4 / 3)
    assert found.first in (1.0, pytest.approx(2 / 3))
    assert found.false_alarms == pytest.approx(24 / (2 * (96 - 31)))
    assert len(found.curve) == len(RATES)
    assert found.curve[0] <= found.curve[-1]


def test_all_detectors_watch_and_the_first_shows_an_accident(tmp_path: Path):
    found, examples = zip(*watch(scene(), PLAN, 0), strict=True)
    assert [example is not None for example in examples] == [True, False, False, False, False]
    first = examples[0]
    assert (first["node"], first["start"], len(first["seen"])) == ("b", 24, 36)
    assert first["median"][0] is None
    assert first["seen"][30] > 100
    paths = write(PLAN, list(found), [first], tmp_path)
    record = json.loads(paths[0].read_text())
    assert [one["detector"] for one in record["found"]] == [one.detector for one in found]
    assert record["plan"]["size"] == 2
    assert record["examples"] == [first]


def test_the_tables_have_a_row_a_detector_and_a_line_a_comparison():
    found = [
        Found(
            s, name, seed, None if share == 0 else 0.5, share, share / 2, 10.0, 0.9, 1.5, 0.05, [share + d * seed] * 7
        )
        for s in ("one", "two")
        for name, share, d in (("both", 0.9, 0.01), ("half", 0.5, 0.0), ("none", 0.0, 0.02))
        for seed in range(8)
    ]
    text = markdown(Plan(), found)
    assert text.count("## ") == 2
    assert "| both | 0.50 | 0.90 | 0.45 | 10.00 |" in text
    assert "| none |  | 0.00 | " in text
    assert text.count("both against") == 4
    assert "both against half: +0.435" in text
    assert "32 for each of 8 seeds" in text
