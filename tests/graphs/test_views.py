import networkx as nx
import pytest
import torch
from torch import Tensor
from torch_geometric.data import Data
from torch_geometric.transforms import BaseTransform, Compose
from torch_geometric.utils import grid, to_dense_adj

from gnn_toolkit.graphs import (
    DilatedPath,
    Grid,
    GridDAG,
    MirrorPath,
    NoEdges,
    Path,
    SearchDAG,
    SearchPath,
    ShuffledEdges,
    topological_levels,
)


def pairs(data: Data) -> list[tuple[int, int]]:
    assert data.edge_index is not None
    assert data.edge_index.dtype == torch.int64
    return [(u, v) for u, v in data.edge_index.t().tolist()]


def adjacency(edge_index: Tensor | None, num_nodes: int) -> Tensor:
    assert edge_index is not None
    return to_dense_adj(edge_index, max_num_nodes=num_nodes)[0]


def test_no_edges_leaves_every_node_on_the_first_level():
    data = NoEdges()(Data(num_nodes=3, edge_index=torch.tensor([[0], [1]])))
    assert pairs(data) == []
    assert data.level.tolist() == [0, 0, 0]


@pytest.mark.parametrize("num_nodes", [0, 1, 2, 5])
def test_a_path_joins_each_node_to_the_next(num_nodes: int):
    data = Path()(Data(num_nodes=num_nodes))
    assert pairs(data) == [(k, k + 1) for k in range(num_nodes - 1)]
    assert data.level.tolist() == list(range(num_nodes))
    both = Path(both_ways=True)(Data(num_nodes=num_nodes))
    assert sorted(pairs(both)) == sorted([*pairs(data), *((v, u) for u, v in pairs(data))])
    assert "level" not in both


@pytest.mark.parametrize(
    ("num_nodes", "mirror"), [(0, []), (1, []), (2, []), (3, [(0, 2)]), (4, [(0, 3)]), (7, [(0, 6), (1, 5), (2, 4)])]
)
def test_a_mirror_path_joins_first_and_last_but_no_pair_twice(num_nodes: int, mirror: list[tuple[int, int]]):
    data = MirrorPath()(Data(num_nodes=num_nodes))
    one_way = [(k, k + 1) for k in range(num_nodes - 1)] + mirror
    assert sorted(pairs(data)) == sorted(one_way + [(v, u) for u, v in one_way])
    assert "level" not in data
    walk = MirrorPath(both_ways=False)(Data(num_nodes=num_nodes))
    assert pairs(walk) == one_way
    assert walk.edge_type.tolist() == [0] * (len(one_way) - len(mirror)) + [1] * len(mirror)
    assert walk.level.tolist() == list(range(num_nodes))


@pytest.mark.parametrize("num_nodes", [0, 1, 2, 3, 10, 80])
def test_a_dilated_path_has_shortcuts_of_every_power_of_two(num_nodes: int):
    data = DilatedPath()(Data(num_nodes=num_nodes))
    path = [(k, k + 1) for k in range(num_nodes - 1)]
    expected = [(u, u + s) for s in (2, 4, 8, 16, 32, 64) for u in range(0, num_nodes - s, s)]
    assert pairs(data) == path + expected
    assert data.edge_type.tolist() == [0] * len(path) + [1] * len(expected)
    assert data.level.tolist() == list(range(num_nodes))
    both = DilatedPath(both_ways=True)(Data(num_nodes=num_nodes))
    assert sorted(pairs(both)) == sorted(path + expected + [(v, u) for u, v in path + expected])
    assert "level" not in both
    if num_nodes == 80:
        assert nx.shortest_path_length(nx.DiGraph(pairs(data)), 0, 79) == 5


@pytest.mark.parametrize(("height", "width"), [(1, 1), (1, 4), (3, 1), (3, 4)])
def test_a_grid_is_networkx_grid_both_ways(height: int, width: int):
    data = Grid(height, width)(Data(num_nodes=height * width))
    graph = nx.grid_2d_graph(height, width)
    expected = [(a * width + b, c * width + d) for (a, b), (c, d) in graph.edges]
    assert sorted(pairs(data)) == sorted(expected + [(v, u) for u, v in expected])
    assert len(pairs(data)) == len(set(pairs(data)))


def test_a_grid_is_pyg_s_grid_without_diagonals_and_loops():
    found = adjacency(Grid(3, 4)(Data(num_nodes=12)).edge_index, 12)
    edge_index, pos = grid(3, 4)
    near = (pos[edge_index[0]] - pos[edge_index[1]]).abs().sum(1) == 1
    assert found.equal(adjacency(edge_index[:, near], 12))


@pytest.mark.parametrize(("height", "width"), [(1, 1), (1, 4), (3, 1), (3, 4)])
def test_a_grid_dag_walks_right_and_down(height: int, width: int):
    data = GridDAG(height, width)(Data(num_nodes=height * width))
    typed = sorted(zip(data.edge_type.tolist(), pairs(data), strict=True))
    right = [(0, (r * width + c, r * width + c + 1)) for r in range(height) for c in range(width - 1)]
    down = [(1, (r * width + c, (r + 1) * width + c)) for r in range(height - 1) for c in range(width)]
    assert typed == right + down
    assert data.level.tolist() == [r + c for r in range(height) for c in range(width)]
    assert data.level.equal(topological_levels(data.edge_index, height * width))


VIEWS = [
    NoEdges(),
    Path(),
    Path(True),
    MirrorPath(),
    MirrorPath(both_ways=False),
    DilatedPath(),
    SearchPath("bfs"),
    SearchPath("dfs", 3),
    SearchDAG("bfs", 1),
    Grid(2, 2),
    GridDAG(2, 2),
]


def loaded() -> Data:
    return Data(
        x=torch.arange(8.0).view(4, 2),
        y=torch.tensor([1]),
        edge_index=torch.tensor([[3, 0], [1, 2]]),
        edge_attr=torch.ones(2, 1),
        edge_weight=torch.ones(2),
        edge_type=torch.tensor([7, 7]),
        level=torch.tensor([9, 9, 9, 9]),
    )


@pytest.mark.parametrize("view", VIEWS, ids=repr)
def test_a_view_replaces_the_edges_and_drops_what_described_the_old_ones(view: BaseTransform):
    given = loaded()
    data = view(given)
    assert data.x is given.x
    assert data.y is given.y
    assert "edge_attr" not in data
    assert "edge_weight" not in data
    typed = isinstance(view, GridDAG | MirrorPath | DilatedPath) and not getattr(view, "both_ways", False)
    assert ("edge_type" in data) == typed
    assert 7 not in data.get("edge_type", torch.tensor([]))
    acyclic = not ({(v, u) for u, v in pairs(data)} & set(pairs(data)))
    assert ("level" in data) == acyclic
    if acyclic:
        assert data.level.equal(topological_levels(data.edge_index, 4))


@pytest.mark.parametrize("view", VIEWS, ids=repr)
def test_a_view_leaves_the_graph_it_was_given_as_it_was(view: BaseTransform):
    given = loaded()
    view(given)
    assert given.to_dict().keys() == loaded().to_dict().keys()
    assert all(given[name].equal(value) for name, value in loaded().to_dict().items())


@pytest.mark.parametrize("view", VIEWS, ids=repr)
def test_a_view_of_a_view_is_the_last_one(view: BaseTransform):
    chained, direct = Compose([Path(), view])(loaded()), view(Path()(loaded()))
    assert pairs(chained) == pairs(direct)
    if not isinstance(view, SearchPath | SearchDAG):
        assert pairs(chained) == pairs(view(loaded()))


@pytest.mark.parametrize("view", [Path(), MirrorPath(), Grid(2, 2), SearchPath()], ids=repr)
@pytest.mark.filterwarnings("ignore:Unable to accurately infer 'num_nodes'")
def test_a_graph_of_unknown_size_is_refused(view: BaseTransform):
    with pytest.raises(ValueError, match=r"^data: expected a graph with x or num_nodes"):
        view(Data())


@pytest.mark.parametrize("kind", [Grid, GridDAG])
def test_a_grid_of_another_size_is_refused(kind: type[Grid]):
    with pytest.raises(ValueError, match=r"^data: expected 2 x 3 = 6 nodes, got 4"):
        kind(2, 3)(Data(num_nodes=4))
    with pytest.raises(ValueError, match=r"^width: expected an integer of at least 1, got 0"):
        kind(2, 0)
    with pytest.raises(ValueError, match=r"^height: expected an integer of at least 1, got -1"):
        kind(-1, 2)


def test_shuffled_edges_are_the_same_network_between_other_nodes():
    torch.manual_seed(0)
    edge_index, weight = torch.tensor([[0, 0, 1, 3, 4], [1, 2, 2, 4, 5]]), torch.rand(5)
    data = Data(x=torch.rand(7, 2), edge_index=edge_index, edge_weight=weight, num_nodes=7)
    shuffled = ShuffledEdges(3)(data)
    assert shuffled.edge_index is not None
    assert shuffled.x is data.x
    assert shuffled.edge_weight.equal(weight)
    assert pairs(shuffled) != pairs(data)
    same = nx.is_isomorphic(nx.DiGraph(pairs(data)), nx.DiGraph(pairs(shuffled)))
    assert same
    assert pairs(data) == [(0, 1), (0, 2), (1, 2), (3, 4), (4, 5)]  # the data are as they were
    assert pairs(ShuffledEdges(3)(data)) == pairs(shuffled)
    assert pairs(ShuffledEdges(4)(data)) != pairs(shuffled)
    with pytest.raises(ValueError, match=r"^data: expected a graph with edge_index"):
        ShuffledEdges()(Data(num_nodes=3))


def test_shuffled_edges_keep_what_they_carry_and_other_edges_do_not():
    data = Data(num_nodes=4, edge_index=torch.tensor([[0, 1, 2], [1, 2, 3]]), edge_attr=torch.rand(3, 2))
    data.rank = torch.tensor([0, 1, 0])
    shuffled = ShuffledEdges(1)(data.clone())
    assert torch.equal(shuffled["edge_attr"], data["edge_attr"])
    assert torch.equal(shuffled["rank"], data["rank"])
    assert "edge_attr" not in NoEdges()(data.clone())
    assert "rank" not in Path()(data.clone())
