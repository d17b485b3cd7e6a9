"""Sentences with their parse trees: the Stanford Sentiment Treebank and SICK."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gnn_toolkit._checks import choice
from gnn_toolkit.datasets.cards import load_card
from gnn_toolkit.datasets.fetch import fetch
from gnn_toolkit.datasets.syntax import SyntaxTree, malformed, read_brackets, read_lines

SPLITS = {"train": "train", "validation": "dev", "test": "test"}


def load_sst(split: str, *, download: bool = True) -> list[SyntaxTree]:
    """Return the sentences of a split of the Stanford Sentiment Treebank (Socher et al. 2013), each a binary tree.

    A label from 0 (very negative) to 4 (very positive) stands at every phrase; words are at the leaves, as they are
    written; children come before their parents, in the order of the sentence.

    Args:
        split: ``"train"``, ``"validation"`` or ``"test"``.
        download: whether to download a file that is not at hand.

    Raises:
        ValueError: no such split.
        DatasetUnavailableError: a file is altered, or neither here nor to be had from its address.
    """
    name = SPLITS[choice("split", split, SPLITS)]
    return read_labelled_trees(fetch("sst", f"trees/{name}.txt", download=download))


def read_labelled_trees(path: Path, *, labels: int = 5, encoding: str = "utf-8") -> list[SyntaxTree]:
    """Read trees in the form of the Stanford Sentiment Treebank, ``(3 (2 not) (4 (2 too) (3 bad)))``, one a line.

    A node may have any number of children; lines without anything are left out.

    Args:
        path: of the file.
        labels: number of labels: they are from 0 to one less.
        encoding: of the file.

    Raises:
        ValueError: a malformed tree, with file, line and column; or a file in another encoding.

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "mine.txt"
    >>> _ = path.write_text("(3 (1 not) (1 bad))", encoding="utf-8")
    >>> read_labelled_trees(path)
    [SyntaxTree(tokens=('not', 'bad', ''), parents=(2, 2, -1), labels=(1, 1, 3))]
    """
    lines = enumerate(read_lines(path, encoding), 1)
    return [_labelled(text, str(path), line, labels) for line, text in lines if text.strip(" ")]


def _labelled(text: str, file: str, line: int, labels: int) -> SyntaxTree:
    """Return the tree of one line: the first of every pair of brackets is a label, the rest a word or phrases."""
    read = read_brackets(text, file, line)
    numbers, tokens, answers, parents = {}, [], [], []
    for node, children in enumerate(read.children()):
        if read.atoms[node]:
            if read.parents[node] < 0:
                remedy = "write e.g. (2 word)"
                raise malformed(file, line, read.columns[node], "a tree in brackets", repr(read.atoms[node]), remedy)
            continue
        label, *rest = children
        mark, column = read.atoms[label], read.columns[label]
        if mark not in map(str, range(labels)):
            allowed, remedy = f"a label from 0 to {labels - 1}", "write it after the opening bracket"
            raise malformed(file, line, column, allowed, repr(mark) if mark else "a phrase", remedy)
        words = [child for child in rest if read.atoms[child]]
        if not rest or (words and len(rest) > 1):
            column = read.columns[words[1] if len(words) > 1 else node]
            got = "none" if not rest else f"{len(words)} words and {len(rest) - len(words)} phrases"
            raise malformed(file, line, column, "one word, or phrases", got, "bracket and label every word")
        numbers[node] = len(tokens)
        tokens.append(read.atoms[words[0]] if words else "")
        answers.append(int(mark))
        parents.append(read.parents[node])
    return SyntaxTree(tuple(tokens), tuple(numbers.get(parent, -1) for parent in parents), tuple(answers))


@dataclass(frozen=True)
class SentencePair:
    """Two sentences and how related they are.

    Args:
        first: the dependency tree of the first sentence, a node for every word, in its order.
        second: that of the second.
        score: relatedness from 1 to 5.
    """

    first: SyntaxTree
    second: SyntaxTree
    score: float


def load_sick(split: str, *, download: bool = True) -> list[SentencePair]:
    """Return the pairs of a split of SICK (Marelli et al. 2014), with their dependency trees.

    Args:
        split: ``"train"``, ``"validation"`` or ``"test"``.
        download: whether to download files that are not at hand.

    Raises:
        ValueError: no such split, or files that do not fit together.
        DatasetUnavailableError: a file is altered, or neither here nor to be had from its address.
    """
    name, card = SPLITS[choice("split", split, SPLITS)], load_card("sick")
    parts = {
        part: fetch(card, f"{name}/{part}", download=download)
        for part in ("a.toks", "a.parents", "b.toks", "b.parents", "sim.txt")
    }
    first, second = (read_dependencies(parts[f"{side}.toks"], parts[f"{side}.parents"]) for side in "ab")
    scores = read_lines(parts["sim.txt"])
    return [SentencePair(a, b, float(score)) for a, b, score in zip(first, second, scores, strict=True)]


def read_dependencies(words: Path, heads: Path, *, encoding: str = "utf-8") -> list[SyntaxTree]:
    """Read dependency trees from two files: the words of a sentence a line, and the numbers of their heads.

    Args:
        words: the file of the words, parted by spaces.
        heads: the file of the heads, each the place of a word, counted from 1, or 0 for the root.
        encoding: of the file of the words.

    Raises:
        ValueError: not as many heads as words, no root or several, a head that is no word, a cycle, or an empty
            sentence; the message names file, line and column.
    """
    sentences, ends = read_lines(words, encoding), read_lines(heads)
    if len(sentences) != len(ends):
        allowed, got = f"{len(sentences)} lines, as {words.name}", len(ends)
        raise malformed(str(heads), min(len(sentences), len(ends)) + 1, 1, allowed, got, "give each sentence a line")
    pairs = enumerate(zip(sentences, ends, strict=True), 1)
    return [_dependencies(tuple(w.split(" ")), tuple(h.split()), str(heads), line) for line, (w, h) in pairs]


def _dependencies(words: Sequence[str], heads: Sequence[str], file: str, line: int) -> SyntaxTree:
    if not all(words):
        raise malformed(file, line, 1, "words parted by one space", "an empty one", "remove empty sentences and words")
    if len(words) != len(heads):
        raise malformed(file, line, 1, f"{len(words)} heads, one a word", len(heads), "parse the sentence again")
    column, places = 1, []
    for head in heads:
        if not head.isdecimal() or int(head) > len(words):
            remedy = "0 is the root's, words are counted from 1"
            raise malformed(file, line, column, f"a head from 0 to {len(words)}", repr(head), remedy)
        places.append(int(head) - 1)
        column += len(head) + 1
    tree = SyntaxTree(tuple(words), tuple(places))
    if places.count(-1) != 1 or _has_cycle(places):
        got = f"{places.count(-1)} roots" if places.count(-1) != 1 else "a cycle"
        raise malformed(file, line, 1, "a tree with one root", got, "give all words but one a head")
    return tree


def _has_cycle(parents: Sequence[int]) -> bool:
    ends = list(parents)
    for _ in range(len(ends).bit_length()):
        ends = [end if end < 0 else ends[end] for end in ends]
    return any(end >= 0 for end in ends)
