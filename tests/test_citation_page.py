"""The page on citation networks says what the committed record says."""

import re
from pathlib import Path

import pages

ROOT = Path(__file__).parents[1]


def test_the_tables_are_those_of_the_record():
    rows = pages.by(pages.rows_of(pages.read(pages.RESULTS / "citation.json")), "task", "model", "view")
    page = (ROOT / "docs" / "citation.md").read_text(encoding="utf-8")
    tables = dict(re.findall(r"<!-- table(\S*) -->\n\|.*\n\|.*\n((?:\|.*\n)*)", page))
    assert set(tables) == {"", "-last", "-random"}
    for kind, table in tables.items():
        for line in table.splitlines():
            model, view, *cells = [cell.strip() for cell in line.strip("|").split("|")]
            for network, cell in zip(("cora", "citeseer", "pubmed"), cells, strict=True):
                row = rows.get((network + kind, model, view.replace("(baseline)", "")))
                assert cell == ("" if row is None else shown(row))


def shown(row: dict) -> str:
    mean = f"{100 * row['test']:.1f}"
    return (
        mean if row["interval"] is None else mean + " [{:.1f}, {:.1f}]".format(*(100 * end for end in row["interval"]))
    )
