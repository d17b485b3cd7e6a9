"""Every block of Python on the site's pages runs as it stands; every link to a file leads to one."""

import re
from pathlib import Path

import pytest
import torch

import benchmarks.tables  # noqa: F401  (the pages' `gnn_toolkit.bench` is then this checkout's runner)

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
# The tutorials run at every build of the site.
PAGES = sorted(path for path in DOCS.rglob("*.md") if path.parent.name != "tutorials")


def text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def with_python(path: Path) -> list[str]:
    return re.findall(r"```python\n(.*?)```", text(path), re.DOTALL)


@pytest.mark.parametrize("page", [p for p in PAGES if with_python(p)], ids=lambda p: str(p.relative_to(DOCS)))
@pytest.mark.filterwarnings("ignore:.*LeafSpec:FutureWarning")  # torch's exporter to ONNX, of its own parts
def test_the_blocks_of_a_page_run_one_after_the_other(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # some write files
    torch.manual_seed(0)
    names: dict[str, object] = {"__name__": page.stem}
    for example in with_python(page):
        exec(compile(example, page.name, "exec"), names)


@pytest.mark.parametrize("page", sorted(DOCS.rglob("*.md")), ids=lambda p: str(p.relative_to(DOCS)))
def test_the_links_of_a_page_lead_somewhere(page):
    for link in re.findall(r"\]\((?!http)([^)#]+)(?:#[^)]*)?\)", text(page)):
        assert (page.parent / link).exists(), link


def test_readme_fits_one_screen_and_its_blocks_run():
    readme = text(ROOT / "README.md")
    assert len(readme.splitlines()) < 70
    names: dict[str, object] = {}
    blocks = with_python(ROOT / "README.md")
    assert len(blocks) == 2
    for block in blocks:
        assert len(block.splitlines()) <= 6
        exec(compile(block, "README.md", "exec"), names)
    for link in re.findall(r"\]\((?!http)([^)#]+)\)", readme):
        assert (ROOT / link).exists(), link


def test_every_place_that_the_reference_names_exists():
    places = re.findall(r"^\| `([^`]+/?)` \|", text(DOCS / "reference" / "index.md"), re.MULTILINE)
    assert len(places) > 8
    for place in places:
        assert (ROOT / place).exists(), place
