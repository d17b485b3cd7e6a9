"""The way from a cell and its parameters in torch's layout to its kernel."""

from typing import Any

import torch
from torch import Tensor

from gnn_toolkit.graphs.order import LevelOrder
from gnn_toolkit.layers.cells import Cell, GRUCell, LSTMCell, RelationLSTMCell, RNNCell
from gnn_toolkit.layers.kernels import gru, lstm, relation_lstm, rnn

Parameters = tuple[Tensor, Tensor, Tensor | None, Tensor | None]  # weight_ih, weight_hh [R, G * H, H], bias_ih, bias_hh
KERNELS: dict[type, Any] = {
    RNNCell: rnn.forward,
    GRUCell: gru.forward,
    LSTMCell: lstm.forward,
    RelationLSTMCell: relation_lstm.forward,
}


def walk(
    cell: Cell, x: Tensor, parameters: Parameters, order: LevelOrder, start: list[Tensor] | None, aggr: str
) -> list[Tensor]:
    """Walk one layer in one direction and return each state [N, H].

    Args:
        cell: which kernel.
        x: [N, F] in the order's places.
        parameters: in torch's layout.
        order: where to walk.
        start: each state's initial values, rows as in ``order.starts``; ``None`` for zeros.
        aggr: ``"sum"``, ``"mean"`` or ``"max"``.
    """
    x, weight_ih, weight_hh, bias_ih, bias_hh, *initial = _cast(x, *parameters, *(start or ()))
    if start is None:
        initial = [x.new_empty(0, weight_hh.size(2))] * cell.num_states
    has_one = order.is_paths or order.is_forest  # predecessor at most, which every aggregate returns as it is
    gate_a_node = isinstance(cell, LSTMCell) and has_one  # a gate an edge is then one a node, in one product
    kernel = relation_lstm.forward if gate_a_node else KERNELS[type(cell)]
    bias, others = None if bias_ih is None else bias_ih + bias_hh, {}
    if isinstance(cell, GRUCell):  # r and z add both biases up; n's second one stays inside the reset
        others["bias_n"] = x.new_zeros(weight_hh.size(2)) if bias_hh is None else bias_hh.chunk(3)[2]
        if bias is not None and bias_ih is not None:
            bias = torch.cat([*bias.chunk(3)[:2], bias_ih.chunk(3)[2]])
    if isinstance(cell, RNNCell):
        others["relu"] = cell.nonlinearity == "relu"
    out = kernel(
        x=x,
        weight_ih=weight_ih,
        bias=bias,
        weight=weight_hh,
        **others,
        **dict(zip(("h_0", "c_0")[: len(initial)], initial, strict=True)),
        structure=list((order if start is None else order.with_initial).incidence),
        aggr="sum" if has_one else aggr,
    )
    states = [out] if isinstance(out, Tensor) else out[: cell.num_states]
    return list(states) if start is None else [state[state.size(0) - x.size(0) :] for state in states]


def _cast(x: Tensor, *others: Tensor | None) -> list[Any]:
    """Return the tensors in the type that autocast asks for."""
    device = x.device.type
    if not torch.is_autocast_enabled(device):
        return [x, *others]
    dtype = torch.get_autocast_dtype(device)
    return [None if t is None else t.to(dtype) for t in (x, *others)]
