"""What docs/benchmarks.md tells a reader to do is done, and works."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from benchmarks.run.records import read_records

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "benchmarks.md").read_text(encoding="utf-8")


def blocks(kind: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)


def add_rows(tables: str, change: str) -> str:
    """Return the tables with the added lines of a change: an import on top, a row below the line it names."""
    (top, row), (place,) = re.findall(r"^\+(.*)", change, re.MULTILINE), re.findall(r"^ (.*)", change, re.MULTILINE)
    assert tables.count(f"{place}\n") == 1
    return tables.replace("\nfrom ", f"\n{top}\nfrom ", 1).replace(f"{place}\n", f"{place}\n{row}\n")


def test_a_task_a_view_and_a_model_are_a_file_and_a_row_each(tmp_path: Path):
    for package in ("benchmarks", "gnn_toolkit", "datasets"):
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__", "results"))
    sources, changes = blocks("python"), blocks("diff")
    assert (len(sources), len(changes)) == (3, 3)
    for source in sources:
        name = source.splitlines()[0].removeprefix("# ")
        assert not (tmp_path / name).exists()
        (tmp_path / name).write_text(source, encoding="utf-8")
    tables = tmp_path / "benchmarks" / "tables.py"
    for change in changes:
        tables.write_text(add_rows(tables.read_text(encoding="utf-8"), change), encoding="utf-8")
    (suite,) = blocks("toml")
    (tmp_path / "mine.toml").write_text(suite, encoding="utf-8")
    command = [sys.executable, "-m", "benchmarks", "run", "mine.toml", "--threads", "1"]
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    scores = {record.trial.model: record.test for record in read_records(tmp_path / "runs" / "mine")}
    assert scores.keys() == {"never set", "LSTM", "bag"}
    assert abs((scores["never set"] or 0) - 0.5) < 0.05
    assert (scores["LSTM"] or 0) > 0.95
    assert 0.5 < (scores["bag"] or 0) < 0.8
    assert "first bit" in (tmp_path / "runs" / "mine" / "report.html").read_text(encoding="utf-8")
