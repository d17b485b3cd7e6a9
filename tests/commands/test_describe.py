"""``describe`` says what is in a file, and the lines that it prints load it."""

import math
from pathlib import Path
from typing import Any

import networkx as nx
import pytest
from typer.testing import CliRunner

from gnn_toolkit.__main__ import app, main


def described(path: Path) -> tuple[str, dict[str, Any]]:
    done = CliRunner().invoke(app, ["describe", str(path)])
    assert done.exit_code == 0, done.output
    code = done.output[done.output.index("import networkx as nx") :]
    names: dict[str, Any] = {}
    exec(code, names)
    return done.output, names


def test_a_graph_without_gaps_is_loaded_as_it_is(tmp_path: Path):
    nx.write_graphml(nx.karate_club_graph(), tmp_path / "g.graphml")
    output, names = described(tmp_path / "g.graphml")
    assert "Graph, undirected: 34 nodes, 78 edges" in output
    assert "club                 str                  everywhere           2 different" in output
    assert "missing=" not in output
    assert names["data"].num_edges == 156


def test_gaps_are_filled_and_what_fits_no_tensor_is_dropped(tmp_path: Path):
    G = nx.path_graph(3)
    G.nodes[0]["age"] = 1.5
    nx.write_gml(G, tmp_path / "g.gml")
    output, names = described(tmp_path / "g.gml")
    assert "needs missing=\"fill\": node attribute 'age': expected" in output
    assert names["data"].age_mask.tolist() == [True, False, False]
    for node in G:
        G.nodes[node]["viz"] = {"size": 1.0}
        G.nodes[node]["age"] = math.pi
    nx.write_gexf(G, tmp_path / "g.gexf")
    output, names = described(tmp_path / "g.gexf")
    assert "needs missing=\"drop\": node attribute 'viz'" in output
    assert "age" in names["data"]


def test_a_table_and_several_graphs_load_by_their_lines(tmp_path: Path):
    (tmp_path / "t.csv").write_text("source,target,weight\na,b,1.5\nb,c,2\n")
    _, names = described(tmp_path / "t.csv")
    assert names["data"].weight.tolist() == [1.5, 1.5, 2.0, 2.0]
    several = [nx.to_graph6_bytes(G, header=False) for G in (nx.path_graph(3), nx.cycle_graph(4))]
    (tmp_path / "s.g6").write_bytes(b"".join(several))
    output, names = described(tmp_path / "s.g6")
    assert "graph6, 2 graphs, of which the first:" in output
    assert [data.num_nodes for data in names["data"]] == [3, 4]


@pytest.mark.parametrize(("content", "message"), [("", "got an empty file"), ("<graphml>", "got ParseError")])
def test_a_file_that_is_no_graph_ends_with_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], content: str, message: str
):
    (tmp_path / "g").write_text(content)
    monkeypatch.setattr("sys.argv", ["gnn_toolkit", "describe", str(tmp_path / "g")])
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == 2
    assert message in capsys.readouterr().err
