"""The model keeps every vehicle, and does what the theory of kinematic waves says."""

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gnn_toolkit.datasets import CellNetwork, street_grid
from gnn_toolkit.datasets.cell_transmission import CAPACITY, JAM


def road(**options) -> nx.DiGraph:
    """One road of ten cells of 100 metres: 36 km/h, steps of ten seconds."""
    graph = nx.DiGraph()
    graph.add_edge(0, 1, **{"length": 1000.0, "speed": 36.0, **options})
    return graph


@given(
    seed=st.integers(0, 10_000),
    nodes=st.integers(3, 12),
    demand=st.floats(0, 3),
    cycle=st.sampled_from([0, 80]),
    rerouting=st.booleans(),
)
def test_no_vehicle_is_lost_and_no_cell_is_overfull(
    seed: int, nodes: int, demand: float, cycle: float, rerouting: bool
):
    random = np.random.default_rng(seed)
    graph = nx.gnp_random_graph(nodes, 0.4, seed=seed, directed=True)
    graph.add_edge(0, 1)
    for _, _, data in graph.edges(data=True):
        data.update(length=random.uniform(50, 900), lanes=random.integers(1, 4), speed=random.uniform(20, 80))
    network = CellNetwork(graph, cycle=cycle, rerouting=rerouting)
    arrived = 0.0
    for step in range(120):
        if step == 40:
            network.block(0, 0.0, 0.5)
        arrivals = random.poisson(demand, len(network.first)).astype(float)
        arrived += arrivals.sum()
        network.step(arrivals)
        assert network.arrived == pytest.approx(arrived)
        assert network.inside + network.waiting + network.left == pytest.approx(arrived, rel=1e-9, abs=1e-6)
        assert (network.vehicles >= -1e-9).all()
        assert (network.vehicles <= network.room + 1e-9).all()
        assert (network.queue >= -1e-9).all()
        assert (network.passed <= network.capacity * network.open + 1e-9).all()


def test_a_lone_platoon_drives_a_cell_a_step_and_leaves():
    network = CellNetwork(road(), cycle=0)
    network.step(np.array([3.0]))
    for cell in range(10):
        assert np.flatnonzero(network.vehicles).tolist() == [cell]
        network.step(np.zeros(1))
    assert (network.inside, network.left) == (0.0, 3.0)


def test_more_than_the_capacity_waits_in_the_queue_and_passes_at_capacity():
    network = CellNetwork(road(lanes=2), cycle=0)
    for _ in range(50):
        network.step(np.array([15.0]))
    capacity = CAPACITY * 2 * 10
    assert network.passed == pytest.approx(np.full(10, capacity))
    assert network.waiting == pytest.approx(50 * (15 - capacity))


def test_behind_an_accident_a_jam_of_the_right_density_grows_at_the_right_speed():
    network = CellNetwork(road(length=10_000.0), cycle=0)
    flow = 4.0  # vehicles a step; the accident lets 1 pass
    for _ in range(110):
        network.step(np.array([flow]))
    assert network.vehicles == pytest.approx(np.full(100, flow))
    network.block(0, 0.2, 0.8)
    for _ in range(100):
        network.step(np.array([flow]))
    inside = network.vehicles
    wave = CAPACITY / (JAM - CAPACITY / 10)
    density = JAM - 0.1 / wave  # the congested branch at 0.1 vehicles a second
    assert inside[75] == pytest.approx(density * 100)
    assert inside[85] == pytest.approx(1.0)  # free beyond, at what passes
    shock = (0.4 - 0.1) / (density - 0.04)  # metres a second, backwards (Rankine and Hugoniot)
    jammed = int((inside[:80] > 2 * flow).sum())
    assert abs(jammed * 100 - shock * 1000) <= 150
    network.block(0, 1.0, 0.8)
    for _ in range(400):
        network.step(np.zeros(1))
    assert network.inside == pytest.approx(0.0, abs=1e-9)


def test_a_red_light_holds_and_the_phases_share_a_crossing():
    graph = nx.DiGraph()
    graph.add_nodes_from(range(4))
    graph.add_edges_from([(0, 2), (1, 2), (2, 3)])
    network, passed = CellNetwork(graph, cycle=80), []
    for _ in range(240):
        network.step(np.array([2.0, 2.0, 0.0]))
        passed.append(network.passed[network.last[:2]])
    moving = np.array(passed)[120:] > 1e-9
    assert (moving.sum(1) == 1).all()
    assert moving.sum(0).tolist() == [60, 60]


def test_traffic_turns_in_proportion_to_lanes_and_back_only_at_a_dead_end():
    graph = nx.DiGraph()
    graph.add_edges_from([(0, 1), (1, 0)], lanes=1)
    graph.add_edge(1, 2, lanes=3)
    graph.add_edge(1, 3, lanes=1)
    roads = CellNetwork(graph, leaving=0.2).roads
    of_first = {int(b): float(s) for (a, b), s in zip(roads.turns.T, roads.share, strict=True) if a == 0}
    taken = {tuple(roads.ends[road]): share for road, share in of_first.items()}
    assert taken == pytest.approx({(1, 2): 0.6, (1, 3): 0.2})
    back = [int(b) for a, b in roads.turns.T if a == 1]
    assert [tuple(roads.ends[b]) for b in back] == [(0, 1)]


@pytest.mark.parametrize("rerouting", [False, True])
def test_who_waits_for_a_full_road_blocks_those_behind_unless_drivers_avoid_it(rerouting: bool):
    graph = nx.DiGraph([(0, 1), (1, 2), (1, 3)])
    network = CellNetwork(graph, leaving=0.0, cycle=0, rerouting=rerouting)
    network.block(1, 0.0, 1.0)  # at its end: the cell before it fills up
    for _ in range(400):
        network.step(np.array([1.0, 0.0, 0.0]))
    full = float(network.room[network.first[1]])
    assert network.vehicles[network.road == 1].sum() == pytest.approx(full, rel=0.01)
    beyond = network.left + network.vehicles[network.road == 2].sum()
    assert beyond > 3 * full if rerouting else beyond == pytest.approx(full, rel=0.01)


def test_the_grid_has_streets_both_ways_and_avenues():
    grid = street_grid(4, 5)
    assert (grid.number_of_nodes(), grid.number_of_edges()) == (20, 62)
    assert {data["lanes"] for *_, data in grid.edges(data=True)} == {1, 2}


@pytest.mark.parametrize(
    ("argument", "call"),
    [
        ("graph", lambda: CellNetwork(nx.path_graph(3))),  # type: ignore[arg-type]
        ("graph", lambda: CellNetwork(nx.DiGraph())),
        ("graph: length", lambda: CellNetwork(road(length=0.0))),
        ("graph: length", lambda: CellNetwork(road(length=float("inf")))),
        ("graph: length", lambda: CellNetwork(road(length=[200.0, 300.0]))),  # type: ignore[arg-type]
        ("graph: lanes", lambda: CellNetwork(road(lanes="2;3"))),  # type: ignore[arg-type]
        ("graph: lanes", lambda: CellNetwork(road(lanes=None))),  # type: ignore[arg-type]
        ("graph: speed", lambda: CellNetwork(road(speed=float("nan")))),
        ("graph: speed", lambda: CellNetwork(road(speed=10.0))),
        ("seconds", lambda: CellNetwork(road(), seconds=float("inf"))),
        ("cycle", lambda: CellNetwork(road(), cycle=float("nan"))),
        ("arrivals", lambda: CellNetwork(road()).step(np.array([np.nan]))),
        ("arrivals", lambda: CellNetwork(road()).step(np.array([-1.0]))),
        ("arrivals", lambda: CellNetwork(road()).step(np.array([1.0, 1.0]))),
        ("seconds", lambda: CellNetwork(road(), seconds=0.0)),
        ("cycle", lambda: CellNetwork(road(), cycle=-1.0)),
        ("leaving", lambda: CellNetwork(road(), leaving=1.5)),
        ("road", lambda: CellNetwork(road()).block(1, 0.5)),
        ("road", lambda: CellNetwork(road()).block(0, 1.5)),
    ],
)
def test_what_makes_no_sense_is_refused(argument: str, call):
    with pytest.raises(ValueError, match=f"^{argument}: expected"):
        call()
