"""What the scripts of the pages share: committed records, tables of Markdown, marked parts of a page, pictures."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

HERE = Path(__file__).parent
RESULTS = HERE.parent / "benchmarks/results"
PLAIN: dict[Any, Any] = {"svg.fonttype": "none", "svg.hashsalt": "gnn_toolkit", "font.family": "sans-serif"}

Row = dict[str, Any]


def read(path: Path) -> str:
    """Return a file's text."""
    return path.read_text(encoding="utf-8")


def rows_of(text: str) -> list[Row]:
    """Return the rows of a record; ``task`` is the task with its variant, as in ``palindrome-memory-40``."""
    rows = json.loads(text)["rows"]
    return [row | {"task": "-".join(filter(None, (row["task"], row["variant"])))} for row in rows]


def by(rows: list[Row], *keys: str) -> dict[Any, Row]:
    """Return rows by what they have under some keys."""
    return {tuple(row[key] for key in keys): row for row in rows}


def table(head: list[str], lines: list[list[str]], words: int = 1) -> str:
    """Return a table of Markdown; the first columns hold words, the others numbers."""
    rule = ["---"] * words + ["---:"] * (len(head) - words)
    return "".join(f"| {' | '.join(line)} |\n" for line in [head, rule, *lines])


def renewed(text: str, parts: Mapping[str, str], *, kept: int = 0) -> str:
    """Return a page with its tables renewed, each after the comment that names it.

    Args:
        text: the page.
        parts: by the comment's words, the new lines.
        kept: number of lines that stay at the top of a table.
    """
    for name, content in parts.items():
        head = rf"(<!-- {re.escape(name)} -->\n" + r"\|.*\n" * kept + r")(?:\|.*\n)*"
        text = re.sub(head, lambda found, new=content: found[1] + new, text)
    return text


def renew(page: str, text: str) -> None:
    """Write a page and say so."""
    (HERE / page).write_text(text, encoding="utf-8")
    print(f"wrote {HERE / page}")


def save(figure: Figure, name: str, style: dict[Any, Any] | None = None) -> Path:
    """Write a picture, the same bytes for the same picture, and say so."""
    with mpl.rc_context(style or PLAIN):
        figure.savefig(HERE / name, metadata={"Date": None})
    print(f"wrote {HERE / name}")
    return HERE / name
