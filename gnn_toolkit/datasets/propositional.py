"""Propositional logic (Bowman et al. 2015): pairs of formulas, and which relation holds between them."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gnn_toolkit import _checks
from gnn_toolkit._checks import choice, problem
from gnn_toolkit.datasets.fetch import fetch
from gnn_toolkit.datasets.syntax import SyntaxTree, malformed, read_brackets, read_lines

RELATIONS = ("#", "<", "=", ">", "^", "v", "|")
MOST = 12  # operators of a formula


@dataclass(frozen=True)
class FormulaPair:
    """Two formulas and the relation between them.

    Args:
        first: the tree of the first; leaves are variables and operators, and every ``)`` is a node with two children.
        second: that of the second.
        relation: one of :data:`RELATIONS`.
    """

    first: SyntaxTree
    second: SyntaxTree
    relation: str


def load_formulas(split: str, operators: int, *, download: bool = True) -> list[FormulaPair]:
    """Return the pairs whose longer formula has so many operators.

    Args:
        split: ``"train"`` or ``"test"``.
        operators: from 0 to 12.
        download: whether to download a file that is not at hand.

    Raises:
        ValueError: no such split or number.
        DatasetUnavailableError: a file is altered, or neither here nor to be had from its address.
    """
    return read_formulas(_path(split, operators, download))


def _path(split: str, operators: int, download: bool) -> Path:
    """Return the file of the pairs with so many operators."""
    choice("split", split, ("train", "test"))
    if _checks.count("operators", operators) > MOST:
        raise ValueError(problem("operators", f"at most {MOST}", operators, "there are no such files"))
    return fetch("proplogic", f"{split}{operators}", download=download)


def draw_formulas(
    split: str, operators: Sequence[int], count: int, seed: int = 0, *, download: bool = True
) -> list[FormulaPair]:
    """Return so many pairs drawn from the files of some numbers of operators, or all where there are no more.

    Only those that are drawn are parsed.

    Args:
        split: ``"train"`` or ``"test"``.
        operators: the numbers, each from 0 to 12.
        count: how many pairs.
        seed: of the draw.
        download: whether to download files that are not at hand.

    Raises:
        ValueError: no such split or number.
        DatasetUnavailableError: a file is altered, or neither here nor to be had from its address.
    """
    places = []
    for path in (_path(split, number, download) for number in operators):
        places += [(text, str(path), line) for line, text in enumerate(read_lines(path), 1)]
    drawn = random.Random(seed).sample(places, min(count, len(places)))
    return [_pair(*place) for place in drawn]


def read_formulas(path: Path) -> list[FormulaPair]:
    r"""Read pairs of formulas: the relation, a tab, a formula, a tab, a formula; packed where the file ends in ``.gz``.

    Raises:
        ValueError: a malformed line; the message names file, line and column.

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "mine"
    >>> _ = path.write_text(">\t( a ( and b ) )\ta", encoding="utf-8")
    >>> read_formulas(path)[0].first
    SyntaxTree(tokens=('a', 'and', 'b', ')', ')'), parents=(4, 3, 3, 4, -1), labels=())
    """
    return [_pair(text, str(path), line) for line, text in enumerate(read_lines(path), 1)]


def _pair(text: str, file: str, line: int) -> FormulaPair:
    relation, *formulas = text.split("\t")
    if relation not in RELATIONS or len(formulas) != 2:
        got = f"{relation!r} and {len(formulas)} formulas"
        allowed = f"one of {' '.join(RELATIONS)}, and two formulas, parted by tabs"
        raise malformed(file, line, 1, allowed, got, "correct the line")
    first, second = (_formula(formula, file, line) for formula in formulas)
    return FormulaPair(first, second, relation)


def _formula(text: str, file: str, line: int) -> SyntaxTree:
    read = read_brackets(text, file, line)
    for node, children in enumerate(read.children()):
        if not read.atoms[node] and len(children) != 2:
            remedy = "write ( not a ) and ( a ( and b ) )"
            raise malformed(file, line, read.columns[node], "two parts between brackets", len(children), remedy)
    return SyntaxTree(tuple(atom or ")" for atom in read.atoms), tuple(read.parents))
