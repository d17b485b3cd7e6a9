import re
import time
from itertools import pairwise

import networkx as nx
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from gnn_toolkit.graphs import topological_levels
from gnn_toolkit.graphs.levels import climb


@st.composite
def dags(draw: st.DrawFn) -> tuple[Tensor, int]:
    """Edges of a DAG, parallel ones among them, its nodes numbered at random."""
    num_nodes = draw(st.integers(1, 12))
    number = draw(st.permutations(range(num_nodes)))
    pairs = st.tuples(st.integers(0, num_nodes - 1), st.integers(0, num_nodes - 1)).filter(lambda p: p[0] < p[1])
    edges = draw(st.lists(pairs, max_size=25)) if num_nodes > 1 else []
    return torch.tensor([[number[u], number[v]] for u, v in edges], dtype=torch.long).view(-1, 2).t(), num_nodes


@st.composite
def forests(draw: st.DrawFn) -> tuple[Tensor, int]:
    """Edges of a forest walked from its roots, in which no node has two predecessors."""
    num_nodes = draw(st.integers(1, 20))
    number = draw(st.permutations(range(num_nodes)))
    parents = [draw(st.integers(-1, v - 1)) for v in range(num_nodes)]
    edges = draw(st.permutations([[number[u], number[v]] for v, u in enumerate(parents) if u >= 0]))
    return torch.tensor(edges, dtype=torch.long).view(-1, 2).t(), num_nodes


def generations(edge_index: Tensor, num_nodes: int) -> list[int]:
    graph = nx.MultiDiGraph()
    graph.add_nodes_from(range(num_nodes))
    graph.add_edges_from(edge_index.t().tolist())
    level = [0] * num_nodes
    for depth, nodes in enumerate(nx.topological_generations(graph)):
        for node in nodes:
            level[node] = depth
    return level


@given(st.one_of(dags(), forests()))
def test_levels_are_networkx_generations(graph: tuple[Tensor, int]):
    assert topological_levels(*graph).tolist() == generations(*graph)


@given(dags())
def test_int32_edges_give_the_same_levels(graph: tuple[Tensor, int]):
    level = topological_levels(graph[0].int(), graph[1])
    assert level.dtype == torch.int64
    assert level.tolist() == generations(*graph)


@given(forests())
def test_climbing_finds_each_node_s_root(graph: tuple[Tensor, int]):
    edge_index, num_nodes = graph
    parent = {v: u for u, v in edge_index.t().tolist()}
    roots = []
    for node in range(num_nodes):
        while node in parent:
            node = parent[node]
        roots.append(node)
    root, level = climb(edge_index, num_nodes)
    assert root.tolist() == roots
    assert level.tolist() == generations(edge_index, num_nodes)


def test_graphs_without_edges_and_without_nodes():
    none = torch.empty(2, 0, dtype=torch.long)
    assert topological_levels(none, 3).tolist() == [0, 0, 0]
    assert topological_levels(none, 0).tolist() == []


@given(st.one_of(dags(), forests()), st.integers(1, 14), st.data())
def test_a_cycle_is_named_by_nodes_that_are_on_it(graph: tuple[Tensor, int], length: int, data: st.DataObject):
    edge_index, num_nodes = graph
    # A ring of new nodes, joined to the acyclic part by edges out of it, into it, both or none.
    ring = data.draw(st.permutations(range(num_nodes, num_nodes + length)))
    edges = edge_index.t().tolist() + [[ring[k - 1], ring[k]] for k in range(length)]
    place = st.tuples(st.integers(0, num_nodes - 1), st.sampled_from(ring))
    edges += [[u, v] for u, v in data.draw(st.lists(place, max_size=2))]
    edges += [[v, u] for u, v in data.draw(st.lists(place, max_size=2))]
    edges = data.draw(st.permutations(edges))
    assert_names_a_cycle(torch.tensor(edges).t(), num_nodes + length)


def assert_names_a_cycle(edge_index: Tensor, num_nodes: int) -> list[int]:
    with pytest.raises(ValueError, match=r"^edge_index: expected a directed acyclic graph, got the cycle ") as error:
        topological_levels(edge_index, num_nodes)
    match = re.search(r"the cycle (.*?);", str(error.value))
    assert match is not None
    stretches = [[int(v) for v in part.split(" -> ")] for part in match[1].split(" -> ... -> ")]
    nodes = [v for stretch in stretches for v in stretch]
    assert nodes[0] == nodes[-1]
    pairs = {tuple(edge) for edge in edge_index.t().tolist()}
    for stretch in stretches:
        assert set(pairwise(stretch)) <= pairs
    # What stands between the stretches is left out, but all shown nodes lie in one strongly connected component.
    graph = nx.DiGraph(edge_index.t().tolist())
    assert any(set(nodes) <= component for component in nx.strongly_connected_components(graph))
    return nodes


@pytest.mark.parametrize(
    ("edges", "nodes"),
    [
        pytest.param([[1, 1]], {1}, id="self-loop"),
        pytest.param([[0, 1], [1, 1]], {1}, id="self-loop with a predecessor"),
        pytest.param([[0, 2], [2, 0]], {0, 2}, id="two nodes"),
        pytest.param([[0, 2], [2, 0], [2, 3], [3, 4]], {0, 2}, id="a tail below the cycle"),
        pytest.param([[3, 0], [4, 0], [0, 2], [2, 0]], {0, 2}, id="two predecessors above the cycle"),
        pytest.param([[0, 1], [1, 2], [2, 0], [3, 4]], {0, 1, 2}, id="a path beside the cycle"),
        pytest.param([[0, 1], [1, 2], [2, 0], [0, 2], [2, 3], [1, 3]], None, id="two cycles"),
    ],
)
def test_small_cycles_are_named(edges: list[list[int]], nodes: set[int] | None):
    found = assert_names_a_cycle(torch.tensor(edges).t(), 5)
    assert nodes is None or set(found) == nodes


@pytest.mark.parametrize("extra", [[], [[0, 2]]], ids=["pointer doubling", "level by level"])
def test_a_long_cycle_is_shortened_to_seven_nodes(extra: list[list[int]]):
    ring = [[k, (k + 1) % 100] for k in range(100)]
    assert len(assert_names_a_cycle(torch.tensor([*ring, *extra]).t(), 100)) == 7


def test_a_path_of_a_million_nodes_in_any_numbering_takes_no_walk():
    number = torch.randperm(1_000_000, generator=torch.Generator().manual_seed(0))
    began = time.process_time()
    level = topological_levels(torch.stack([number[:-1], number[1:]]), 1_000_000)
    assert time.process_time() - began < 20
    assert level[number].equal(torch.arange(1_000_000))


def test_one_skip_edge_over_a_path_of_a_million_nodes_costs_one_walk():
    nodes = torch.arange(1_000_000)
    edge_index = torch.cat([torch.stack([nodes[:-1], nodes[1:]]), torch.tensor([[0], [2]])], 1)
    began = time.process_time()
    level = topological_levels(edge_index, 1_000_000)
    assert time.process_time() - began < 20
    assert level.equal(nodes)


def test_narrow_levels_after_wide_ones_are_networkx_generations():
    generator = torch.Generator().manual_seed(0)
    wide = torch.randint(500, (2, 2000), generator=generator).sort(0).values
    wide = wide[:, wide[0] < wide[1]]
    path = torch.stack([torch.arange(499, 999), torch.arange(500, 1000)])
    edge_index = torch.randperm(1000, generator=generator)[torch.cat([wide, path], 1)]
    assert topological_levels(edge_index, 1000).tolist() == generations(edge_index, 1000)


@pytest.mark.parametrize(("edge", "got"), [([0, 3], 3), ([-1, 0], -1)])
def test_an_index_out_of_range_is_refused(edge: list[int], got: int):
    with pytest.raises(ValueError, match=rf"^edge_index: expected node indices in \[0, 3\), got {got};"):
        topological_levels(torch.tensor([[0, 1], edge]).t(), 3)


def test_edges_of_another_shape_are_refused():
    with pytest.raises(ValueError, match=r"^edge_index: expected shape \[2, num_edges\], got \[3, 2\]"):
        topological_levels(torch.zeros(3, 2, dtype=torch.long), 3)
