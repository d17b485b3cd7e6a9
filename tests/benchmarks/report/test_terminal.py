"""The report on a terminal, and what changed from run to run."""

from pathlib import Path

from rich.console import Console

from benchmarks.report.analysis import analysis_of
from benchmarks.report.terminal import print_changes, print_report
from tests.benchmarks.report.runs import with_a_failure, write_run


def test_table_ends_with_the_answer(tmp_path: Path):
    folder = with_a_failure(tmp_path)
    print_report(analysis_of(folder), console := Console(width=170, record=True))
    text = console.export_text()
    assert "0.800 [0.165, 1.000]" in text
    assert "- which side a member of the karate club took: GCN on graph has the best mean, accuracy 0.800" in text


def test_table_fits_a_narrow_terminal(tmp_path: Path):
    folder = with_a_failure(tmp_path)
    print_report(analysis_of(folder), console := Console(width=80, record=True))
    text = console.export_text()
    assert "0.800 [0.165, 1.000]" in text
    assert "parameters" not in text
    assert "…" not in text


def test_changes_are_marked_where_the_interval_says_so(tmp_path: Path):
    before = write_run(tmp_path / "before", (0.70, 0.71, 0.72))
    after = write_run(tmp_path / "after", (0.80, 0.82, 0.81), speed=30.0)
    found = print_changes(before, after, console := Console(width=170, record=True))
    text = console.export_text()
    assert [change.verdict for change in found] == ["the same", "improved"]
    assert "+0.100 [+0.075, +0.125]" in text
    assert "improved" in text
    assert "faster" in text
    assert "The machines or versions differ" not in text
