import networkx as nx
import pytest

from benchmarks.speed import timing
from benchmarks.speed.conversions import CURVES, going_back, graph, linearity, loading
from benchmarks.speed.scaling import Point


@pytest.mark.parametrize("directed", [False, True])
def test_a_graph_has_the_size_and_the_attributes_asked_for(directed):
    G = graph(20, 60, directed)
    assert (type(G), len(G), G.number_of_edges()) == (nx.DiGraph if directed else nx.Graph, 20, 60)
    assert all(len(record["x"]) == 16 and 0 <= record["y"] < 7 for _, record in G.nodes(data=True))
    assert len({weight for *_, weight in G.edges(data="weight")}) == 60


@pytest.mark.parametrize("directed", [False, True])
@pytest.mark.parametrize("build", [loading, going_back])
def test_our_conversion_agrees_with_pygs_at_a_tiny_size(build, directed):
    made = build(20, 60, directed)
    timing.assert_agreement(made.ours(), made.expected())
    if made.costs:
        assert all(cost() > 0 for cost in made.costs)


def test_the_lines_of_the_curve_agree_at_a_tiny_size():
    ours, theirs = (build(50, "cpu") for build in CURVES["networkx"].lines.values())
    timing.assert_agreement(ours(), theirs())


def test_growth_is_told_as_a_power_and_held_to_its_limit():
    ours = [Point("networkx", "ours", *at) for at in ((10, 2.0), (100, 9.0), (1000, 200.0))]
    power, limit = linearity([*ours, Point("networkx", "PyG", 10, 9.0)])
    assert power == "time grows with the edges to the power of 1.00 from 10 to 1,000 edges"
    assert limit == "1,000 edges take 0.20 s (bar < 10 s): met"
    slow = [Point("networkx", "ours", *at) for at in ((10, 2.0), (1000, 20_000.0))]
    assert linearity(slow)[1].endswith("20.00 s (bar < 10 s): MISSED")
