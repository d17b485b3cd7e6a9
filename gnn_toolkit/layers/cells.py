"""The equations of the recurrent cells, each written once.

A recurrence over a DAG computes ``h_v = cell(x_v, {h_u : u -> v})``. Every cell here splits that into what one edge
carries (``message``), which is aggregated over a node's incoming edges for each edge type ``r``, and what a node does
with the aggregates (``update``). With one predecessor all of them are ``torch.nn``'s cells; with several,

    s_r = aggregate (mean, sum or maximum) of h_u over the edges u -> v of type r
    a   = W_ih x_v + b_ih                                    (``gates``: the input's part, of all gates)
    q   = sum over r of W_hh[r] s_r + b_hh                   (the predecessors' part, of all gates)

Gates and weights are laid out as in ``torch.nn``: rows ``[G * H]`` in the order r, z, n (GRU) and i, f, g, o (LSTM).

Shapes: n nodes and e edges of one level, H hidden channels, G gates, S states, R relations; ``state_j`` [e, S * H],
``gates`` [n, G * H], ``sums`` [R, n, S * H], ``weight`` [R, G * H, H] (one relation: [G * H, H]), ``bias`` [G * H].
"""

from dataclasses import dataclass
from typing import ClassVar, Protocol

import torch
from torch import Tensor


class Cell(Protocol):
    """What a recurrence needs to know of a cell."""

    num_states: ClassVar[int]

    @property
    def num_gates(self) -> int:
        """Rows of ``weight_ih`` for each hidden channel."""
        ...

    @property
    def vendor(self) -> str:
        """Name of torch's kernel for this cell."""
        ...

    def edge_gates(self, gates: Tensor) -> Tensor:
        """Return the columns of ``gates`` that the messages to a node need, [n, 0] where they need none."""
        ...

    def message(self, state_j: Tensor, gates_i: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        """Return what each edge carries, [e, S * H]."""
        ...

    def activity(self, gates: Tensor, q: Tensor) -> tuple[Tensor, ...]:
        """Return what each gate lets through, G tensors [n, H], of the two parts ``a`` and ``q`` of their input."""
        ...

    def update(self, gates: Tensor, sums: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        """Return the nodes' new states, [n, S * H]."""
        ...


def _recurrent(sums: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """Return ``q = sum over r of W[r] s_r + b``."""
    q = (sums @ weight.transpose(-1, -2)).sum(0)
    return q if bias is None else q + bias


def blend(z: Tensor, new: Tensor, old: Tensor) -> Tensor:
    """Return ``(1 - z) * new + z * old``: the gate z of a GRU keeps what was."""
    return (1 - z) * new + z * old


@dataclass(frozen=True)
class RNNCell:
    """Elman network: ``h_v = tanh(a + q)``, or relu for tanh (``torch.nn.RNN``; DAG-RNN, Shuai et al. 2016)."""

    nonlinearity: str = "tanh"
    num_states: ClassVar[int] = 1

    @property
    def num_gates(self) -> int:
        """1."""
        return 1

    @property
    def vendor(self) -> str:
        """Name of torch's kernel for this cell."""
        return f"rnn_{self.nonlinearity}"

    def edge_gates(self, gates: Tensor) -> Tensor:
        """Messages need no gate."""
        return gates[:, :0]

    def message(self, state_j: Tensor, gates_i: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        """``h_u``."""
        return state_j

    def activity(self, gates: Tensor, q: Tensor) -> tuple[Tensor, ...]:
        """``h_v``, the only one."""
        return (getattr(torch, self.nonlinearity)(gates + q),)

    def update(self, gates: Tensor, sums: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        """``h_v = tanh(a + q)``."""
        (h,) = self.activity(gates, _recurrent(sums, weight, bias))
        return h


@dataclass(frozen=True)
class GRUCell:
    """Gated recurrent unit in torch's form, which resets after the product (Cho et al. 2014, ``torch.nn.GRU``).

    With ``s = sum over r of s_r``:

        r = sigmoid(a_r + q_r),  z = sigmoid(a_z + q_z),  n = tanh(a_n + r * q_n),  h_v = (1 - z) * n + z * s
    """

    num_states: ClassVar[int] = 1

    @property
    def num_gates(self) -> int:
        """3."""
        return 3

    @property
    def vendor(self) -> str:
        """Name of torch's kernel for this cell."""
        return "gru"

    def edge_gates(self, gates: Tensor) -> Tensor:
        """Messages need no gate."""
        return gates[:, :0]

    def message(self, state_j: Tensor, gates_i: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        """``h_u``."""
        return state_j

    def activity(self, gates: Tensor, q: Tensor) -> tuple[Tensor, ...]:
        """``r, z, n``."""
        a_r, a_z, a_n = gates.chunk(3, -1)
        q_r, q_z, q_n = q.chunk(3, -1)
        r = torch.sigmoid(a_r + q_r)
        return r, torch.sigmoid(a_z + q_z), torch.tanh(a_n + r * q_n)

    def update(self, gates: Tensor, sums: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        """``h_v = (1 - z) * n + z * s``."""
        _, z, n = self.activity(gates, _recurrent(sums, weight, bias))
        return blend(z, n, sums.sum(0))


@dataclass(frozen=True)
class LSTMCell:
    """Long short-term memory with a forget gate for every edge (child-sum, Tai et al. 2015, eq. 2-8).

        f_e = sigmoid(a_f + W_hf[r] h_u + b_hf)             for every edge e = u -> v of type r
        i = sigmoid(a_i + q_i),  g = tanh(a_g + q_g),  o = sigmoid(a_o + q_o)
        c_v = i * g + sum over r of (aggregate of f_e * c_u over the edges of type r),  h_v = o * tanh(c_v)

    The state of a node is ``h_v`` and ``c_v`` side by side.
    """

    num_states: ClassVar[int] = 2

    @property
    def num_gates(self) -> int:
        """4."""
        return 4

    @property
    def vendor(self) -> str:
        """Name of torch's kernel for this cell."""
        return "lstm"

    def edge_gates(self, gates: Tensor) -> Tensor:
        """``a_f``: the input's part of the forget gates."""
        return gates.chunk(4, -1)[1]

    def message(self, state_j: Tensor, gates_i: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        """``h_u`` and ``f_e * c_u``."""
        h_j, c_j = state_j.chunk(2, -1)
        b_hf = None if bias is None else bias.chunk(4)[1]
        forget = torch.sigmoid(gates_i + torch.nn.functional.linear(h_j, weight.chunk(4, -2)[1], b_hf))
        return torch.cat([h_j, forget * c_j], -1)

    def activity(self, gates: Tensor, q: Tensor) -> tuple[Tensor, ...]:
        """``i, f, g, o``; ``f`` is the forget gate of a node with one predecessor."""
        return _input_forget_output(gates + q, 4)

    def update(self, gates: Tensor, sums: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        """``h_v = o * tanh(c_v)`` and ``c_v = i * g + the aggregates of f_e * c_u``."""
        s, kept = sums.chunk(2, -1)
        i, _, g, o = self.activity(gates, _recurrent(s, weight, bias))
        c = i * g + kept.sum(0)
        return torch.cat([o * torch.tanh(c), c], -1)


@dataclass(frozen=True)
class RelationLSTMCell:
    """Long short-term memory with a forget gate for every relation, each fed by the sums of all relations.

    It is the N-ary Tree-LSTM where relation r is "child number r" (Tai et al. 2015, eq. 9-14), and the
    multi-dimensional LSTM where it is a direction of a grid (Graves et al. 2007), with biases b_ih and b_hh:

        i = sigmoid(a_i + q_i),  g = tanh(a_g + q_g),  o = sigmoid(a_o + q_o)
        f_r = sigmoid(a_fr + q_fr)                           for every relation r
        c_v = i * g + sum over r of f_r * (aggregate of c_u over the edges u -> v of type r),  h_v = o * tanh(c_v)

    Rows are laid out as i, f_1, ..., f_R, g, o. The state of a node is ``h_v`` and ``c_v`` side by side.
    """

    num_relations: int = 1
    num_states: ClassVar[int] = 2

    @property
    def num_gates(self) -> int:
        """``3 + R``."""
        return 3 + self.num_relations

    @property
    def vendor(self) -> str:
        """Name of torch's kernel for this cell; paths have one relation."""
        return "lstm"

    def edge_gates(self, gates: Tensor) -> Tensor:
        """Messages need no gate."""
        return gates[:, :0]

    def message(self, state_j: Tensor, gates_i: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        """``h_u`` and ``c_u``."""
        return state_j

    def activity(self, gates: Tensor, q: Tensor) -> tuple[Tensor, ...]:
        """``i, f_1, ..., f_R, g, o``."""
        return _input_forget_output(gates + q, self.num_gates)

    def update(self, gates: Tensor, sums: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        """``h_v = o * tanh(c_v)`` and ``c_v = i * g + sum over r of f_r * C_r``."""
        s, kept = sums.chunk(2, -1)
        i, *forget, g, o = self.activity(gates, _recurrent(s, weight, bias))
        c = i * g + (torch.stack(forget) * kept).sum(0)
        return torch.cat([o * torch.tanh(c), c], -1)


def _input_forget_output(total: Tensor, count: int) -> tuple[Tensor, ...]:
    i, *forget, g, o = total.chunk(count, -1)
    return torch.sigmoid(i), *(torch.sigmoid(f) for f in forget), torch.tanh(g), torch.sigmoid(o)
