"""Recurrences over DAGs against message passing, a loop over nodes and the matrix products alone."""

from functools import partial

import torch
from torch import Tensor

import gnn_toolkit
from gnn_toolkit.graphs import LevelOrder, level_order

from .case import Case, Contest
from .graphs import Graph, dags, grid, layered, trees
from .lower_bound import Floor
from .scaling import Curve, Point, ends
from .timing import TrainingStep, peak_mebibytes


class Workload:
    """A graph with features on a device, and a layer's training steps on it.

    Args:
        graph: the graph.
        device: where it lives.
        layer: ``"DAGLSTM"`` or ``"DAGGRU"``.
        width: of the features.
        hidden: of the states.
        forget_bias: added to the bias of the gate that keeps the past.
    """

    def __init__(
        self, graph: Graph, device: str, layer: str, width: int, hidden: int, forget_bias: float = 0.0
    ) -> None:
        self.graph: Graph = {k: v.to(device) if isinstance(v, Tensor) else v for k, v in graph.items()}
        self.x = torch.randn(graph["num_nodes"], width).to(device)
        self.layer, self.width, self.hidden, self.forget_bias = layer, width, hidden, forget_bias

    def order(self) -> LevelOrder:
        """Return the order of the graph, remembered."""
        return level_order(**self.graph)

    def step(self, backend: str) -> TrainingStep:
        """Return the training step of a layer whose weights do not depend on the backend, its order found already."""
        torch.manual_seed(0)
        relations = self.graph.get("num_relations", 1)
        make = getattr(gnn_toolkit, self.layer)
        layer = make(self.width, self.hidden, num_relations=relations, backend=backend, aggr="sum").to(self.x.device)
        layer.add_forget_bias(self.forget_bias)
        keys = {name: value for name, value in self.graph.items() if name not in ("num_nodes", "num_relations")}
        self.order()
        return TrainingStep(
            lambda: layer(self.x, **keys)[0], layer.parameters(), (self.graph["num_nodes"], self.hidden)
        )


def against_floor(device: str, graph: Graph, width: int, hidden: int) -> Contest:
    """Return a fused DAGLSTM, which must agree with message passing, against its matrix products alone."""
    work = Workload(graph, device, "DAGLSTM", width, hidden)
    return Contest(work.step("fused"), work.step("message_passing"), Floor(work.order(), width, hidden))


def against_message_passing(device: str, layer: str, graph: Graph, width: int, hidden: int) -> Contest:
    """Return a fused layer against the same layer by message passing."""
    work = Workload(graph, device, layer, width, hidden)
    rival = work.step("message_passing")
    return Contest(work.step("fused"), expected=rival, rival=rival)


def against_node_by_node(device: str, graph: Graph, width: int, hidden: int) -> Contest:
    """Return a fused DAGLSTM against a plain loop over the nodes."""
    work = Workload(graph, device, "DAGLSTM", width, hidden)
    ours = work.step("fused")
    order = work.graph["level"].argsort().tolist()
    parents: list[list[int]] = [[] for _ in order]
    for u, v in work.graph["edge_index"].t().tolist():
        parents[v].append(u)
    forward = partial(node_by_node, work.x, order, parents, *ours.parameters)
    rival = TrainingStep(forward, ours.parameters, (len(order), hidden))
    return Contest(ours, expected=rival, rival=rival)


def node_by_node(
    x: Tensor,
    order: list[int],
    parents: list[list[int]],
    weight_ih: Tensor,
    weight_hh: Tensor,
    bias_ih: Tensor,
    bias_hh: Tensor,
) -> Tensor:
    """Return the states of a child-sum LSTM as one would first write it: in torch, one node at a time."""
    hidden = weight_hh.size(1)
    h: list[Tensor] = [x] * len(order)
    c: list[Tensor] = [x] * len(order)
    inputs = torch.nn.functional.linear(x, weight_ih, bias_ih + bias_hh).unbind()
    for v in order:
        i, f, g, o = inputs[v].split(hidden)
        kept = torch.zeros_like(i)
        if parents[v]:
            states = torch.stack([h[u] for u in parents[v]])
            w_i, w_f, w_g, w_o = weight_hh.split(hidden)
            total = states.sum(0)
            i, g, o = i + w_i @ total, g + w_g @ total, o + w_o @ total
            forget = torch.sigmoid(f + states @ w_f.t())
            kept = (forget * torch.stack([c[u] for u in parents[v]])).sum(0)
        c[v] = i.sigmoid() * g.tanh() + kept
        h[v] = o.sigmoid() * c[v].tanh()
    return torch.stack(h)


def ordering(device: str, graph: Graph, width: int, hidden: int) -> Contest:
    """Return the ordering of a batch that stores its levels against a fused DAGLSTM's training step on it."""
    work = Workload(graph, device, "DAGLSTM", width, hidden)
    edge_index, num_nodes, level = (work.graph[name] for name in ("edge_index", "num_nodes", "level"))

    def order(level: Tensor | None) -> list[Tensor]:
        found = level_order(edge_index.clone(), num_nodes, level=level)
        return [value for value in vars(found).values() if isinstance(value, Tensor)]

    return Contest(lambda: order(level), expected=lambda: order(None), rival=work.step("fused"))


def deep(levels: int, width: int, hidden: int, device: str) -> Workload:
    """Return a DAGLSTM's work on a layered DAG.

    Half of two predecessors' cells each is the whole again, and a little more grows beyond float32 within some hundred
    levels; a memory bias of -1 makes the forget gates small enough that states and gradients stay finite at any depth.
    """
    return Workload(layered(levels, width=width), device, "DAGLSTM", hidden, hidden, forget_bias=-1.0)


def deep_step(levels: int, width: int, hidden: int, device: str, backend: str) -> TrainingStep:
    """Return the training step of a DAGLSTM on a layered DAG."""
    return deep(levels, width, hidden, device).step(backend)


def deep_memory(device: str, *, levels: int, width: int, hidden: int) -> Contest:
    """Return a fused DAGLSTM's peak memory against message passing's, each measured in a fresh process."""
    sizes = (levels, width, hidden, device)
    work = deep(*sizes)
    rival = work.step("message_passing")

    def peak(backend: str) -> float:
        return peak_mebibytes(deep_step, (*sizes, backend), device, torch.get_num_threads())

    costs = (lambda: peak("fused"), lambda: peak("message_passing"))
    return Contest(work.step("fused"), expected=rival, rival=rival, costs=costs)


# The graphs that several rows share: trees of a treebank, batches of DAGs.
TREES = partial(trees, count=25, leaves=(5, 35))
DAGS = partial(dags, count=64, nodes=200)
PRODUCTS, MESSAGES = "its matrix products alone", "message passing"

# fmt: off
CASES: dict[str, Case] = {
    "trees-floor": Case("DAGLSTM, 25 trees of 5-35 leaves, in 300, hidden 150", PRODUCTS, "time", 1.6,
                        lambda device: against_floor(device, TREES(), 300, 150)),
    "trees": Case("DAGLSTM, 25 trees of 5-35 leaves, in 300, hidden 150", MESSAGES, "speed", 1.5,
                  lambda device: against_message_passing(device, "DAGLSTM", TREES(), 300, 150)),
    "dags-lstm": Case("DAGLSTM, 64 DAGs of 200 nodes, in 64, hidden 128", MESSAGES, "speed", 1.5,
                      lambda device: against_message_passing(device, "DAGLSTM", DAGS(), 64, 128)),
    "dags-gru": Case("DAGGRU, 64 DAGs of 200 nodes, in 64, hidden 128", MESSAGES, "speed", 1.5,
                     lambda device: against_message_passing(device, "DAGGRU", DAGS(), 64, 128)),
    "dags-nodes": Case("DAGLSTM, 4 DAGs of 200 nodes, in 64, hidden 128", "a loop over nodes", "speed", None,
                       lambda device: against_node_by_node(device, dags(count=4, nodes=200), 64, 128)),
    "grid-floor": Case("DAGLSTM, 32 grids of 28x28, two relations, in 8, hidden 64", PRODUCTS, "time", 2.5,
                       lambda device: against_floor(device, grid(side=28, copies=32), 8, 64)),
    "order": Case("order of 1000 DAGs of 200 nodes with levels", "DAGLSTM's step on them, in 64, hidden 128",
                  "share", 0.05, lambda device: ordering(device, dags(count=1000, nodes=200), 64, 128)),
    "deep-memory": Case("DAGLSTM, 500 levels of 20 nodes, in-degree 2, hidden 128", MESSAGES, "memory", 0.6,
                        lambda device: deep_memory(device, levels=500, width=20, hidden=128)),
}
# fmt: on

HIDDEN, LEVELS, SIZE = 32, 50, 20_000  # of the growing graphs: width, levels where nodes vary, nodes where levels vary
FLAT = 1.5  # the most that the time per node may differ between numbers of nodes
DEPTHS = (2, 6, 20, 60, 200, 600, 2000)


def _growing(nodes: int, levels: int, device: str, backend: str) -> TrainingStep:
    torch.manual_seed(0)
    return deep_step(levels, nodes // levels, HIDDEN, device, backend)


def flatness(points: list[Point]) -> list[str]:
    """Return how far the time per node is from the same at every number of nodes."""
    times = {point.place: point.milliseconds * 1e6 / point.place for point in points}
    ratio = max(times.values()) / min(times.values())
    each = ", ".join(f"{time:.0f} ns at {nodes:,}" for nodes, time in times.items())
    verdict = "met" if ratio <= FLAT else "MISSED"
    return [f"time per node at depth {LEVELS}: {each}; flat within {ratio:.2f} (bar ≤ {FLAT}): {verdict}"]


CURVES: dict[str, Curve] = {
    "nodes": Curve(
        f"DAGLSTM, {LEVELS} levels",
        "nodes",
        (10_000, 100_000, 1_000_000),
        {"fused": lambda nodes, device: _growing(nodes, LEVELS, device, "fused")},
        flatness,
    ),
    "depth": Curve(
        f"DAGLSTM, about {SIZE:,} nodes",
        "levels",
        DEPTHS,
        {
            "fused": lambda levels, device: _growing(SIZE, levels, device, "fused"),
            "message passing": lambda levels, device: _growing(SIZE, levels, device, "message_passing"),
        },
        ends,
        alike=("fused", "message passing"),
    ),
}
