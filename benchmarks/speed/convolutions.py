"""The graph convolution against PyG's, and against its dense product alone."""

from functools import partial

import torch
from torch import Tensor
from torch_geometric.nn import GCNConv as PyGConv

from gnn_toolkit import GCNConv

from .case import Case, Contest
from .scaling import Curve, Point
from .timing import TrainingStep


def graph(nodes: int, edges: int) -> Tensor:
    """Return a random undirected graph without loops, [2, edges]: half the edges, and each of them turned round."""
    source = torch.randint(nodes, (edges // 2,))
    target = (source + torch.randint(1, nodes, source.shape)) % nodes
    return torch.stack([torch.cat([source, target]), torch.cat([target, source])])


class Convolution:
    """A graph with features, and training steps on it of our layer, of PyG's, and of the dense product alone.

    Args:
        device: where all lives.
        nodes: number of nodes.
        edges: number of directed edges.
        width: of the features.
        out: width of the output.
        cached: whether both layers keep what they compute of the graph; if not, every step sees a new ``edge_index``.
        learned: whether features and edge weights get gradients too.
    """

    def __init__(
        self, device: str, nodes: int, edges: int, width: int, out: int, *, cached: bool = True, learned: bool = False
    ) -> None:
        torch.manual_seed(0)
        self.edge_index, self.cached, self.shape = graph(nodes, edges).to(device), cached, (nodes, out)
        self.x = torch.randn(nodes, width).to(device).requires_grad_(learned)
        self.edge_weight = torch.rand(edges).to(device).requires_grad_() if learned else None
        self.layers = [kind(width, out, cached=cached and not learned).to(device) for kind in (GCNConv, PyGConv)]
        self.layers[1].load_state_dict(self.layers[0].state_dict())

    @property
    def ours(self) -> TrainingStep:
        """The step of our layer."""
        return self._step(self.layers[0])

    @property
    def pyg(self) -> TrainingStep:
        """The step of PyG's layer."""
        return self._step(self.layers[1])

    @property
    def dense(self) -> TrainingStep:
        """The step of the dense product with a bias: a convolution without edges."""
        layer = self.layers[0]
        weight, bias = layer.lin.weight, layer.bias
        assert isinstance(weight, Tensor)
        product = partial(torch.nn.functional.linear, self.x, weight, bias)
        return TrainingStep(product, self._leaves(layer)[: 3 if self.x.requires_grad else 2], self.shape)

    def _step(self, layer: torch.nn.Module) -> TrainingStep:
        def forward() -> Tensor:
            edge_index = self.edge_index if self.cached else self.edge_index.clone()
            return layer(self.x, edge_index, self.edge_weight)

        return TrainingStep(forward, self._leaves(layer), self.shape)

    def _leaves(self, layer: torch.nn.Module) -> list[Tensor]:
        extra = [leaf for leaf in (self.x, self.edge_weight) if leaf is not None and leaf.requires_grad]
        return [*layer.parameters(), *extra]


def against_pyg(
    device: str, nodes: int, edges: int, width: int, out: int, *, cached: bool = True, learned: bool = False
) -> Contest:
    """Return our layer against PyG's, with the same parameters."""
    work = Convolution(device, nodes, edges, width, out, cached=cached, learned=learned)
    return Contest(work.ours, expected=work.pyg, rival=work.pyg)


def against_dense(device: str, nodes: int, edges: int, width: int, out: int) -> Contest:
    """Return our layer, which must agree with PyG's, against the dense product alone."""
    work = Convolution(device, nodes, edges, width, out)
    return Contest(work.ours, expected=work.pyg, rival=work.dense)


CITATIONS = (2708, 10_556, 1433, 16)  # Cora's nodes, directed edges and words; the width of Kipf and Welling (2017)
PYG, DENSE = "PyG's GCNConv", "its dense product alone"

# fmt: off
CASES: dict[str, Case] = {
    "gcn": Case("GCNConv, 20,000 nodes, 400,000 edges, 128 to 128", f"{PYG}, both cached", "speed", 8.0,
                lambda device: against_pyg(device, 20_000, 400_000, 128, 128)),
    "gcn-floor": Case("GCNConv, 20,000 nodes, 400,000 edges, 128 to 128", DENSE, "time", 2.5,
                      lambda device: against_dense(device, 20_000, 400_000, 128, 128)),
    "gcn-large": Case("GCNConv, 100,000 nodes, 1,000,000 edges, 128 to 128", f"{PYG}, both cached", "speed", 3.0,
                      lambda device: against_pyg(device, 100_000, 1_000_000, 128, 128)),
    "gcn-cora": Case("GCNConv, 2,708 nodes, 10,556 edges, 1433 to 16", f"{PYG}, both cached", "speed", 1.0,
                     lambda device: against_pyg(device, *CITATIONS)),
    "gcn-new": Case("GCNConv, 20,000 nodes, 400,000 edges, 128 to 128, a new edge_index each step", PYG, "speed", 3.0,
                    lambda device: against_pyg(device, 20_000, 400_000, 128, 128, cached=False)),
    "gcn-learned": Case("GCNConv, 20,000 nodes, 400,000 edges, 128 to 128, gradients of x and of edge weights", PYG,
                        "speed", None, lambda device: against_pyg(device, 20_000, 400_000, 128, 128, learned=True)),
}
# fmt: on

DEGREE, WIDTH = 20, 32  # of the growing graphs


def _growing(edges: int, device: str, line: str) -> TrainingStep:
    return getattr(Convolution(device, edges // DEGREE, edges, WIDTH, WIDTH), line)


def advantage(points: list[Point]) -> list[str]:
    """Return by how much PyG's layer takes longer, for every number of edges that both were measured at."""
    time = {(point.line, point.place): point.milliseconds for point in points}
    places = [place for line, place in time if line == "ours" and ("PyG", place) in time]
    each = ", ".join(f"{time['PyG', n] / time['ours', n]:.3g} times at {n:,} edges" for n in places)
    return [f"PyG's layer takes longer: {each}"]


CURVES: dict[str, Curve] = {
    "edges": Curve(
        f"GCNConv, {DEGREE} edges a node, {WIDTH} to {WIDTH}",
        "directed edges",
        (1_000, 10_000, 100_000, 1_000_000, 10_000_000),
        {
            "ours": lambda edges, device: _growing(edges, device, "ours"),
            "PyG": lambda edges, device: _growing(edges, device, "pyg"),
            "dense product alone": lambda edges, device: _growing(edges, device, "dense"),
        },
        advantage,
        alike=("ours", "PyG"),
    ),
}
