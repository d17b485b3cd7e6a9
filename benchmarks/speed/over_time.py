"""Recurrences in time over a graph against a plain loop over PyG's convolutions and against their products alone."""

from collections.abc import Callable, Sequence
from functools import partial

import torch
from torch import Tensor, nn
from torch_geometric.nn import ChebConv, SimpleConv

from gnn_toolkit import DCRNN, GConvGRU, GConvLSTM

from .case import Case, Contest
from .convolutions import graph
from .timing import TrainingStep

NODES, EDGES, STEPS, WIDTH, HIDDEN, ORDER = 207, 1200, 12, 2, 64, 3  # METR-LA's nodes; a window of an hour
LAYERS = {"GConvGRU": GConvGRU, "GConvLSTM": GConvLSTM, "DCRNN": DCRNN}
Layer = GConvGRU | GConvLSTM | DCRNN


class Diffusion(nn.Module):
    """A diffusion convolution (Li et al. 2018, eq. 2) as one would write it on PyG: a message pass for each step."""

    def __init__(self, width: int, out: int, order: int) -> None:
        super().__init__()
        self.lins = nn.ModuleList(nn.Linear(width, out, bias=False) for _ in range(2 * order - 1))
        self.bias = nn.Parameter(torch.zeros(out))
        self.step, self.order = SimpleConv("mean"), order

    def forward(self, x: Tensor, edge_index: Tensor) -> Tensor:
        """Return the convolution of x [B, N, F] on an unweighted graph."""
        out, lins = self.lins[0](x) + self.bias, iter(self.lins[1:])
        for edges in (edge_index.flip(0), edge_index):
            walked = x
            for _ in range(1, self.order):
                walked = self.step(walked, edges)
                out = out + next(lins)(walked)
        return out


class Loop:
    """A training step of a layer's equations in a plain loop: a convolution a gate, for the input and for the state.

    Called, it returns what :class:`TrainingStep` returns for the layer: gradients are put side by side at the end.

    Args:
        layer: whose parameters to copy.
        x: [B, T, N, F].
        edge_index: [2, E].
    """

    def __init__(self, layer: Layer, x: Tensor, edge_index: Tensor) -> None:
        kind = Diffusion if isinstance(layer, DCRNN) else ChebConv
        self.x, self.edge_index, self.layer = x, edge_index, layer
        hidden, self.sides = layer.out_channels, []
        for width, weight, bias in (
            (layer.in_channels, layer.weight_ih, layer.bias_ih),
            (hidden, layer.weight_hh, layer.bias_hh),
        ):
            assert bias is not None
            convolutions = [kind(width, hidden, ORDER).to(x.device) for _ in range(weight.size(0) // hidden)]
            for conv, rows, shift in zip(convolutions, weight.split(hidden), bias.split(hidden), strict=True):
                with torch.no_grad():
                    conv.get_parameter("bias").copy_(shift)
                    for lin, block in zip(conv.lins, rows.split(width, 1), strict=True):
                        lin.get_parameter("weight").copy_(block)
            self.sides.append(convolutions)
        look = layer.peephole if isinstance(layer, GConvLSTM) else None
        self.look = None if look is None else look.detach().clone().requires_grad_()
        self.leaves = [leaf for side in self.sides for conv in side for leaf in conv.parameters()]
        self.leaves += [] if self.look is None else [self.look]
        shape = (*x.shape[:3], hidden)
        self.step = TrainingStep(self.forward, self.leaves, shape)

    def forward(self) -> Tensor:
        """Return the outputs of all steps."""
        of_x, of_h = self.sides
        h = self.x.new_zeros(*self.x.shape[::2][:2], self.layer.out_channels)
        c, out = torch.zeros_like(h), []

        def gate(k: int, x: Tensor, state: Tensor) -> Tensor:
            return of_x[k](x, self.edge_index) + of_h[k](state, self.edge_index)

        for x in self.x.unbind(1):
            if self.look is not None:
                i, f = (torch.sigmoid(gate(k, x, h) + self.look[k] * c) for k in (0, 1))
                c = f * c + i * torch.tanh(gate(2, x, h))
                h = torch.sigmoid(gate(3, x, h) + self.look[2] * c) * torch.tanh(c)
            else:
                r, z = (torch.sigmoid(gate(k, x, h)) for k in (0, 1))
                h = (1 - z) * torch.tanh(gate(2, x, r * h)) + z * h
            out.append(h)
        return torch.stack(out, 1)

    def __call__(self) -> list[Tensor]:
        """Return the output and the gradients in the order and the layout of the layer's parameters."""
        out, *gradients = self.step()
        of = dict(zip(map(id, self.leaves), gradients, strict=True))
        joined = {"peephole": [] if self.look is None else [of[id(self.look)]]}
        for name, side in zip(("ih", "hh"), self.sides, strict=True):
            rows = [torch.cat([of[id(lin.get_parameter("weight"))] for lin in conv.lins], 1) for conv in side]
            joined[f"weight_{name}"] = [torch.cat(rows)]
            joined[f"bias_{name}"] = [torch.cat([of[id(conv.get_parameter("bias"))] for conv in side])]
        return [out, *(joined[name][0] for name, _ in self.layer.named_parameters())]


class Products:
    """The dense products that a layer's training step cannot do without, alone, into memory that is at hand.

    Forward, the terms of the input by its weight, for all steps at once, and at each step the terms of the state by
    each block of its weight; backward, the transposed counterpart of each but the input's, and each weight's gradient
    as one product over all steps. Sparse products and all that goes element by element cost nothing here.
    """

    def __init__(self, layer: Layer, x: Tensor) -> None:
        batch, steps, nodes, _ = x.shape
        rows, self.products = nodes * batch, []

        def product(a: Tensor, b: Tensor) -> None:
            self.products.append((a, b, torch.empty(a.size(0), b.size(1), device=x.device)))

        def dense(rows: int, columns: int) -> Tensor:
            return torch.randn(rows, columns, device=x.device)

        weight, gates = layer.weight_ih.detach(), dense(steps * rows, layer.weight_ih.size(0))
        terms = dense(steps * rows, weight.size(1))
        product(terms, weight.t())
        product(gates.t(), terms)
        for block in layer.weight_hh.detach().split([n * layer.out_channels for n in layer.cell.blocks]):
            terms, gates = dense(steps * rows, block.size(1)), dense(steps * rows, block.size(0))
            for term, gate in zip(terms.split(rows), gates.split(rows), strict=True):
                product(term, block.t())
                product(gate, block)
            product(gates.t(), terms)

    def __call__(self) -> list[Tensor]:
        """Do the products."""
        return [torch.mm(a, b, out=out) for a, b, out in self.products]


def window(
    device: str, layer: str, batch: int, sizes: Sequence[int] = (NODES, EDGES, STEPS, WIDTH, HIDDEN)
) -> tuple[TrainingStep, Loop, Products]:
    """Return a layer's training step on a batch of windows, the same in a plain loop, and its products alone."""
    torch.manual_seed(0)
    nodes, edges, steps, width, hidden = sizes
    edge_index = graph(nodes, edges).to(device)
    x = torch.randn(batch, steps, nodes, width).to(device)
    module = LAYERS[layer](width, hidden, ORDER).to(device)
    step = TrainingStep(lambda: module(x, edge_index)[0], module.parameters(), (batch, steps, nodes, hidden))
    return step, Loop(module, x, edge_index), Products(module, x)


def against_loop(device: str, layer: str, batch: int) -> Contest:
    """Return our layer against the plain loop."""
    ours, loop, _ = window(device, layer, batch)
    return Contest(ours, expected=loop, rival=loop)


def against_products(device: str, layer: str, batch: int) -> Contest:
    """Return our layer, which must agree with the plain loop, against its dense products alone."""
    ours, loop, products = window(device, layer, batch)
    return Contest(ours, expected=loop, rival=products)


def _case(layer: str, batch: int, rival: str) -> Case:
    title = f"{layer}, {batch} x {STEPS} steps of {NODES} nodes, {EDGES} edges, {WIDTH} to {HIDDEN}, K = {ORDER}"
    build: Callable[..., Contest] = against_products if rival == "floor" else against_loop
    made = partial(build, layer=layer, batch=batch)
    if rival == "floor":
        return Case(title, "its dense products alone", "time", 2.0, made)
    convolution = "message passes" if layer == "DCRNN" else "ChebConv"
    return Case(title, f"a loop over PyG's {convolution}, one a gate", "speed", 2.5 if batch == 1 else 2.0, made)


CASES: dict[str, Case] = {
    f"{layer.lower()}-{batch}{suffix}": _case(layer, batch, rival)
    for layer in LAYERS
    for batch in (1, 16)
    for suffix, rival in (("", "loop"), ("-floor", "floor"))
}
