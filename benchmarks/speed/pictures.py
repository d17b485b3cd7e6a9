"""The Graph LSTM on pictures against a plain loop over their superpixels."""

from functools import partial

import torch
from torch import Tensor

from gnn_toolkit.datasets.penn_fudan import superpixel_edges
from gnn_toolkit.layers import GraphLSTM

from .case import Case, Contest
from .timing import TrainingStep

HEIGHT, WIDTH, SUPERPIXELS = 290, 116, 164  # of the mean picture of Penn-Fudan


def picture(height: int = HEIGHT, width: int = WIDTH, superpixels: int = SUPERPIXELS) -> Tensor:
    """Return the edges of a picture whose superpixels are the pixels nearest to each of some points drawn at random."""
    points = torch.rand(superpixels, 2) * torch.tensor([height, width])
    pixels = torch.cartesian_prod(torch.arange(height), torch.arange(width)).float()
    _, segments = torch.cdist(pixels, points).argmin(1).unique(return_inverse=True)
    return superpixel_edges(segments.view(height, width))


def against_node_by_node(device: str, pictures: list[Tensor], width: int, hidden: int) -> Contest:
    """Return a Graph LSTM on some pictures against a plain loop, in an order drawn at random."""
    sizes = torch.tensor([int(edges.max()) + 1 for edges in pictures])
    first = sizes.cumsum(0) - sizes
    edge_index = torch.cat([edges + start for edges, start in zip(pictures, first, strict=True)], 1).to(device)
    nodes = int(sizes.sum())
    x, h, m = (torch.randn(nodes, size).to(device) for size in (width, hidden, hidden))
    score, layer = torch.rand(nodes).to(device), GraphLSTM(width, hidden).to(device)
    neighbours: list[list[int]] = [[] for _ in range(nodes)]
    for u, v in edge_index.t().tolist():
        neighbours[v].append(u)
    order = score.argsort(descending=True, stable=True).tolist()
    weights = [layer.get_parameter(f"{name}_l0") for name in ("weight_ih", "weight_hh", "weight_nh", "bias")]
    ours = TrainingStep(lambda: layer(x, edge_index, score, (h, m))[0], weights, (nodes, hidden))
    rival = TrainingStep(partial(node_by_node, x, (h, m), order, neighbours, *weights), weights, (nodes, hidden))
    return Contest(ours, expected=rival, rival=rival)


def node_by_node(
    x: Tensor,
    states: tuple[Tensor, Tensor],
    order: list[int],
    neighbours: list[list[int]],
    weight_ih: Tensor,
    weight_hh: Tensor,
    weight_nh: Tensor,
    bias: Tensor,
) -> Tensor:
    """Return h of a Graph LSTM as one would first write it: in torch, one node at a time, in the order of the visit."""
    hidden = weight_hh.size(1)
    h, m = (list(state.unbind()) for state in states)
    inputs = torch.nn.functional.linear(x, weight_ih, bias)
    own = states[0] @ weight_hh.t()
    asked = (states[0] @ weight_nh[3 * hidden :].t()).unbind()  # of the gates for neighbours, from old states
    gates, forget = (inputs + own)[:, : 3 * hidden].unbind(), inputs[:, 3 * hidden :].unbind()
    keep = (inputs + own)[:, 3 * hidden :].sigmoid().unbind()
    to_gates = weight_nh[: 3 * hidden]
    for v in order:
        near = neighbours[v]
        memory, gate = keep[v] * m[v], gates[v]
        if near:
            gate = gate + to_gates @ torch.stack([h[u] for u in near]).mean(0)
            passed = torch.sigmoid(forget[v] + torch.stack([asked[u] for u in near]))
            memory = memory + (passed * torch.stack([m[u] for u in near])).mean(0)
        u, g, o = gate.split(hidden)
        m[v] = memory + u.sigmoid() * g.tanh()
        h[v] = (o.sigmoid() * m[v]).tanh()
    return torch.stack(h)


CASES: dict[str, Case] = {
    "pictures-nodes": Case(
        "GraphLSTM, 20 pictures of 164 superpixels, in 64, hidden 64",
        "a loop over nodes",
        "speed",
        20.0,
        lambda device: against_node_by_node(device, [picture() for _ in range(20)], 64, 64),
    ),
}
