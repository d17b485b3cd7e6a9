"""Trees over words: sentences, formulas, programs; how they are numbered, and how brackets are read."""

import gzip
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch_geometric.data import Data

from gnn_toolkit._checks import positive, problem

NO_TOKEN, UNSEEN = 0, 1  # numbers of tokens: of a node without any, and of one that the vocabulary lacks
_PARTS = re.compile(r"[()]|[^ ()\r\n]+")


@dataclass(frozen=True)
class SyntaxTree:
    """A tree whose nodes may hold words.

    Args:
        tokens: the word at every node, empty where it holds none.
        parents: the number of each node's parent, -1 for the root's.
        labels: an answer about every node; empty where there are none.

    >>> tree = SyntaxTree(("not", "good", ""), (2, 2, -1))
    >>> tree.depth, tree.words
    (1, ('not', 'good'))
    """

    tokens: tuple[str, ...]
    parents: tuple[int, ...]
    labels: tuple[int, ...] = ()

    @property
    def words(self) -> tuple[str, ...]:
        """The words in the order of the nodes."""
        return tuple(token for token in self.tokens if token)

    @property
    def depth(self) -> int:
        """The number of edges from the farthest leaf to the root."""
        return max(self.depths())

    def depths(self) -> list[int]:
        """Return for every node the number of edges from the root."""
        found = [-1] * len(self.parents)
        for start in range(len(found)):
            way, node = [], start
            while node >= 0 and found[node] < 0:
                way.append(node)
                node = self.parents[node]
            base = found[node] if node >= 0 else -1
            for step, passed in enumerate(reversed(way), 1):
                found[passed] = base + step
        return found


def vocabulary(trees: Iterable[SyntaxTree], least: int = 1) -> dict[str, int]:
    """Return a number from 2 on for every word that trees have at least so often, in alphabetical order.

    0 is a node without a word (``NO_TOKEN``), 1 a word that has no number (``UNSEEN``).

    >>> vocabulary([SyntaxTree(("b", "a", ""), (2, 2, -1))])
    {'a': 2, 'b': 3}
    """
    positive("least", least)
    counts = Counter(word for tree in trees for word in tree.words)
    return {word: number for number, word in enumerate(sorted(w for w, n in counts.items() if n >= least), 2)}


def numbered(trees: Sequence[SyntaxTree], numbers: Mapping[str, int]) -> Data:
    """Return one or more trees side by side as a graph, with an edge from every node to its parent.

    Args:
        trees: in their order.
        numbers: of the words, as :func:`vocabulary` makes them.

    Returns:
        ``x`` [N, 1]: the numbers of the words; ``edge_index`` [2, N - trees]; ``mask`` [N]: which nodes are roots;
        ``phrase`` [N]: which of the trees a node is of.

    Raises:
        ValueError: no tree, or one without nodes.

    >>> data = numbered([SyntaxTree(("not", "bad", ""), (2, 2, -1))], {"not": 2})
    >>> data.x.flatten().tolist(), data.edge_index.tolist(), data.mask.tolist()
    ([2, 1, 0], [[0, 1], [2, 2]], [False, False, True])
    """
    if not trees or not all(tree.tokens for tree in trees):
        raise ValueError(problem("trees", "trees with nodes", "none", "leave empty sentences out"))
    tokens, parents = [], []
    for tree in trees:
        first = len(parents)
        tokens += [(numbers.get(word, UNSEEN) if word else NO_TOKEN) for word in tree.tokens]
        parents += [parent if parent < 0 else parent + first for parent in tree.parents]
    parent = torch.tensor(parents)
    child = (parent >= 0).nonzero().flatten()
    data = Data(x=torch.tensor(tokens)[:, None], edge_index=torch.stack([child, parent[child]]))
    data.mask = parent < 0
    data.phrase = torch.arange(len(trees)).repeat_interleave(torch.tensor([len(tree.tokens) for tree in trees]))
    return data


@dataclass(frozen=True)
class Brackets:
    """A bracketed expression as nodes, children before parents and the root last.

    Args:
        atoms: what stands between brackets and spaces, empty for a pair of brackets.
        parents: the number of each node's parent, -1 for the root's.
        columns: where each begins in its line, counted from 1; a pair of brackets where it closes.
    """

    atoms: list[str]
    parents: list[int]
    columns: list[int]

    def children(self) -> list[list[int]]:
        """Return the children of every node in their order."""
        found: list[list[int]] = [[] for _ in self.atoms]
        for node, parent in enumerate(self.parents):
            if parent >= 0:
                found[parent].append(node)
        return found


def read_brackets(text: str, file: str = "text", line: int = 1) -> Brackets:
    """Return the nodes of one bracketed expression, such as ``(2 (1 not) (3 good))``.

    Only spaces of ASCII part words: other kinds of spaces belong to them.

    Args:
        text: the expression.
        file: the name of its file, for errors.
        line: its line there, for errors.

    Raises:
        ValueError: brackets that do not match, empty ones, or more or less than one expression; the message names file,
            line and column.

    >>> read_brackets("(2 (1 not) (3 good))").atoms
    ['2', '1', 'not', '', '3', 'good', '', '']
    """
    atoms, parents, columns = [], [], []
    opened: list[tuple[int, list[int]]] = []
    roots: list[int] = []
    for part in _PARTS.finditer(text):
        what, column = part.group(), part.start() + 1
        if what == "(":
            opened.append((column, []))
            continue
        if what == ")":
            if not opened:
                raise malformed(file, line, column, "a bracket that was opened", "')'", "remove it, or open it before")
            _, inside = opened.pop()
            if not inside:
                raise malformed(file, line, column, "something between brackets", "'()'", "fill or remove them")
            for child in inside:
                parents[child] = len(atoms)
        (opened[-1][1] if opened else roots).append(len(atoms))
        atoms.append("" if what == ")" else what)
        parents.append(-1)
        columns.append(column)
    if opened:
        raise malformed(file, line, opened[-1][0], "a bracket that is closed", "'(' that is not", "close it")
    if len(roots) != 1:
        column = columns[roots[1]] if roots else 1
        raise malformed(file, line, column, "one expression a line", len(roots), "write each on a line of its own")
    return Brackets(atoms, parents, columns)


def malformed(file: str, line: int, column: int, allowed: str, got: object, remedy: str) -> ValueError:
    """Return the error about a place in a file."""
    return ValueError(problem(f"{file}, line {line}, column {column}", allowed, got, remedy))


def read_lines(path: Path, encoding: str = "utf-8") -> list[str]:
    """Return the lines of a text file, parted at line feeds alone; one that ends in ``.gz`` is unpacked.

    Raises:
        ValueError: the file is not in that encoding; the message names the line and another encoding to try.
    """
    content = path.read_bytes()
    content = gzip.decompress(content) if path.suffix == ".gz" else content
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        start = content.rfind(b"\n", 0, error.start) + 1
        got, remedy = f"byte 0x{content[error.start]:02x}", "pass encoding='latin-1', or save the file as UTF-8"
        raise malformed(str(path), line, error.start - start + 1, f"text in {encoding}", got, remedy) from None
    return [line.removesuffix("\r") for line in text.removeprefix("\ufeff").removesuffix("\n").split("\n")]
