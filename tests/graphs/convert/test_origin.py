import copy
import pickle
from io import BytesIO
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch_geometric.data import Batch, Data
from torch_geometric.data.data import DataEdgeAttr, DataTensorAttr
from torch_geometric.data.storage import GlobalStorage
from torch_geometric.loader import DataLoader
from torch_geometric.transforms import ToUndirected
from torch_geometric.utils import to_networkx as pyg_to_networkx

from gnn_toolkit.graphs import from_networkx, to_networkx

CLASSES = [nx.Graph, nx.DiGraph, nx.MultiGraph, nx.MultiDiGraph]
PAIRS = st.tuples(st.integers(0, 3), st.text(max_size=2))
LABELS = st.one_of(st.integers(), st.text(max_size=3), PAIRS, st.frozensets(st.integers(0, 2), max_size=2))
FLOATS = st.floats(width=32, allow_nan=False)
COLUMNS: list[st.SearchStrategy[Any]] = [
    FLOATS,
    st.integers(-(2**63), 2**63 - 1),
    st.booleans(),
    st.text(max_size=3),
    st.lists(st.text(max_size=2), max_size=2),
    st.lists(FLOATS, min_size=2, max_size=2),
    st.tuples(FLOATS, FLOATS),
    st.lists(st.lists(st.integers(-9, 9), min_size=2, max_size=2), min_size=1, max_size=1),
]
NAMES = ["w", "size", "_private", "keys", 7]  # the same on nodes, edges and the graph; names of PyG's own methods


@st.composite
def tables(draw: st.DrawFn, rows: int) -> list[dict[Any, Any]]:
    """Return records of up to three attributes that each row may lack, but not all rows."""
    records: list[dict[Any, Any]] = [{} for _ in range(rows)]
    for name in draw(st.lists(st.sampled_from(NAMES), unique=True, max_size=3)):
        values = draw(st.sampled_from(COLUMNS))
        for record in records:
            if draw(st.integers(0, 3)):
                record[name] = draw(values)
    return records


@st.composite
def graphs(draw: st.DrawFn) -> nx.Graph:
    G: Any = draw(st.sampled_from(CLASSES))()
    G.graph.update(draw(tables(1))[0], title=draw(st.text()), none=None, node_default={}, blocks=[{1}, {2}])
    labels = draw(st.lists(LABELS, unique=True, max_size=6))
    G.add_nodes_from(zip(labels, draw(tables(len(labels))), strict=True))
    ends = st.sampled_from(labels) if labels else st.nothing()
    pairs = draw(st.lists(st.tuples(ends, ends), max_size=10)) if labels else []
    for (source, target), record in zip(pairs, draw(tables(len(pairs))), strict=True):
        if G.is_multigraph():
            key = G.add_edge(source, target, draw(st.none() | LABELS))
            G[source][target][key].update(record)
        else:
            G.add_edge(source, target)
            G[source][target].update(record)
    return G


def assert_same(got: Any, expected: Any) -> None:
    assert type(got) is type(expected)
    assert got.graph == expected.graph
    assert list(got.nodes(data=True)) == list(expected.nodes(data=True))
    assert got.adj == expected.adj
    assert list(got.edges) == list(expected.edges)  # with their keys


@given(graphs())
def test_the_way_there_and_back_restores_the_graph(G: nx.Graph) -> None:
    back = to_networkx(from_networkx(G, missing="fill"))
    assert_same(back, G)
    assert [list(ends) for ends in back.adj.values()] == [list(ends) for ends in G.copy().adj.values()]


@given(graphs())
def test_options_restore_the_graph_from_what_a_batch_keeps(G: nx.Graph) -> None:
    G.graph.clear()
    names: Any = {"label_attr": "label", "key_attr": "key" if G.is_multigraph() else None}
    data = from_networkx(G, missing="drop", **names)
    batch: Any = Batch.from_data_list([data, data])
    nodes, edges = (data._networkx[kind] for kind in ("nodes", "edges"))
    back = to_networkx(batch[1], nodes, edges, to_undirected=not G.is_directed(), **names)
    assert (type(back), list(back), list(back.edges)) == (type(G), list(G), list(G.edges))
    for found, made, attrs in ((back.nodes, G.nodes, nodes), (back.edges, G.edges, edges)):
        columns = [(key, name) for key, (name, form, _) in attrs.items() if form is None]
        assert [[found[i][k] for k, _ in columns] for i in found] == [[made[i][n] for _, n in columns] for i in made]


def example() -> nx.Graph:
    G: Any = nx.MultiGraph(origin=(1, 2))
    G.add_nodes_from([("b", {"pos": (0.5, 1.5), "age": 3}), ("a", {"pos": (2.5, 3.5)})])
    G.add_edges_from([("b", "a", "road", {"w": 0.5}), ("b", "a", "rail", {"w": 2.5}), ("a", "a", 0, {"w": 1.0})])
    return G


def test_arrays_and_tensors_come_back_as_what_they_were() -> None:
    G = nx.Graph(a=np.arange(2), t=torch.arange(3))
    G.add_node(0, a=np.ones(2, np.int16), t=torch.ones(2, dtype=torch.float64), s=np.float64(0.1), d=(0.5, 1))
    back = to_networkx(from_networkx(G))
    for record in (back.graph, back.nodes[0]):
        assert isinstance(record["a"], np.ndarray)
        assert isinstance(record["t"], torch.Tensor)
    assert (back.graph["a"].tolist(), back.graph["t"].tolist()) == ([0, 1], [0, 1, 2])
    assert (back.nodes[0]["a"].dtype, back.nodes[0]["a"].tolist()) == (np.int16, [1, 1])
    assert torch.equal(back.nodes[0]["t"], torch.ones(2, dtype=torch.float64))
    assert (back.nodes[0]["s"], back.nodes[0]["d"]) == (0.1, (0.5, 1.0))


def test_node_order_is_the_order_of_the_way_back() -> None:
    G = example()
    back = to_networkx(from_networkx(G, node_order=["a", "b"], missing="fill"))
    assert (list(back), nx.utils.graphs_equal(back, G)) == (["a", "b"], True)


def saved(data: Data) -> Data:
    file = BytesIO()
    torch.save(data, file)
    file.seek(0)
    torch.serialization.add_safe_globals(
        [Data, DataEdgeAttr, DataTensorAttr, GlobalStorage]
    )  # for good: to take them back would take PyG's own
    return torch.load(file, weights_only=True)


@pytest.mark.parametrize("passed", [copy.copy, copy.deepcopy, saved, lambda d: d.clone(), lambda d: d.to("cpu")])
def test_copies_and_files_keep_it(passed: Any) -> None:
    assert_same(to_networkx(passed(from_networkx(example(), missing="fill"))), example())
    data = from_networkx(nx.Graph([(0, 1)]))
    assert type(to_networkx(pickle.loads(pickle.dumps(data)))) is nx.Graph


def test_it_is_no_attribute_of_the_data_and_batches_do_not_have_it() -> None:
    data = from_networkx(nx.path_graph(3))
    assert (sorted(data.keys()), sorted(data.to_dict())) == (["edge_index", "num_nodes"],) * 2
    for batch in DataLoader([data, data], batch_size=2):
        assert (batch.num_graphs, batch.num_nodes, batch.edge_index.shape) == (2, 6, (2, 8))
        assert list(to_networkx(batch).edges) == list(pyg_to_networkx(batch).edges)


def test_values_and_attributes_are_those_that_the_data_have_now() -> None:
    data = from_networkx(example(), missing="fill")
    data.w, data.score = data.w * 2, torch.tensor([0.25, 0.75])
    del data["pos"]
    data.num_nodes = 2
    G = to_networkx(data)
    assert list(G.nodes(data=True)) == [("b", {"age": 3}), ("a", {})]
    assert list(G.edges(data="w")) == [("b", "a", 1.0), ("b", "a", 5.0), ("a", "a", 2.0)]
    G = to_networkx(data, ["score"], [], [])
    assert list(G.nodes(data=True)) == [("b", {"score": 0.25}), ("a", {"score": 0.75})]
    assert ({str(record) for *_, record in G.edges(data=True)}, G.graph) == ({"{}"}, {})


def test_given_arguments_take_precedence() -> None:
    data = from_networkx(example(), missing="fill", label_attr="name")
    arcs = [("b", "a", "road"), ("b", "a", "rail"), ("a", "b", "road"), ("a", "b", "rail"), ("a", "a", 0)]
    directed = to_networkx(data, to_undirected=False)
    assert (type(directed), list(directed.edges)) == (
        nx.MultiDiGraph,
        [("b", "a", 0), ("b", "a", 1), ("a", "b", 0), ("a", "b", 1), ("a", "a", 0)],
    )
    simple = to_networkx(data, to_multi=False)
    assert (type(simple), list(simple.edges(data="w"))) == (nx.Graph, [("b", "a", 2.5), ("a", "a", 1.0)])
    assert list(to_networkx(data, to_undirected=True).edges) == [*arcs[:2], arcs[4]]
    assert list(to_networkx(data, remove_self_loops=True).edges) == arcs[:2]
    data["name"] = ["x", "y"]
    assert list(to_networkx(data, label_attr="name")) == ["x", "y"]


def test_changed_edges_or_nodes_give_pygs_graph() -> None:
    data = from_networkx(nx.DiGraph([("a", "b", {"w": 1.0}), ("b", "c", {"w": 2.0})]))
    changed = ToUndirected()(copy.copy(data))
    assert list(to_networkx(changed).edges(data=True)) == list(pyg_to_networkx(changed).edges(data=True))
    part = data.subgraph(torch.tensor([0, 1]))
    assert list(to_networkx(part)) == [0, 1]
    assert list(to_networkx(data)) == ["a", "b", "c"]


@pytest.mark.parametrize("write_and_read", [(nx.write_graphml, nx.read_graphml), (nx.write_gexf, nx.read_gexf)])
@pytest.mark.parametrize("cls", CLASSES)
def test_what_files_of_networkx_hold_comes_back(write_and_read: Any, cls: type[nx.Graph], tmp_path: Path) -> None:
    write, read = write_and_read
    G = cls([("a", "b", {"weight": 0.5}), ("b", "c", {"weight": 1.5})])
    G.add_nodes_from(["a", "b", "c"], age=3)
    write(G, tmp_path / "graph")
    loaded = read(tmp_path / "graph")
    data: Any = from_networkx(loaded, group_edge_attrs=["weight"])
    assert data.edge_attr.flatten().unique().tolist() == [0.5, 1.5]
    assert_same(to_networkx(from_networkx(loaded)), loaded)


@pytest.mark.parametrize("name", ["refractive_index", "index", "batch_number", "face", "min_batch"])
def test_no_attribute_is_counted_up_in_a_batch_whatever_its_name(name: str) -> None:
    G: Any = nx.Graph()
    G.add_nodes_from([(0, {name: 1}), (1, {name: 3})])
    G.add_edge(0, 1, **{f"link_{name}": [[1.5, 2.5]]})
    G.graph[f"graph_{name}"] = 7
    data = from_networkx(G)
    batch: Any
    for batch in (
        Batch.from_data_list([data, data]),
        Batch.from_data_list([copy.copy(data), pickle.loads(pickle.dumps(data))]),
        Batch.from_data_list(Batch.from_data_list([data, data]).to_data_list()),
    ):
        assert batch[name].tolist() == [1, 3, 1, 3]
        assert batch[f"link_{name}"].tolist() == [[[1.5, 2.5]]] * 4
        assert batch[f"graph_{name}"].tolist() == [7, 7]
        assert batch.edge_index.tolist() == [[0, 1, 2, 3], [1, 0, 3, 2]]
    buffer = BytesIO()
    torch.save(data, buffer)
    buffer.seek(0)
    torch.serialization.add_safe_globals(
        [DataEdgeAttr, DataTensorAttr, GlobalStorage]
    )  # for good: to take them back would take PyG's own
    assert torch.equal(torch.load(buffer, weights_only=True)[name], data[name])


def test_an_index_that_is_added_later_is_counted_up_as_ever() -> None:
    G: Any = nx.Graph()
    G.add_nodes_from([0, 1], zip_index=1)
    data = from_networkx(G)
    data.root_index = torch.tensor([1])
    batch: Any = Batch.from_data_list([data, data])
    assert (batch.root_index.tolist(), batch.zip_index.tolist()) == ([1, 3], [1, 1, 1, 1])
    plain = nx.path_graph(2)
    assert type(from_networkx(plain)) is Data
