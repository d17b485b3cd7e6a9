"""The page of the storyteller says what the committed record says."""

import json
import re
from pathlib import Path

import draw_storyteller as draw

ROOT = Path(__file__).parents[1]

TEXT = draw.RECORD.read_text(encoding="utf-8")
PAGE = (ROOT / "docs" / "storyteller.md").read_text(encoding="utf-8")


def test_the_tables_are_those_of_the_record():
    names = re.findall(r"<!-- table (\S+) -->\n\|", PAGE)
    assert names == ["quality", "baselines", "equal", "samples-1", "samples-2", "copying"]
    assert draw.page(PAGE, draw.rows_of(TEXT)) == PAGE
    assert draw.page(PAGE, draw.rows_of(TEXT.replace('"5-gram", "test": 1', '"5-gram", "test": 2'))) != PAGE


def test_the_machine_is_that_of_the_record():
    machines = re.findall(r"^Machine: (.*)$", PAGE, re.MULTILINE)
    assert machines == json.loads(TEXT)["machines"]
