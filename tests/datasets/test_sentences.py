"""The published sizes of SST and SICK; trees of one's own, and what is wrong with them."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from gnn_toolkit.datasets import load_sick, load_sst, read_dependencies, read_labelled_trees
from gnn_toolkit.datasets.sentences import SPLITS

# sentences, labelled phrases, words, labels of the sentences from 0 to 4
SST = {
    "validation": (1101, 41447, 21274, [139, 289, 229, 279, 165]),
    "test": (2210, 82600, 42405, [279, 633, 389, 510, 399]),
}


@pytest.mark.parametrize("split", SST)
def test_the_treebank_has_the_published_sizes(split: str, data_folder: Callable[[str], Path]):
    data_folder(f"sst/trees/{SPLITS[split]}.txt")
    trees = load_sst(split)
    roots = Counter(tree.labels[-1] for tree in trees)
    found = (
        len(trees),
        sum(len(t.tokens) for t in trees),
        sum(len(t.words) for t in trees),
        [roots[k] for k in range(5)],
    )
    assert found == SST[split]
    assert all(sorted(Counter(tree.parents).values()) in ([1], [1, *[2] * (len(tree.words) - 1)]) for tree in trees)


def test_sick_has_the_published_sizes(data_folder: Callable[[str], Path]):
    data_folder("sick/dev/sim.txt")
    pairs = load_sick("validation")
    assert len(pairs) == 500
    assert " ".join(pairs[0].first.words) == "The young boys are playing outdoors and the man is smiling nearby"
    assert (pairs[0].first.parents[:4], pairs[0].score) == ((2, 2, 4, 4), 3.6)


def write(tmp_path: Path, text: str, encoding: str = "utf-8") -> Path:
    path = tmp_path / "mine.txt"
    path.write_bytes(text.encode(encoding))
    return path


def test_labelled_trees(tmp_path: Path):
    one, many = read_labelled_trees(
        write(tmp_path, "(4 caf\xe9)\n\n(0 (1 a) (2 b) (3 c))\n", "latin-1"), encoding="latin-1"
    )
    assert (one.tokens, one.parents, one.labels) == (("caf\xe9",), (-1,), (4,))
    assert (many.tokens, many.parents, many.labels) == (("a", "b", "c", ""), (3, 3, 3, -1), (1, 2, 3, 0))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("(2 a)\n(2 (7 a) (2 b))", "line 2, column 5: expected a label from 0 to 4, got '7'"),
        ("((2 a) (2 b))", "line 1, column 6: expected a label from 0 to 4, got a phrase"),
        ("(2 a b)", "line 1, column 6: expected one word, or phrases, got 2 words and 0 phrases"),
        ("(2 (1 a) b)", "line 1, column 11: expected one word, or phrases, got 1 words and 1 phrases"),
        ("(2)", "line 1, column 3: expected one word, or phrases, got none"),
        ("word", "line 1, column 1: expected a tree in brackets, got 'word'"),
        ("(2 (1 a)", "line 1, column 1: expected a bracket that is closed"),
    ],
)
def test_a_malformed_tree_is_named(tmp_path: Path, text: str, message: str):
    with pytest.raises(ValueError) as caught:
        read_labelled_trees(write(tmp_path, text))
    assert f"mine.txt, {message}" in str(caught.value)


@pytest.mark.parametrize(
    ("words", "heads", "message"),
    [
        ("a b", "0", "line 1, column 1: expected 2 heads, one a word, got 1"),
        ("a b", "0 3", "line 1, column 3: expected a head from 0 to 2, got '3'"),
        ("a b", "0 x", "line 1, column 3: expected a head from 0 to 2, got 'x'"),
        ("a b", "0 0", "line 1, column 1: expected a tree with one root, got 2 roots"),
        ("a b c", "0 3 2", "line 1, column 1: expected a tree with one root, got a cycle"),
        ("a\n\nb", "0\n\n0", "line 2, column 1: expected words parted by one space, got an empty one"),
        ("a\nb", "0", "line 2, column 1: expected 2 lines, as words, got 1"),
    ],
)
def test_malformed_dependencies_are_named(tmp_path: Path, words: str, heads: str, message: str):
    (tmp_path / "words").write_text(words + "\n", encoding="utf-8")
    (tmp_path / "heads").write_text(heads + "\n", encoding="utf-8")
    with pytest.raises(ValueError) as caught:
        read_dependencies(tmp_path / "words", tmp_path / "heads")
    assert f"heads, {message}" in str(caught.value)


def test_an_unknown_split_is_answered_with_the_nearest():
    with pytest.raises(ValueError, match="did you mean 'test'"):
        load_sst("tests")
