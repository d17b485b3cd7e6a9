"""Plain English and the field's words in code, pages, help and errors: banned turns of phrase, and first lines."""

import ast
import io
import re
import tokenize
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CODE = sorted(path for part in ("gnn_toolkit", "benchmarks", "docs") for path in (ROOT / part).rglob("*.py"))
PAGES = [
    *sorted((ROOT / "docs").rglob("*.md")),
    *sorted((ROOT / "datasets").glob("*.toml")),
    *sorted((ROOT / "benchmarks" / "suites").glob("*.toml")),
    *sorted((ROOT / "gnn_toolkit").rglob("*.html")),
    *sorted((ROOT / "benchmarks" / "report").rglob("*.html")),
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "pyproject.toml")),
]
PHRASES = {
    r"in the place of": "instead of",
    r"what is here": "name it",
    r"put down and taken up": "saved and reloaded",
    r"(?:takes?|taken|taking|took)(?: (?:it|them|a state|the state|this|that))? up(?: again)?": "resume, go on from",
    r"told(?! apart)": "gets, hears, is reported",
    r"twins?": "reference implementation",
    r"finds its feet": "burn-in",
    r"how many numbers (?:were|are) learnt": "parameter count",
    r"puts a layer to the contract": "runs the contract tests on a layer",
    r"what a quality costs": "time to target",
    r"who is better than whom": "pairwise and cross-task comparisons",
    r"those who watch": "detectors",
    r"numbers and words alone": "safetensors weights and a JSON description",
    r"how far forecasts are from what came": "forecast metrics",
    r"also hear so far back": "add a skip connection",
    r"(?:here|is) unheard": "silenced",
}
NAMES = (
    "Budget LateReset EarlyReset SkipRNN memory_bias add_memory_bias remember_ take_up plain_edges sparse_product "
    "sampled_product teaching_rate Companion x_known"
)
BANNED = re.compile(rf"\b(?:{'|'.join(PHRASES)})\b", re.IGNORECASE)
OLD_NAMES = re.compile(rf"\b(?:{'|'.join(NAMES.split())})\b")
NO_NOUN = re.compile(
    r"(?:What|Who|Whom|How|Where|When|Which|Whether|Those|From|To|Is|Are|We|You|It|This module|"
    r"(?:Run|Draw|Write|Renew|Make|Read|Return|Check|Show|Measure|Build|Give|Compute|Assert|Install)s?)\b"
)


def written(source: str) -> str:
    """Return what a module says to people: its strings and comments, without the code between them."""
    kinds = {tokenize.STRING, tokenize.COMMENT, getattr(tokenize, "FSTRING_MIDDLE", -1)}
    return "\n".join(
        token.string for token in tokenize.generate_tokens(io.StringIO(source).readline) if token.type in kinds
    )


def faults(path: Path) -> list[str]:
    """Return the turns of phrase, the old names and the first line of a file that are not to be."""
    text = path.read_text(encoding="utf-8")
    if path.suffix != ".py":
        return [found[0] for found in BANNED.finditer(" ".join(text.split()))]
    found = [hit[0] for hit in BANNED.finditer(" ".join(written(text).split()))]
    found += [hit[0] for hit in OLD_NAMES.finditer(text)]
    first = (ast.get_docstring(ast.parse(text)) or "").split("\n")[0]
    return [*found, first] if NO_NOUN.match(first) or not first else found


@pytest.mark.parametrize("path", [*CODE, *PAGES], ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_says_it_plainly(path: Path):
    assert faults(path) == []


@pytest.mark.parametrize(
    "phrase", ["in the place\nof h", "is told so", "it takes them up again", "a Twin", "what is here"]
)
def test_a_phrase_is_found(phrase: str, tmp_path: Path):
    for name, text in (("page.md", phrase), ("code.py", f'"""The code."""\n\nx = """{phrase}"""\n')):
        (tmp_path / name).write_text(text)
        assert faults(tmp_path / name), name


@pytest.mark.parametrize("first", ["What it is.", "Draws a picture.", "", "From a to b."])
def test_a_first_line_that_is_no_noun_phrase_is_found(first: str, tmp_path: Path):
    (tmp_path / "code.py").write_text(f'"""{first}"""\n')
    assert faults(tmp_path / "code.py") == [first]
    (tmp_path / "code.py").write_text('"""The cells, told apart by their gates."""\ntold = 1\n')
    assert faults(tmp_path / "code.py") == []
