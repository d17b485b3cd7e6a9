"""The report as Markdown."""

import re
from dataclasses import replace
from pathlib import Path

from benchmarks.report.analysis import analysis_of
from benchmarks.report.publish import write_reports
from benchmarks.run.record_files import write_record
from benchmarks.run.records import Record, Trial
from tests.benchmarks.report.runs import CURVE, MACHINE, with_a_failure


def test_markdown_has_the_mean_and_the_interval(tmp_path: Path):
    folder = with_a_failure(tmp_path)
    assert [path.name for path in write_reports(analysis_of(folder), folder)] == ["report.md", "report.html"]
    text = (folder / "report.md").read_text()
    # Two values 0.1 apart: mean 0.8, half width 12.706 * 0.0707 / sqrt(2) = 0.635, cut where accuracy ends.
    assert "| **GCN** | **graph** | **0.800 [0.165, 1.000]** | **2** | **1,234** |" in text
    baseline, model = text.index("| majority class | (structure-free) | 0.500 | 1 |"), text.index("| **GCN**")
    assert baseline < model
    assert "same splits and the same budget of training steps" in text
    assert "tested, once: nothing was chosen by test scores" in text
    assert "Oops: no" in text
    assert "Machine: a processor, 2 cores" in text


def test_a_run_without_records_has_a_report(tmp_path: Path):
    write_reports(analysis_of(tmp_path), tmp_path)
    assert "No trial has finished yet." in (tmp_path / "report.md").read_text()
    assert "No trial has finished yet." in (tmp_path / "report.html").read_text()


def test_markdown_escapes_what_the_page_escapes(tmp_path: Path):
    nasty = 'a|b <img src=x onerror="alert(1)"> `c` [d](http://e)'
    trial = Trial("club", "graph", f"GCN {nasty}", 0, {"steps": 3, "optimizer": nasty})
    machine = MACHINE | {"processor": nasty}
    samples = {nasty: f"one ``two`` {nasty}\nthree"}
    shown = Record(trial, test=0.5, curve=CURVE, note=nasty, machine=machine, samples=samples, measures={nasty: 1.0})
    write_record(tmp_path, shown)
    write_record(tmp_path, Record(replace(trial, seed=1), status="failed", error=f"Oops\n{nasty}", machine=machine))
    write_reports(analysis_of(tmp_path), tmp_path)
    text = (tmp_path / "report.md").read_text()
    outside = re.sub(r"(`+)(?!`).+?(?<!`)\1(?!`)", "", text.replace("\\`", ""))  # code is shown as it is
    assert "<img" not in outside
    assert "[d](" not in outside.replace("\\[d](", "")
    table = [line for line in text.splitlines() if line.startswith("|")]
    cells = [len(re.split(r"(?<!\\)\|", line)) for line in table]
    assert cells == [6, 6, 6, 4, 4, 4]  # no row has a cell more: of results, and of what else was measured
    assert "<img" not in (tmp_path / "report.html").read_text()
