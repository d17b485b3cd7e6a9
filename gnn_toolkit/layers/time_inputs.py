"""The input of a layer in time, checked once at its door: features, the graph of each step, and the state before.

Everything is compared with a parameter of the layer: what comes in has its type and lies on its device.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from gnn_toolkit import _checks
from gnn_toolkit.graphs.adjacency import Adjacency
from gnn_toolkit.graphs.forms import is_sparse_matrix, to_edge_index

Graph = tuple[Tensor, Tensor | None]  # edge_index [2, E] and edge_weight [E]
NORMALISED = "degrees divide them here; with normalization=None GConvGRU, GConvLSTM and GCLSTM take any"


def window(x: Any, width: int, like: Tensor) -> Tensor:
    """Return the features as windows [B, T, N, F], from those of one step [N, F], of a window, or of several.

    Args:
        x: [N, F], [T, N, F] or [B, T, N, F].
        width: F.
        like: a parameter of the layer.

    Raises:
        ValueError: another shape, type or device.
    """
    _dense("x", x)
    if x.dim() not in (2, 3, 4) or x.size(-1) != width or (x.dim() > 2 and not x.size(-3)):
        shapes = f"[num_nodes, {width}], [steps, num_nodes, {width}] or [batch, steps, num_nodes, {width}]"
        remedy = "give a step at least, and check in_channels of the layer"
        raise ValueError(_checks.problem("x", f"shape {shapes}", list(x.shape), remedy))
    _checks.features("x", x, width, batched=True, weight=like)
    return x[(None,) * (4 - x.dim())]


def graphs(edge_index: Any, edge_weight: Any, edge_time: Any, x: Tensor, *, signed: bool = False) -> list[Graph]:
    """Return the graph of all steps, or one for each of them.

    Args:
        edge_index: [2, E] in any form that :func:`gnn_toolkit.graphs.to_edge_index` reads, or a list of T.
        edge_weight: [E], or a list of T; ``None`` for ones. It is brought to the type of ``x``.
        edge_time: [E] the step of each edge, or ``None``.
        x: the windows [B, T, N, F].
        signed: whether weights may be negative.

    Raises:
        ValueError: another form, type or device, another number of graphs than steps, or a negative weight.
    """
    steps = x.size(1)
    if edge_time is not None:
        edge_index, edge_weight = _by_time(edge_index, edge_weight, edge_time, x, signed)
    moving = isinstance(edge_index, (list, tuple)), isinstance(edge_weight, (list, tuple))
    if not any(moving):
        return [_graph(edge_index, edge_weight, x, signed)]
    if moving[0] and len(edge_index) != steps:
        remedy = "or one for all steps"
        raise ValueError(_checks.problem("edge_index", f"{steps}, one a step", len(edge_index), remedy))
    if edge_weight is not None and not (moving[1] and len(edge_weight) == steps):
        got = len(edge_weight) if moving[1] else type(edge_weight).__name__
        remedy = "one for each edge_index of the list"
        raise ValueError(_checks.problem("edge_weight", f"a list of {steps}, one a step", got, remedy))
    edges = edge_index if moving[0] else [edge_index] * steps
    weights = [None] * steps if edge_weight is None else edge_weight
    return [_graph(*pair, x, signed) for pair in zip(edges, weights, strict=True)]


def states(hx: Any, shape: Sequence[int], count: int, like: Tensor) -> tuple[Tensor, ...] | None:
    """Return the initial states if they are ``count`` tensors of ``shape``, or ``None``.

    Raises:
        ValueError: another number of them, another shape, type or device.
    """
    if hx is None:
        return None
    if not isinstance(hx, (list, tuple)) or len(hx) != count:
        got = f"{len(hx)} of them" if isinstance(hx, (list, tuple)) else type(hx).__name__
        raise ValueError(_checks.problem("hx", f"a pair of states {list(shape)}", got, "pass what the layer returned"))
    for h in hx:
        _dense("hx", h)
        if h.shape != tuple(shape):
            remedy = "pass what the layer returned"
            raise ValueError(_checks.problem("hx", f"states of shape {list(shape)}", list(h.shape), remedy))
        _checks.like("hx", h, like)
    return tuple(hx)


def precision(x: Tensor) -> torch.dtype:
    """Return the type in which the matrices of a graph are kept: that of ``x``, and at least single precision."""
    return torch.promote_types(x.dtype, torch.float32)


def _dense(argument: str, value: Any) -> None:
    """Raise a ``ValueError`` unless a value is a tensor with a place for every number, and numbers in it."""
    _checks.tensor(argument, value)
    if value.layout != torch.strided:
        raise ValueError(_checks.problem(argument, "a dense tensor", value.layout, f"pass {argument}.to_dense()"))
    if value.is_meta:
        remedy = "edges are read: give tensors with values, and the layer to_empty(device=...)"
        raise ValueError(_checks.problem(argument, "a device that holds values", value.device, remedy))


def _graph(edge_index: Any, edge_weight: Any, x: Tensor, signed: bool) -> Graph:
    if isinstance(edge_index, Adjacency):
        remedy = "the layer has a normalisation of its own: pass edge_index and edge_weight"
        raise ValueError(_checks.problem("edge_index", "the edges", "an Adjacency", remedy))
    if edge_weight is not None:
        _dense("edge_weight", edge_weight)
    nodes = x.size(-2)
    if is_sparse_matrix(edge_index) and edge_index.shape != (nodes, nodes):
        remedy = "one row and one column for each node of x"
        raise ValueError(_checks.problem("edge_index", f"a matrix [{nodes}, {nodes}]", list(edge_index.shape), remedy))
    edge_index, edge_weight = to_edge_index(edge_index, edge_weight)
    _checks.edge_form(edge_index)
    _checks.on_device(x, edge_index=edge_index, edge_weight=edge_weight)
    if edge_weight is None:
        return edge_index, None
    _checks.edge_weight_form(edge_weight, edge_index.size(1))
    if not signed:
        _checks.not_negative(edge_weight, NORMALISED)
    return edge_index, edge_weight.to(precision(x))


def _by_time(
    edge_index: Any, edge_weight: Any, edge_time: Any, x: Tensor, signed: bool
) -> tuple[list[Tensor], list[Tensor] | None]:
    """Return the edges of each step, and their weights."""
    if isinstance(edge_index, (list, tuple)) or is_sparse_matrix(edge_index):
        remedy = "a list has the edges of each step already, a matrix those of one"
        raise ValueError(_checks.problem("edge_time", "None beside a list or a matrix", "a tensor", remedy))
    edge_index, edge_weight = _graph(edge_index, edge_weight, x, signed)
    count, steps = edge_index.size(1), x.size(1)
    _dense("edge_time", edge_time)
    whole = not (edge_time.is_floating_point() or edge_time.is_complex() or edge_time.dtype == torch.bool)
    if edge_time.shape != (count,) or not whole:
        got = f"{edge_time.dtype} {list(edge_time.shape)}"
        remedy = "give one step for each column of edge_index"
        raise ValueError(_checks.problem("edge_time", f"an integer tensor of shape [{count}]", got, remedy))
    _checks.on_device(x, edge_time=edge_time)
    if count and not (int(edge_time.min()) >= 0 and int(edge_time.max()) < steps):
        got = f"values from {int(edge_time.min())} to {int(edge_time.max())}"
        raise ValueError(_checks.problem("edge_time", f"steps in [0, {steps})", got, "count the steps of x from 0"))
    order = torch.argsort(edge_time, stable=True)
    counts = torch.bincount(edge_time, minlength=steps).tolist()
    edges = list(edge_index[:, order].split(counts, 1))
    return edges, None if edge_weight is None else list(edge_weight[order].split(counts))
