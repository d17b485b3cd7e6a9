"""Recurrences that are linear in their state: along the edges of any DAG, and along the steps of dense sequences."""

import warnings

import torch
from torch import Tensor

from gnn_toolkit import _checks
from gnn_toolkit._transforms import FUNCTORCH, is_transforming
from gnn_toolkit.graphs.order import LevelOrder, level_order
from gnn_toolkit.layers.kernels import flow, linear
from gnn_toolkit.layers.kernels.scan import scan

PER = (flow.EDGE, flow.TARGET)
HALVES = (torch.float16, torch.bfloat16)


def linear_recurrence(
    a: Tensor,
    b: Tensor,
    edge_index: Tensor | LevelOrder,
    *,
    initial: Tensor | None = None,
    level: Tensor | None = None,
    edge_type: Tensor | None = None,
    per: str | None = None,
    check_finite: bool = False,
) -> Tensor:
    """The linear recurrence over a DAG: ``h_v = sum over e = (u -> v) of a_e * h_u + b_v``, for every channel.

    It solves ``(I - A) h = b`` exactly. Any derivative is such a solve again, so it can be differentiated as often as
    one likes, backward and forward, and under ``torch.func``. Half precision is solved in float32 and rounded once.

    Args:
        a: the coefficients: for every edge [E, G], for all edges into a node [N, G], for all edges of a type [R, G]
            where ``edge_type`` is given, or for all edges [G]. ``G`` divides C: a coefficient serves ``C / G``
            consecutive channels.
        b: [N, C], real or complex, of the type of ``a``.
        edge_index: integer tensor [2, E] of a DAG, or what :func:`gnn_toolkit.graphs.level_order` made of one.
        initial: [S, C], a state before each of the S nodes without predecessors, in the order of their numbers. It is
            multiplied by the node's coefficient where ``a`` is [N, G] or [G]; where coefficients belong to edges or
            types of edges it is added as it is, for no edge leads there.
        level: optional integer tensor [N] that grows along every edge; computed where absent.
        edge_type: optional integer tensor [E] in [0, R): the row of ``a`` that an edge takes.
        per: ``"edge"`` or ``"target"``: what the rows of ``a`` belong to. Needed only where ``E == N``, for then the
            shape does not say it.
        check_finite: whether to warn of a state that is not finite, naming the first level that has one.

    Returns:
        h [N, C].

    Raises:
        ValueError: shapes that do not fit, integers, mixed types or devices, a cycle, or rows of ``a`` that could
            belong to edges as well as to nodes.

    >>> path = torch.tensor([[0, 1], [1, 2]])
    >>> linear_recurrence(torch.tensor([0.5]), torch.ones(3, 1), path).flatten()
    tensor([1.0000, 1.5000, 1.7500])
    """
    _check_values(a, b, "[num_nodes, channels]", 2)
    order = _order(edge_index, b, level, edge_type)
    a, per = _coefficients(a, b, order, edge_type, per)
    dtype = b.dtype
    if dtype in HALVES:
        a, b = a.float(), b.float()
    if initial is not None:
        b = _with_initial(a, b, order, initial, per, dtype)
    if not order.is_sorted:
        b = linear.permuted(b, order.nodes, order.places)
        a = linear.permuted(a, order.nodes, order.places) if per == flow.TARGET else a
    h = linear.solve(a, b, flow.flow(order), per).to(dtype)
    if check_finite:
        _warn_if_not_finite(h, order)
    return h if order.is_sorted else linear.permuted(h, order.places, order.nodes)


def linear_scan(a: Tensor, b: Tensor, initial: Tensor | None = None, *, reverse: bool = False) -> Tensor:
    """The linear recurrence along dense sequences, ``h_t = a_t * h_(t-1) + b_t`` for every sequence and channel.

    Args:
        a: [T, B, C], or any shape that expands to it, e.g. [C] or [T, 1, C].
        b: [T, B, C], real or complex, of the type of ``a``; time comes first.
        initial: [B, C], the state before the first step (after the last where ``reverse``); zeros where absent.
        reverse: whether to walk from the last step to the first.

    Returns:
        h [T, B, C].

    Raises:
        ValueError: shapes that do not fit, integers, mixed types or devices.

    >>> linear_scan(torch.tensor([0.5]), torch.ones(3, 1, 1)).flatten()
    tensor([1.0000, 1.5000, 1.7500])
    """
    _check_values(a, b, "[steps, batch, channels]", 3)
    fits = a.dim() <= 3 and all(m in (1, n) for m, n in zip(reversed(a.shape), reversed(b.shape), strict=False))
    if not fits:
        remedy = "give a coefficient for every step, sequence and channel, or 1 in the size of what shares one"
        raise ValueError(_checks.problem("a", f"a shape that expands to {list(b.shape)}", list(a.shape), remedy))
    if initial is None:
        initial = b.new_zeros(b.shape[1:])
    _check_initial(initial, b, b.shape[1:], b.dtype, "one state a sequence")
    a = a.expand(*a.shape[:-1], b.size(2))
    a = a[(None,) * (3 - a.dim())]
    if b.dtype in HALVES:
        return scan(a.float(), b.float(), initial.float(), reverse).to(b.dtype)
    return scan(a, b, initial, reverse)


def _check_values(a: Tensor, b: Tensor, shape: str, dims: int) -> None:
    """Raise a ``ValueError`` unless a and b are floating-point or complex, alike, and b has its dimensions."""
    for name, value in (("b", b), ("a", a)):
        _checks.tensor(name, value)
        if not (value.is_floating_point() or value.is_complex()):
            remedy = f"pass {name}.float()"
            raise ValueError(_checks.problem(name, "a floating-point or complex tensor", value.dtype, remedy))
        if value.layout != torch.strided:
            raise ValueError(_checks.problem(name, "a dense tensor", value.layout, f"pass {name}.to_dense()"))
    if b.dim() != dims:
        raise ValueError(_checks.problem("b", f"shape {shape}", list(b.shape), "states have the shape of b"))
    _checks.on_device(b, a=a)
    if a.dtype != b.dtype:
        raise ValueError(_checks.problem("a", f"{b.dtype}, as b", a.dtype, "cast one of them with .to(...)"))


def _check_initial(initial: Tensor, b: Tensor, shape: torch.Size, dtype: torch.dtype, remedy: str) -> None:
    _checks.on_device(b, initial=initial)
    if torch.compiler.is_compiling() and initial.dim() == 2:
        torch._check(initial.size(0) == shape[0])
        torch._check(initial.size(1) == shape[1])
    elif initial.shape != shape:
        raise ValueError(_checks.problem("initial", f"shape {list(shape)}", list(initial.shape), remedy))
    if initial.dtype != dtype:
        raise ValueError(_checks.problem("initial", f"{dtype}, as b", initial.dtype, "cast it with .to(...)"))


def _order(edge_index: Tensor | LevelOrder, b: Tensor, level: Tensor | None, edge_type: Tensor | None) -> LevelOrder:
    """Return the order of the graph, whose nodes are the rows of b."""
    if not isinstance(edge_index, LevelOrder):
        _checks.on_device(b, edge_index=edge_index, level=level, edge_type=edge_type)
        if not torch.compiler.is_compiling() and FUNCTORCH.is_batchedtensor(edge_index):
            remedy = "put the graphs side by side in one, as PyG's Batch does"
            raise ValueError(_checks.problem("edge_index", "one graph for all calls", "several under vmap", remedy))
        return level_order(edge_index, b.size(0), level=level)
    if level is not None:
        raise ValueError(_checks.problem("level", "None", "a tensor", "the order has levels already"))
    _checks.on_device(b, edge_index=edge_index.nodes, edge_type=edge_type)
    if edge_index.nodes.size(0) != b.size(0):
        got = f"an order of {edge_index.nodes.size(0)}"
        raise ValueError(_checks.problem("edge_index", f"{b.size(0)} nodes, as b has rows", got, "pass its own graph"))
    return edge_index


def _coefficients(
    a: Tensor, b: Tensor, order: LevelOrder, edge_type: Tensor | None, per: str | None
) -> tuple[Tensor, str]:
    """Return the coefficients as rows, and what a row belongs to."""
    num_nodes, num_edges, channels = order.nodes.size(0), order.source.size(0), b.size(1)
    rows = {flow.EDGE: num_edges, flow.TARGET: num_nodes}
    if a.dim() not in (1, 2) or (a.size(-1) == 0) != (channels == 0) or (channels and channels % a.size(-1)):
        allowed = f"[{num_edges} edges or {num_nodes} nodes, G] or [G], where G divides {channels} channels"
        raise ValueError(_checks.problem("a", allowed, list(a.shape), "give a coefficient for every edge or node"))
    if edge_type is not None:
        if a.dim() == 1 or per is not None:
            remedy = "leave edge_type or per out"
            raise ValueError(_checks.problem("a", "a row for every type of edge", list(a.shape), remedy))
        edge_type = _checks.edge_types(edge_type, num_edges, a.size(0))
        return a[edge_type.long()], flow.EDGE
    if per is not None:
        _checks.choice("per", per, PER)
        fitting = [name for name in (per,) if a.dim() == 2 and a.size(0) == rows[name]]
    elif a.dim() == 1:
        return a[None], flow.SHARED
    else:
        fitting = [name for name in PER if a.size(0) == rows[name]]
    if len(fitting) != 1:
        allowed = f"{num_edges} rows for edges or {num_nodes} for nodes" if per is None else f"{rows[per]} rows"
        remedy = "say which with per='edge' or per='target'" if fitting else "give a row for every edge or every node"
        raise ValueError(_checks.problem("a", allowed, list(a.shape), remedy))
    return a, fitting[0]


def _with_initial(a: Tensor, b: Tensor, order: LevelOrder, initial: Tensor, per: str, dtype: torch.dtype) -> Tensor:
    """Return b with what the initial states, of a type given, bring to the nodes without predecessors."""
    starts = order.nodes[order.starts[order.starts_by_node]]
    remedy = "one state for each node without predecessors, in the order of their numbers"
    _check_initial(initial, b, torch.Size((starts.size(0), b.size(1))), dtype, remedy)
    initial = initial.to(b.dtype)
    if per != flow.EDGE:
        initial = flow.times(a if per == flow.SHARED else a[starts], initial)
    return b.index_add(0, starts, initial)


def _warn_if_not_finite(h: Tensor, order: LevelOrder) -> None:
    """Warn of states that are not finite, and of the first level that has one."""
    if torch.compiler.is_compiling() or is_transforming():
        remedy = "look at the values outside of them"
        raise ValueError(_checks.problem("check_finite", "False under a compiler or torch.func", True, remedy))
    bad = ~h.detach().isfinite().all(1)
    if bool(bad.any()):
        place = int(bad.nonzero()[0])
        warnings.warn(
            f"h is not finite from level {int(order.level[place])} of {order.num_levels} on (node "
            f"{int(order.nodes[place])}): coefficients above 1 in size, or sums of many predecessors, grow with the "
            "depth; divide a by the number of predecessors or bound it",
            stacklevel=3,
        )
