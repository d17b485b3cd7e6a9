"""The reports in words: Markdown, the table on the terminal, and what changed from run to run."""

import json
import re
from dataclasses import replace

import pytest
from rich.console import Console

from benchmarks.report import render
from benchmarks.run.record_files import survey, write_record
from benchmarks.run.records import Record, Trial

CURVE = {"step": [1, 2], "loss": [2.0, 1.0], "validation": [0.5, 0.75], "seconds": [0.1, 0.2], "best_validation": 0.75}
MACHINE = {
    "processor": "a processor",
    "cores": 2,
    "memory_gib": 8.0,
    "gpu": None,
    "system": "a system",
    "python": "3.11",
    "versions": {"torch": "2.13.0"},
    "revision": "abc",
}


def write_run(folder, tests, speed=10.0):
    for seed, test in enumerate(tests):
        trial = Trial("club", "graph", "GCN", seed, {})
        costs = {"parameters": 1234, "steps_per_second": speed + seed, "seconds": 2.0}
        write_record(folder, Record(trial, test=test, curve=CURVE, machine=MACHINE, note="a note", **costs))
    free = Trial("club", "", "majority class", 0, {})
    write_record(folder, Record(free, test=0.5, machine=MACHINE, note="a note"))
    return folder


@pytest.fixture
def folder(tmp_path):
    write_run(tmp_path, (0.75, 0.85))
    write_record(tmp_path, Record(Trial("club", "BFS path", "LSTM", 0, {}), status="failed", error="X\nOops: no"))
    return tmp_path


def test_markdown_has_the_mean_and_the_interval(folder):
    assert [path.name for path in render.write_reports(folder)] == ["report.md", "report.html"]
    text = (folder / "report.md").read_text()
    # Two values 0.1 apart: mean 0.8, half width 12.706 * 0.0707 / sqrt(2) = 0.635, cut where accuracy ends.
    assert "| **GCN** | **graph** | **0.800 [0.165, 1.000]** | **2** | **1,234** |" in text
    baseline, model = text.index("| majority class | (structure-free) | 0.500 | 1 |"), text.index("| **GCN**")
    assert baseline < model
    assert "same splits and the same budget of training steps" in text
    assert "tested, once: nothing was chosen by test scores" in text
    assert "Oops: no" in text
    assert "Machine: a processor, 2 cores" in text


def test_table_ends_with_the_answer(folder):
    render.print_table(folder, console := Console(width=170, record=True))
    text = console.export_text()
    assert "0.800 [0.165, 1.000]" in text
    assert "- which side a member of the karate club took: GCN on graph has the best mean, accuracy 0.800" in text


def test_table_fits_a_narrow_terminal(folder):
    render.print_table(folder, console := Console(width=80, record=True))
    text = console.export_text()
    assert "0.800 [0.165, 1.000]" in text
    assert "parameters" not in text
    assert "…" not in text


def test_changes_are_marked_where_the_interval_says_so(tmp_path):
    before = write_run(tmp_path / "before", (0.70, 0.71, 0.72))
    after = write_run(tmp_path / "after", (0.80, 0.82, 0.81), speed=30.0)
    found = render.print_changes(before, after, console := Console(width=170, record=True))
    text = console.export_text()
    assert [change.verdict for change in found] == ["the same", "improved"]
    assert "+0.100 [+0.075, +0.125]" in text
    assert "improved" in text
    assert "faster" in text
    assert "The machines or versions differ" not in text


def test_a_run_without_records_has_a_report(tmp_path):
    render.write_reports(tmp_path)
    assert "No trial has finished yet." in (tmp_path / "report.md").read_text()
    assert "No trial has finished yet." in (tmp_path / "report.html").read_text()


def test_what_is_left_out_is_named_everywhere(folder):
    path = folder / "records" / "broken.json"
    path.write_text("{")
    render.write_reports(folder)
    with (folder / "table.txt").open("w") as file:
        render.print_table(folder, Console(file=file, width=200))
    for name in ("report.md", "report.html", "table.txt"):
        text = (folder / name).read_text()
        assert "broken.json: not JSON" in text
        assert "GCN" in text  # and the others are there
    assert "left out: broken.json" in (folder / "report.md").read_text()


def test_records_without_a_checksum_are_said_to_be(folder):
    path = next((folder / "records").glob("club-majority*"))
    content = json.loads(path.read_text())
    old = {name: value for name, value in content.items() if name not in ("schema", "checksum", "units", "pooling")}
    path.write_text(json.dumps(old))
    assert (
        "none of the 1 records of an earlier version, which have no checksum" in render.left_out_of(survey(folder))[0]
    )
    path.write_text(json.dumps(old | {"trial": old["trial"] | {"task": "knights"}}))
    assert "its name is not that of its trial" in render.left_out_of(survey(folder))[0]


def test_markdown_escapes_what_the_page_escapes(tmp_path):
    nasty = 'a|b <img src=x onerror="alert(1)"> `c` [d](http://e)'
    trial = Trial("club", "graph", f"GCN {nasty}", 0, {"steps": 3, "optimizer": nasty})
    machine = MACHINE | {"processor": nasty}
    samples = {nasty: f"one ``two`` {nasty}\nthree"}
    shown = Record(trial, test=0.5, curve=CURVE, note=nasty, machine=machine, samples=samples, measures={nasty: 1.0})
    write_record(tmp_path, shown)
    write_record(tmp_path, Record(replace(trial, seed=1), status="failed", error=f"Oops\n{nasty}", machine=machine))
    render.write_reports(tmp_path)
    text = (tmp_path / "report.md").read_text()
    outside = re.sub(r"(`+)(?!`).+?(?<!`)\1(?!`)", "", text.replace("\\`", ""))  # code is shown as it is
    assert "<img" not in outside
    assert "[d](" not in outside.replace("\\[d](", "")
    table = [line for line in text.splitlines() if line.startswith("|")]
    assert len({len(re.split(r"(?<!\\)\|", line)) for line in table}) == 1  # no row has a cell more
    assert "<img" not in (tmp_path / "report.html").read_text()
