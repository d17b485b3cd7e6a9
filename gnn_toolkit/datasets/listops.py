"""ListOps (Nangia and Bowman 2018): nested lists of digits, whose value must be computed."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from gnn_toolkit._checks import positive, probability, problem
from gnn_toolkit.datasets.fetch import fetch
from gnn_toolkit.datasets.syntax import SyntaxTree, malformed, read_brackets, read_lines

OPERATORS = {
    "[MIN": min,
    "[MAX": max,
    "[MED": lambda values: _median(values),
    "[SM": lambda values: sum(values) % 10,
}
CLOSED = "]"


@dataclass(frozen=True)
class Expression:
    """A nested list and its value.

    Args:
        tokens: operators ``[MIN``, ``[MAX``, ``[MED``, ``[SM``, digits and ``]``, in their order.
        value: what it comes to, from 0 to 9.

    >>> Expression.of("[MAX 2 9 [MIN 4 7 ] 0 ]".split()).value
    9
    """

    tokens: tuple[str, ...]
    value: int

    @classmethod
    def of(cls, tokens: Sequence[str]) -> "Expression":
        """Return the expression of some tokens, with its value; the median of an even count is cut to an integer.

        Raises:
            ValueError: tokens that are no expression.
        """
        values: list[tuple[str, list[int]]] = [("", [])]
        for token in tokens:
            if token in OPERATORS:
                values.append((token, []))
                continue
            if token == CLOSED and len(values) > 1 and values[-1][1]:
                operator, arguments = values.pop()
                values[-1][1].append(OPERATORS[operator](arguments))
            elif len(token) == 1 and token in "0123456789":
                values[-1][1].append(int(token))
            else:
                raise ValueError(problem("tokens", "operators, digits and ] in their order", token, "see Expression"))
        if len(values) != 1 or len(values[0][1]) != 1:
            raise ValueError(problem("tokens", "one whole expression", " ".join(tokens), "close every ["))
        return cls(tuple(tokens), values[0][1][0])

    @property
    def depth(self) -> int:
        """How many operators stand inside one another: 0 for a digit."""
        depth = deepest = 0
        for token in self.tokens:
            depth += (token in OPERATORS) - (token == CLOSED)
            deepest = max(deepest, depth)
        return deepest

    def values(self) -> list[int]:
        """Return at every digit and ``]`` what ends there comes to, and -1 at every operator.

        >>> Expression.of("[SM 1 [MAX 2 5 ] ]".split()).values()
        [-1, 1, -1, 2, 5, 5, 6]
        """
        found, opened = [], [("", list[int]())]
        for token in self.tokens:
            found.append(-1)
            if token in OPERATORS:
                opened.append((token, []))
                continue
            if token == CLOSED:
                operator, arguments = opened.pop()
                found[-1] = OPERATORS[operator](arguments)
            else:
                found[-1] = int(token)
            opened[-1][1].append(found[-1])
        return found

    def tree(self) -> SyntaxTree:
        """Return the tree: a node for every token, in their order; a ``]`` has its operator and arguments as children.

        What :meth:`values` says are its labels.

        >>> Expression.of("[SM 1 2 ]".split()).tree().parents
        (3, 3, 3, -1)
        """
        parents, opened = [-1] * len(self.tokens), [[]]
        for node, token in enumerate(self.tokens):
            if token in OPERATORS:
                opened.append([])
            elif token == CLOSED:
                for child in opened.pop():
                    parents[child] = node
            opened[-1].append(node)
        return SyntaxTree(self.tokens, tuple(parents), tuple(self.values()))


@dataclass(frozen=True)
class ListOps:
    """A source of random expressions, drawn as Nangia and Bowman (2018) drew them unless arguments say otherwise.

    A node that lies less deep than ``max_depth`` is an operator with the probability ``operator_rate``, and a digit if
    not; an operator has from ``min_arguments`` to ``max_arguments`` arguments; all numbers and operators are equally
    likely. As in the published file there is no expression twice. Theirs is a depth of 20, as their generator counts
    it: a digit alone has the depth 1, so that at most 19 operators stand inside one another.

    Args:
        max_depth: at most so many operators inside one another.
        min_depth: at least so many; expressions of a smaller depth are drawn anew.
        operator_rate: probability of an operator.
        min_arguments: of an operator.
        max_arguments: of an operator.
        max_length: number of tokens at most; longer expressions are drawn anew.

    >>> [" ".join(e.tokens) for e in ListOps(max_depth=1, min_depth=1).draw(2, seed=0)]
    ['[SM 4 7 5 9 3 ]', '[MIN 8 9 2 4 ]']
    """

    max_depth: int = 19
    min_depth: int = 0
    operator_rate: float = 0.25
    min_arguments: int = 2
    max_arguments: int = 5
    max_length: int = 1000

    def __post_init__(self) -> None:
        positive("max_depth", self.max_depth)
        positive("min_arguments", self.min_arguments)
        probability("operator_rate", self.operator_rate)
        for low, high in (("min_depth", "max_depth"), ("min_arguments", "max_arguments")):
            if not 0 <= getattr(self, low) <= getattr(self, high):
                got = getattr(self, low)
                raise ValueError(problem(low, f"at most {high}, {getattr(self, high)}", got, f"raise {high}"))
        if self.max_length < 1 + self.min_depth * (self.min_arguments + 1):
            remedy = "raise max_length, or lower min_depth"
            raise ValueError(problem("max_length", "room for an expression so deep", self.max_length, remedy))

    def stream(self, source: random.Random) -> Iterator[Expression]:
        """Yield expressions without end, some of them several times, with a random source of one's own.

        >>> next(ListOps(min_depth=1).stream(random.Random(0))).depth
        3
        """
        for tokens in self._draws(source):
            if len(tokens) > 1 or (tokens and not self.min_depth):
                expression = Expression.of(tokens)
                if expression.depth >= self.min_depth:
                    yield expression

    def draw(self, count: int, seed: int, *, without: "frozenset[tuple[str, ...]]" = frozenset()) -> list[Expression]:
        """Return so many different expressions.

        Args:
            count: how many.
            seed: of the draw: the same gives the same.
            without: tokens of expressions that must not be among them, such as those of a test set.

        Raises:
            ValueError: a hundred thousand draws in a row gave nothing new: there are not so many expressions.
        """
        found: dict[tuple[str, ...], Expression] = {}
        draws, wasted = self._draws(random.Random(seed)), 0
        while len(found) < positive("count", count):
            tokens = next(draws)
            if tokens and tokens not in found and tokens not in without:
                expression = Expression.of(tokens)
                if expression.depth >= self.min_depth:
                    found[tokens], wasted = expression, 0
                    continue
            wasted += 1
            if wasted > 100_000:
                got, remedy = f"{len(found)} after 100,000 draws in vain", "ask for fewer, or for less depth"
                raise ValueError(problem("count", f"{count} different expressions", got, remedy))
        return list(found.values())

    def _draws(self, source: random.Random) -> Iterator[tuple[str, ...]]:
        """Yield the tokens of random expressions, none where one would be too long or not deep enough at its start."""
        names = list(OPERATORS)
        while True:
            tokens: list[str] = []
            left = [1]  # arguments to come, of each operator that is open
            while left:
                if left[-1] == 0:
                    left.pop()
                    if left:
                        tokens.append(CLOSED)
                    continue
                left[-1] -= 1
                depth = len(left) - 1
                if depth < self.max_depth and source.random() < self.operator_rate:
                    tokens.append(source.choice(names))
                    left.append(source.randint(self.min_arguments, self.max_arguments))
                else:
                    tokens.append(str(source.randrange(10)))
                if len(tokens) + len(left) - 1 > self.max_length:
                    tokens = []
                    break
            yield tuple(tokens)


def load_listops(*, download: bool = True) -> list[Expression]:
    """Return the 10,000 expressions of the published test file.

    Raises:
        DatasetUnavailableError: the file is altered, or neither here nor to be had from its address.
    """
    return read_listops(fetch("listops", "test_d20s.tsv", download=download))


def read_listops(path: Path) -> list[Expression]:
    r"""Read expressions in the published form: a value, a tab, and the expression with brackets of a binary tree.

    The brackets only say again what the lists say by themselves.

    Raises:
        ValueError: a malformed line, or a value that is not the expression's; the message names file, line and column.

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "mine.tsv"
    >>> _ = path.write_text("9\t( ( ( [MAX 2 ) 9 ) ] )", encoding="utf-8")
    >>> read_listops(path)
    [Expression(tokens=('[MAX', '2', '9', ']'), value=9)]
    """
    return [_expression(text, str(path), line) for line, text in enumerate(read_lines(path), 1)]


def _expression(text: str, file: str, line: int) -> Expression:
    value, tab, formula = text.partition("\t")
    if not tab:
        raise malformed(file, line, 1, "a value, a tab and an expression", repr(text[:20]), "see read_listops")
    read, shift = read_brackets(formula, file, line), len(value) + 1
    tokens = tuple(atom for atom in read.atoms if atom)
    try:
        found = Expression.of(tokens)
    except ValueError as error:
        raise malformed(file, line, shift + 1, "an expression", str(error), "correct the line") from None
    if value != str(found.value):
        raise malformed(file, line, 1, f"the value {found.value}", repr(value), "correct the value or the expression")
    return found


def _median(values: list[int]) -> int:
    ordered, middle = sorted(values), len(values) // 2
    return ordered[middle] if len(values) % 2 else (ordered[middle - 1] + ordered[middle]) // 2
