"""Trees are numbered as they stand; what is malformed is named by file, line and column."""

import gzip
from pathlib import Path
from typing import Any

import pytest

from gnn_toolkit.datasets import SyntaxTree, vocabulary
from gnn_toolkit.datasets import numbered as as_data
from gnn_toolkit.datasets.syntax import read_brackets, read_lines

numbered: Any = as_data  # type checkers do not know what a graph holds
TREE = SyntaxTree(("b", "a", "", "a", ""), (2, 2, 4, 4, -1))


def test_depth_and_words():
    assert (TREE.depth, TREE.depths(), TREE.words) == (2, [2, 2, 1, 1, 0], ("b", "a", "a"))
    assert SyntaxTree(("one",), (-1,)).depth == 0


def test_words_are_numbered_from_two_and_rare_ones_are_not_known():
    assert vocabulary([TREE]) == {"a": 2, "b": 3}
    assert vocabulary([TREE], least=2) == {"a": 2}
    assert numbered([TREE], {"a": 2}).x.flatten().tolist() == [1, 2, 0, 2, 0]


def test_trees_stand_side_by_side():
    data = numbered([SyntaxTree(("a",), (-1,)), TREE], vocabulary([TREE]))
    assert data.edge_index.tolist() == [[1, 2, 3, 4], [3, 3, 5, 5]]
    assert data.mask.nonzero().flatten().tolist() == [0, 5]
    assert data.phrase.tolist() == [0, 1, 1, 1, 1, 1]


@pytest.mark.parametrize("trees", [[], [TREE, SyntaxTree((), ())]])
def test_an_empty_sentence_is_refused(trees: list[SyntaxTree]):
    with pytest.raises(ValueError, match="trees: expected trees with nodes, got none; leave empty sentences out"):
        numbered(trees, {})


def test_brackets_are_nodes_whose_children_come_first():
    read = read_brackets("(2 (1 a\xa0b) (3 c))")
    assert read.atoms == ["2", "1", "a\xa0b", "", "3", "c", "", ""]
    assert read.parents == [7, 3, 3, 7, 6, 6, 7, -1]
    assert read.columns == [2, 5, 7, 10, 13, 15, 16, 17]
    assert read.children()[7] == [0, 3, 6]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("(2 (1 a) (3 b)", "mine, line 4, column 1: expected a bracket that is closed"),
        ("(2 a))", "mine, line 4, column 6: expected a bracket that was opened"),
        ("(2 () a)", "mine, line 4, column 5: expected something between brackets"),
        ("(2 a) (2 b)", "mine, line 4, column 11: expected one expression a line, got 2"),
        ("", "mine, line 4, column 1: expected one expression a line, got 0"),
    ],
)
def test_what_does_not_match_is_named(text: str, message: str):
    with pytest.raises(ValueError) as caught:
        read_brackets(text, "mine", 4)
    assert str(caught.value).startswith(message)


def test_deep_brackets_need_no_deep_calls():
    assert read_brackets("(" * 5000 + "a" + ")" * 5000).parents[:2] == [1, 2]


def test_encodings(tmp_path: Path):
    path = tmp_path / "mine.txt"
    path.write_bytes("caf\xe9 a\xa0b\r\n\u2028end\n".encode("utf-8"))
    assert read_lines(path) == ["caf\xe9 a\xa0b", "\u2028end"]
    (tmp_path / "mine.txt.gz").write_bytes(gzip.compress(path.read_bytes()))
    assert read_lines(tmp_path / "mine.txt.gz") == read_lines(path)
    path.write_bytes("plain\ncaf\xe9".encode("latin-1"))
    assert read_lines(path, "latin-1") == ["plain", "caf\xe9"]
    with pytest.raises(ValueError, match=r"mine.txt, line 2, column 4: expected text in utf-8, got byte 0xe9"):
        read_lines(path)
