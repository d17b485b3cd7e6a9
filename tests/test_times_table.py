"""The minutes on the page "how long" are those of the committed records."""

import json

import times_table as draw


def test_the_table_sums_the_seconds_of_all_trials():
    rows = [
        {"scores": {"0": 1.0, "1": 0.5}, "costs": {"seconds": 90.0}},
        {"scores": {"0": 0.1}, "costs": {}},
    ]
    records = {"mine": json.dumps({"rows": rows}), "examples": json.dumps({"rows": []})}
    assert draw.lines(records) == [["`mine`", "3", "3"]]


def test_the_committed_table_is_that_of_the_records():
    text = draw.read(draw.DOCS / draw.PAGE)
    assert draw.page(text, draw.committed()) == text
    assert "| `quick` | 68 | 3 |" in text
