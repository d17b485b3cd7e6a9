"""The section on the monitor says what the committed record says."""

import hashlib
import json
import re
from pathlib import Path

import draw_monitor as draw

from benchmarks.suites import suite
from benchmarks.tables import TASKS

ROOT = Path(__file__).parents[1]

RECORD = draw.pages.read(draw.RECORD)
FOUND = draw.found_of(RECORD)
PAGE = (ROOT / "docs" / "traffic.md").read_text(encoding="utf-8")
SUITE = suite.load("monitor")


def test_the_tables_are_those_of_the_record():
    scenes = re.findall(r"<!-- monitor: (.*) -->\n\| detector", PAGE)
    assert scenes == list(FOUND) == ["simulated streets", "real detectors"]
    assert draw.page(PAGE, FOUND) == PAGE
    other = {
        scene: {title: row | {"scores": dict.fromkeys(row["scores"], 0.123)} for title, row in members.items()}
        for scene, members in FOUND.items()
    }
    assert "| 0.12 |" in draw.page(PAGE, other)


def test_the_record_is_the_one_that_was_first_published():
    names = {
        "weak": "weak ones detected",
        "delay": "minutes to the alarm",
        "first": "ranked first",
        "rank": "mean rank",
        "false_alarms": "false alarms a sensor and day",
    }
    found = [
        {
            "scene": scene,
            "detector": title,
            "seed": seed,
            "loss": dict(enumerate(draw.values(row, "validation"))).get(seed),
        }
        | {
            "detected": draw.values(row, "")[seed],
            "curve": [draw.values(row, f"detected at {r:g} false alarms")[seed] for r in draw.RATES],
        }
        | {key: draw.values(row, name)[seed] for key, name in names.items()}
        for seed in range(7)
        for scene, members in FOUND.items()
        for title, row in members.items()
    ]
    assert hashlib.sha256(json.dumps(found, sort_keys=True).encode()).hexdigest()[:16] == "eab67fc5f0e87676"


def test_the_setting_is_that_of_the_suite():
    said = " ".join(PAGE.split())
    streets = SUITE.config("street-accidents").data
    assert streets == TASKS["street-accidents"].options
    assert f"{streets['size']} x {streets['size']} crossings" in said
    assert f"{streets['accidents']} accidents for each of {SUITE.seeds} seeds" in said
    assert f"{streets['rate']:g} false alarms a sensor and day" in said
    assert {(c.view, c.model) for c in SUITE.comparisons} == {key for key in draw.DETECTORS if key[0]}


def test_both_pictures_are_on_the_page():
    for name in ("monitor-curves.svg", "monitor-example.svg"):
        assert f"]({name})" in PAGE
        assert (ROOT / "docs" / name).read_text(encoding="utf-8").startswith("<?xml")


def test_the_shares_in_the_text_are_those_of_the_record():
    shares: dict[str, list[float]] = {}
    for title, row in FOUND["simulated streets"].items():  # half of the accidents are strong
        weak = sum(draw.values(row, "weak ones detected"))
        shares[title] = [2 * sum(draw.values(row, "")) - weak, weak]
    seeds = SUITE.seeds
    (first, *others), said = (
        [[f"{100 * x / seeds:.0f}" for x in both] for both in shares.values()],
        " ".join(PAGE.split()),
    )
    found = re.search(
        r"strong accidents they find (\d+) %, the others (.*?) %; of the weak ones (\d+) %, the others (.*?) %", said
    )
    assert found is not None
    for column, (own, rest) in enumerate([found.groups()[:2], found.groups()[2:]]):
        told = [both[column] for both in others]
        assert own == first[column]
        assert rest.split(" to ") == sorted({min(told, key=int), max(told, key=int)}, key=int)
