"""The examples of the README and of the guides run as they stand."""

import re
from pathlib import Path

import pytest
import torch

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
GUIDES = {path.name: path.read_text(encoding="utf-8") for path in sorted((ROOT / "docs").glob("*.md"))}
EXAMPLES = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


@pytest.mark.parametrize("example", EXAMPLES, ids=range(len(EXAMPLES)))
def test_python_example_runs(example, capsys):
    torch.manual_seed(0)
    names: dict[str, object] = {}
    exec(compile(example, "README.md", "exec"), names)
    output = capsys.readouterr().out
    if "told apart" in output:
        assert float(output.split()[0]) > 0.85
    if "loss" in names:
        assert float(names["loss"].detach()) < 0.05  # type: ignore[attr-defined]


@pytest.mark.parametrize("guide", GUIDES)
def test_the_examples_of_a_guide_run_and_its_links_lead_somewhere(guide, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # some write files
    torch.manual_seed(0)
    names: dict[str, object] = {}
    for example in re.findall(r"```python\n(.*?)```", GUIDES[guide], re.DOTALL):
        exec(compile(example, guide, "exec"), names)
    for link in re.findall(r"\]\((?!http)([^)#]+)\)", GUIDES[guide]):
        assert (ROOT / "docs" / link).exists(), link


def test_every_place_it_names_exists():
    for place in re.findall(r"^\| `([^`]+)` \|", README, re.MULTILINE):
        assert (ROOT / place).exists(), place
    for link in re.findall(r"\]\((?!http)([^)]+)\)", README):
        assert (ROOT / link).exists(), link
