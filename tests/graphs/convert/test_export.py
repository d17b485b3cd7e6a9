import re
from typing import Any

import networkx as nx
import numpy as np
import pytest
import torch
from torch_geometric.data import Data, HeteroData
from torch_geometric.utils import to_networkx as pyg_to_networkx

from gnn_toolkit.graphs import to_networkx


def assert_same_graph(got: nx.Graph, expected: nx.Graph) -> None:
    assert type(got) is type(expected)
    assert got.graph == expected.graph
    assert list(got.nodes(data=True)) == list(expected.nodes(data=True))
    assert list(got.edges(data=True)) == list(expected.edges(data=True))


@pytest.mark.parametrize("to_multi", [False, True, None])
@pytest.mark.parametrize("remove_self_loops", [False, True])
@pytest.mark.parametrize("to_undirected", [False, True, "upper", "lower", None])
def test_plain_data_give_pygs_graph(to_undirected: Any, remove_self_loops: bool, to_multi: Any) -> None:
    rng = np.random.default_rng(3)
    floats, ends = torch.from_numpy(rng.random((40, 2))), torch.from_numpy(rng.integers(8, size=(2, 40)))
    kinds = [f"kind {i}" for i in range(40)]
    data = Data(x=floats[:9], edge_index=ends, weight=floats[:, 0], kind=kinds, scale=floats[0], title="random")
    args = (["x"], ["weight", "kind"], ["scale", "title"], to_undirected, to_multi, remove_self_loops)
    assert_same_graph(to_networkx(data, *args), pyg_to_networkx(data, *args))
    assert_same_graph(to_networkx(data), pyg_to_networkx(data))


@pytest.mark.parametrize("cls", [nx.Graph, nx.DiGraph])
def test_graphs_without_nodes_or_edges(cls: type[nx.Graph]) -> None:
    for num_nodes in (0, 2):
        data = Data(edge_index=torch.zeros(2, 0, dtype=torch.long), num_nodes=num_nodes, w=torch.zeros(0))
        G = to_networkx(data, edge_attrs=["w"], to_undirected=cls is nx.Graph)
        assert (type(G), list(G), G.number_of_edges()) == (cls, list(range(num_nodes)), 0)


def test_heterogeneous_data_give_pygs_graph() -> None:
    data = HeteroData()
    data["a"].x, data["b"].x = torch.ones(2, 1), torch.zeros(3, 1)
    data["a", "to", "b"].edge_index = torch.tensor([[0, 1], [2, 0]])
    G = to_networkx(data, ["x"], to_multi=True)
    assert_same_graph(G, pyg_to_networkx(data, ["x"], to_multi=True))
    assert list(G.edges(data="type")) == [(0, 4, ("a", "to", "b")), (1, 2, ("a", "to", "b"))]
    assert_same_graph(to_networkx(data), pyg_to_networkx(data))


def test_labels_may_come_from_a_tensor() -> None:
    data = Data(edge_index=torch.tensor([[0, 1], [1, 0]]), num_nodes=2, id=torch.tensor([70, 30]))
    G = to_networkx(data, ["id"], label_attr="id")
    assert list(G.nodes(data=True)) == [(70, {"id": 70}), (30, {"id": 30})]
    assert list(G.edges) == [(70, 30), (30, 70)]


def test_keys_make_a_multigraph_and_join_the_two_directions_of_an_edge() -> None:
    both = torch.tensor([[0, 0, 1, 1, 1], [1, 1, 0, 0, 1]])
    data = Data(edge_index=both, num_nodes=2, key=["a", "b", "a", "b", "c"], w=torch.arange(5))
    directed = to_networkx(data, key_attr="key")
    assert isinstance(directed, nx.MultiDiGraph)
    assert list(directed.edges(keys=True)) == [(0, 1, "a"), (0, 1, "b"), (1, 0, "a"), (1, 0, "b"), (1, 1, "c")]
    G = to_networkx(data, edge_attrs=["w"], to_undirected=True, key_attr="key")
    assert type(G) is nx.MultiGraph
    assert list(G.edges(keys=True, data="w")) == [(0, 1, "a", 2), (0, 1, "b", 3), (1, 1, "c", 4)]


PAIR = Data(edge_index=torch.tensor([[0, 1], [1, 0]]), num_nodes=2, name=["a", "a"], x=torch.ones(2, 1), title="no")
HIGH = Data(edge_index=torch.tensor([[0], [2]]), num_nodes=2)
LOW = Data(edge_index=torch.tensor([[0], [-1]]), num_nodes=2)


@pytest.mark.parametrize(
    ("data", "kwargs", "message"),
    [
        ({}, {}, "data: expected Data with edge_index, got dict; set edge_index and num_nodes"),
        (Data(x=torch.ones(1, 1)), {}, "data: expected Data with edge_index, got Data"),
        (HeteroData(), {"label_attr": "a"}, "data: expected homogeneous Data, got HeteroData; leave label_attr and"),
        (HIGH, {}, "expected node indices in [0, 2), got 2"),
        (LOW, {}, "expected node indices in [0, 2), got -1"),
        (Data(edge_index=torch.ones(2, 1), num_nodes=2), {}, "edge_index: expected dtype torch.int64, got torch.float"),
        (PAIR, {"to_undirected": "up"}, "to_undirected: expected one of upper, lower, got 'up'"),
        (PAIR, {"node_attrs": ["nam"]}, "did you mean 'name'?"),
        (PAIR, {"node_attrs": ["title"]}, "node_attrs: expected 2 rows, got no in 'title'; name another"),
        (PAIR, {"edge_attrs": ["num_nodes"]}, "edge_attrs: expected 2 rows, got no in 'num_nodes'"),
        (PAIR, {"graph_attrs": ["titel"]}, "did you mean 'title'?"),
        (PAIR, {"label_attr": "name"}, "label_attr: expected labels that differ, got 'a' 2 times in 'name'; name"),
        (PAIR, {"label_attr": "x"}, "label_attr: expected hashable values, got [1.0] in 'x'; name another"),
        (PAIR, {"key_attr": "x"}, "key_attr: expected hashable values, got [1.0] in 'x'; name another"),
        (
            PAIR,
            {"key_attr": "name", "to_multi": False},
            "key_attr: expected None with to_multi=False, got 'name'; pass",
        ),
    ],
)
def test_errors_say_what_is_wrong(data: Any, kwargs: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        to_networkx(data, **kwargs)
