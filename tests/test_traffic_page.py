"""What the page on traffic says of forecasts is what the committed record says."""

import json
import re
from pathlib import Path

import draw_traffic as draw

ROOT = Path(__file__).parents[1]

TEXT = draw.RECORD.read_text(encoding="utf-8")
PAGE = (ROOT / "docs" / "traffic.md").read_text(encoding="utf-8")


def test_the_tables_are_those_of_the_record():
    assert re.findall(r"<!-- table (\S+) -->\n\|", PAGE) == ["simple", "networks", "edges", "horizons"]
    assert draw.page(PAGE, draw.rows_of(TEXT)) == PAGE
    assert draw.page(PAGE, draw.rows_of(TEXT.replace('"MAE": ', '"MAE": 1'))) != PAGE


def test_the_machine_is_that_of_the_record():
    for machine in json.loads(TEXT)["machines"]:
        assert machine in " ".join(PAGE.split())
