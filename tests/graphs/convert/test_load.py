import math
import re
from pathlib import Path
from typing import Any, ClassVar

import networkx as nx
import numpy as np
import pytest
import torch
from torch_geometric.data import Batch, Data
from torch_geometric.utils import from_networkx as pyg_from_networkx

from gnn_toolkit.graphs import from_networkx, to_networkx

CLASSES = [nx.Graph, nx.DiGraph, nx.MultiGraph, nx.MultiDiGraph]


def values(rng: np.random.Generator, prefix: str) -> dict[str, Any]:
    """Return an attribute of every kind that becomes a tensor, and a string."""
    array = rng.random((2, 3))
    numpy = [array, array.astype(np.float32), array[0, 0], np.int32(rng.integers(9)), list(array[0])]
    python = [float(array[0, 0]), int(rng.integers(9)), bool(rng.integers(2)), array.tolist(), tuple(array[0].tolist())]
    torches = [torch.from_numpy(array).bfloat16(), [torch.tensor(array[0, 0])], [], f"{array[0, 0]}"]
    return {f"{prefix}{i}": value for i, value in enumerate(python + numpy + torches)}


def random_graph(cls: type[nx.Graph], seed: int) -> nx.Graph:
    """Return a graph with self-loops, isolated nodes and labels that are no integers."""
    rng = np.random.default_rng(seed)
    G = cls(scale=2.5, origin=[1, 2], title="random")
    labels = [f"n{i}" for i in rng.permutation(12)]
    G.add_nodes_from((label, values(rng, "n")) for label in labels)
    G.add_edges_from((labels[u], labels[v], values(rng, "e")) for u, v in rng.integers(10, size=(25, 2)))
    return G


def node_values(*values: Any) -> nx.Graph:
    G = nx.Graph()
    G.add_nodes_from((f"n{i}", {} if value is ... else {"a": value}) for i, value in enumerate(values))
    return G


def lists(data: Data) -> dict[str, Any]:
    return {name: x.tolist() if isinstance(x, torch.Tensor) else x for name, x in data.to_dict().items()}


def assert_same_data(got: Data, expected: Data) -> None:
    assert lists(got) == lists(expected)
    assert all(getattr(got[name], "dtype", 0) == getattr(expected[name], "dtype", 0) for name in lists(got))


@pytest.mark.filterwarnings("ignore:Creating a tensor from a list of numpy")
@pytest.mark.parametrize("cls", CLASSES)
@pytest.mark.parametrize("seed", range(5))
def test_from_networkx_gives_pygs_data(cls: type[nx.Graph], seed: int) -> None:
    G = random_graph(cls, seed)
    data = from_networkx(G)
    assert_same_data(data, pyg_from_networkx(G))
    sources, targets = zip(*G.to_directed().edges(), strict=True)
    assert lists(data)["edge_index"] == [[list(G).index(label) for label in side] for side in (sources, targets)]
    grouped = (["n4", "n2", "n1"], ["e1", "e9"])
    assert_same_data(from_networkx(G, *grouped), pyg_from_networkx(G, *grouped))


def test_all_joins_every_attribute() -> None:
    G = nx.DiGraph()
    G.add_nodes_from([(0, {"a": 1.5, "b": 1}), (1, {"a": 2.5, "b": 2})])
    G.add_edge(0, 1, w=3, v=[4, 5])
    data = from_networkx(G, "all", "all")
    assert lists(data) == {"edge_index": [[0], [1]], "x": [[1.5, 1.0], [2.5, 2.0]], "edge_attr": [[3, 4, 5]]}
    assert_same_data(data, pyg_from_networkx(G, "all", "all"))


def test_python_floats_follow_the_default_dtype() -> None:
    G = nx.Graph()
    G.add_node(0, a=0.1, b=[0.1], c=np.float64(0.1))
    torch.set_default_dtype(torch.float64)
    try:
        data = from_networkx(G)
    finally:
        torch.set_default_dtype(torch.float32)
    assert lists(data) == {"edge_index": [[], []], "a": [0.1], "b": [[0.1]], "c": [0.1], "num_nodes": 1}


def test_floats_beyond_the_default_dtype_are_infinite_as_in_torch() -> None:
    assert from_networkx(node_values(1e39, -1e39, 0.5))["a"].tolist() == [math.inf, -math.inf, 0.5]


def test_mixed_numbers_are_promoted_whatever_their_order() -> None:
    for values in ([True, 2, 2.5], [2.5, 2, True], [np.int64(1), 2, 2.5], [2.5, np.float32(2), 1]):
        assert torch.equal(from_networkx(node_values(*values))["a"], torch.tensor([float(x) for x in values]))


def test_tensors_keep_their_gradient() -> None:
    weight = torch.ones(2, requires_grad=True)
    data = from_networkx(node_values(weight * 2))
    listed = from_networkx(node_values([weight[0], weight[1]]))
    (data["a"].sum() + listed["a"].sum()).backward()
    assert torch.equal(torch.as_tensor(weight.grad), torch.full((2,), 3.0))


def test_strings_stay_lists_in_the_order_of_rows_and_edges() -> None:
    data = from_networkx(nx.karate_club_graph())
    assert data["club"][:10] == ["Mr. Hi"] * 9 + ["Officer"]
    assert (data["name"], data.num_edges, int(data["weight"].sum())) == ("Zachary's Karate Club", 156, 462)
    data = from_networkx(nx.Graph([("b", "a", {"kind": "ba"}), ("a", "c", {"kind": "ac"})]))
    ends, kinds = [[0, 1, 1, 2], [1, 0, 2, 1]], ["ba", "ba", "ac", "ac"]
    assert lists(data) == {"edge_index": ends, "kind": kinds, "num_nodes": 3}


def test_node_order_moves_rows_and_keeps_the_edges_order() -> None:
    G = nx.DiGraph()
    G.add_nodes_from([("a", {"y": 0}), ("b", {"y": 1}), ((1, 2), {"y": 2})])
    G.add_edges_from([("b", "a", {"w": 10}), ("a", (1, 2), {"w": 20})])
    order = [(1, 2), "b", "a"]
    expected = {"edge_index": [[2, 1], [0, 2]], "y": [2, 1, 0], "w": [20, 10], "label": order, "num_nodes": 3}
    assert lists(from_networkx(G, label_attr="label", node_order=order)) == expected
    G = nx.DiGraph([(2, 0), (0, 1), (1, 2)])
    assert lists(from_networkx(G))["edge_index"] == [[0, 1, 2], [1, 2, 0]]
    assert lists(from_networkx(G, node_order=[0, 1, 2]))["edge_index"] == [[2, 0, 1], [0, 1, 2]]


@pytest.mark.parametrize("cls", CLASSES)
def test_graphs_without_nodes_or_edges_and_with_a_self_loop(cls: type[nx.Graph]) -> None:
    data = from_networkx(cls(), ["a"], "all")
    assert [list(data[name].shape) for name in ("edge_index", "x", "edge_attr")] == [[2, 0], [0, 1], [0, 0]]
    assert (data.num_nodes, from_networkx(cls()).num_nodes, data["edge_index"].dtype) == (0, 0, torch.int64)
    G = cls()
    G.add_node("only", a=3)
    data = from_networkx(G, group_edge_attrs=["w", "v"])
    assert lists(data) == {"edge_index": [[], []], "a": [3], "edge_attr": [], "num_nodes": 1}
    assert data["edge_attr"].shape == (0, 2)
    loop = from_networkx(cls([("a", "a", {"w": 2.0})]))
    assert lists(loop) == {"edge_index": [[0], [0]], "w": [2.0], "num_nodes": 1}


def test_num_nodes_is_right_beside_attributes_that_hide_it() -> None:
    assert from_networkx(nx.DiGraph([(0, 1, {"x": 1.0}), (1, 2, {"x": 2.0})])).num_nodes == 3
    G = nx.DiGraph([(1, 0)])
    G.add_nodes_from([0, 1], pos="1,2!")
    assert from_networkx(G).num_nodes == 2


def test_subgraph_views_and_defaults_of_file_readers() -> None:
    G = nx.path_graph(4)
    G.graph.update(node_default={"a": 1}, edge_default={})
    view = G.subgraph([1, 2, 3])
    assert_same_data(from_networkx(view), pyg_from_networkx(view))


def test_parallel_edges_keep_their_order_and_their_keys() -> None:
    G: Any = nx.MultiGraph()
    G.add_edges_from([("b", "a", "old", {"w": 1}), ("b", "a", 7, {"w": 2}), ("a", "a", (0,), {"w": 3})])
    data = from_networkx(G, key_attr="key")
    ends, keys = [[0, 0, 1, 1, 1], [1, 1, 0, 0, 1]], ["old", 7, "old", 7, (0,)]
    assert lists(data) == {"edge_index": ends, "w": [1, 2, 1, 2, 3], "key": keys, "num_nodes": 2}
    del data["key"]
    assert_same_data(data, pyg_from_networkx(G))


def test_one_name_on_nodes_edges_and_graph_is_told_apart_as_pyg_does() -> None:
    G = nx.Graph([(0, 1, {"w": 1.0, "kind": "e"})], w=2.0, kind="g")
    G.add_nodes_from([0, 1], w=5)
    rest = {"kind": ["e", "e"], "graph_kind": "g", "num_nodes": 2}
    ends = {"edge_index": [[0, 1], [1, 0]]}
    assert lists(from_networkx(G)) == ends | rest | {"w": [5, 5], "edge_w": [1.0, 1.0], "graph_w": 2.0}
    del G.graph["kind"], rest["graph_kind"]  # PyG overwrites the edges' attribute with it
    assert_same_data(from_networkx(G), pyg_from_networkx(G))
    grouped = from_networkx(G, ["w"], ["w"])
    assert lists(grouped)["edge_attr"] == [[1.0], [1.0]]
    assert_same_data(grouped, pyg_from_networkx(G, ["w"], ["w"]))


def test_names_that_are_no_strings_become_strings() -> None:
    G = nx.from_dict_of_dicts({0: {1: {3: 1}}})
    assert lists(from_networkx(G)) == {"edge_index": [[0, 1], [1, 0]], "3": [1, 1], "num_nodes": 2}


def test_graphs_from_generators_keep_what_is_no_tensor_as_it_is() -> None:
    G = nx.stochastic_block_model([2, 3], [[1, 0], [0, 1]], seed=0)
    data = from_networkx(G)
    assert (data["partition"], data["block"].tolist()) == ([{0, 1}, {2, 3, 4}], [0, 0, 1, 1, 1])
    assert_same_data(data, pyg_from_networkx(G))


@pytest.mark.parametrize("cls", CLASSES)
def test_what_only_some_nodes_and_edges_have(cls: type[nx.Graph]) -> None:
    G = cls([("a", "b", {"w": 1.5, "v": 1}), ("b", "c", {"v": 2})])
    G.nodes["b"]["age"] = 47
    filled = lists(from_networkx(G, missing="fill"))
    once = slice(None, None, 1 if G.is_directed() else 2)  # a-b, b-a, b-c, c-b or a-b, b-c
    assert (filled["age"], filled["age_mask"]) == ([0, 47, 0], [False, True, False])
    assert (filled["w"][once], filled["w_mask"][once], filled["v"][once]) == ([1.5, 0.0], [True, False], [1, 2])
    assert filled.keys() == {"edge_index", "age", "age_mask", "w", "w_mask", "v", "num_nodes"}
    assert list(lists(from_networkx(G, missing="drop"))) == ["edge_index", "v", "num_nodes"]
    grouped = from_networkx(G, ["age"], ["v", "w"], missing="fill")
    assert (grouped["x"].tolist(), grouped["age_mask"].tolist()) == ([[0], [47], [0]], [False, True, False])
    assert lists(grouped)["edge_attr"][once] == [[1.0, 1.5], [2.0, 0.0]]
    with pytest.raises(ValueError, match=r"attribute 'age': .* got no value on node 'a'; pass missing=\"fill\" or"):
        from_networkx(G)
    with pytest.raises(ValueError, match="one of error, fill, drop, got 'fil'; did you mean 'fill'"):
        from_networkx(G, missing="fil")  # type: ignore[arg-type]


CLASH = "expected a name of its own in the data, got that of"
MULTI = nx.MultiGraph([(0, "b", 7, {"w": 1}), (0, "b", "k", {})])
MASKS = nx.Graph([(0, 1, {"w": 1, "w_mask": 1}), (1, 2, {"w_mask": 0})])


@pytest.mark.parametrize(
    ("graph", "kwargs", "message"),
    [
        ([(0, 1)], {}, "G: expected a networkx graph, got list; build one, e.g. nx.Graph(edges)"),
        (nx.Graph([(0, "b", {"w": 1}), ("b", 2, {})]), {}, "edge attribute 'w': expected numbers of one shape, or st"),
        (nx.Graph([(0, "b", {"w": 1}), ("b", 2, {})]), {}, "got no value on edge ('b', 2), not numbers of shape [] as"),
        (MULTI, {}, "got no value on edge (0, 'b', 'k'), not numbers of shape [] as on edge (0, 'b', 7)"),
        (
            nx.Graph([(0, 1, {"w": {}})]),
            {},
            'got {} (unfit) on edge (0, 1); pass missing="drop", or replace it: nx.set_edge_attribut',
        ),
        (
            node_values(1, {"k": 2}),
            {},
            "node attribute 'a': expected numbers of one shape, or strings, everywhere, got",
        ),
        (node_values(1, {"k": 2}), {}, "got {'k': 2} (unfit) on node 'n1', not numbers of shape [] as on node 'n0'"),
        (nx.Graph(), {"label_attr": "edge_index"}, f"label_attr 'edge_index': {CLASH} the graph's own"),
        (nx.MultiGraph(), {"key_attr": "num_nodes"}, f"key_attr 'num_nodes': {CLASH} the graph's own"),
        (nx.Graph([(0, 1, {3: 1, "3": 1})]), {}, f"edge attribute '3': {CLASH} edge attribute '3'; rename one"),
        (MASKS, {"missing": "fill"}, f"mask 'w_mask': {CLASH} edge attribute 'w_mask'; rename one of the two"),
        (node_values(1), {"label_attr": "a"}, f"label_attr 'a': {CLASH} node attribute 'a'; rename one"),
        (nx.Graph(x=1), {"label_attr": "x"}, f"label_attr 'x': {CLASH} graph attribute 'x'"),
        (nx.Graph(), {"key_attr": "k"}, "key_attr: expected None for a graph without parallel edges, got 'k'; leave"),
        (node_values(1, 2), {"node_order": ["n0"]}, "each node of G exactly once, got 'n1' 0 times"),
        (node_values(1), {"node_order": ["n0", "n0"]}, "each node of G exactly once, got 'n0' 2 times"),
        (node_values(1), {"node_order": ["n0", None]}, "each node of G exactly once, got None 1 times"),
        (node_values(1), {"group_node_attrs": "a"}, "list of names, or \"all\", got 'a'; pass ['a']"),
        (node_values(1), {"group_node_attrs": ["b"]}, "got {'b': 'unknown'}; the nodes have ['a']"),
        (node_values(1), {"group_node_attrs": []}, "got none; the nodes have ['a']"),
        (nx.path_graph(2), {"group_edge_attrs": "all"}, "group_edge_attrs: expected names of numeric"),
        (node_values("s"), {"group_node_attrs": "all"}, "got {'a': 'a string'}; the nodes have ['a']"),
    ],
)
def test_errors_say_what_is_wrong(graph: Any, kwargs: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        from_networkx(graph, **kwargs)


def test_grouped_attributes_must_fit_and_leave_their_name_free() -> None:
    G = nx.Graph()
    G.add_node(0, x=1, a=[[1, 2]], b=[3, 4])
    with pytest.raises(
        ValueError, match=r"^group_node_attrs: expected no other node attribute 'x', got \['b'\]; rename"
    ):
        from_networkx(G, ["b"])
    del G.nodes[0]["x"]
    with pytest.raises(ValueError, match=r"got \{'a': 'a tensor of shape \[1, 2\]', 'b': 'a tensor"):
        from_networkx(G, ["a", "b"])


@pytest.mark.parametrize("name", ["edge_index", "num_nodes", "batch", "ptr", "num_edges", "num_features"])
def test_names_that_pyg_gives_a_meaning_get_a_prefix(name: str) -> None:
    G: Any = nx.Graph()
    G.add_nodes_from([0, 1], **{name: 1.5})
    G.add_edge(0, 1, **{name: 2.5})
    G.graph[name] = 3
    data = from_networkx(G)
    assert data[f"node_{name}"].tolist() == [1.5, 1.5]
    assert data[f"edge_{name}"].tolist() == [2.5, 2.5]
    assert (int(data[f"graph_{name}"]), data.num_edges, data.num_nodes) == (3, 2, 2)
    batch: Any = Batch.from_data_list([data, data])
    assert batch.batch.tolist() == [0, 0, 1, 1]
    assert batch[f"node_{name}"].tolist() == [1.5] * 4
    assert to_networkx(data).nodes[0] == {name: 1.5}


def test_pyg_s_way_of_saying_all() -> None:
    G: Any = nx.Graph()
    G.add_nodes_from([0, 1], a=1.5, b=2.5)
    G.add_edge(0, 1, w=3.5)
    every: Any = all
    data, theirs = loaded(G, every, every), pyg_from_networkx(G, every, every)
    assert data.x.tolist() == torch.as_tensor(theirs.x).tolist() == [[1.5, 2.5]] * 2
    assert data.edge_attr.tolist() == torch.as_tensor(theirs.edge_attr).tolist() == [[3.5]] * 2
    with pytest.raises(ValueError, match=r'^group_node_attrs: expected a list of names, or "all", got'):
        from_networkx(G, any)


def loaded(G: Any, *arguments: Any, **options: Any) -> Any:
    """Return the data without their types: attributes that checkers do not know of."""
    return from_networkx(G, *arguments, **options)


class Thin(nx.Graph):
    """All edges share one dictionary."""

    shared: ClassVar[dict[str, float]] = {"weight": 1.0}

    def edge_attr_dict_factory(self) -> dict[str, float]:
        return self.shared


class Named(nx.MultiDiGraph):
    """A subclass with state of its own."""

    def __init__(self, data: Any = None, title: str = "", **attributes: Any) -> None:
        super().__init__(data, **attributes)
        self.title = title


def test_subclasses_and_views_are_graphs() -> None:
    G: Any = nx.Graph()
    G.add_weighted_edges_from([(0, 1, 1.0), (1, 2, 2.0)])
    thin = Thin()
    thin.add_edges_from([(0, 1), (1, 2)])
    assert loaded(thin).weight.tolist() == [1.0] * 4
    named = Named([(0, 1), (0, 1)], title="twice")
    assert type(to_networkx(loaded(named))) is nx.MultiDiGraph
    assert loaded(named).edge_index.tolist() == [[0, 0], [1, 1]]
    assert loaded(G.subgraph([1, 2])).weight.tolist() == [2.0, 2.0]
    assert loaded(nx.subgraph_view(G, filter_edge=lambda u, v: u + v == 1)).weight.tolist() == [1.0, 1.0]
    assert loaded(nx.freeze(G)).num_edges == 4
    assert loaded(G.to_directed(as_view=True)).num_edges == 4
    assert loaded(nx.reverse_view(nx.DiGraph([(0, 1)]))).edge_index.tolist() == [[1], [0]]
    embedding = nx.check_planarity(nx.complete_graph(3))[1]
    assert loaded(embedding).num_edges == 6


def test_gephi_s_file_loads_without_its_pictures(tmp_path: Path) -> None:
    G = nx.path_graph(3)
    for node in G:
        place, colour = {"x": 1.0, "y": 2.0, "z": 0.0}, {"r": 1, "g": 2, "b": 3}
        G.nodes[node]["viz"] = {"size": 2.0, "position": place, "color": colour}
    nx.write_gexf(G, tmp_path / "g.gexf")
    H = nx.read_gexf(tmp_path / "g.gexf")
    with pytest.raises(
        ValueError, match=r"^node attribute 'viz': .* on node '0'; pass missing=\"drop\", or replace it"
    ):
        loaded(H)
    data = loaded(H, missing="drop")
    assert "viz" not in data
    assert data.label == ["0", "1", "2"]
