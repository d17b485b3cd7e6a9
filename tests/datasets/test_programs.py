"""Syntax trees are those that Python reads from the same lines."""

import ast
import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gnn_toolkit.datasets import load_codeforces, read_programs
from gnn_toolkit.datasets.programs import Program


def postorder(value: Any) -> list[str]:
    kind, children = value if isinstance(value, tuple) else (value, [])
    return [word for child in children for word in postorder(child)] + [kind]


def test_the_trees_are_those_that_python_reads(data_folder: Callable[[str], Path]):
    with gzip.open(data_folder("ast_codeforces/val.tsv.gz"), "rt", encoding="utf-8") as lines:
        texts = [line.split("\t") for line in lines]
    found = load_codeforces("validation")
    assert (len(found), len({one.problem for one in found})) == (7913, 80)
    for program, (problem, tree) in zip(found[:60], texts, strict=False):
        assert (program.problem, list(program.tree.tokens)) == (int(problem), postorder(ast.literal_eval(tree)))
    assert max(one.tree.depth for one in found) == 20
    assert load_codeforces("validation", 7) == found[:7]


def read(tmp_path: Path, tree: str) -> Program:
    path = tmp_path / "mine.tsv"
    path.write_text(f"3\t{tree}", encoding="utf-8")
    return read_programs(path)[0]


def test_parents(tmp_path: Path):
    tree = read(tmp_path, "('A', ['B', ('C', ['D', ('E', [])]), 'F'])").tree
    assert tree.tokens == ("B", "D", "E", "C", "F", "A")
    assert tree.parents == (5, 3, 3, 5, 5, -1)


@pytest.mark.parametrize(
    ("tree", "column"),
    [
        ("('A', ['B', ])", 15),
        ("('A', ['B']", 13),
        ("'A', 'B'", 11),
        ("('A', 'B')", 3),
        ("", 3),
        ("('A', [])])", 12),
        ("('A', ['B' 'C'])", 13),
        ("'A', ", 8),
    ],
)
def test_a_malformed_tree_is_named(tmp_path: Path, tree: str, column: int):
    with pytest.raises(ValueError, match=rf"mine.tsv, line 1, column {column}: expected "):
        read(tmp_path, tree)
