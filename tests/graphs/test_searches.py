from itertools import pairwise

import networkx as nx
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch_geometric.data import Data

from gnn_toolkit.graphs import Neighbourhoods, SearchDAG, SearchPath, topological_levels


def pairs(data: Data) -> list[tuple[int, int]]:
    assert data.edge_index is not None
    return [(u, v) for u, v in data.edge_index.t().tolist()]


@st.composite
def undirected(draw: st.DrawFn) -> tuple[nx.Graph, Data, int]:
    num_nodes = draw(st.integers(1, 9))
    node = st.integers(0, num_nodes - 1)
    edges = draw(st.lists(st.tuples(node, node), max_size=14))
    graph = nx.empty_graph(num_nodes)
    graph.add_edges_from(edges)
    edge_index = torch.tensor(edges, dtype=torch.long).view(-1, 2).t()
    return graph, Data(num_nodes=num_nodes, edge_index=edge_index), draw(node)


def depth_first(graph: nx.Graph, node: int, met: list[int]) -> list[int]:
    if node not in met:
        met.append(node)
        for neighbour in sorted(graph[node]):
            depth_first(graph, neighbour, met)
    return met


def breadth_first(graph: nx.Graph, node: int, met: list[int]) -> list[int]:
    queue = [] if node in met else [node]
    while queue:
        node = queue.pop(0)
        if node not in met:
            met.append(node)
            queue += sorted(graph[node])
    return met


@given(undirected())
@pytest.mark.parametrize(("search", "walk"), [("bfs", breadth_first), ("dfs", depth_first)])
def test_a_search_path_meets_every_node_in_the_search_s_order(search: str, walk, case: tuple[nx.Graph, Data, int]):
    graph, given, root = case
    met: list[int] = []
    for start in (root, *range(len(graph))):
        walk(graph, start, met)
    data = SearchPath(search, root)(given)
    assert pairs(data) == list(pairwise(met))
    assert data.level.argsort().tolist() == met


def test_both_searches_by_hand():
    # 0 - 1, 0 - 2, 1 - 3, 2 - 3 and 4 apart, some edges given backwards.
    data = Data(num_nodes=5, edge_index=torch.tensor([[1, 0, 1, 3], [0, 2, 3, 2]]))
    assert pairs(SearchPath("bfs")(data)) == [(0, 1), (1, 2), (2, 3), (3, 4)]
    assert pairs(SearchPath("dfs")(data)) == [(0, 1), (1, 3), (3, 2), (2, 4)]
    assert pairs(SearchPath("dfs", root=4)(data)) == [(4, 0), (0, 1), (1, 3), (3, 2)]
    assert SearchPath("dfs")(data).level.tolist() == [0, 1, 3, 2, 4]


def test_a_search_of_no_nodes_is_an_empty_path():
    assert pairs(SearchPath()(Data(num_nodes=0, edge_index=torch.empty(2, 0, dtype=torch.long)))) == []


def test_an_unknown_search_is_answered_with_the_nearest():
    with pytest.raises(ValueError, match=r"^search: expected one of bfs, dfs, got 'bsf'; did you mean 'bfs'\?"):
        SearchPath("bsf")


@pytest.mark.parametrize("root", [-1, 4])
def test_a_root_out_of_range_is_refused(root: int):
    with pytest.raises(ValueError, match=rf"^root: expected a node in \[0, 4\), got {root}"):
        SearchPath(root=root)(Data(num_nodes=4, edge_index=torch.tensor([[3, 0], [1, 2]])))


def test_a_search_needs_edges():
    with pytest.raises(ValueError, match=r"^data: expected a graph with edges, .* a search follows edges"):
        SearchPath()(Data(num_nodes=3))


@given(undirected())
@pytest.mark.parametrize("search", ["bfs", "dfs"])
def test_a_search_dag_holds_every_edge_once_from_the_earlier_node(search: str, case: tuple[nx.Graph, Data, int]):
    graph, given, root = case
    dag, place = SearchDAG(search, root)(given), SearchPath(search, root)(given).level
    found = pairs(dag)
    assert all(place[u] < place[v] for u, v in found)
    edges = {frozenset(edge) for edge in graph.edges if edge[0] != edge[1]}
    assert {frozenset(edge) for edge in found} == edges
    assert len(found) == len(edges)
    assert dag.level.equal(topological_levels(dag.edge_index, len(graph)))


def test_a_search_dag_drops_loops_and_takes_both_ways_for_one():
    data = Data(num_nodes=3, edge_index=torch.tensor([[0, 0, 1, 1, 2], [0, 1, 0, 2, 1]]))
    assert pairs(SearchDAG()(data)) == [(0, 1), (1, 2)]


@given(undirected(), st.integers(1, 6))
@pytest.mark.parametrize(("search", "walk"), [("bfs", breadth_first), ("dfs", depth_first)])
def test_a_neighbourhood_is_the_beginning_of_a_search_walked_backwards(
    search: str, walk, case: tuple[nx.Graph, Data, int], size: int
):
    graph, given, _ = case
    data = Neighbourhoods(search, size)(given)
    assert data.num_nodes == data.copy_of.numel() == data.batch.numel() == data.level.numel()
    joined = []
    for node in range(len(graph)):
        met: list[int] = []
        walk(graph, node, met)
        places = (data.batch == node).nonzero().flatten().tolist()
        assert data.copy_of[places].tolist() == met[:size][::-1]
        joined += pairwise(places)
    assert pairs(data) == joined
    assert data.level.equal(topological_levels(data.edge_index, data.num_nodes))


def test_a_neighbourhood_leaves_the_features_as_they_are():
    given = Data(x=torch.eye(3), edge_index=torch.tensor([[0], [1]]), edge_attr=torch.ones(1, 1))
    data = Neighbourhoods(size=2)(given)
    assert data.x is given.x
    assert "edge_attr" not in data
    assert data.copy_of.tolist() == [1, 0, 0, 1, 2]
    assert given.num_nodes == 3


@pytest.mark.parametrize("view", [SearchDAG, Neighbourhoods])
def test_other_searches_refuse_what_a_search_path_refuses(view: type):
    with pytest.raises(ValueError, match=r"^search: expected one of bfs, dfs, got 'bsf'; did you mean 'bfs'\?"):
        view("bsf")
    with pytest.raises(ValueError, match=r"^data: expected a graph with edges, .* a search follows edges"):
        view()(Data(num_nodes=3))


def test_a_neighbourhood_of_nothing_is_refused():
    with pytest.raises(ValueError, match=r"^size: expected an integer of at least 1, got 0"):
        Neighbourhoods(size=0)
