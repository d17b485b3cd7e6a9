"""A recurrence over sequences, one step after the other, with every state and gate at hand."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.func import jacrev, vmap

from gnn_toolkit import _checks
from gnn_toolkit.layers.recurrence import DAGRecurrence

GATES = {1: ("h",), 3: ("r", "z", "n"), 4: ("i", "f", "g", "o")}  # by their number


@dataclass(frozen=True)
class Unrolled:
    """What one layer did at each of T steps; all of it lies on the way from the input to the last state.

    Attributes:
        states: ``h_0`` to ``h_T``, each [B, H]; of an LSTM ``h_t`` and ``c_t`` side by side, [B, 2 * H].
        gates: activity of each gate [T, B, H], by its letter in torch's equations: r, z, n of a GRU, i, f, g, o of an
            LSTM, h of an RNN.
        hidden_channels: H.
    """

    states: list[Tensor]
    gates: dict[str, Tensor]
    hidden_channels: int

    @property
    def h(self) -> Tensor:
        """``h_1`` to ``h_T`` [T, B, H]."""
        return torch.stack(self.states[1:])[..., : self.hidden_channels]


def unroll(layer: DAGRecurrence, x: Tensor) -> Unrolled:
    """Run a recurrence over sequences step by step, by the equations of its cell, from states of zeros.

    Args:
        layer: any of this toolkit's recurrences, with one layer, one direction and one edge type.
        x: [T, B, F].

    Raises:
        ValueError: another layer, or input that does not fit.

    >>> from gnn_toolkit import LSTM
    >>> lstm, x = LSTM(3, 4), torch.randn(5, 2, 3)
    >>> run = unroll(lstm, x)
    >>> sorted(run.gates), run.gates["f"].shape, torch.allclose(run.h, lstm(x)[0], atol=1e-6)
    (['f', 'g', 'i', 'o'], torch.Size([5, 2, 4]), True)
    """
    gates = _input_parts(layer, x)
    weight, bias = _weight_and_bias(layer, "hh")
    states = [x.new_zeros(x.size(1), layer.cell.num_states * layer.hidden_channels)]
    activity = []
    for a in gates:
        q = torch.nn.functional.linear(states[-1][:, : layer.hidden_channels], weight, bias)
        activity.append(layer.cell.activity(a, q))
        states.append(_step(layer, states[-1], a))
    by_gate = (torch.stack(steps) for steps in zip(*activity, strict=True))
    return Unrolled(states, dict(zip(GATES[layer.cell.num_gates], by_gate, strict=True)), layer.hidden_channels)


def recurrent_jacobians(layer: DAGRecurrence, x: Tensor) -> Tensor:
    """Return the Jacobian of every state with respect to the state before it.

    Of an RNN ``d h_t / d h_(t-1) = diag(1 - h_t^2) W_hh``. Of an LSTM the state is ``h`` and ``c`` side by side. The
    product of the Jacobians of the steps after t carries the gradient back to step t; where their largest singular
    values stay below 1 it vanishes, and it can explode only where some exceed 1 (Pascanu et al. 2013).

    Args:
        layer: as for :func:`unroll`.
        x: one sequence [T, F].

    Returns:
        [T, S, S], where S is H, of an LSTM 2 * H; the first is at the state of zeros.

    Raises:
        ValueError: a layer or input that does not fit.

    >>> from gnn_toolkit import RNN
    >>> rnn = RNN(3, 4)
    >>> jacobians = recurrent_jacobians(rnn, torch.randn(5, 3))
    >>> bool((torch.linalg.svdvals(jacobians)[:, 0] <= torch.linalg.svdvals(rnn.weight_hh_l0)[0]).all())
    True
    """
    with torch.no_grad():
        states = torch.cat(unroll(layer, x[:, None]).states[:-1])
        gates = _input_parts(layer, x[:, None])[:, 0]

        def step(state: Tensor, a: Tensor) -> Tensor:
            return _step(layer, state[None], a[None])[0]

        return vmap(jacrev(step))(states, gates)


def _step(layer: DAGRecurrence, state: Tensor, gates: Tensor) -> Tensor:
    """Return the next state [B, S * H]."""
    weight, bias = _weight_and_bias(layer, "hh")
    message = layer.cell.message(state, layer.cell.edge_gates(gates), weight, bias)
    return layer.cell.update(gates, message[None], weight[None], bias)


def _input_parts(layer: DAGRecurrence, x: Tensor) -> Tensor:
    """Return the input's part of all gates at all steps, [T, B, G * H]."""
    if layer.num_layers > 1 or layer.bidirectional or layer.num_relations > 1:
        remedy = "make such a one of the layer that you look at"
        raise ValueError(_checks.problem("layer", "one layer, direction and edge type", layer, remedy))
    if x.dim() != 3 or x.size(2) != layer.in_channels or x.size(0) == 0:
        allowed = f"shape [steps, batch, {layer.in_channels}], at least one step"
        raise ValueError(_checks.problem("x", allowed, list(x.shape), "put the steps first, and features last"))
    return torch.nn.functional.linear(x, *_weight_and_bias(layer, "ih"))


def _weight_and_bias(layer: DAGRecurrence, name: str) -> tuple[Tensor, Tensor | None]:
    bias = layer.get_parameter(f"bias_{name}_l0") if layer.bias else None
    return layer.get_parameter(f"weight_{name}_l0"), bias
