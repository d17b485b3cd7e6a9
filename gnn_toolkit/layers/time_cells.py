"""The equations of the cells that a recurrence in time over a graph runs, each written once.

There ``h_t = cell(x_t, h_(t-1))`` for all nodes at once, and the state's part q of the gates is a graph convolution of
``h_(t-1)``, whatever its kind: a cell says when it asks for which part of it. What they share with the cells of
:mod:`gnn_toolkit.layers.cells` stands there, as does the layout of gates and weights.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Protocol

import torch
from torch import Tensor

from gnn_toolkit.layers.cells import GRUCell, blend

Recur = Callable[[Tensor, int], Tensor]  # (state, k) -> the convolved state's part of the gates in block k of a cell


class TimeCell(Protocol):
    """What a recurrence in time over a graph needs to know of a cell."""

    num_states: ClassVar[int]
    blocks: ClassVar[tuple[int, ...]]

    def advance(self, gates: Tensor, states: tuple[Tensor, ...], recur: Recur) -> tuple[Tensor, ...]:
        """Return the states one step later, each [n, H], from those before and the input's part of all gates.

        ``blocks`` says how many gates each call of ``recur`` gives, in the order of their rows.
        """
        ...


@dataclass(frozen=True)
class ResetAfterGRUCell:
    """Gated recurrent unit in torch's form, which resets after the product: :class:`gnn_toolkit.layers.cells.GRUCell`.

    r = sigmoid(a_r + q_r),  z = sigmoid(a_z + q_z),  n = tanh(a_n + r * q_n),  h_t = (1 - z) * n + z * h_(t-1)
    """

    num_states: ClassVar[int] = 1
    blocks: ClassVar[tuple[int, ...]] = (3,)

    def advance(self, gates: Tensor, states: tuple[Tensor, ...], recur: Recur) -> tuple[Tensor, ...]:
        """``h_t = (1 - z) * n + z * h_(t-1)``."""
        _, z, n = GRUCell().activity(gates, recur(states[0], 0))
        return (blend(z, n, states[0]),)


@dataclass(frozen=True)
class ResetBeforeGRUCell:
    """Gated recurrent unit that resets before the product, as it was published (Cho et al. 2014, eq. 5-8).

    With q a function of the state:

        r = sigmoid(a_r + q_r(h)),  z = sigmoid(a_z + q_z(h)),  n = tanh(a_n + q_n(r * h)),  h_t = (1 - z) * n + z * h
    """

    num_states: ClassVar[int] = 1
    blocks: ClassVar[tuple[int, ...]] = (2, 1)

    def advance(self, gates: Tensor, states: tuple[Tensor, ...], recur: Recur) -> tuple[Tensor, ...]:
        """``h_t = (1 - z) * n + z * h_(t-1)``."""
        (h,) = states
        a_rz, a_n = gates.split([2 * h.size(-1), h.size(-1)], -1)
        r, z = torch.sigmoid(a_rz + recur(h, 0)).chunk(2, -1)
        return (blend(z, torch.tanh(a_n + recur(r * h, 1)), h),)


@dataclass(frozen=True)
class PeepholeLSTMCell:
    """Long short-term memory whose gates may look at the memory (Gers and Schmidhuber 2000; Graves 2013, eq. 7-11).

        i = sigmoid(a_i + q_i + p_i * c_(t-1)),  f = sigmoid(a_f + q_f + p_f * c_(t-1)),  g = tanh(a_g + q_g)
        c_t = f * c_(t-1) + i * g,  o = sigmoid(a_o + q_o + p_o * c_t),  h_t = o * tanh(c_t)

    Args:
        peephole: [3, H], the rows p_i, p_f, p_o; ``None`` for gates that do not look (``torch.nn.LSTM``).
    """

    peephole: Tensor | None = None
    num_states: ClassVar[int] = 2
    blocks: ClassVar[tuple[int, ...]] = (4,)

    def advance(self, gates: Tensor, states: tuple[Tensor, ...], recur: Recur) -> tuple[Tensor, ...]:
        """``h_t = o * tanh(c_t)`` and ``c_t = f * c_(t-1) + i * g``."""
        h, c = states
        p_i, p_f, p_o = (0.0, 0.0, 0.0) if self.peephole is None else self.peephole
        i, f, g, o = (gates + recur(h, 0)).chunk(4, -1)
        c_t = torch.sigmoid(f + p_f * c) * c + torch.sigmoid(i + p_i * c) * torch.tanh(g)
        return torch.sigmoid(o + p_o * c_t) * torch.tanh(c_t), c_t


def gru_cell(reset_after: bool) -> ResetAfterGRUCell | ResetBeforeGRUCell:
    """Return the gated recurrent unit whose reset gate acts after the product, or before it.

    >>> gru_cell(reset_after=True).blocks
    (3,)
    """
    return ResetAfterGRUCell() if reset_after else ResetBeforeGRUCell()
