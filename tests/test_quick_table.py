"""The tables of the quick suite, of the findings and of README, are made from the published record."""

import json
import re

import quick_table as draw

PAGE = "Before\n\n<!-- quick -->\n| old |\n| --- |\n| 1 |\n\nAfter\n"


def row(task: str, model: str, view: str, scores: list[float], **more: object) -> dict[str, object]:
    costs = {"parameters": 12_345.0, "seconds": 1.26, **({"steps_per_second": 99.6} if view else {})}
    mean = sum(scores) / len(scores)
    named = {"task": task, "variant": "", "model": model, "view": view, "costs": costs, "interval": None}
    return {**named, "test": mean, "scores": dict(enumerate(scores)), **more}


def test_the_table_says_what_the_record_says_and_the_page_stays():
    units = {"interval": [0.85, 0.95], "interval_with_units": [0.84, 0.96]}
    rows = [
        row("club", "majority class", "", [0.5]),
        row("club", "GCN", "graph", [0.9, 0.9], **units),
        row("text", "RNN", "path", [1.5]),
        row("text", "GRU", "path", [1.4]),
    ]
    assert draw.page(PAGE, json.dumps({"rows": rows})) == (
        "Before\n\n<!-- quick -->\n"
        "| task | model | view | test [95 %] | over units too | seeds | params | steps/s | seconds |\n"
        "| --- | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |\n"
        "| club | majority class | (structure-free) | 0.500 |  | 1 | 12,345 |  | 1.3 |\n"
        "|  | **GCN** | **graph** | **0.900 [0.850, 0.950]** | **[0.840, 0.960]** | **2** | **12,345** "
        "| **100** | **1.3** |\n"
        "| text | RNN | path | 1.500 |  | 1 | 12,345 | 100 | 1.3 |\n"
        "|  | **GRU** | **path** | **1.400** |  | **1** | **12,345** | **100** | **1.3** |\n"
        "\nAfter\n"
    )


def test_the_short_table_has_the_best_of_each_kind():
    rows = [
        row("text", "bigram", "", [2.0]),
        row("text", "RNN", "path", [1.5]),
        row("text", "GRU", "path", [1.4]),
        row("club", "majority class", "", [0.5]),
        row("club", "LSTM", "BFS path", [0.7], interval=[0.6, 0.8]),
        row("club", "GCN", "graph", [0.9]),
    ]
    text = draw.in_short("<!-- quick, in short -->\n| old |\n\nAfter\n", json.dumps({"rows": rows}))
    assert text == (
        "<!-- quick, in short -->\n"
        "| task | without structure | sequence model | graph model |\n| --- | --- | --- | --- |\n"
        "| text | bigram: 2.000 | GRU on path: 1.400 |  |\n"
        "| club | majority class: 0.500 | LSTM on BFS path: 0.700 [0.600, 0.800] | GCN on graph: 0.900 |\n\nAfter\n"
    )


def test_the_committed_tables_are_those_of_the_record():
    record = draw.read(draw.RECORD)
    for name, make in ((draw.PAGE, draw.page), (draw.README, draw.in_short)):
        text = draw.read(draw.HERE / name)
        assert make(text, record) == text
        assert re.search(r"<!-- quick.* -->\n\| task \|", text)
