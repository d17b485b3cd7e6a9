"""Every format that networkx reads is told by its content, and the call that is named reads the same graph."""

import bz2
import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import networkx as nx
import pytest
from networkx.utils import graphs_equal

from gnn_toolkit.graphs import from_networkx, read_graph


def write_json(make: Callable[[nx.Graph], Any]) -> Callable[[nx.Graph, Path], Any]:
    return lambda G, path: path.write_text(json.dumps(make(G)))


def write_table(G: nx.Graph, path: Path) -> None:
    path.write_text("".join(f"{u},{v},{weight}\n" for u, v, weight in G.edges(data="weight")))


def small() -> nx.Graph:
    G = nx.Graph([(0, 1), (1, 2), (2, 0), (2, 3)])
    nx.set_edge_attributes(G, {edge: k + 0.5 for k, edge in enumerate(G.edges)}, "weight")
    return G


WRITERS: dict[str, tuple[str, Callable[[Any, Path], Any], type[nx.Graph]]] = {
    "a.graphml": ("graphml", nx.write_graphml, nx.Graph),
    "b.xml": ("graphml", nx.write_graphml, nx.MultiDiGraph),
    "a.gexf": ("gexf", nx.write_gexf, nx.DiGraph),
    "a.gml": ("gml", nx.write_gml, nx.MultiGraph),
    "a.net": ("pajek", nx.write_pajek, nx.MultiGraph),
    "a.txt": ("edge list", nx.write_edgelist, nx.Graph),
    "a.edges": ("edge list", nx.write_weighted_edgelist, nx.Graph),
    "b.edges": ("edge list", lambda G, path: nx.write_edgelist(G, path, data=False), nx.Graph),
    "a.csv": ("edge list", write_table, nx.Graph),
    "a.adjlist": ("adjlist", nx.write_adjlist, nx.Graph),
    "a.madjlist": ("multiline_adjlist", nx.write_multiline_adjlist, nx.Graph),
    "a.g6": ("graph6", nx.write_graph6, nx.Graph),
    "a.s6": ("sparse6", nx.write_sparse6, nx.Graph),
    "link.json": ("JSON", write_json(lambda G: nx.node_link_data(G, edges="links")), nx.MultiDiGraph),
    "edge.json": ("JSON", write_json(lambda G: nx.node_link_data(G, edges="edges")), nx.DiGraph),
    "adjacency.json": ("JSON", write_json(nx.adjacency_data), nx.MultiGraph),
    "cytoscape.json": ("JSON", write_json(nx.cytoscape_data), nx.Graph),
}


@pytest.mark.parametrize("packed", ["", ".gz", ".bz2"])
@pytest.mark.parametrize("name", WRITERS)
def test_a_file_of_every_format_is_read_by_the_call_that_is_named(tmp_path: Path, name: str, packed: str):
    kind, write, cls = WRITERS[name]
    path = tmp_path / name
    write(cls(small()), path)
    if packed:
        content = path.read_bytes()
        path = tmp_path / f"{name}{packed}"
        path.write_bytes({".gz": gzip, ".bz2": bz2}[packed].compress(content))
    found = read_graph(path)
    assert found.kind == kind
    (graph,) = found.graphs
    again = eval(found.call, {"nx": nx, "json": json, "gzip": gzip, "bz2": bz2, "Path": Path})
    assert graphs_equal(graph, again)
    assert nx.is_isomorphic(nx.Graph(graph), small())
    assert from_networkx(graph, missing="drop").num_nodes == 4


def test_a_tree_and_several_graphs_in_a_file(tmp_path: Path):
    tree = nx.balanced_tree(2, 2, create_using=nx.DiGraph)
    (tmp_path / "tree.json").write_text(json.dumps(nx.tree_data(tree, 0)))
    assert nx.is_isomorphic(read_graph(tmp_path / "tree.json").graphs[0], tree)
    several = [nx.to_graph6_bytes(G, header=False) for G in (nx.path_graph(3), nx.cycle_graph(4))]
    (tmp_path / "several.g6").write_bytes(b"".join(several))
    assert [G.number_of_edges() for G in read_graph(tmp_path / "several.g6").graphs] == [2, 4]


def test_what_a_format_does_not_say_is_noted(tmp_path: Path):
    (tmp_path / "a.gml").write_text("graph [\n node [ id 1 ]\n node [ id 2 ]\n edge [ source 1 target 2 ]\n]\n")
    found = read_graph(tmp_path / "a.gml")
    assert found.notes == ("not every node has a label of its own: the nodes are called by their ids",)
    (tmp_path / "a.csv").write_text("from,to,km\na,b,1\nb,a,2\nb,c,3\n")
    notes = read_graph(tmp_path / "a.csv").notes
    assert "create_using=nx.DiGraph" in notes[0]
    assert notes[1].startswith("lines that repeat an edge: 1; the last one counts")
    (tmp_path / "a.txt").write_text("0 1 2\n1 2\n")
    assert read_graph(tmp_path / "a.txt").notes[0].startswith("the lines differ in length: each was read as a node and")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.graphml", b"<graphml><graph><node/></graphml>", "a.graphml: expected a file in graphml .*, got ParseError"),
        ("a.gml", b"graph [ node [ ] ]", "a.gml: expected a file in gml that networkx reads, got NetworkXError"),
        (
            "a.json",
            b'{"a": 1}',
            r"a.json: expected a file in json .*, got .*: none of node-link, .* keys \['a'\]",
        ),
        ("a.json", b"{", "a.json: expected a file in json that networkx reads, got JSONDecodeError"),
        ("a.json", b"[1, 2]", r"a.json: expected a file in json .*, got .*: a graph is an object in braces, .* a list"),
        ("a.mtx", b"%%MatrixMarket matrix\n2 2 1\n1 2 5\n", "a.mtx: expected a format that networkx .*, got Matrix"),
        ("a.dot", b"graph { a -- b; }", "a.dot: expected a format that networkx reads by itself, got DOT"),
        ("a.net", b"*Vertices x", "a.net: expected a file in pajek that networkx reads, got "),
        ("a.txt", b" \n", "a.txt: expected a graph file, got an empty file"),
        ("a.txt", b"# nothing\n", "a.txt: expected a file in edge list that networkx reads, got ValueError: no line"),
        ("a.txt", b"one\ntwo\n", "a.txt: expected a file in edge list .*, got ValueError: a line with one cell: 'one'"),
        ("a.txt", b"a b\xff", "a.txt: expected a graph file in UTF-8"),
        ("a.gz", b"a b", "a.gz: expected a graph file in UTF-8, got Not a gzipped file"),
    ],
)
def test_what_networkx_does_not_read_is_named(tmp_path: Path, name: str, content: bytes, message: str):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=message):
        read_graph(tmp_path / name)
