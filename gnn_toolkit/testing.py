"""The contract of a layer, for this library's layers and for your own.

A layer is handed over as a function ``layer(x, edge_index) -> out [N, C]``; wrap one that takes or returns more.
"""

from collections.abc import Callable, Iterable, Sequence

import torch
from torch import Tensor

from gnn_toolkit import _checks

Layer = Callable[[Tensor, Tensor], Tensor]


def random_dag(num_nodes: int, num_edges: int, generator: torch.Generator | None = None) -> Tensor:
    """Return the edges [2, E] of a random DAG without parallel edges, its nodes numbered at random.

    Args:
        num_nodes: number of nodes.
        num_edges: number of edges, at most ``num_nodes * (num_nodes - 1) / 2``; fewer where that is less.
        generator: of the draw.

    >>> random_dag(5, 4, torch.Generator().manual_seed(0)).shape
    torch.Size([2, 4])
    """
    pairs = torch.triu_indices(num_nodes, num_nodes, offset=1)
    chosen = torch.randperm(pairs.size(1), generator=generator)[:num_edges]
    return torch.randperm(num_nodes, generator=generator)[pairs[:, chosen]]


def random_graph(num_nodes: int, num_edges: int, generator: torch.Generator | None = None) -> Tensor:
    """Return the edges [2, 2 E] of a random undirected graph without loops or parallel edges, each edge both ways.

    >>> random_graph(5, 4, torch.Generator().manual_seed(0)).shape
    torch.Size([2, 8])
    """
    edge_index = random_dag(num_nodes, num_edges, generator)
    return torch.cat([edge_index, edge_index.flip(0)], 1)


def assert_parity(
    actual: Sequence[Tensor],
    expected: Sequence[Tensor],
    inputs: Iterable[tuple[Sequence[Tensor], Sequence[Tensor]]] = (),
    *,
    atol: float = 1e-10,
    rtol: float = 1e-8,
) -> None:
    """Assert that two computations agree: their outputs, and the gradient of every input.

    Each output is weighted with fixed random numbers, so that no error hides in a sum.

    Args:
        actual: outputs of one computation.
        expected: outputs of the other, of the same shapes.
        inputs: pairs (inputs of the one, inputs of the other) whose gradients are compared.
        atol: absolute tolerance.
        rtol: relative tolerance.

    Raises:
        AssertionError: naming what differs and by how much.
    """
    if len(actual) != len(expected):
        raise AssertionError(f"{len(actual)} outputs against {len(expected)}")
    for k, (a, b) in enumerate(zip(actual, expected, strict=True)):
        torch.testing.assert_close(a, b, atol=atol, rtol=rtol, msg=lambda m, k=k: f"output {k}: {m}")
    for ours, theirs in inputs:
        grads = [_gradients(actual, list(ours)), _gradients(expected, list(theirs))]
        for k, (a, b) in enumerate(zip(*grads, strict=True)):
            torch.testing.assert_close(a, b, atol=atol, rtol=rtol, msg=lambda m, k=k: f"gradient {k}: {m}")


def _gradients(outputs: Sequence[Tensor], inputs: list[Tensor]) -> list[Tensor]:
    generator = torch.Generator().manual_seed(0)
    weights = [torch.randn(out.shape, generator=generator, dtype=out.dtype) for out in outputs]
    total = torch.stack([(out * w.to(out.device)).sum() for out, w in zip(outputs, weights, strict=True)]).sum()
    found = torch.autograd.grad(total, inputs, retain_graph=True, allow_unused=True)
    return [torch.zeros_like(x) if g is None else g for x, g in zip(inputs, found, strict=True)]


def assert_layer(
    layer: Layer,
    in_channels: int,
    *,
    reference: Layer | None = None,
    acyclic: bool = True,
    device: torch.device | str = "cpu",
    seed: int = 0,
) -> None:
    """Assert the contract of a graph layer, in float64.

    Checked on random graphs: parity with ``reference``, values and the gradient of ``x``; the order of the edges does
    not matter; renumbering the nodes renumbers the output; a disjoint union gives what its parts give; isolated nodes,
    a graph without edges and a graph of one node work; type and device of ``x`` are kept.

    Args:
        layer: the layer, with float64 parameters on ``device``.
        in_channels: width of ``x``.
        reference: a reference implementation.
        acyclic: whether to draw DAGs (recurrences) or undirected graphs (convolutions).
        device: where to run.
        seed: of the random graphs.

    Raises:
        AssertionError: naming the clause that is broken.

    >>> from gnn_toolkit import GCNConv
    >>> assert_layer(GCNConv(4, 3).double(), 4, acyclic=False)
    """
    generator = torch.Generator().manual_seed(seed)
    draw = random_dag if acyclic else random_graph

    def sample(num_nodes: int, num_edges: int) -> tuple[Tensor, Tensor]:
        x = torch.randn(num_nodes, in_channels, dtype=torch.float64, generator=generator)
        return x.to(device).requires_grad_(), draw(num_nodes, num_edges, generator).to(device)

    # 12 nodes with edges and 3 without; then no edges at all; then a single node.
    (x, edge_index), (other, other_edges) = sample(12, 20), sample(7, 8)
    x = torch.cat([x.detach(), x.detach()[:3] + 1.0]).requires_grad_()
    for features, edges in ((x, edge_index), (x, edge_index[:, :0]), (x[:1], edge_index[:, :0])):
        out = layer(features, edges)
        _holds("one row a node", out.dim() == 2 and out.size(0) == features.size(0))
        _holds("dtype and device kept", out.dtype == features.dtype and out.device == features.device)
        if reference is not None:
            assert_parity([out], [reference(features, edges)], [([x], [x])])
    expected = layer(x, edge_index)
    shuffled = edge_index[:, torch.randperm(edge_index.size(1), generator=generator).to(device)]
    _same("the order of the edges does not matter", layer(x, shuffled), expected)
    moved = torch.randperm(x.size(0), generator=generator).to(device)
    place = torch.empty_like(moved).scatter_(0, moved, torch.arange(x.size(0), device=device))
    _same("renumbering the nodes renumbers the output", layer(x[moved], place[edge_index]), expected[moved])
    union = layer(torch.cat([x, other]), torch.cat([edge_index, other_edges + x.size(0)], 1))
    parts = torch.cat([expected, layer(other, other_edges)])
    _same("a disjoint union gives what its parts give", union, parts)


def assert_refuses(layer: Layer, in_channels: int) -> None:
    """Assert that a layer refuses bad input with a ``ValueError`` that names the argument.

    Tried: a feature matrix of the wrong width, floating-point edges, and an edge to a node that does not exist.

    Args:
        layer: the layer, with float32 parameters.
        in_channels: width of ``x``.

    Raises:
        AssertionError: naming the input that got through.
    """
    x, edge_index = torch.zeros(2, in_channels), torch.tensor([[0], [1]])
    bad = [
        ("x", x[:, :-1], edge_index),
        ("edge_index", x, edge_index.float()),
        ("edge_index", x, edge_index + 1),
        ("edge_index", x, edge_index - 1),
    ]
    for argument, features, edges in bad:
        try:
            layer(features, edges)
        except ValueError as error:
            _holds(f"the error names {argument}", str(error).startswith(f"{argument}:"))
        else:
            raise AssertionError(_checks.problem(argument, "a ValueError", "none", "check the input first"))


def _same(clause: str, a: Tensor, b: Tensor) -> None:
    torch.testing.assert_close(a, b, atol=1e-10, rtol=1e-8, msg=lambda message: f"{clause}: {message}")


def _holds(clause: str, condition: bool) -> None:
    if not condition:
        raise AssertionError(clause)
