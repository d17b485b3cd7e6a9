"""What docs/benchmarks.md gives a reader to run is run, in an empty folder outside the checkout, and works."""

import os
import re
import subprocess
import sys
from pathlib import Path

from benchmarks.run.record_files import read_records

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "benchmarks.md").read_text(encoding="utf-8")


def block(kind: str) -> str:
    (found,) = re.findall(rf"^```{kind}\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    return found


def test_the_plugin_of_the_page_runs_from_an_empty_folder(tmp_path: Path):
    source = block("python")
    assert source.splitlines()[0] == "# my_tasks.py"
    (tmp_path / "my_tasks.py").write_text(source, encoding="utf-8")
    (tmp_path / "mine.toml").write_text(block("toml"), encoding="utf-8")
    command = [sys.executable, "-m", "gnn_toolkit", "bench", "run", "mine.toml", "--threads", "1", "--workers", "2"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    scores = {record.trial.model: record.test for record in read_records(tmp_path / "runs" / "mine")}
    assert scores.keys() == {"never set", "LSTM", "bag"}
    assert abs((scores["never set"] or 0) - 0.5) < 0.05
    assert (scores["LSTM"] or 0) > 0.95
    assert 0.5 < (scores["bag"] or 0) < 0.8
    assert "first bit" in (tmp_path / "runs" / "mine" / "report.html").read_text(encoding="utf-8")
    # The records say what a report needs: the page is written again where the plugin is gone.
    (tmp_path / "my_tasks.py").unlink()
    again = [sys.executable, "-m", "benchmarks", "report", "mine"]
    done = subprocess.run(again, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "never set" in done.stdout
