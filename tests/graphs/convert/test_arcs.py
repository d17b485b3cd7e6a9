from typing import Any

import networkx as nx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gnn_toolkit.graphs.convert import arcs
from gnn_toolkit.graphs.convert.arcs import Arcs

CLASSES = [nx.Graph, nx.DiGraph, nx.MultiGraph, nx.MultiDiGraph]
PAIRS = st.lists(st.tuples(st.sampled_from("dbac"), st.sampled_from("dbac")), max_size=12)


@given(PAIRS, st.sampled_from(CLASSES), st.permutations("abcd"))
def test_arcs_are_the_edges_of_the_directed_graph(pairs: Any, cls: type[nx.Graph], labels: list[str]) -> None:
    G: Any = cls()
    G.add_nodes_from("abcd")
    G.add_edges_from((*pair, {"place": place}) for place, pair in enumerate(pairs))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(arcs, "NODES", 2)
        found = Arcs(G, labels)
        records = [record for part in found.parts() for record in part]
    expected = list(G.to_directed().edges(data="place", **({"keys": True} if G.is_multigraph() else {})))
    ends = [(labels[source], labels[target]) for source, target in found.edge_index.t().tolist()]
    keys = [()] * len(ends) if found.keys is None else [(key,) for key in found.keys]
    got = [(*pair, *key, record["place"]) for pair, key, record in zip(ends, keys, records, strict=True)]
    assert got == expected
    assert [found.where(place) for place in range(len(got))] == [f"edge {edge[:-1]}" for edge in got]
    assert [record for part in found.parts() for record in part] == records  # and again


def test_a_graph_without_edges_has_no_parts() -> None:
    found = Arcs(nx.empty_graph(3, nx.MultiGraph), [0, 1, 2])
    assert (list(found.parts()), found.edge_index.shape, found.keys) == ([], (2, 0), [])
