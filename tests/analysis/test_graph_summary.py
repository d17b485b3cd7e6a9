"""What a summary says of a graph is so."""

import math

import networkx as nx
import numpy as np
import pytest

from gnn_toolkit.analysis.graph_summary import attribute_summaries, summary


def test_attributes_are_summed_up_with_their_types_and_gaps():
    records = [
        {"age": 3, "name": "a", "mixed": 1, "lanes": ["1", "2"], "nan": math.nan, "none": None},
        {"age": 2.5, "mixed": "x", "lanes": "2", "nan": 1.0, "none": None},
        {"name": None, "mixed": True, "lanes": None, "nan": math.inf, "none": None},
    ]
    age, name, mixed, lanes, nan, none = attribute_summaries(records)
    assert (age.present, age.rows, age.types, age.lowest, age.highest) == (2, 3, {"int": 1, "float": 1}, 2.5, 3)
    assert (name.present, name.different, name.lowest) == (1, 1, None)
    assert mixed.types == {"int": 1, "str": 1, "bool": 1}
    assert mixed.lowest is None
    assert lanes.types == {"list of 2": 1, "str": 1}
    assert lanes.different is None
    assert (nan.not_finite, nan.lowest, nan.highest) == (2, 1.0, 1.0)
    assert (none.present, none.types, none.example) == (0, {}, None)
    assert "2 not finite" in str(nan)
    assert "on 2 of 3" in str(age)
    assert str(none).split() == ["none", "nothing", "on", "0", "of", "3"]


def test_numbers_of_numpy_and_arrays_are_named():
    (found,) = attribute_summaries([{"v": np.float32(2.0)}, {"v": np.float32(3.0)}])
    assert (found.types, found.lowest, found.highest) == ({"float32": 2}, 2.0, 3.0)
    (found,) = attribute_summaries([{"v": 10**400}])
    assert "1000000000" in str(found)
    (found,) = attribute_summaries([{"v": 1j}])
    assert (found.types, found.lowest, found.different) == ({"complex": 1}, None, 1)
    (found,) = attribute_summaries([{"v": np.ones((2, 3))}])
    assert found.types == {"ndarray [2, 3]": 1}


def test_components_cycles_and_degrees_are_counted():
    G = nx.MultiDiGraph([(0, 1), (0, 1), (1, 0), (2, 2), ("a", "b")])
    G.add_node("alone")
    text = summary(G)
    assert text.startswith("MultiDiGraph, directed, parallel edges: 6 nodes, 5 edges, self-loops: 1")
    assert "labels of nodes: 3 int, 3 str, e.g. 0" in text
    assert "components (directions left out): 4, the largest has 2 nodes; nodes without an edge: 1; cycles" in text
    assert "no cycle" in summary(nx.DiGraph([(0, 1)]))
    histogram = [line.split()[:2] for line in summary(nx.star_graph(9)).splitlines() if "#" in line]
    assert histogram == [["1", "9"], ["8-15", "1"]]


@pytest.mark.parametrize("cls", [nx.Graph, nx.DiGraph, nx.MultiGraph, nx.MultiDiGraph])
def test_a_graph_without_nodes_has_a_summary(cls: type[nx.Graph]):
    assert "0 nodes, 0 edges" in summary(cls())
    assert "labels of nodes: none" in summary(cls())
