"""Line graphs: networkx's, with features from both ends of an edge."""

from typing import Any

import networkx as nx
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch_geometric.data import Batch, Data
from torch_geometric.transforms import Compose

from gnn_toolkit.graphs import AcyclicOrder, LineGraph, SparseFeatures, line_graph, topological_levels

node = st.integers(0, 6)


def edges_of(pairs: list[tuple[int, int]]) -> torch.Tensor:
    return torch.tensor(pairs, dtype=torch.long).view(-1, 2).t()


@given(st.lists(st.tuples(node, node), max_size=14))
def test_an_edge_leads_to_those_that_go_on_from_its_end(pairs: list[tuple[int, int]]):
    found = line_graph(edges_of(pairs)).t().tolist()
    assert found == [[e, f] for e, (_, v) in enumerate(pairs) for f, (u, _) in enumerate(pairs) if u == v]
    graph = nx.MultiDiGraph()
    for number, (u, v) in enumerate(pairs):
        graph.add_edge(u, v, key=number)
    names = {(u, v, key): key for u, v, key in graph.edges(keys=True)}
    theirs = [[names[e], names[f]] for e, f in nx.line_graph(graph).edges()]
    assert sorted(found) == sorted(theirs)


@given(st.lists(st.tuples(node, node), max_size=14))
def test_the_line_graph_of_a_dag_has_the_levels_of_where_its_edges_begin(pairs: list[tuple[int, int]]):
    view = Compose([AcyclicOrder("degree"), LineGraph()])
    data = view(Data(num_nodes=7, edge_index=edges_of(pairs)))
    assert data.level.equal(topological_levels(data.edge_index, data.num_nodes))


def test_a_new_node_knows_both_ends_and_its_edge():
    x = torch.tensor([[0.0], [1.0], [2.0]])
    graph = Data(x=x, edge_index=edges_of([(0, 1), (2, 1), (1, 0)]), edge_attr=torch.tensor([7.0, 8.0, 9.0]))
    graph.y, graph.pos, graph.edge_type = torch.tensor([1]), torch.ones(3, 2), torch.zeros(3, dtype=torch.long)
    data = LineGraph()(graph)
    assert data.x.tolist() == [[0, 1, 7], [2, 1, 8], [1, 0, 9]]
    assert data.edge_index.tolist() == [[0, 1, 2], [2, 2, 0]]
    assert data.num_nodes == 3
    assert data.y.tolist() == [1]
    assert set(data.keys()) == {"x", "y", "edge_index", "num_nodes"}
    assert graph.x is x
    bare = LineGraph()(Data(num_nodes=3, edge_index=graph.edge_index))
    assert "x" not in bare
    assert bare.num_nodes == 3
    alone = LineGraph()(Data(num_nodes=3, edge_index=graph.edge_index, edge_attr=graph.edge_attr))
    assert alone.x.tolist() == [[7], [8], [9]]


def test_line_graphs_batch_and_an_isolated_node_leaves_nothing():
    graphs = [Data(x=torch.ones(4, 2), edge_index=edges_of([(0, 1), (1, 2)])), Data(x=torch.ones(1, 2))]
    graphs[1].edge_index = edges_of([])
    batch: Any = Batch.from_data_list([LineGraph()(graph) for graph in [*graphs, graphs[0]]])
    assert batch.edge_index.tolist() == [[0, 2], [1, 3]]
    assert batch.batch.tolist() == [0, 0, 2, 2]
    assert batch.x.shape == (4, 4)


def test_what_has_no_line_graph_is_refused():
    with pytest.raises(ValueError, match=r"^data: expected a graph with edges, .* a line graph is made of edges"):
        LineGraph()(Data(num_nodes=3))
    graph = Data(num_nodes=2, edge_index=edges_of([(0, 1)]))
    graph["x"] = SparseFeatures.of(torch.eye(2))
    with pytest.raises(ValueError, match=r"^data.x: expected a dense tensor, got SparseFeatures"):
        LineGraph()(graph)
    with pytest.raises(ValueError, match=r"edge_index: .*got.*2"):
        line_graph(edges_of([(0, 2)]), 2)
