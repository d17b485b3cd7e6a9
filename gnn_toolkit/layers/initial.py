"""Initial weights and biases of a recurrence that is to remember for long."""

import math

import torch
from torch import Tensor, nn

from gnn_toolkit import _checks
from gnn_toolkit.layers.recurrence import DAGRecurrence


def orthogonal_(layer: DAGRecurrence) -> None:
    """Draw the recurrent weights of every gate and edge type as a random orthogonal matrix (Saxe et al. 2014).

    Such a matrix keeps the length of a state, and of a gradient on the way back; torch's uniform draw shortens both.

    >>> from gnn_toolkit import DAGRNN
    >>> layer = DAGRNN(4, 8)
    >>> orthogonal_(layer)
    >>> torch.allclose(layer.weight_hh_l0 @ layer.weight_hh_l0.T, torch.eye(8), atol=1e-5)
    True
    """
    for _, suffix in layer.passes():
        weight = layer.own(f"weight_hh_{suffix}").detach()
        for gate in weight.view(-1, layer.hidden_channels, layer.hidden_channels):
            nn.init.orthogonal_(gate)


def chrono_(layer: DAGRecurrence, longest: float) -> None:
    """Spread the time spans that a GRU or LSTM forgets over evenly, up to the longest that counts.

    A gate that keeps a share f of the memory in a step forgets over ``1 / (1 - f)`` steps. Each hidden channel draws
    its span (Tallec and Ollivier 2018, eq. 16):

        u ~ log U(1, longest - 1),  b_f = u,  b_i = -u      (LSTM; a forget gate for every relation has the same u)
        b_z = u                                             (GRU in torch's form, whose z keeps)

    Both of torch's biases are set: ``bias_ih`` holds the values, those gates of ``bias_hh`` become 0.

    Args:
        layer: whose biases are drawn anew.
        longest: the number of steps to remember over, above 2.

    Raises:
        ValueError: a cell without such gates, a layer without biases, or spans that are too short.

    >>> from gnn_toolkit import DAGLSTM
    >>> layer = DAGLSTM(4, 8)
    >>> chrono_(layer, 100)
    >>> i, f, g, o = layer.bias_ih_l0.chunk(4)
    >>> bool((i == -f).all() and (f >= 0).all() and (f <= torch.tensor(99.0).log()).all())
    True
    """
    if layer.cell.num_gates == 1 or not layer.bias:
        remedy = "use it on a GRU or LSTM with bias=True"
        raise ValueError(_checks.problem("chrono_", "gates with a bias", layer, remedy))
    if not 2 < longest < math.inf:
        raise ValueError(_checks.problem("longest", "a number above 2", longest, "pass the length of the sequences"))
    for _, suffix in layer.passes():
        for gates in _gates(layer.own(f"bias_hh_{suffix}").detach(), layer.cell.num_gates):
            for gate in gates:
                gate.zero_()
        entry, keeping = _gates(layer.own(f"bias_ih_{suffix}").detach(), layer.cell.num_gates)
        span = torch.empty_like(keeping[0]).uniform_(1.0, longest - 1.0).log()
        for gate in keeping:
            gate.copy_(span)
        for gate in entry:
            gate.copy_(-span)


def init_long_memory_(
    layer: DAGRecurrence, *, forget_bias: float = 0.0, chrono: float = 0.0, orthogonal: bool = False
) -> None:
    """Make a fresh recurrence remember longer; an RNN, which has no gates, only by its weights.

    Args:
        layer: to change.
        forget_bias: added to the bias of the gate that keeps the past.
        chrono: the number of steps over which to remember (:func:`chrono_`); 0: biases stay as they are.
        orthogonal: whether the weights of its own states are drawn orthogonal (:func:`orthogonal_`).

    >>> from gnn_toolkit import DAGLSTM
    >>> layer = DAGLSTM(4, 8)
    >>> init_long_memory_(layer, forget_bias=5.0)
    >>> bool((layer.bias_ih_l0.chunk(4)[1] > 4).all())
    True
    """
    if orthogonal:
        orthogonal_(layer)
    if chrono and layer.cell.num_gates > 1:
        chrono_(layer, chrono)
    if forget_bias and layer.cell.num_gates > 1:
        layer.add_forget_bias(forget_bias)


def _gates(bias: Tensor, count: int) -> tuple[list[Tensor], list[Tensor]]:
    """Return the parts of a bias that let something new in and that keep the past, if they are gates of their own."""
    first, *rest = bias.chunk(count)
    return ([], rest[:1]) if count == 3 else ([first], rest[:-2])
