"""The section on the monitor says what the committed record says."""

import json
import re
from pathlib import Path

import draw_monitor as draw

ROOT = Path(__file__).parents[1]

RECORD = json.loads(draw.RECORD.read_text(encoding="utf-8"))
PAGE = (ROOT / "docs" / "streets.md").read_text(encoding="utf-8")


def test_the_tables_are_those_of_the_record():
    scenes = re.findall(r"<!-- monitor: (.*) -->\n\| detector", PAGE)
    assert scenes == list(draw.found_of(RECORD)) == ["simulated streets", "real detectors"]
    assert draw.page(PAGE, RECORD) == PAGE
    other = RECORD | {"found": [one | {"detected": 0.123} for one in RECORD["found"]]}
    assert "| 0.12 |" in draw.page(PAGE, other)


def test_the_setting_is_that_of_the_record():
    plan, said = RECORD["plan"], " ".join(PAGE.split())
    seeds = len({one["seed"] for one in RECORD["found"]})
    assert f"{plan['size']} x {plan['size']} crossings" in said
    assert f"{plan['accidents']} accidents for each of {seeds} seeds" in said
    assert f"{plan['rate']:g} false alarms a sensor and day" in said


def test_both_pictures_are_on_the_page():
    for name in ("monitor-curves.svg", "monitor-example.svg"):
        assert f"]({name})" in PAGE
        assert (ROOT / "docs" / name).read_text(encoding="utf-8").startswith("<?xml")


def test_the_shares_in_the_text_are_those_of_the_record():
    streets = [one for one in RECORD["found"] if one["scene"] == "simulated streets"]
    shares: dict[str, list[float]] = {}
    for one in streets:  # half of the accidents are strong
        both = shares.setdefault(one["detector"], [0.0, 0.0])
        both[0] += 2 * one["detected"] - one["weak"]
        both[1] += one["weak"]
    seeds = len(streets) / len(shares)
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
