"""What the page on traffic says of accidents in Chicago is what the committed records say."""

import json
import re
from pathlib import Path

import draw_accidents as draw

ROOT = Path(__file__).parents[1]

RECORD, DAYS = (path.read_text(encoding="utf-8") for path in (draw.RECORD, draw.DAYS))
PAGE = (ROOT / "docs" / "traffic.md").read_text(encoding="utf-8")


def test_the_tables_are_those_of_the_records():
    assert re.findall(r"<!-- accidents: (\S+) -->\n\|", PAGE) == ["scores", "differences"]
    assert draw.page(PAGE, draw.rows_of(RECORD, DAYS)) == PAGE
    assert draw.page(PAGE, draw.rows_of(RECORD, DAYS.replace('"MAP": {"0": 0.', '"MAP": {"0": 1.'))) != PAGE


def test_the_days_make_the_scores_of_the_record():
    for key, row in draw.rows_of(RECORD, DAYS).items():
        if "days" not in row or key[2] == draw.HINDSIGHT:
            continue
        for seed, score in row["scores"].items():
            units = row["days"][seed]
            assert len(units) == 49
            assert abs(sum(units) / 49 - score) < 2e-5


def test_the_machine_is_that_of_the_record():
    for machine in json.loads(RECORD)["machines"]:
        assert machine in " ".join(PAGE.split())
