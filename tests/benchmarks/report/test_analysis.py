"""One analysis, and three reports that say the same."""

import html
import json
import re
from pathlib import Path

from rich.console import Console

from benchmarks.report import markdown, page, publish, terminal
from benchmarks.report.analysis import analyse, analysis_of, frontier, left_out_of
from benchmarks.report.publish import write_reports
from benchmarks.report.terminal import print_report
from benchmarks.run.record_files import survey
from benchmarks.run.records import Record, Trial
from tests.benchmarks.report.runs import with_a_failure


def test_the_three_reports_say_the_same(tmp_path: Path):
    found = analysis_of(with_a_failure(tmp_path))
    print_report(found, console := Console(width=500, record=True))
    texts = [markdown.markdown(found), page.html(found), console.export_text()]
    told = [" ".join(html.unescape(re.sub(r"<[^>]+>", " ", text)).split()) for text in texts]
    (section,) = found.sections
    for line in section.lines:
        assert all(line.cells["test [95 %]"] in text for text in told)
    assert section.summary in told[0]
    assert section.summary in told[2]
    assert section.finding.sure in told[1]
    for words in (section.budget, found.standing, found.method, *found.machines):
        assert words in told[0]
        assert words in told[1]


def test_no_renderer_analyses():
    for renderer in (markdown, page, terminal):
        names = vars(renderer)
        assert not {"rows", "pairs", "across", "by_task", "finding", "survey"} & names.keys()
    assert publish.analysis_of is analysis_of


def test_frontier_keeps_what_nothing_cheaper_equals():
    points = [(1.0, 0.5), (1.0, 0.6), (2.0, 0.6), (3.0, 0.4), (4.0, 0.9)]
    assert frontier(points, higher_is_better=True) == [(1.0, 0.6), (4.0, 0.9)]
    assert frontier(points, higher_is_better=False) == [(1.0, 0.5), (3.0, 0.4)]
    assert frontier([], higher_is_better=True) == []


def test_what_was_measured_is_a_table_with_intervals():
    records = [
        Record(Trial("club", "graph", "GCN", seed, {}), test=0.5, measures={"hops": 2.0 + seed, "edges": 7.0})
        for seed in range(2)
    ]
    found = analyse("mine", [*records, Record(Trial("club", "no edges", "MLP", 0, {}), test=0.5)])
    head, hops, edges = found.sections[0].measured
    assert (head, edges) == (["measure", "GCN on graph"], ["edges", "7.000"])
    assert hops[1].startswith("2.500 [")
    assert "| hops | 2.500 [" in markdown.markdown(found)
    assert "What else was measured (2)" in page.html(found)


def test_what_is_left_out_is_named_everywhere(tmp_path: Path):
    folder = with_a_failure(tmp_path)
    path = folder / "records" / "broken.json"
    path.write_text("{")
    write_reports(analysis_of(folder), folder)
    with (folder / "table.txt").open("w") as file:
        print_report(analysis_of(folder), Console(file=file, width=200))
    for name in ("report.md", "report.html", "table.txt"):
        text = (folder / name).read_text()
        assert "broken.json: not JSON" in text
        assert "GCN" in text  # and the others are there
    assert "left out: broken.json" in (folder / "report.md").read_text()


def test_records_without_a_checksum_are_said_to_be(tmp_path: Path):
    folder = with_a_failure(tmp_path)
    path = next((folder / "records").glob("club-majority*"))
    content = json.loads(path.read_text())
    old = {name: value for name, value in content.items() if name not in ("schema", "checksum", "units", "pooling")}
    path.write_text(json.dumps(old))
    assert "none of the 1 records of an earlier version, which have no checksum" in left_out_of(survey(folder))[0]
    path.write_text(json.dumps(old | {"trial": old["trial"] | {"task": "knights"}}))
    assert "its name is not that of its trial" in left_out_of(survey(folder))[0]
