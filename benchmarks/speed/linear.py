"""Recurrences that are linear in their state: against torch's GRU, against DAGGRU, a loop over nodes and a memory copy.

The limit of a linear recurrence is to read a and b and to write h once; on the way back, to read the gradient, a and h
and to write the gradients of a and b. A copy of as many bytes says what that takes.
"""

from collections.abc import Callable, Sequence
from functools import partial

import torch
from torch import Tensor

import gnn_toolkit
from gnn_toolkit.graphs import level_order
from gnn_toolkit.layers import linear_recurrence, linear_scan
from gnn_toolkit.layers.kernels import linear, scan
from gnn_toolkit.layers.kernels.flow import flow

from .case import Case, Contest
from .graphs import Graph, caterpillar, grid, layered, molecules, path, recursive_tree
from .scaling import Curve, Point
from .timing import TrainingStep


def against_gru(device: str, *, batch: int, steps: int, hidden: int) -> Contest:
    """Return MinGRU, which must agree with its equations step by step, against ``torch.nn.GRU``."""
    x = torch.randn(steps, batch, hidden).to(device)
    ours, gru = gnn_toolkit.MinGRU(hidden, hidden).to(device), torch.nn.GRU(hidden, hidden).to(device)

    def step_by_step() -> Tensor:
        gates = torch.nn.functional.linear(x, *ours.parameters())
        update, new = gates.sigmoid()[..., :hidden], gates[..., hidden:]
        h, states = torch.zeros_like(new[0]), []
        for z, n in zip(update.unbind(), new.unbind(), strict=True):
            h = torch.lerp(h, n, z)
            states.append(h)
        return torch.stack(states)

    shape = (steps, batch, hidden)
    return Contest(
        TrainingStep(lambda: ours(x)[0], ours.parameters(), shape),
        expected=TrainingStep(step_by_step, ours.parameters(), shape),
        rival=TrainingStep(lambda: gru(x)[0], gru.parameters(), shape),
    )


def against_dag_gru(device: str, graph: Graph, hidden: int) -> Contest:
    """Return DAGMinGRU, which must agree with message passing, against the fused DAGGRU; the mean of predecessors."""
    edge_index, level = (graph[name].to(device) for name in ("edge_index", "level"))
    x, shape = torch.randn(graph["num_nodes"], hidden).to(device), (graph["num_nodes"], hidden)

    def step(name: str, backend: str) -> TrainingStep:
        torch.manual_seed(0)
        layer = getattr(gnn_toolkit, name)(hidden, hidden, backend=backend).to(device)
        return TrainingStep(lambda: layer(x, edge_index, level=level)[0], layer.parameters(), shape)

    rival = step("DAGGRU", "fused")
    return Contest(step("DAGMinGRU", "fused"), expected=step("DAGMinGRU", "message_passing"), rival=rival)


class Alone:
    """The recurrence without a layer around it: values and gradients for given a, b and gradient of h.

    Args:
        solve: the recurrence.
        a: coefficients.
        b: offsets.
    """

    def __init__(self, solve: Callable[[Tensor, Tensor], Tensor], a: Tensor, b: Tensor) -> None:
        self.solve, self.inputs = solve, [a.requires_grad_(), b.requires_grad_()]
        self.weights = torch.randn_like(b)

    def __call__(self) -> list[Tensor]:
        """Return h and the gradients of a and b."""
        h = self.solve(*self.inputs)
        return [h.detach(), *torch.autograd.grad(h, self.inputs, self.weights)]

    def copy(self) -> list[Tensor]:
        """Read and write as many bytes as the recurrence must at least, forward and backward."""
        a, b = (t.detach().flatten() for t in self.inputs)
        read = [a[: b.numel()], *a[b.numel() :].split(b.numel())] if a.numel() else []
        once = [torch.add(b, read[0]), *(t.sum() for t in read[1:])]
        return [*once, a.clone(), torch.add(b, self.weights.flatten())]


def wide(device: str, graph: Graph, per: str, channels: int) -> Contest:
    """Return ``linear_recurrence`` on wide levels, which must agree with plain operations, against a memory copy."""
    edge_index, level, nodes = (graph[name] for name in ("edge_index", "level", "num_nodes"))
    edge_index, level = edge_index.to(device), level.to(device)
    rows = {"edge": edge_index.size(1), "target": nodes}[per]
    a, b = torch.rand(rows, channels).to(device) / 2, torch.randn(nodes, channels).to(device)
    ours = Alone(lambda a, b: linear_recurrence(a, b, edge_index, level=level, per=per), a, b)
    edges = flow(level_order(edge_index, nodes, level=level))
    return _alone(ours, lambda a, b: linear.plain(a, b, edges, per, turned=False), ours.copy)


def dense(device: str, *, batch: int, steps: int, channels: int) -> Contest:
    """Return ``linear_scan``, which must agree with a loop over steps, against a memory copy."""
    a, b = (draw(steps, batch, channels).to(device) for draw in (torch.rand, torch.randn))
    start = torch.zeros(batch, channels, device=device)
    ours = Alone(linear_scan, a, b)
    return _alone(ours, lambda a, b: scan.plain(a, b, start, reverse=False), ours.copy)


def against_node_by_node(device: str, graph: Graph, channels: int) -> Contest:
    """Return ``linear_recurrence`` against a plain loop over the nodes."""
    edge_index, nodes = graph["edge_index"].to(device), graph["num_nodes"]
    a, b = torch.rand(nodes, channels).to(device) / 2, torch.randn(nodes, channels).to(device)
    parents: list[list[int]] = [[] for _ in range(nodes)]
    for u, v in edge_index.t().tolist():
        parents[v].append(u)
    loop = partial(node_by_node, graph["level"].argsort().tolist(), parents)
    ours = Alone(lambda a, b: linear_recurrence(a, b, edge_index, per="target"), a, b)
    rival = Alone(loop, *ours.inputs)
    rival.weights = ours.weights
    return Contest(ours, expected=rival, rival=rival)


def node_by_node(order: Sequence[int], parents: Sequence[Sequence[int]], a: Tensor, b: Tensor) -> Tensor:
    """Return the states as one would first write them: in torch, one node at a time."""
    h: list[Tensor] = [b] * len(order)
    coefficients, offsets = a.unbind(), b.unbind()
    for v in order:
        h[v] = offsets[v]
        for u in parents[v]:
            h[v] = h[v] + coefficients[v] * h[u]
    return torch.stack(h)


def _alone(ours: Alone, plain: Callable[[Tensor, Tensor], Tensor], copy: Callable[[], object]) -> Contest:
    expected = Alone(plain, *ours.inputs)
    expected.weights = ours.weights
    return Contest(ours, expected=expected, rival=copy)


GRU, DAG_GRU, LOOP, COPY = "torch.nn.GRU", "DAGGRU, fused", "a loop over nodes", "a copy of the same bytes"
SEQUENCES = {"batch": 64, "hidden": 128}

# fmt: off
CASES: dict[str, Case] = {
    "mingru-80": Case("MinGRU, dense, B 64, T 80, hidden 128", GRU, "speed", None,
                      lambda device: against_gru(device, steps=80, **SEQUENCES)),
    "mingru-1000": Case("MinGRU, dense, B 64, T 1000, hidden 128", GRU, "speed", 4.0,
                        lambda device: against_gru(device, steps=1000, **SEQUENCES)),
    "linear-path": Case("DAGMinGRU, one path of 10,000 nodes, hidden 128", DAG_GRU, "speed", 20.0,
                        lambda device: against_dag_gru(device, path(10_000), 128)),
    "linear-long-path": Case("linear_recurrence, one path of 100,000 nodes, 32 channels", LOOP, "speed", None,
                             lambda device: against_node_by_node(device, path(100_000), 32)),
    "linear-deep": Case("DAGMinGRU, 2000 levels of 10 nodes, in-degree 2, hidden 128", DAG_GRU, "speed", 5.0,
                        lambda device: against_dag_gru(device, layered(2000, width=10), 128)),
    "linear-caterpillar": Case("DAGMinGRU, a caterpillar of 20,000 nodes, hidden 128", DAG_GRU, "speed", None,
                               lambda device: against_dag_gru(device, caterpillar(20_000), 128)),
    "linear-tree": Case("DAGMinGRU, a random recursive tree of 20,000 nodes, hidden 128", DAG_GRU, "speed", None,
                        lambda device: against_dag_gru(device, recursive_tree(20_000), 128)),
    "linear-grid": Case("DAGMinGRU, 32 grids of 28x28, hidden 64", DAG_GRU, "speed", None,
                        lambda device: against_dag_gru(device, grid(side=28, copies=32), 64)),
    "linear-molecules": Case("DAGMinGRU, 64 DAGs of the size of molecules, hidden 128", DAG_GRU, "speed", None,
                             lambda device: against_dag_gru(device, molecules(count=64), 128)),
    "linear-nodes": Case("linear_recurrence, 64 DAGs of the size of molecules, 128 channels", LOOP, "speed", None,
                         lambda device: against_node_by_node(device, molecules(count=64), 128)),
    "linear-wide": Case("linear_recurrence, 20 levels of 2000 nodes, a by target, 128 channels", COPY, "time", 3.0,
                        lambda device: wide(device, layered(20, width=2000), "target", 128)),
    "linear-wide-edges": Case("linear_recurrence, 20 levels of 2000 nodes, a by edge, 128 channels", COPY, "time", 3.0,
                              lambda device: wide(device, layered(20, width=2000), "edge", 128)),
    "linear-scan": Case("linear_scan, B 64, T 1000, 128 channels", COPY, "time", None,
                        lambda device: dense(device, batch=64, steps=1000, channels=128)),
}
# fmt: on

CHANNELS = 32  # of the growing path
FLAT = 1.5  # the most that the time per node may differ between lengths


def _along_path(nodes: int, device: str) -> Alone:
    torch.manual_seed(0)
    edge_index = path(nodes)["edge_index"].to(device)
    a, b = (draw(nodes, CHANNELS).to(device) for draw in (torch.rand, torch.randn))
    return Alone(lambda a, b: linear_recurrence(a, b, edge_index, per="target"), a, b)


def flatness(points: list[Point]) -> list[str]:
    """Return how far the time per node is from the same at every length."""
    times = {point.place: point.milliseconds * 1e6 / point.place for point in points}
    ratio = max(times.values()) / min(times.values())
    each = ", ".join(f"{time:.0f} ns at {nodes:,}" for nodes, time in times.items())
    verdict = "met" if ratio <= FLAT else "MISSED"
    return [f"time per node of one path: {each}; flat within {ratio:.2f} (bar ≤ {FLAT}): {verdict}"]


CURVES: dict[str, Curve] = {
    "linear-path": Curve(
        f"linear_recurrence, one path, {CHANNELS} channels",
        "nodes",
        (10_000, 100_000, 1_000_000),
        {"linear_recurrence": _along_path},
        flatness,
    ),
}
