"""Orders that make a DAG of any graph: every edge once, from the earlier node, and nothing is left to chance."""

import networkx as nx
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch_geometric.data import Data

from gnn_toolkit.graphs import AcyclicOrder, SearchDAG, topological_levels


@st.composite
def graphs(draw: st.DrawFn) -> tuple[nx.Graph, Data]:
    count = draw(st.integers(1, 9))
    node = st.integers(0, count - 1)
    edges = draw(st.lists(st.tuples(node, node), max_size=14))
    scores = draw(st.lists(st.sampled_from([0.0, 0.5, 1.0]), min_size=count, max_size=count))
    graph = nx.empty_graph(count)
    graph.add_edges_from(edges)
    edge_index = torch.tensor(edges, dtype=torch.long).view(-1, 2).t()
    return graph, Data(num_nodes=count, edge_index=edge_index, score=torch.tensor(scores))


def keys(by: str, graph: nx.Graph, data: Data) -> list[float]:
    if by == "degree":
        return [len(set(graph[node]) - {node}) for node in graph]
    return data.score.tolist() if by == "score" else list(graph)


@given(graphs(), st.booleans())
@pytest.mark.parametrize("by", ["index", "degree", "score"])
def test_an_order_holds_every_edge_once_from_the_earlier_node(by: str, case: tuple[nx.Graph, Data], descending: bool):
    graph, data = case
    dag = AcyclicOrder(by, descending=descending)(data)
    value = keys(by, graph, data)
    placed = sorted(graph, key=lambda node: (-value[node] if descending else value[node], node))
    place = {node: k for k, node in enumerate(placed)}
    assert dag.edge_index is not None
    found = [(u, v) for u, v in dag.edge_index.t().tolist()]
    assert all(place[u] < place[v] for u, v in found)
    assert sorted(map(sorted, found)) == sorted(sorted(edge) for edge in graph.edges if edge[0] != edge[1])
    assert dag.level.equal(topological_levels(dag.edge_index, len(graph)))


@given(graphs())
@pytest.mark.parametrize("search", ["bfs", "dfs"])
def test_a_search_s_order_makes_the_edges_of_a_search_dag(search: str, case: tuple[nx.Graph, Data]):
    _, data = case
    dag, other = AcyclicOrder(search)(data), SearchDAG(search)(data)
    assert torch.equal(dag.edge_index, other.edge_index)
    backwards = AcyclicOrder(search, descending=True)(data)
    assert sorted(map(tuple, backwards.edge_index.flip(0).t().tolist())) == sorted(
        map(tuple, dag.edge_index.t().tolist())
    )


def test_parallel_edges_become_one_loops_none_and_features_stay():
    x = torch.randn(3, 2)
    given = Data(x=x, edge_index=torch.tensor([[1, 0, 2, 1], [0, 1, 2, 0]]), edge_attr=torch.ones(4, 1))
    dag = AcyclicOrder()(given)
    assert dag.edge_index.tolist() == [[0], [1]]
    assert dag.x is x
    assert "edge_attr" not in dag
    assert given.num_edges == 4


def test_a_score_has_any_name():
    data = Data(num_nodes=2, edge_index=torch.tensor([[0], [1]]), confidence=torch.tensor([0.1, 0.9]))
    assert AcyclicOrder("score", descending=True, score="confidence")(data).edge_index.tolist() == [[1], [0]]


@pytest.mark.parametrize(
    ("score", "text"),
    [
        (None, "a number for each of 2 nodes, got None"),
        (torch.ones(3), r"a number for each of 2 nodes, got torch.float32 \[3\]"),
        (torch.tensor([1.0, torch.nan]), "numbers, got nan at node 1"),
    ],
)
def test_scores_that_order_nothing_are_refused(score: torch.Tensor | None, text: str):
    data = Data(num_nodes=2, edge_index=torch.tensor([[0], [1]]))
    if score is not None:
        data.score = score
    with pytest.raises(ValueError, match=rf"^data.score: expected {text}"):
        AcyclicOrder("score")(data)


def test_unknown_orders_and_graphs_without_edges_are_refused():
    with pytest.raises(ValueError, match=r"^by: expected one of .*; did you mean 'degree'\?"):
        AcyclicOrder("degre")
    for by in ("index", "degree", "bfs"):
        with pytest.raises(ValueError, match=r"^data: expected a graph with edges"):
            AcyclicOrder(by)(Data(num_nodes=3))


def test_graphs_of_no_nodes_and_no_edges_are_dags():
    for count in (0, 3):
        data = AcyclicOrder("degree")(Data(num_nodes=count, edge_index=torch.empty(2, 0, dtype=torch.long)))
        assert data.num_edges == 0
        assert data.level.tolist() == [0] * count
