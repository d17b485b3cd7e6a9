"""Syntax trees of programs, and which problem each was written for."""

import re
from dataclasses import dataclass
from pathlib import Path

from gnn_toolkit._checks import choice
from gnn_toolkit.datasets.fetch import fetch
from gnn_toolkit.datasets.syntax import SyntaxTree, malformed, read_lines

_SPLITS = {"train": "train", "validation": "val", "test": "test"}
_PARTS = re.compile(r"\('(?P<open>[^']+)', ?\[|'(?P<leaf>[^']+)'|(?P<close>\]\))|(?P<comma>, ?)")
_FORM = "write ('Type', [children]), or 'Type' for a leaf"


@dataclass(frozen=True)
class Program:
    """A program.

    Args:
        tree: its syntax tree, children before their parents; a node's word is its type.
        problem: the number of the problem that it solves.
    """

    tree: SyntaxTree
    problem: int


def load_codeforces(split: str, most: int | None = None, *, download: bool = True) -> list[Program]:
    """Return the programs of a split of ``ast_codeforces``: 80 problems, 86 types of nodes.

    Args:
        split: ``"train"``, ``"validation"`` or ``"test"``.
        most: so many at most, the first of the file, which are in a random order.
        download: whether to download a file that is not at hand.

    Raises:
        ValueError: no such split.
        DatasetUnavailableError: a file is altered or not here.
    """
    name = _SPLITS[choice("split", split, _SPLITS)]
    return read_programs(fetch("ast_codeforces", f"{name}.tsv.gz", download=download), most)


def read_programs(path: Path, most: int | None = None) -> list[Program]:
    r"""Read programs: the number of a problem, a tab, and a tree of tuples (type, [children]), a leaf a type alone.

    Args:
        path: of the file.
        most: so many at most, the first ones.

    Raises:
        ValueError: a malformed line; the message names file, line and column.

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "mine.tsv"
    >>> _ = path.write_text("3\t('Module', [('Assign', ['Name', 'Constant'])])", encoding="utf-8")
    >>> read_programs(path)[0].tree.tokens
    ('Name', 'Constant', 'Assign', 'Module')
    """
    return [_program(text, str(path), line) for line, text in enumerate(read_lines(path)[:most], 1)]


def _program(text: str, file: str, line: int) -> Program:
    number, tab, tree = text.partition("\t")
    if not tab or not number.isdecimal():
        raise malformed(file, line, 1, "a number, a tab and a tree", repr(text[:20]), "see read_programs")
    return Program(_tree(tree, file, line, len(number) + 2), int(number))


def _tree(text: str, file: str, line: int, first: int) -> SyntaxTree:
    """Return a nested tree as one whose children come first; ``first`` is the column where it begins."""
    tokens: list[str] = []
    parents: list[int] = []
    opened: list[tuple[str, list[int]]] = [("", [])]
    place, wants_item = 0, True  # whether an item comes next: at the start, after "[" and after ","
    while place < len(text):
        found = _PARTS.match(text, place)
        kind = found.lastgroup if found else None
        expected = ("open", "leaf") if wants_item else ("close", "comma")
        if found is None or kind not in (*expected, *(("close",) if text[place - 1 : place] == "[" else ())):
            raise malformed(file, line, first + place, " or ".join(expected), repr(text[place : place + 20]), _FORM)
        if kind == "open":
            opened.append((found["open"], []))
        elif kind != "comma":
            kind_of_node, inside = opened.pop() if kind == "close" else (found["leaf"], [])
            if not opened:
                raise malformed(file, line, first + place, "an opened tree", "its end", _FORM)
            for child in inside:
                parents[child] = len(tokens)
            opened[-1][1].append(len(tokens))
            tokens.append(kind_of_node)
            parents.append(-1)
        wants_item = kind in ("open", "comma")
        place = found.end()
    if len(opened) != 1 or len(opened[0][1]) != 1 or wants_item:
        got = f"{len(opened) - 1} that are open, {len(opened[0][1])} whole"
        raise malformed(file, line, first + len(text), "one whole tree", got, _FORM)
    return SyntaxTree(tuple(tokens), tuple(parents))
