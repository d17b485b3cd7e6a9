import gc
import weakref
from itertools import pairwise

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torch.nn.utils.rnn import pack_sequence

from gnn_toolkit.graphs import LevelOrder, level_order, path_order, topological_levels


class Typed:
    """A DAG with edge types, as drawn by hypothesis."""

    def __init__(self, num_nodes: int, edges: list[list[int]], types: list[int], num_relations: int) -> None:
        self.num_nodes = num_nodes
        self.num_relations = num_relations
        self.edge_index = torch.tensor(edges, dtype=torch.long).view(-1, 2).t()
        self.edge_type = torch.tensor(types, dtype=torch.long)

    def order(self, level: Tensor | None = None) -> LevelOrder:
        options = {"edge_type": self.edge_type, "num_relations": self.num_relations}
        return level_order(self.edge_index, self.num_nodes, level=level, **options)

    def __repr__(self) -> str:
        return f"Typed({self.num_nodes}, {self.edge_index.t().tolist()}, {self.edge_type.tolist()})"


@st.composite
def typed_dags(draw: st.DrawFn) -> Typed:
    num_nodes = draw(st.integers(0, 10))
    number = draw(st.permutations(range(num_nodes)))
    num_relations = draw(st.integers(1, 3))
    node = st.integers(0, max(num_nodes - 1, 0))
    edge = st.tuples(node, node, st.integers(0, num_relations - 1)).filter(lambda e: e[0] < e[1])
    edges = draw(st.lists(edge, max_size=20)) if num_nodes > 1 else []
    return Typed(num_nodes, [[number[u], number[v]] for u, v, _ in edges], [r for _, _, r in edges], num_relations)


@st.composite
def paths(draw: st.DrawFn) -> tuple[Tensor, int, list[list[int]]]:
    """Edges of a batch of paths in any numbering, and the nodes of each, paths by their lowest-numbered start."""
    lengths = draw(st.lists(st.integers(1, 6), min_size=1, max_size=6))
    number = draw(st.permutations(range(sum(lengths))))
    nodes = [[number[sum(lengths[:k]) + step] for step in range(length)] for k, length in enumerate(lengths)]
    edges = [[u, v] for path in nodes for u, v in pairwise(path)]
    edge_index = torch.tensor(draw(st.permutations(edges)), dtype=torch.long).view(-1, 2).t()
    return edge_index, len(number), nodes


def assert_sorted_walk(order: LevelOrder, edge_index: Tensor, edge_type: Tensor | None = None) -> None:
    """Assert all that a walk relies on."""
    count = order.nodes.numel()
    assert sorted(order.nodes.tolist()) == list(range(count))
    assert order.places[order.nodes].tolist() == list(range(count))
    # Edges: a permutation of the graph's own, in places.
    assert sorted(order.edges.tolist()) == list(range(edge_index.size(1)))
    assert torch.stack([order.nodes[order.source], order.nodes[order.target]]).equal(edge_index[:, order.edges])
    # Levels: contiguous, none empty, every source in an earlier one.
    assert order.node_ptr.tolist()[0] == 0
    assert order.node_ptr.tolist()[-1] == count
    assert all(a < b for a, b in pairwise(order.node_ptr.tolist()))
    level = [sum(place >= end for end in order.node_ptr.tolist()[1:]) for place in range(count)]
    assert order.level.tolist() == level
    assert bool((order.level[order.source] < order.level[order.target]).all())
    # Slots: sorted by level, then type, then target, and cut by edge_ptr.
    types = torch.zeros(edge_index.size(1), dtype=torch.long) if edge_type is None else edge_type
    keys = list(
        zip(order.level[order.target].tolist(), types[order.edges].tolist(), order.target.tolist(), strict=True)
    )
    assert keys == sorted(keys)
    R = order.num_relations
    assert len(order.edge_ptr.tolist()) == order.num_levels * R + 1
    assert order.edge_ptr.tolist()[-1] == edge_index.size(1)
    for slot, (a, b) in enumerate(pairwise(order.edge_ptr.tolist())):
        assert [key[:2] for key in keys[a:b]] == [divmod(slot, R)] * (b - a)
    # What is derived.
    oldest = list(range(order.num_levels))
    for u, v in zip(order.source.tolist(), order.target.tolist(), strict=True):
        oldest[level[v]] = min(oldest[level[v]], level[u])
    assert order.oldest_level == oldest
    sources, targets = set(order.source.tolist()), set(order.target.tolist())
    assert sorted(order.starts.tolist()) == [p for p in range(count) if p not in targets]
    assert sorted(order.ends.tolist()) == [p for p in range(count) if p not in sources]
    assert order.is_sorted == (order.nodes.tolist() == list(range(count)))


@given(typed_dags())
def test_an_order_is_a_sorted_walk(graph: Typed):
    order = graph.order()
    assert_sorted_walk(order, graph.edge_index, graph.edge_type if graph.num_relations > 1 else None)
    # Levels are the lowest possible.
    assert order.level[order.places].equal(topological_levels(graph.edge_index, graph.num_nodes))


@given(typed_dags())
def test_the_reverse_is_a_sorted_walk_of_the_flipped_graph(graph: Typed):
    order = graph.order().reverse
    assert_sorted_walk(order, graph.edge_index.flip(0), graph.edge_type if graph.num_relations > 1 else None)
    assert order.is_paths == graph.order().is_paths


@given(typed_dags())
def test_with_initial_puts_one_node_before_each_start(graph: Typed):
    order = graph.order()
    extended = order.with_initial
    extra, count = order.starts.numel(), graph.num_nodes
    # The same, said as a graph: node count + k precedes the k-th start, by an edge of type 0.
    fresh = torch.stack([torch.arange(count, count + extra), order.nodes[order.starts]])
    edge_type = torch.cat([graph.edge_type, torch.zeros(extra, dtype=torch.long)])
    if count:
        edge_index = torch.cat([graph.edge_index, fresh], 1)
        assert_sorted_walk(extended, edge_index, edge_type if graph.num_relations > 1 else None)
    assert extended.nodes.tolist() == [*range(count, count + extra), *order.nodes.tolist()]
    if count:
        assert extended.node_ptr.tolist() == [0, *(place + extra for place in order.node_ptr.tolist())]
    assert extended.is_paths == order.is_paths


@given(typed_dags(), st.data())
def test_a_given_level_may_have_gaps_and_need_not_be_the_lowest(graph: Typed, data: st.DataObject):
    lowest = topological_levels(graph.edge_index, graph.num_nodes).tolist()
    steps = sorted(data.draw(st.sets(st.integers(-5, 50), min_size=len(lowest) + 1, max_size=len(lowest) + 1)))
    level = torch.tensor([steps[k] for k in lowest], dtype=torch.long)
    order = graph.order(level)
    typed = graph.edge_type if graph.num_relations > 1 else None
    assert_sorted_walk(order, graph.edge_index, typed)
    assert order.nodes.equal(graph.order().nodes)
    # Nodes without successors may wait.
    has_successor = torch.zeros(graph.num_nodes, dtype=torch.bool)
    has_successor[graph.edge_index[0]] = True
    late = torch.where(has_successor, level, 60)
    order = graph.order(late)
    assert_sorted_walk(order, graph.edge_index, typed)
    assert_sorted_walk(order.reverse, graph.edge_index.flip(0), typed)


@given(paths())
def test_paths_lie_as_in_a_packed_sequence(case: tuple[Tensor, int, list[list[int]]]):
    edge_index, num_nodes, nodes = case
    order = level_order(edge_index, num_nodes)
    assert order.is_paths
    assert_sorted_walk(order, edge_index)
    # Which of two paths of one length comes first is free, so torch is handed the paths as they were sorted here.
    start = {path[0]: path for path in nodes}
    found = [start[int(order.nodes[place])] for place in order.starts]
    packed = pack_sequence([torch.tensor(path) for path in found])
    assert order.node_ptr.diff().equal(packed.batch_sizes)
    assert order.nodes.equal(packed.data)
    assert order.nodes[order.ends].tolist() == [path[-1] for path in found]


@given(paths())
def test_paths_numbered_in_a_row_are_sorted_by_length_and_keep_their_order(case: tuple[Tensor, int, list[list[int]]]):
    lengths = [len(path) for path in case[2]]
    nodes = list(torch.arange(sum(lengths)).split(lengths))
    edge_index = torch.cat([torch.stack([path[:-1], path[1:]]) for path in nodes], 1)
    order = level_order(edge_index, sum(lengths))
    packed = pack_sequence(nodes, enforce_sorted=False)
    assert order.nodes.equal(packed.data)
    assert order.node_ptr.diff().equal(packed.batch_sizes)


@given(paths())
def test_a_path_order_is_the_level_order_of_the_packed_layout(case: tuple[Tensor, int, list[list[int]]]):
    lengths = sorted((len(path) for path in case[2]), reverse=True)
    packed = pack_sequence([torch.zeros(length) for length in lengths])
    order = path_order(packed.batch_sizes)
    edge_index = torch.stack([order.source, order.target])
    assert_sorted_walk(order, edge_index)
    again = level_order(edge_index, sum(lengths))
    assert (order.nodes.tolist(), order.node_ptr.tolist(), order.edge_ptr.tolist()) == (
        again.nodes.tolist(),
        again.node_ptr.tolist(),
        again.edge_ptr.tolist(),
    )
    assert order.source.equal(again.source)
    assert order.target.equal(again.target)
    assert (order.is_paths, again.is_paths) == (True, True)
    assert order.starts.tolist() == list(range(len(lengths)))
    ends = [path[-1] for path in _unpacked(packed.batch_sizes)]
    assert order.ends.tolist() == ends


def _unpacked(batch_sizes: Tensor) -> list[list[int]]:
    places = list(torch.arange(int(batch_sizes.sum())).split(batch_sizes.tolist()))
    return [[int(step[k]) for step in places if k < len(step)] for k in range(int(batch_sizes[0]))]


@pytest.mark.parametrize(
    ("edges", "is_paths"),
    [([], True), ([[0, 1]], True), ([[0, 1], [0, 2]], False), ([[0, 2], [1, 2]], False), ([[0, 1], [0, 1]], False)],
)
def test_paths_are_recognised(edges: list[list[int]], is_paths: bool):
    edge_index = torch.tensor(edges, dtype=torch.long).view(-1, 2).t()
    assert level_order(edge_index, 3).is_paths is is_paths


def test_typed_edges_make_no_path():
    edge_index = torch.tensor([[0, 1], [1, 2]])
    assert not level_order(edge_index, 3, edge_type=torch.tensor([0, 1]), num_relations=2).is_paths


def test_the_order_of_a_graph_with_crossing_levels_by_hand():
    # 4 -> 1 -> 0, 4 -> 0 (type 1), 2 -> 0; node 3 alone.
    edge_index, edge_type = torch.tensor([[1, 4, 2, 4], [0, 0, 0, 1]]), torch.tensor([0, 1, 0, 0])
    order = level_order(edge_index, 5, edge_type=edge_type, num_relations=2)
    assert order.nodes.tolist() == [2, 3, 4, 1, 0]
    assert order.node_ptr.tolist() == [0, 3, 4, 5]
    assert order.edges.tolist() == [3, 0, 2, 1]
    assert order.source.tolist() == [2, 3, 0, 2]
    assert order.target.tolist() == [3, 4, 4, 4]
    assert order.edge_ptr.tolist() == [0, 0, 0, 1, 1, 3, 4]
    assert (order.starts.tolist(), order.ends.tolist(), order.oldest_level) == ([0, 1, 2], [1, 4], [0, 0, 0])


EDGES = torch.tensor([[0, 1, 0], [1, 2, 2]])


@pytest.mark.parametrize(
    ("level", "got"),
    [
        (torch.tensor([0, 1]), r"got torch.int64 \[2\]"),
        (torch.tensor([0.0, 1.0, 2.0]), r"got torch.float32 \[3\]"),
        (torch.tensor([0, 1, 1]), r"got level\[1\] = 1 and level\[2\] = 1 for the edge 1 -> 2"),
        (torch.tensor([3, 1, 2]), r"got level\[0\] = 3 and level\[1\] = 1 for the edge 0 -> 1"),
    ],
)
def test_a_level_that_does_not_fit_is_refused(level: Tensor, got: str):
    with pytest.raises(ValueError, match=f"^level: .*{got}"):
        level_order(EDGES, 3, level=level)


@pytest.mark.parametrize("num_relations", [1, 2])
@pytest.mark.parametrize("edge_type", [torch.tensor([0, 0]), torch.tensor([0, 1, 2]), torch.tensor([-1, 0, 0])])
def test_an_edge_type_that_does_not_fit_is_refused(edge_type: Tensor, num_relations: int):
    with pytest.raises(ValueError, match=rf"^edge_type: .* shape \[3\] with values in \[0, {num_relations}\)"):
        level_order(EDGES, 3, edge_type=edge_type, num_relations=num_relations)


def test_several_relations_need_types():
    with pytest.raises(ValueError, match=r"^edge_type: .*got None"):
        level_order(EDGES, 3, num_relations=2)


def test_edges_are_checked_even_where_levels_are_given():
    with pytest.raises(ValueError, match=r"^edge_index: expected node indices in \[0, 2\), got 2"):
        level_order(EDGES, 2, level=torch.tensor([0, 1]))
    with pytest.raises(ValueError, match=r"^edge_index: .* the cycle 1 -> 0 -> 1"):
        level_order(torch.tensor([[0, 1], [1, 0]]), 2)


def test_an_order_is_remembered_until_a_tensor_changes():
    edge_index, edge_type, level = EDGES.clone(), torch.tensor([0, 1, 0]), torch.tensor([0, 1, 2])
    first = level_order(edge_index, 3, level=level, edge_type=edge_type, num_relations=2)

    def again() -> LevelOrder:
        return level_order(edge_index, 3, level=level, edge_type=edge_type, num_relations=2)

    assert again() is first
    edge_type[2] = 1
    assert (second := again()) is not first
    assert second.edge_ptr.tolist() == [0, 0, 0, 1, 1, 1, 3]
    level[2] = 5
    assert again() is not second
    edge_index[0, 2] = 1
    changed = level_order(edge_index, 3, level=level, edge_type=edge_type, num_relations=2)
    assert changed.nodes[changed.source].tolist() == [0, 1, 1]


def test_an_order_is_not_remembered_for_other_arguments():
    edge_index = torch.tensor([[0, 0], [1, 2]])
    assert level_order(edge_index, 3).nodes.numel() == 3
    assert level_order(edge_index, 4).nodes.numel() == 4
    typed = [level_order(edge_index, 3, edge_type=torch.tensor(t), num_relations=2) for t in ([0, 1], [1, 0])]
    assert [order.edges.tolist() for order in typed] == [[0, 1], [1, 0]]
    with pytest.raises(ValueError, match=r"^edge_type: "):
        level_order(edge_index, 3, num_relations=2)
    assert level_order(edge_index, 3, level=torch.tensor([0, 1, 2])).num_levels == 3
    assert level_order(edge_index, 3).num_levels == 2


def test_equal_edges_in_another_tensor_have_an_order_of_their_own():
    edge_index, other = EDGES.clone(), EDGES.clone()
    assert level_order(edge_index, 3) is not level_order(other, 3)


def test_an_order_is_freed_with_its_edges():
    edge_index = EDGES.clone()
    orders = [
        weakref.ref(level_order(edge_index, 3, level=torch.tensor([0, 1, 2]))),
        weakref.ref(level_order(edge_index, 3)),
    ]
    gc.collect()
    assert None not in [order() for order in orders]
    del edge_index
    gc.collect()
    assert [order() for order in orders] == [None, None]


def test_an_order_made_in_inference_mode_is_not_handed_to_autograd():
    edge_index, x = EDGES.clone(), torch.ones(3, requires_grad=True)
    with torch.inference_mode():
        level_order(edge_index, 3).places  # noqa: B018 (made here, and kept)
    order = level_order(edge_index, 3)
    (x[order.nodes][order.places] * torch.tensor([1.0, 2.0, 3.0])).sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [1, 2, 3]


def test_edges_made_in_inference_mode_have_an_order():
    with torch.inference_mode():
        edge_index = EDGES + 0
        assert level_order(edge_index, 3).nodes.tolist() == [0, 1, 2]
