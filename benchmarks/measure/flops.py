"""Floating-point operations of a training step, by torch's counter, taught the operations that it does not know.

Counted are matrix products, dense and sparse, a multiplication and an addition each; element by element work is not, as
in torch's own formulas. A recurrence over N nodes is counted as N products with its weights, sources included: torch's
kernels multiply the initial state too. A sparse product is counted by its stored entries, where torch's formula would
count it as if dense. The backward pass of a product is two products.
"""

from collections.abc import Callable
from math import prod
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode, addmm_flop, mm_flop

import gnn_toolkit.layers  # noqa: F401  registers the operations
from gnn_toolkit.layers.kernels.terms import PARTS, per_step

aten, ours = torch.ops.aten, torch.ops.gnn_toolkit


def _raw(formula: Callable[..., int]) -> Callable[..., int]:
    """Have the counter hand over tensors instead of their shapes."""
    formula._get_raw = True  # pyright: ignore[reportFunctionMemberAccess]
    return formula


def _forward(op: Any) -> Callable[..., int]:
    """Return the formula of a recurrence over a DAG: a product of every node with ``weight_ih`` and ``weight``."""
    x, weight_ih, weight = _places(op, "x", "weight_ih", "weight")
    return lambda *shapes, **_: 2 * shapes[x][0] * (prod(shapes[weight_ih]) + prod(shapes[weight]))


def _backward(op: Any) -> Callable[..., int]:
    """Return the formula of its backward: two products with ``weight``; those with the inputs are torch's own."""
    h, weight, extra = _places(op, "h", "weight", "extra")
    return lambda *shapes, **_: 2 * 2 * (shapes[h][0] - shapes[extra]) * prod(shapes[weight])


def _places(op: Any, *names: str) -> list[int]:
    """Return where an operation's arguments stand, as its schema says."""
    order = [argument.name for argument in op.default._schema.arguments]
    return [order.index(name) for name in names]


def _layer(x: torch.Size, w_ih: torch.Size, w_hh: torch.Size, *_: Any, **__: Any) -> int:
    """Return the operations of oneDNN's recurrent layer over ``x`` [T, B, F]."""
    return 2 * prod(x[:-1]) * (prod(w_ih) + prod(w_hh))


def _cudnn(x: torch.Size, weights: list[torch.Size], *_: Any, **__: Any) -> int:
    """Return the operations of cuDNN's recurrence over ``x`` [T, B, F] or [N, F], all layers and directions."""
    return 2 * prod(x[:-1]) * sum(prod(shape) for shape in weights if len(shape) == 2)


def _twice(formula: Callable[..., int]) -> Callable[..., int]:
    return lambda *shapes, **rest: 2 * formula(*shapes, **rest)


def _sparse(values: torch.Size, x: torch.Size, *_: Any, **__: Any) -> int:
    """Return the operations of our product of a sparse matrix, by its entries, with ``x`` [N, F]."""
    return 2 * prod(values) * x[1]


def _over_time(
    x: Any, w_ih: Any, bias: Any, w_hh: Any, bias_n: Any, peephole: Any, h: Any, *rest: Any, **_: Any
) -> int:
    """Return the operations of a recurrence in time over ``x`` [T, M, K * F] from ``h`` [M, H]."""
    _, matrices, plan, _, nodes, kind = rest
    return 2 * x[0] * x[1] * (prod(w_ih) + prod(w_hh)) + _terms(matrices, plan, nodes, kind, x[0], h)


def _over_time_backward(dh: Any, dc: Any, saved: Any, w_hh: Any, peephole: Any, *rest: Any, **_: Any) -> int:
    """Return those of its backward: two products with ``weight``, the terms again and their transposes."""
    matrices, plan, _, nodes, kind = rest
    h, states = saved[0], saved[2]
    return 4 * prod(states[:2]) * prod(w_hh) + 2 * _terms(matrices, plan, nodes, kind, states[0], h)


def _terms(matrices: Any, plan: Any, nodes: int, kind: str, steps: int, h: torch.Size) -> int:
    """Return the operations of the sparse products of all steps, of one graph or of one a step."""
    looks = 2 if kind == "early_gru" else 1
    entries = sum(prod(graph[PARTS * number]) for graph in per_step(matrices, plan, steps) for number in plan[::3])
    return 2 * looks * entries * prod(h) // nodes


def _sampled(a: torch.Size, b: torch.Size, *_: Any, out_shape: torch.Size, **__: Any) -> int:
    """Return the operations of our products of rows of ``a`` and ``b`` [N, F], one for each entry of the output."""
    return 2 * prod(out_shape) * a[1]


@_raw
def _mm(a: Tensor, b: Tensor, *_: Any, **__: Any) -> int:
    for sparse, columns in ((a, b.size(1)), (b, a.size(0))):
        if sparse.layout is not torch.strided:
            return 2 * sparse._nnz() * columns
    return mm_flop(a, b)


@_raw
def _addmm(bias: Tensor, a: Tensor, b: Tensor, *_: Any, **__: Any) -> int:
    if torch.strided is a.layout is b.layout:
        return addmm_flop(bias, a, b)
    return _mm(a, b)


FORMULAS: dict[Any, Callable[..., int]] = {
    aten.mm: _mm,
    aten.addmm: _addmm,
    aten.mkldnn_rnn_layer: _layer,
    aten.mkldnn_rnn_layer_backward: _twice(_layer),
    aten._cudnn_rnn: _cudnn,
    aten._cudnn_rnn_backward: _twice(_cudnn),
    ours.spmm: _sparse,
    ours.sddmm: _sampled,
    ours.over_time: _over_time,
    ours.over_time_backward: _over_time_backward,
    ours.dag_rnn: _forward(ours.dag_rnn),
    ours.dag_gru: _forward(ours.dag_gru),
    ours.dag_lstm: _forward(ours.dag_lstm),
    ours.dag_relation_lstm: _forward(ours.dag_relation_lstm),
    ours.dag_rnn_backward: _backward(ours.dag_rnn_backward),
    ours.dag_gru_backward: _backward(ours.dag_gru_backward),
    ours.dag_lstm_backward: _backward(ours.dag_lstm_backward),
    ours.dag_relation_lstm_backward: _backward(ours.dag_relation_lstm_backward),
}


def of_step(model: nn.Module, loss: Callable[[], Tensor]) -> int:
    """Return the operations of one training step, forward and backward; neither model nor random state is changed.

    Args:
        model: in training mode during the count; its gradients are dropped.
        loss: computes the loss of a batch with the model.

    >>> layer, x = nn.Linear(3, 4), torch.randn(5, 3)
    >>> of_step(layer, lambda: layer(x).sum())  # 2 * 5 * 3 * 4 forward, as many for the weight's gradient
    240
    """
    training = model.training
    model.train()
    devices = [0] if torch.cuda.is_available() else []
    with torch.random.fork_rng(devices), FlopCounterMode(display=False, custom_mapping=FORMULAS) as counter:
        loss().backward()
    model.zero_grad()
    model.train(training)
    return counter.get_total_flops()
