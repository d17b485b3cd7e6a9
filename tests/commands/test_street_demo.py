"""The demonstration runs from the command line and says what came out."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from gnn_toolkit.__main__ import app, main


def test_the_demonstration_writes_a_page_and_tells(tmp_path: Path):
    page = tmp_path / "streets.html"
    command = ["monitor", "--demo", "--size", "2", "--days", "1", "--steps", "3", "--out", str(page)]
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 0, done.output
    assert "accident on road " in done.output
    assert "alarms before it: " in done.output
    text = page.read_text(encoding="utf-8")
    assert text.startswith("<!doctype html>")
    assert text.count('"accidents":[[') == 1
    again = CliRunner().invoke(app, command)
    assert "--out: expected a file that is not there yet" in str(again.exception)
    assert page.read_text(encoding="utf-8") == text


def test_without_the_demonstration_it_says_what_to_use(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture):
    monkeypatch.setattr("sys.argv", ["gnn_toolkit", "monitor"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert "monitor: expected VALUES and GRAPH, or --demo, got nothing" in capsys.readouterr().err
