"""From a cell and its parameters in torch's layout to its kernel."""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.functional import linear

from gnn_toolkit.graphs.order import LevelOrder
from gnn_toolkit.layers.cells import Cell, GRUCell, LSTMCell, RelationLSTMCell, RNNCell
from gnn_toolkit.layers.kernels import gru, lstm, relation_lstm, rnn
from gnn_toolkit.layers.kernels.walk import Structure

Parameters = tuple[Tensor, Tensor, Tensor | None, Tensor | None]  # weight_ih, weight_hh [R, G * H, H], bias_ih, bias_hh


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
    order = order if start is None else order.with_initial
    structure = Structure(order.source, order.target, order.node_ptr, order.edge_ptr, aggr)
    states = KERNELS[type(cell)](cell, x, parameters, start, structure)
    return [state[state.size(0) - x.size(0) :] for state in states]


def _rnn(
    cell: Cell, x: Tensor, parameters: Parameters, start: list[Tensor] | None, structure: Structure
) -> list[Tensor]:
    weight_ih, weight_hh, bias_ih, bias_hh = parameters
    gates = linear(x, weight_ih, None if bias_ih is None or bias_hh is None else bias_ih + bias_hh)
    relu = isinstance(cell, RNNCell) and cell.nonlinearity == "relu"
    h, _ = rnn.forward(gates, weight_hh.to(gates.dtype), _initial(gates, weight_hh, start, 1), *structure, relu)
    return [h]


def _gru(_: Cell, x: Tensor, parameters: Parameters, start: list[Tensor] | None, structure: Structure) -> list[Tensor]:
    weight_ih, weight_hh, bias_ih, bias_hh = parameters
    hidden = weight_hh.size(2)
    bias_n = x.new_zeros(hidden)
    if bias_ih is not None and bias_hh is not None:
        # r and z add both biases up; n's second one stays inside the reset.
        bias_ih = bias_ih + torch.cat([bias_hh[: 2 * hidden], bias_hh.new_zeros(hidden)])
        bias_n = bias_hh[2 * hidden :]
    gates = linear(x, weight_ih, bias_ih)
    initial = _initial(gates, weight_hh, start, 1)
    h, *_saved = gru.forward(gates, weight_hh.to(gates.dtype), bias_n.to(gates.dtype), initial, *structure)
    return [h]


def _lstm(_: Cell, x: Tensor, parameters: Parameters, start: list[Tensor] | None, structure: Structure) -> list[Tensor]:
    weight_ih, weight_hh, bias_ih, bias_hh = parameters
    bias = None if bias_ih is None or bias_hh is None else _iogf(bias_ih + bias_hh, 0)
    gates = linear(x, _iogf(weight_ih, 0), bias)
    initial = _initial(gates, weight_hh, start, 2)
    states, *_saved = lstm.forward(gates, _iogf(weight_hh, 1).to(gates.dtype), initial, *structure)
    return list(states.chunk(2, 1))


def _refuse(*_: object) -> None:
    raise RuntimeError("backend='fused' is differentiable once: use backend='message_passing' for second derivatives")


for _kernel in (rnn, gru, lstm, relation_lstm):
    _kernel.backward.register_autograd(_refuse)


def _relation_lstm(
    _: Cell, x: Tensor, parameters: Parameters, start: list[Tensor] | None, structure: Structure
) -> list[Tensor]:
    weight_ih, weight_hh, bias_ih, bias_hh = parameters
    gates = linear(x, weight_ih, None if bias_ih is None or bias_hh is None else bias_ih + bias_hh)
    initial = _initial(gates, weight_hh, start, 2)
    states, *_saved = relation_lstm.forward(gates, weight_hh.to(gates.dtype), initial, *structure)
    return list(states.chunk(2, 1))


KERNELS: dict[type, Callable[..., list[Tensor]]] = {
    RNNCell: _rnn,
    GRUCell: _gru,
    LSTMCell: _lstm,
    RelationLSTMCell: _relation_lstm,
}


def _iogf(rows: Tensor, dim: int) -> Tensor:
    """Return an LSTM's rows, given in torch's order i, f, g, o, in the kernel's order i, o, g, f."""
    i, f, g, o = rows.chunk(4, dim)
    return torch.cat([i, o, g, f], dim)


def _initial(gates: Tensor, weight_hh: Tensor, start: list[Tensor] | None, num_states: int) -> Tensor:
    if start is None:
        return gates.new_empty(0, num_states * weight_hh.size(2))
    return torch.cat(start, -1).to(gates.dtype)
