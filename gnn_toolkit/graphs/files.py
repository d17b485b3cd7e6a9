"""Graph files of every format that networkx reads, and the call that reads them."""

from __future__ import annotations

import bz2
import gzip
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gnn_toolkit._checks import problem
from gnn_toolkit._lazy import Lazy
from gnn_toolkit.graphs.edge_lists import Table, read_table

if TYPE_CHECKING:
    import networkx as nx
else:
    nx = Lazy("networkx")

ENDINGS = {  # where the content does not say it
    ".adjlist": "adjlist",
    ".adj": "adjlist",
    ".multiline_adjlist": "multiline_adjlist",
    ".madjlist": "multiline_adjlist",
    ".g6": "graph6",
    ".graph6": "graph6",
    ".s6": "sparse6",
    ".sparse6": "sparse6",
}
BEGINNINGS = (  # of the content, without byte order mark and white space
    (r"(<\?xml.*?)?(<!--.*?-->|<!DOCTYPE.*?>|\s)*<graphml", "graphml"),
    (r"(<\?xml.*?)?(<!--.*?-->|\s)*<gexf", "gexf"),
    (r"\*(vertices|network)", "pajek"),
    (r"(#[^\n]*\n|creator[^\n]*\n|version[^\n]*\n|comment[^\n]*\n|\s)*graph\s*\[", "gml"),
    (r"LEDA\.GRAPH", "leda"),
    (r">>graph6<<", "graph6"),
    (r">>sparse6<<", "sparse6"),
    (r"[{\[]", "json"),
    (r"%%MatrixMarket", "Matrix Market"),
    (r"(strict\s+)?(di)?graph\b[^\n{]*\{", "DOT"),
)
ELSEWHERE = {  # formats that networkx itself does not read
    "Matrix Market": "nx.from_scipy_sparse_array(scipy.io.mmread(...)) does",
    "DOT": "nx.nx_pydot.read_dot(...) does, with pydot",
}
OPENERS: dict[str, Callable[..., Any]] = {"": open, ".gz": gzip.open, ".bz2": bz2.open}


@dataclass(frozen=True)
class GraphFile:
    """Graphs as a file has them.

    Attributes:
        graphs: one, but for graph6 and sparse6, which may hold several.
        kind: the format.
        call: what reads them, as Python.
        notes: what the format does not say, or what was lost on the way, in sentences.
    """

    graphs: list[nx.Graph]
    kind: str
    call: str
    notes: tuple[str, ...] = ()


def read_graph(path: str | Path) -> GraphFile:
    """Read a graph file: GraphML, GEXF, GML, Pajek, LEDA, graph6, sparse6, JSON, adjacency list, or edge list.

    The format follows from the content, or from the ending where the content leaves it open: ``.adjlist``,
    ``.multiline_adjlist``, ``.g6``, ``.s6``; what has none of them is an edge list or a table of edges, as CSV or
    with tabs or spaces. Files that end in ``.gz`` or ``.bz2`` are unpacked.

    Raises:
        ValueError: networkx does not read the file; the message has the format, and what it says.
        OSError: the file cannot be read.
    """
    path = Path(path)
    packed = path.suffix if path.suffix in OPENERS else ""
    try:
        with OPENERS[packed](path, "rt", encoding="utf-8-sig") as file:
            text = file.read()
    except (UnicodeDecodeError, EOFError, gzip.BadGzipFile) as error:
        raise ValueError(problem(str(path), "a graph file in UTF-8", error, "convert it, or unpack it")) from error
    kind = _kind(path.with_suffix("") if packed else path, text)
    if kind in ELSEWHERE:
        raise ValueError(problem(str(path), "a format that networkx reads by itself", kind, ELSEWHERE[kind]))
    try:
        return _READERS[kind](path, packed, text)
    except Exception as error:  # networkx's readers raise whatever the place where they stumble raises
        got = f"{type(error).__name__}: {error}"
        raise ValueError(
            problem(str(path), f"a file in {kind} that networkx reads", got, "correct the file")
        ) from error


def _kind(path: Path, text: str) -> str:
    start = text[:100_000].lstrip()
    if not start:
        raise ValueError(problem(str(path), "a graph file", "an empty file", "pass another"))
    found = (kind for pattern, kind in BEGINNINGS if re.match(pattern, start, re.IGNORECASE | re.DOTALL))
    return next(found, ENDINGS.get(path.suffix.lower(), "edge list"))


def _by_networkx(kind: str, path: Path, packed: str, text: str) -> GraphFile:
    """Read a file by the function of its format."""
    name = f"read_{kind}"
    graphs = getattr(nx, name)(path)
    return GraphFile(graphs if isinstance(graphs, list) else [graphs], kind, f"nx.{name}({str(path)!r})")


def _gml(path: Path, packed: str, text: str) -> GraphFile:
    """Read GML; where labels are missing or repeat, by the ids."""
    try:
        return _by_networkx("gml", path, packed, text)
    except nx.NetworkXError as error:
        if "label" not in str(error):
            raise
    note = "not every node has a label of its own: the nodes are called by their ids"
    return GraphFile([nx.read_gml(path, label="id")], "gml", f"nx.read_gml({str(path)!r}, label='id')", (note,))


def _json(path: Path, packed: str, text: str) -> GraphFile:
    """Read one of the forms of ``networkx.readwrite.json_graph``."""
    content = json.loads(text)
    opened = f"json.loads({_text(path, packed)})"
    if not isinstance(content, dict):
        raise ValueError(f"a graph is an object in braces, and this is a {type(content).__name__}")
    if "nodes" in content and ("links" in content or "edges" in content):
        edges = "links" if "links" in content else "edges"
        graph, call = nx.node_link_graph(content, edges=edges), f"nx.node_link_graph({opened}, edges={edges!r})"
    elif "adjacency" in content:
        graph, call = nx.adjacency_graph(content), f"nx.adjacency_graph({opened})"
    elif "elements" in content:
        graph, call = nx.cytoscape_graph(content), f"nx.cytoscape_graph({opened})"
    elif "children" in content:
        graph, call = nx.tree_graph(content), f"nx.tree_graph({opened})"
    else:
        raise ValueError(f"none of node-link, adjacency, Cytoscape and tree has the keys {sorted(content)[:9]}")
    return GraphFile([graph], "JSON", call)


def _edge_list(path: Path, packed: str, text: str) -> GraphFile:
    """Read lines of two ends and attributes; or of a node and all its neighbours, where their lengths differ."""
    if re.search(r"^[^#{]*\{.*\}\s*$", text, re.MULTILINE):  # attributes as dictionaries, as networkx writes them
        graph = nx.read_edgelist(path)
        if all(str(node).lstrip("-").isdecimal() for node in graph):
            call = f"nx.read_edgelist({str(path)!r}, nodetype=int)"
            return GraphFile([nx.read_edgelist(path, nodetype=int)], "edge list", call, (_UNDIRECTED,))
        return GraphFile([graph], "edge list", f"nx.read_edgelist({str(path)!r})", (_UNDIRECTED,))
    table = read_table(text)
    if table is None:
        found = _by_networkx("adjlist", path, packed, text)
        guess = "the lines differ in length: each was read as a node and all its neighbours"
        return GraphFile(found.graphs, "adjacency list", found.call, (guess, _UNDIRECTED))
    graph = table.graph()
    lost = table.lines - graph.number_of_edges()
    repeated = f"lines that repeat an edge: {lost}; the last one counts, create_using=nx.MultiGraph keeps all"
    return GraphFile([graph], "edge list", _call(table, path, packed), (_UNDIRECTED, *([repeated] if lost else [])))


_UNDIRECTED = "the file does not say whether edges have a direction: for directed ones add create_using=nx.DiGraph"


def _call(table: Table, path: Path, packed: str) -> str:
    options = "".join(f", {name}={value}" for name, value in table.options.items())
    if not table.header:
        return f"nx.read_edgelist({str(path)!r}{options})"
    return f"nx.parse_edgelist({_text(path, packed)}.splitlines()[{table.skipped}:]{options})"


def _text(path: Path, packed: str) -> str:
    """Return what reads the text of a file, as Python."""
    if not packed:
        return f"Path({str(path)!r}).read_text('utf-8-sig')"
    module = {".gz": "gzip", ".bz2": "bz2"}[packed]
    return f"{module}.decompress(Path({str(path)!r}).read_bytes()).decode('utf-8-sig')"


_READERS: dict[str, Callable[[Path, str, str], GraphFile]] = {
    **{
        kind: partial(_by_networkx, kind)
        for kind in ("graphml", "gexf", "pajek", "leda", "graph6", "sparse6", "adjlist", "multiline_adjlist")
    },
    "gml": _gml,
    "json": _json,
    "edge list": _edge_list,
}
