"""The graph of sensors: matrices and lists, matched by name."""

import math
from pathlib import Path

import pytest
import torch

from gnn_toolkit.datasets import TrafficSeries, read_sensor_graph

NAMES = ("a", "b", "c")


def edges(folder: Path, text: str, names: tuple[str, ...] = NAMES) -> tuple[dict[tuple[str, str], float], list[str]]:
    path = folder / "graph.csv"
    path.write_text(text, encoding="utf-8")
    found = read_sensor_graph(path, names)
    pairs = [(names[u], names[v]) for u, v in found.edge_index.T.tolist()]
    return dict(zip(pairs, found.edge_weight.tolist(), strict=True)), found.notes


@pytest.mark.parametrize(
    "text",
    [
        "1,0.5,0\n0,1,2\n0,0,1\n",
        "a,b,c\n1,0.5,0\n0,1,2\n0,0,1\n",
        ",a,b,c\na,1,0.5,0\nb,0,1,2\nc,0,0,1\n",
        "id;c;b;a\nc;1;0;0\nb;2;1;0\na;0;0,5;1\n",
    ],
)
def test_a_matrix_with_and_without_names(tmp_path: Path, text: str):
    assert edges(tmp_path, text)[0] == {("a", "b"): 0.5, ("b", "c"): 2.0}


def test_a_matrix_is_matched_by_name_and_others_are_left_out(tmp_path: Path):
    found, notes = edges(tmp_path, "x,c,a\n0,1,2\n3,0,4\n5,6,0\n")
    assert found == {("c", "a"): 4.0, ("a", "c"): 6.0}
    assert notes == ["left out 1 sensor of graph.csv: without readings", "found 1 sensor without a neighbour, e.g. 'b'"]


def test_a_list_of_weights(tmp_path: Path):
    found, notes = edges(tmp_path, "from,to,weight\na,b,0.25\nb,b,9\nb,z,1\nc,a,0\na,b,7\nb,c,3\n")
    assert found == {("a", "b"): 0.25, ("b", "c"): 3.0}
    assert any("left out 1 pair of graph.csv: a sensor without readings" in note for note in notes)
    assert any("that came before" in note for note in notes)


@pytest.mark.parametrize("head", ["from,to,distance\n", "from,to,cost\n", ""])
def test_distances_become_weights_by_a_gaussian(tmp_path: Path, head: str):
    found, notes = edges(tmp_path, head + "a,b,100\nb,c,300\nc,a,900\na,a,0\nb,a,500\n")
    sigma = math.sqrt(sum((d - 450) ** 2 for d in (100, 300, 900, 500)) / 4)
    expected = {("a", "b"): 100, ("b", "c"): 300, ("b", "a"): 500, ("c", "a"): 900}
    expected = {pair: math.exp(-((d / sigma) ** 2)) for pair, d in expected.items()}
    assert found == pytest.approx({pair: weight for pair, weight in expected.items() if weight >= 0.1})
    assert len(found) < len(expected)
    assert any("so far apart" in note for note in notes)


def test_a_list_of_pairs_alone_has_weights_of_one(tmp_path: Path):
    assert edges(tmp_path, "from,to\na,b\nc,b\n")[0] == {("a", "b"): 1.0, ("c", "b"): 1.0}


def test_equal_distances_are_neighbours(tmp_path: Path):
    assert set(edges(tmp_path, "from,to,distance\na,b,100\nb,c,100\n")[0]) == {("a", "b"), ("b", "c")}


@pytest.mark.parametrize(
    "text",
    [
        "0,1\n1,0\n",  # two sensors of three, without names
        "0,1,2\n0,1,2\n",
        "0,-1,0\n0,0,0\n0,0,0\n",
        "0,nan,0\n0,0,0\n0,0,0\n",
        "from,to,weight\na,b,far\n",
        "from,to,weight\nx,y,1\n",
        "from,to,weight\na,b\n",
    ],
)
def test_what_is_no_graph_of_the_sensors_is_refused(tmp_path: Path, text: str):
    with pytest.raises(ValueError, match=r"graph.csv: expected"):
        edges(tmp_path, text)


def test_places_are_matched_by_name(tmp_path: Path):
    (tmp_path / "values.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    (tmp_path / "places.csv").write_text(
        "index,sensor_id,latitude,longitude\n0,b,34.5,-118.25\n1,z,1,2\n2,a,34.25,-118.5\n", encoding="utf-8"
    )
    series = TrafficSeries.from_csv(tmp_path / "values.csv", times=5, places=tmp_path / "places.csv")
    assert series.places is not None
    assert series.places.equal(torch.tensor([[-118.5, 34.25], [-118.25, 34.5]]))
    for text in ("sensor,where\na,here\n", "sensor,lat,lon\nz,1,2\n"):
        (tmp_path / "places.csv").write_text(text, encoding="utf-8")
        with pytest.raises(ValueError, match=r"places.csv: expected"):
            TrafficSeries.from_csv(tmp_path / "values.csv", times=5, places=tmp_path / "places.csv")


def test_distances_by_which_nothing_is_near_are_refused(tmp_path: Path):
    with pytest.raises(ValueError, match="expected distances from near to far, got 2 distances of deviation 50"):
        edges(tmp_path, "from,to,distance\na,b,800\nb,c,900\n")
