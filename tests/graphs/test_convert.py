import re
from collections.abc import Callable
from typing import Any

import networkx as nx
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch_geometric.data import Batch, Data, HeteroData
from torch_geometric.utils import from_networkx as pyg_from_networkx
from torch_geometric.utils import to_networkx as pyg_to_networkx

from gnn_toolkit.graphs.convert import from_networkx, to_networkx

CLASSES = [nx.Graph, nx.DiGraph]


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


def assert_same_graph(got: nx.Graph, expected: nx.Graph) -> None:
    assert type(got) is type(expected)
    assert got.graph == expected.graph
    assert list(got.nodes(data=True)) == list(expected.nodes(data=True))
    assert list(got.edges(data=True)) == list(expected.edges(data=True))


@pytest.mark.filterwarnings("ignore:Creating a tensor from a list of numpy")
@pytest.mark.parametrize("cls", CLASSES)
@pytest.mark.parametrize("seed", range(5))
def test_from_networkx_gives_pygs_data(cls: type[nx.Graph], seed: int) -> None:
    G = random_graph(cls, seed)
    data = from_networkx(G)
    assert_same_data(data, pyg_from_networkx(G))
    sources, targets = zip(*G.to_directed().edges, strict=True)
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
    assert_same_graph(to_networkx(from_networkx(cls()), to_undirected=cls is nx.Graph), cls())
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


def test_results_can_be_batched() -> None:
    pair = nx.Graph([("a", "b", {"w": 1.0})])
    batch: Any = Batch.from_data_list([from_networkx(pair)] * 2)
    assert list(to_networkx(batch, edge_attrs=["w"]).edges(data="w")) == [(u, u ^ 1, 1.0) for u in range(4)]


@pytest.mark.parametrize("to_multi", [False, True])
@pytest.mark.parametrize("remove_self_loops", [False, True])
@pytest.mark.parametrize("to_undirected", [False, True, "upper", "lower", None])
def test_to_networkx_gives_pygs_graph(to_undirected: Any, remove_self_loops: bool, to_multi: bool) -> None:
    rng = np.random.default_rng(3)
    floats, ends = torch.from_numpy(rng.random((40, 2))), torch.from_numpy(rng.integers(8, size=(2, 40)))
    kinds = [f"kind {i}" for i in range(40)]
    data = Data(x=floats[:9], edge_index=ends, weight=floats[:, 0], kind=kinds, scale=floats[0], title="random")
    args = (["x"], ["weight", "kind"], ["scale", "title"], to_undirected, to_multi, remove_self_loops)
    assert_same_graph(to_networkx(data, *args), pyg_to_networkx(data, *args))
    assert_same_graph(to_networkx(data), pyg_to_networkx(data))


def test_labels_may_come_from_a_tensor() -> None:
    data = Data(edge_index=torch.tensor([[0, 1], [1, 0]]), num_nodes=2, id=torch.tensor([70, 30]))
    G = to_networkx(data, ["id"], label_attr="id")
    assert list(G.nodes(data=True)) == [(70, {"id": 70}), (30, {"id": 30})]
    assert list(G.edges) == [(70, 30), (30, 70)]


LABELS = st.one_of(st.integers(), st.text(max_size=3), st.tuples(st.integers(0, 3), st.text(max_size=2)))
FLOATS = st.floats(width=32, allow_nan=False)
NODES = st.fixed_dictionaries(
    {"f": FLOATS, "i": st.integers(-(2**63), 2**63 - 1), "b": st.booleans(), "s": st.text(max_size=3)}
    | {"v": st.lists(FLOATS, min_size=2, max_size=2)}
)


@st.composite
def graphs(draw: st.DrawFn) -> nx.Graph:
    G = draw(st.sampled_from(CLASSES))(g=draw(FLOATS), title=draw(st.text()))
    labels = draw(st.lists(LABELS, unique=True, max_size=6))
    G.add_nodes_from((label, draw(NODES)) for label in labels)
    for _ in range(draw(st.integers(0, 10)) if labels else 0):
        source, target = draw(st.sampled_from(labels)), draw(st.sampled_from(labels))
        G.add_edge(source, target, w=draw(FLOATS), r=draw(st.text(max_size=3)))
    return G


@settings(max_examples=80, deadline=None)
@given(graphs())
def test_the_way_there_and_back_restores_the_graph(G: nx.Graph) -> None:
    data = from_networkx(G, label_attr="label")
    nodes, edges = "fibsv" if len(G) else "", "wr" if G.number_of_edges() else ""
    back = to_networkx(data, nodes, edges, ["g", "title"], not G.is_directed(), label_attr="label")
    assert (type(back), back.graph, back.adj) == (type(G), G.graph, G.adj)
    assert list(back.nodes(data=True)) == list(G.nodes(data=True))
    assert list(back.edges) == list(G.edges) or not G.is_directed()


@pytest.mark.parametrize(
    ("values", "got"),
    [
        ((1.5, 2.5, ...), "got None (missing or unfit) on node 'n2', not numbers of shape [] as on node 'n0'"),
        ((*[...] * 4096, 2.5), "got None (missing or unfit) on node 'n0'"),
        ((1, None), "got None (missing or unfit) on node 'n1', not numbers of shape []"),
        ((1, "two"), "got 'two' (a string) on node 'n1', not numbers of shape [] as on node 'n0'"),
        (("one", 2), "got 2 (numbers of shape []) on node 'n1', not a string as on node 'n0'"),
        (([1, 2], [1, 2], [1]), "got [1] (numbers of shape [1]) on node 'n2', not numbers of shape [2]"),
        ((1, [1]), "got [1] (numbers of shape [1]) on node 'n1', not numbers of shape []"),
        (([[1], [1, 2]],), "got [[1], [1, 2]] (missing or unfit) on node 'n0'"),
        (([1, [2]],), "got [1, [2]] (missing or unfit) on node 'n0'"),
        (([{1: 2}, [3]],), "got [{1: 2}, [3]] (missing or unfit) on node 'n0'"),
        ((["tag"],), "got ['tag'] (missing or unfit) on node 'n0'"),
        (({"k": 1},), "got {'k': 1} (missing or unfit) on node 'n0'"),
        ((np.uint64(1),), "(missing or unfit) on node 'n0'"),
        ((1, 2**63), "got 9223372036854775808 (missing or unfit) on node 'n1'"),
        ((2**63, -1), "got 9223372036854775808 (missing or unfit) on node 'n0'"),
        ((1j,), "got 1j (missing or unfit) on node 'n0'"),
        ((torch.ones(2), [1.0, 1.0]), "(numbers of shape [2]) on node 'n1', not a tensor of shape [2] as on"),
        ((torch.ones(2), torch.ones(3)), "(a tensor of shape [3]) on node 'n1', not a tensor of shape [2]"),
    ],
)
def test_a_column_that_is_no_tensor_is_named_with_its_offender(values: tuple[Any, ...], got: str) -> None:
    remedy = "nx.set_node_attributes(G, numbers, 'a') or nx.remove_node_attributes(G, 'a')"
    with pytest.raises(ValueError, match=rf"^node attribute 'a': .*{re.escape(got)}.*{re.escape(remedy)}$"):
        from_networkx(node_values(*values))


CLASH = "expected a name of its own in the data, got that of"
PAIR = Data(edge_index=torch.tensor([[0, 1], [1, 0]]), num_nodes=2, name=["a", "a"], x=torch.ones(2, 1), title="no")
WRONG: list[tuple[Callable[..., Any], Any, dict[str, Any], str]] = [
    (from_networkx, nx.MultiGraph(), {}, "an nx.Graph or DiGraph, got MultiGraph; merge parallel edges: nx.Graph(G)"),
    (from_networkx, [(0, 1)], {}, "G: expected an nx.Graph or DiGraph, got list"),
    (from_networkx, nx.Graph([(0, "b", {"w": 1}), ("b", 2, {})]), {}, "(missing or unfit) on edge ('b', 2), not num"),
    (from_networkx, nx.Graph([(0, 1, {"w": {}})]), {}, "nx.set_edge_attributes(G, numbers, 'w') or nx.remove_edge_"),
    (from_networkx, nx.Graph(tags=["a"]), {}, "graph attribute 'tags': expected numbers of one shape, or strings, "),
    (from_networkx, nx.Graph(tags=["a"]), {}, "G.graph['tags'] = numbers or del G.graph['tags']"),
    (from_networkx, nx.from_dict_of_dicts({0: {1: {3: 1}}}), {}, "edge attribute 3: expected a string as its name"),
    (from_networkx, nx.Graph([(0, 1, {"edge_index": 1})]), {}, f"edge attribute 'edge_index': {CLASH} the graph's own"),
    (from_networkx, nx.Graph(num_nodes=3), {}, f"graph attribute 'num_nodes': {CLASH} the graph's own"),
    (from_networkx, node_values(1), {"label_attr": "a"}, f"label_attr 'a': {CLASH} node attribute 'a'; rename one"),
    (from_networkx, nx.Graph(x=1), {"label_attr": "x"}, f"label_attr 'x': {CLASH} graph attribute 'x'"),
    (from_networkx, node_values(1, 2), {"node_order": ["n0"]}, "each node of G exactly once, got 'n1' 0 times"),
    (from_networkx, node_values(1), {"node_order": ["n0", "n0"]}, "each node of G exactly once, got 'n0' 2 times"),
    (from_networkx, node_values(1), {"node_order": ["n0", None]}, "each node of G exactly once, got None 1 times"),
    (from_networkx, node_values(1), {"group_node_attrs": "a"}, "list of names, or \"all\", got 'a'; pass ['a']"),
    (from_networkx, node_values(1), {"group_node_attrs": ["b"]}, "got {'b': 'unknown'}; the nodes have ['a']"),
    (from_networkx, node_values(1), {"group_node_attrs": []}, "got none; the nodes have ['a']"),
    (from_networkx, nx.path_graph(2), {"group_edge_attrs": "all"}, "group_edge_attrs: expected names of numeric"),
    (from_networkx, node_values("s"), {"group_node_attrs": "all"}, "got {'a': 'a string'}; the nodes have ['a']"),
    (to_networkx, HeteroData(), {}, "data: expected Data with edge_index, got HeteroData; try data.to_homogeneous()"),
    (to_networkx, Data(x=torch.ones(1, 1)), {}, "data: expected Data with edge_index, got Data"),
    (to_networkx, Data(edge_index=torch.tensor([[0], [2]]), num_nodes=2), {}, "expected node indices in [0, 2), got 2"),
    (to_networkx, PAIR, {"to_undirected": "up"}, "to_undirected: expected one of upper, lower, got 'up'"),
    (to_networkx, PAIR, {"node_attrs": ["nam"]}, "did you mean 'name'?"),
    (to_networkx, PAIR, {"node_attrs": ["title"]}, "node_attrs: expected 2 rows, got no in 'title'; name another"),
    (to_networkx, PAIR, {"edge_attrs": ["num_nodes"]}, "edge_attrs: expected 2 rows, got no in 'num_nodes'"),
    (to_networkx, PAIR, {"graph_attrs": ["titel"]}, "did you mean 'title'?"),
    (to_networkx, PAIR, {"label_attr": "name"}, "label_attr: expected hashable labels that differ, got 'a' 2 times in"),
    (to_networkx, PAIR, {"label_attr": "x"}, "label_attr: expected hashable labels that differ, got [1.0] 2 times in"),
]


@pytest.mark.parametrize(("function", "graph", "kwargs", "message"), WRONG)
def test_errors_say_what_is_wrong(function: Any, graph: Any, kwargs: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        function(graph, **kwargs)


def test_one_name_on_nodes_and_edges_is_refused_unless_one_is_grouped() -> None:
    G = nx.Graph([(0, 1, {"w": 1.0})])
    G.add_nodes_from([0, 1], w=5)
    with pytest.raises(ValueError, match=f"^edge attribute 'w': {CLASH} node attribute 'w'; rename one of the two"):
        from_networkx(G)
    expected = {"edge_index": [[0, 1], [1, 0]], "x": [[5], [5]], "w": [1.0, 1.0]}
    assert lists(from_networkx(G, group_node_attrs=["w"])) == expected


def test_grouped_attributes_must_fit_and_leave_their_name_free() -> None:
    G = nx.Graph()
    G.add_node(0, x=1, a=[[1, 2]], b=[3, 4])
    with pytest.raises(ValueError, match=f"^group_node_attrs 'x': {CLASH} node attribute 'x'"):
        from_networkx(G, ["b"])
    with pytest.raises(ValueError, match=r"got \{'a': 'a tensor of shape \[1, 2\]', 'b': 'a tensor of"):
        from_networkx(G, ["a", "b"])
