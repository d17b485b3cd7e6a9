"""Graphs of one data set fit into a batch: the same attributes, of the same type, in every one of them."""

from typing import Any

import networkx as nx
import pytest
import torch
from torch_geometric.data import Batch

from gnn_toolkit.graphs import from_networkx, list_from_networkx, to_networkx


def several() -> list[Any]:
    first, second, third = nx.Graph([(0, 1)]), nx.DiGraph(), nx.Graph()
    first.add_nodes_from([(0, {"age": 1}), (1, {"age": 2})])
    second.add_nodes_from([("a", {"age": 0.5}), ("b", {"age": 1.5, "club": "x"})])
    second.add_edge("a", "b", weight=7)
    first.graph.update(size=2, name="one", energy=1)
    second.graph.update(size=2.5, name="two")
    third.graph.update(size=3, name="none")
    return [first, second, third]


def test_attributes_that_only_some_graphs_have_are_filled_with_a_mask_in_all():
    found: list[Any] = list_from_networkx(several(), missing="fill")
    first, second, third = found
    assert [data.age.tolist() for data in found] == [[1.0, 2.0], [0.5, 1.5], []]
    assert {data.age.dtype for data in found} == {torch.float32}
    assert [data.club for data in found] == [["", ""], ["", "x"], []]
    assert [data.club_mask.tolist() for data in found] == [[False, False], [False, True], []]
    assert [data.weight.tolist() for data in found] == [[0, 0], [7], []]
    assert [data.weight_mask.tolist() for data in found] == [[False, False], [True], []]
    assert [float(data["size"]) for data in found] == [2.0, 2.5, 3.0]
    assert [(int(data.energy), bool(data.energy_mask)) for data in found] == [(1, True), (0, False), (0, False)]
    assert (first.name, second.num_nodes, third.edge_index.shape) == ("one", 2, (2, 0))


def test_they_fit_into_a_batch_and_go_back():
    graphs = several()
    found: list[Any] = list_from_networkx(graphs, missing="fill", label_attr="label")
    batch: Any = Batch.from_data_list(found)
    assert batch.age.tolist() == [1.0, 2.0, 0.5, 1.5]
    assert batch.club == [["", ""], ["", "x"], []]
    assert batch.weight_mask.tolist() == [False, False, True]
    assert batch["size"].tolist() == [2.0, 2.5, 3.0]
    for graph, data in zip(graphs, found, strict=True):
        again = to_networkx(data)
        assert type(again) is type(graph)
        assert dict(again.nodes(data=True)) == dict(graph.nodes(data=True))
        assert list(again.edges(data=True)) == list(graph.edges(data=True))


def test_a_list_of_one_is_what_a_graph_is():
    (data,) = list_from_networkx([nx.karate_club_graph()])
    alone = from_networkx(nx.karate_club_graph())
    assert data.keys() == alone.keys()
    assert torch.equal(data.weight, alone.weight)
    assert data.club == alone.club
    assert list_from_networkx([]) == []


def test_a_part_is_a_tensor_of_its_own():
    graphs = [nx.Graph(), nx.Graph()]
    for graph in graphs:
        graph.add_node(0, w=1.0)
    first: Any
    second: Any
    first, second = list_from_networkx(graphs, ["w"])
    assert first.x.untyped_storage().nbytes() == 4
    first.x[:] = 9
    assert second.x.tolist() == [[1.0]]


def test_drop_leaves_out_what_some_graphs_lack():
    found = list_from_networkx([several()[0], several()[1]], missing="drop")
    assert [sorted(data.keys()) for data in found] == [["age", "edge_index", "name", "num_nodes", "size"]] * 2


@pytest.mark.parametrize(
    ("change", "options", "message"),
    [
        (None, {}, r"^node attribute 'club': .*, got no value on node 0 of graph 0; pass missing=\"fill\" or"),
        ("club", {}, r"^edge attribute 'weight': .* got no value on edge \(0, 1\) of graph 0; pass"),
        ("age", {}, r"^node attribute 'age': .* got 'old' \(a string\) on node 'b' of graph 1, not numbers"),
        ("size", {"missing": "drop"}, r"^graph attribute 'size': expected .*, got 'big' of graph 1; replace it"),
        (
            "energy",
            {},
            r"^graph attribute 'energy': expected .*, got none of graph 1; pass missing=",
        ),
        (
            "objects",
            {"missing": "fill"},
            r"^graph attribute 'energy': expected .*, got other values, which",
        ),
    ],
)
def test_what_does_not_fit_is_named_with_its_graph(change: str | None, options: dict[str, Any], message: str):
    first, second, _ = several()
    if change in ("club", "energy", "size"):
        del second.nodes["b"]["club"]
    if change in ("energy", "size"):
        del second.edges["a", "b"]["weight"]
    if change == "age":
        second.nodes["b"]["age"] = "old"
    if change == "size":
        second.graph["size"] = "big"
    if change == "objects":
        first.graph["energy"] = {"a": object()}
    with pytest.raises(ValueError, match=message):
        list_from_networkx([first, second], **options)
