"""Tables of edges as people write them: with commas, tabs or spaces, with a line of names or without."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gnn_toolkit._lazy import Lazy

if TYPE_CHECKING:
    import networkx as nx
else:
    nx = Lazy("networkx")


ENDS = (("source", "target"), ("from", "to"), ("src", "dst"), ("node1", "node2"), ("u", "v"))
COMMENTS = "#%"


@dataclass(frozen=True)
class Table:
    """A table of edges.

    Attributes:
        rows: its cells, without the line of names.
        names: of the columns after the first two.
        kinds: what the cells of each column are: ``int``, ``float`` or ``str``.
        delimiter: between cells; ``None`` for white space.
        comments: what begins a comment.
        header: whether it has a line of names.
        skipped: lines up to the first row.
    """

    rows: Sequence[Sequence[str]]
    names: Sequence[str]
    kinds: Sequence[type]
    delimiter: str | None
    comments: str
    header: bool
    skipped: int

    @property
    def lines(self) -> int:
        """Number of rows."""
        return len(self.rows)

    @property
    def options(self) -> dict[str, str]:
        """What networkx's readers of edge lists need, as Python."""
        given: dict[str, str] = {}
        if self.comments != "#":
            given["comments"] = repr(self.comments)
        if self.delimiter is not None:
            given["delimiter"] = repr(self.delimiter)
        if self._nodes() is not str:
            given["nodetype"] = self._nodes().__name__
        if self.names:
            pairs = zip(self.names, self.kinds[2:], strict=True)
            given["data"] = f"[{', '.join(f'({name!r}, {kind.__name__})' for name, kind in pairs)}]"
        return given

    def graph(self) -> nx.Graph:
        """Return the graph, undirected."""
        G, node = nx.Graph(), self._nodes()
        for row in self.rows:
            data = {n: kind(cell) for n, kind, cell in zip(self.names, self.kinds[2:], row[2:], strict=True)}
            G.add_edge(node(row[0]), node(row[1]), **data)
        return G

    def _nodes(self) -> Callable[[str], Any] | Any:
        return int if self.kinds[0] is self.kinds[1] is int else str


def read_table(text: str) -> Table | None:
    """Return the table of edges in a text; ``None`` where rows differ in length, as in an adjacency list.

    >>> table = read_table("from,to,km" + chr(10) + "Bern,Rome,690.5")
    >>> table.graph().edges(data=True), table.options
    (EdgeDataView([('Bern', 'Rome', {'km': 690.5})]), {'delimiter': "','", 'data': "[('km', float)]"})
    """
    every = text.splitlines()
    comments = next((line.lstrip()[0] for line in every if line.strip() and line.lstrip()[0] in COMMENTS), "#")
    numbered = [(number, line.split(comments)[0].strip()) for number, line in enumerate(every)]
    lines = [(number, line) for number, line in numbered if line]
    if not lines:
        raise ValueError("no line with an edge")
    delimiter = next((mark for mark in (",", ";", "\t") if mark in lines[0][1]), None)
    cells = [[cell.strip() for cell in line.split(delimiter)] for _, line in lines]
    lengths = [len(row) for row in cells]
    if delimiter is not None and any('"' in line for _, line in lines):
        raise ValueError("cells in quotes, which networkx's readers of edges do not take off: save it without them")
    if len(set(lengths)) > 1:
        if delimiter is None:
            return None
        odd = next(place for place, length in enumerate(lengths) if length != lengths[0])
        raise ValueError(
            f"line {lines[odd][0] + 1} has {lengths[odd]} cells, not {lengths[0]} as line {lines[0][0] + 1}"
        )
    if lengths[0] < 2:
        raise ValueError(f"a line with one cell: {lines[0][1]!r}")
    header = _is_header(cells)
    if header:
        _check_header(cells[0])
    rows = cells[1:] if header else cells
    if not rows:
        raise ValueError("no line with an edge")
    count = len(cells[0])
    names = cells[0][2:] if header else ["weight", *(f"attribute{k}" for k in range(2, count))][: count - 2]
    kinds = [_kind([row[column] for row in rows]) for column in range(count)]
    return Table(rows, names, kinds, delimiter, comments, header, lines[1 if header else 0][0])


def _is_header(cells: Sequence[Sequence[str]]) -> bool:
    """Return whether the first row has names: those of ends, or words over numbers."""
    first, rest = cells[0], cells[1:]
    if not rest or len(set(first)) < len(first):
        return False
    over = (_kind([cell]) is str and _kind([row[k] for row in rest]) is not str for k, cell in enumerate(first))
    return any(set(pair) <= {cell.lower() for cell in first} for pair in ENDS) or any(over)


def _check_header(names: Sequence[str]) -> None:
    """Raise a ``ValueError`` unless the ends of an edge may be the first two columns."""
    lower = [name.lower() for name in names]
    for pair in ENDS:
        if set(pair) <= set(lower) and tuple(lower[:2]) != pair:
            raise ValueError(
                f"the ends are in the columns {pair[0]!r} and {pair[1]!r}: make them the first two, in this order"
            )
    if not names[0]:
        raise ValueError("the first column has no name: if it holds numbers of rows, save the table without it")


def _kind(cells: Sequence[str]) -> type:
    """Return the narrowest of ``int``, ``float`` and ``str`` that all cells are."""
    for kind in (int, float):
        try:
            for cell in cells:
                kind(cell)
        except ValueError:
            continue
        return kind
    return str
