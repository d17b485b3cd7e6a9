"""One version in every place that names it."""

import re
import tomllib
from pathlib import Path

import gnn_toolkit

ROOT = Path(__file__).parents[1]


def test_every_file_names_the_same_version():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    citation = re.search(r"^version: (.*)$", (ROOT / "CITATION.cff").read_text(encoding="utf-8"), re.MULTILINE)
    released = re.search(
        r"^## (\d.*) - \d{4}-\d\d-\d\d$", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert citation
    assert released
    assert {project["version"], citation[1], released[1]} == {gnn_toolkit.__version__}
