"""The speed of our layers against torch's, PyG's and the bare matrix products: cases, and the inputs they run on."""

import random
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch.nn.utils.rnn import pack_sequence
from torch_geometric.data import Data

import gnn_toolkit
from benchmarks.timing import Contest, Floor, Result, TrainingStep, measure, peak_mebibytes
from gnn_toolkit.graphs import GridDAG, LevelOrder, level_order, repeat_graph, topological_levels


@dataclass(frozen=True)
class Case:
    """One comparison.

    Attributes:
        title: what is run: one training step, unless it says otherwise.
        rival: what it is measured against.
        kind: which ratio counts: ``"time"``, ``"memory"`` or ``"share"`` is ours over the rival's, ``"speed"`` the
            rival's time over ours.
        bar: what the median ratio must keep to: at least for a speed, else at most; ``None`` for no bar.
        build: makes the contest on a device.
    """

    title: str
    rival: str
    kind: str
    bar: float | None
    build: Callable[[str], Contest]


def dense(device: str, name: str, *, batch: int, steps: int, width: int, hidden: int) -> Contest:
    """Return one of our sequence models against torch's of the same name, on sequences of one length."""
    x = torch.randn(steps, batch, width).to(device)
    return _sequences(device, name, x, lambda out: out, (steps, batch, hidden))


def ragged(device: str, name: str, *, batch: int, lengths: tuple[int, int], width: int, hidden: int) -> Contest:
    """Return one of our sequence models against torch's of the same name, both given the same PackedSequence."""
    drawn = torch.randint(lengths[0], lengths[1] + 1, (batch,)).tolist()
    packed = pack_sequence([torch.randn(length, width).to(device) for length in drawn], enforce_sorted=False)
    return _sequences(device, name, packed, lambda out: out.data, (sum(drawn), hidden))


def _sequences(device: str, name: str, x: Any, read: Callable[[Any], Tensor], shape: tuple[int, ...]) -> Contest:
    width, hidden = (x if isinstance(x, Tensor) else x.data).size(-1), shape[-1]
    ours, theirs = (getattr(home, name)(width, hidden).to(device) for home in (gnn_toolkit, torch.nn))
    ours.load_state_dict(theirs.state_dict())
    steps = [TrainingStep(lambda m=m: read(m(x)[0]), m.parameters(), shape) for m in (ours, theirs)]
    return Contest(steps[0], expected=steps[1], rival=steps[1])


Graph = dict[str, Any]  # edge_index, level, num_nodes, and edge_type and num_relations where the edges have types


def trees(*, count: int, leaves: tuple[int, int]) -> Graph:
    """Return random binary trees with edges from child to parent: two neighbouring roots, drawn at random, are joined.

    Args:
        count: number of trees.
        leaves: fewest and most leaves of a tree.
    """
    draw, edges, size = random.Random(0), [], 0
    for _ in range(count):
        roots = list(range(size, size + draw.randint(*leaves)))
        size += len(roots)
        while len(roots) > 1:
            k = draw.randrange(len(roots) - 1)
            edges += [(roots[k], size), (roots[k + 1], size)]
            roots[k : k + 2] = [size]
            size += 1
    return _with_levels(torch.tensor(edges).t().contiguous(), size)


def dags(*, count: int, nodes: int, in_degree: int = 4) -> Graph:
    """Return random DAGs in which each node but the first draws 1 to ``in_degree`` of the nodes before it."""
    edges = []
    for graph in range(count):
        keys = torch.rand(nodes, nodes).tril(-1)  # of row v, the entries before v are above zero
        best, drawn = keys.topk(min(in_degree, nodes))
        wanted = torch.arange(best.size(1)) < torch.randint(1, in_degree + 1, (nodes, 1))
        target, slot = (wanted & (best > 0)).nonzero(as_tuple=True)
        edges.append(torch.stack([drawn[target, slot], target]) + graph * nodes)
    return _with_levels(torch.cat(edges, 1), count * nodes)


def grid(*, side: int, copies: int) -> Graph:
    """Return square grids of pixels with edges to the right (type 0) and down (type 1)."""
    data = repeat_graph(GridDAG(side, side)(Data(num_nodes=side * side)), copies)
    typed = {"edge_type": data.edge_type, "num_relations": 2}
    return {"edge_index": data.edge_index, "num_nodes": data.num_nodes, "level": data.level, **typed}


def layered(levels: int, *, width: int) -> Graph:
    """Return a DAG of equal levels in which each node has two distinct predecessors in the level before."""
    place = torch.arange(width, levels * width)
    before = place - place % width - width
    first = torch.randint(width, place.shape)
    second = (first + torch.randint(1, width, place.shape)) % width
    edge_index = torch.stack([torch.cat([before + first, before + second]), place.repeat(2)])
    level = torch.arange(levels).repeat_interleave(width)
    return {"edge_index": edge_index, "num_nodes": levels * width, "level": level}


def _with_levels(edge_index: Tensor, num_nodes: int) -> Graph:
    return {"edge_index": edge_index, "num_nodes": num_nodes, "level": topological_levels(edge_index, num_nodes)}


class Workload:
    """A graph with features on a device, and a layer's training steps on it.

    Args:
        graph: the graph.
        device: where it lives.
        layer: ``"DAGLSTM"`` or ``"DAGGRU"``.
        width: of the features.
        hidden: of the states.
        memory_bias: added to the bias of the gate that keeps the past.
    """

    def __init__(
        self, graph: Graph, device: str, layer: str, width: int, hidden: int, memory_bias: float = 0.0
    ) -> None:
        self.graph: Graph = {k: v.to(device) if isinstance(v, Tensor) else v for k, v in graph.items()}
        self.x = torch.randn(graph["num_nodes"], width).to(device)
        self.layer, self.width, self.hidden, self.memory_bias = layer, width, hidden, memory_bias

    def order(self) -> LevelOrder:
        """Return the order of the graph, remembered."""
        return level_order(**self.graph)

    def step(self, backend: str) -> TrainingStep:
        """Return the training step of a layer whose weights do not depend on the backend, its order found already."""
        torch.manual_seed(0)
        relations = self.graph.get("num_relations", 1)
        make = getattr(gnn_toolkit, self.layer)
        layer = make(self.width, self.hidden, num_relations=relations, backend=backend).to(self.x.device)
        layer.add_memory_bias(self.memory_bias)
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
    return Workload(layered(levels, width=width), device, "DAGLSTM", hidden, hidden, memory_bias=-1.0)


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


# The sizes that several rows share: sequences of characters, trees of a treebank, batches of DAGs, pixels.
TEXT = {"batch": 64, "width": 87, "hidden": 256}
TREES = partial(trees, count=25, leaves=(5, 35))
DAGS = partial(dags, count=64, nodes=200)
PRODUCTS, MESSAGES = "its matrix products alone", "message passing"

# fmt: off
CASES: dict[str, Case] = {
    "dense-lstm": Case("LSTM, dense, B 64, T 80, in 87, hidden 256", "torch.nn.LSTM", "time", 1.10,
                       lambda device: dense(device, "LSTM", steps=80, **TEXT)),
    "dense-gru": Case("GRU, dense, B 64, T 80, in 87, hidden 256", "torch.nn.GRU", "time", 1.10,
                      lambda device: dense(device, "GRU", steps=80, **TEXT)),
    "dense-rnn": Case("RNN, dense, B 64, T 80, in 87, hidden 256", "torch.nn.RNN", "time", 1.10,
                      lambda device: dense(device, "RNN", steps=80, **TEXT)),
    "ragged-long": Case("LSTM, lengths 5-80, B 64, in 87, hidden 256", "torch.nn.LSTM, packed", "speed", 3.0,
                        lambda device: ragged(device, "LSTM", lengths=(5, 80), **TEXT)),
    "ragged-short": Case("LSTM, lengths 5-30, B 128, in 10, hidden 128", "torch.nn.LSTM, packed", "speed", 2.5,
                         lambda device: ragged(device, "LSTM", batch=128, lengths=(5, 30), width=10, hidden=128)),
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


def run_case(name: str, case: Case, rounds: int, device: str) -> Result:
    """Build a case's inputs and measure it; a case that fails is told, not raised."""
    torch.manual_seed(0)
    about = (name, case.title, case.rival, case.kind, case.bar)
    try:
        ours, theirs = measure(case.build(device), rounds)
    except Exception:  # whatever a kernel raises, the other cases are still worth measuring
        return Result(*about, error=traceback.format_exc())
    return Result(*about, ours=ours, theirs=theirs)
