"""Initial weights and biases of a recurrence that is to remember for long."""

import math

import torch
from torch import Tensor, nn

from gnn_toolkit import _checks
from gnn_toolkit.layers.linear_layers import DAGLRU, DAGMamba
from gnn_toolkit.layers.linear_stack import LinearRecurrence
from gnn_toolkit.layers.recurrence import DAGRecurrence
from gnn_toolkit.layers.stacked import StackedRecurrence


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


def chrono_(layer: StackedRecurrence, longest: float) -> None:
    """Spread the time spans that a layer forgets over evenly, up to the longest that counts.

    A gate that keeps a share f of the memory in a step forgets over ``1 / (1 - f)`` steps. Each hidden channel draws
    its span (Tallec and Ollivier 2018, eq. 16):

        u ~ log U(1, longest - 1),  b_f = u,  b_i = -u      (LSTM; a forget gate for every relation has the same u)
        b_z = u                                             (GRU in torch's form, whose z keeps)

    Both of torch's biases are set: ``bias_ih`` holds the values, those gates of ``bias_hh`` become 0.

    A layer that is linear in its states keeps ``|a| = sigmoid(u)`` where its input is 0: ``b_z = -u`` (minGRU),
    ``b_f = u, b_i = -u`` (minLSTM), ``exp(nu) = log(1 + exp(-u))`` (LRU), ``b_delta = -u`` (Mamba, the slowest of a
    channel's n). In its first layer the gates see nothing else: it is by these spans that it remembers at all.

    Args:
        layer: whose biases are drawn anew.
        longest: the number of steps to remember over, above 2.

    Raises:
        ValueError: a cell without such gates, gates without biases, or spans that are too short.

    >>> from gnn_toolkit import DAGLSTM
    >>> layer = DAGLSTM(4, 8)
    >>> chrono_(layer, 100)
    >>> i, f, g, o = layer.bias_ih_l0.chunk(4)
    >>> bool((i == -f).all() and (f >= 0).all() and (f <= torch.tensor(99.0).log()).all())
    True
    """
    if not _has_gates(layer) or not (layer.bias or isinstance(layer, DAGLRU | DAGMamba)):
        remedy = "use it on a layer that has gates, with bias=True"
        raise ValueError(_checks.problem("chrono_", "gates with a bias", layer, remedy))
    if not 2 < longest < math.inf:
        raise ValueError(_checks.problem("longest", "a number above 2", longest, "pass the length of the sequences"))
    if isinstance(layer, LinearRecurrence):
        for _, suffix in layer.passes():
            weights = layer.own_weights(suffix)
            layer.cell.remember(weights, _spans(weights["weight_ih"].new_empty(layer.cell.spans), longest))
        return
    assert isinstance(layer, DAGRecurrence)
    for _, suffix in layer.passes():
        for gates in _gates(layer.own(f"bias_hh_{suffix}").detach(), layer.cell.num_gates):
            for gate in gates:
                gate.zero_()
        entry, keeping = _gates(layer.own(f"bias_ih_{suffix}").detach(), layer.cell.num_gates)
        span = _spans(torch.empty_like(keeping[0]), longest)
        for gate in keeping:
            gate.copy_(span)
        for gate in entry:
            gate.copy_(-span)


def gate_gain_(layer: StackedRecurrence, gain: float) -> None:
    """Multiply the weights by which a layer's gates see its input, so that a fresh gate decides more by what it reads.

    Of a linear recurrence in the second of two residual blocks the input tells how far a path has come, by what has
    gathered in the first. A fresh gate of torch's draw hardly heeds it, all steps enter the state alike, and one of T
    steps is lost among the others; a gate with four times the weights lets some stretches in and keeps others out.

    Args:
        layer: whose weights are multiplied: of minGRU, minLSTM, GRU and LSTM those of all gates, not of the candidate;
            of Mamba those that make delta of its low-rank form. An RNN and an LRU have no gates and stay as they are.
        gain: above 0.

    Raises:
        ValueError: a gain that is no positive number.

    >>> from gnn_toolkit import DAGMinGRU
    >>> layer = DAGMinGRU(4, 8)
    >>> before = layer.weight_ih_l0.detach().clone()
    >>> gate_gain_(layer, 4.0)
    >>> (layer.weight_ih_l0 / before)[[0, 8], 0].tolist()
    [4.0, 1.0]
    """
    if not 0 < gain < math.inf:
        raise ValueError(_checks.problem("gate_gain", "a number above 0", gain, "1 leaves the weights as they are"))
    for _, suffix in layer.passes() if _has_gates(layer) else ():
        for weight in _gate_weights(layer, suffix):
            weight.mul_(gain)


def init_long_memory_(
    model: nn.Module,
    *,
    forget_bias: float = 0.0,
    chrono: float = 0.0,
    orthogonal: bool = False,
    gate_gain: float = 1.0,
) -> None:
    """Make every fresh recurrence in a model remember longer; an RNN, which has no gates, only by its weights.

    Args:
        model: a recurrence, or a module that holds some, such as a :class:`gnn_toolkit.RecurrentStack`.
        forget_bias: added to the bias of the gate that keeps the past.
        chrono: the number of steps over which to remember (:func:`chrono_`); 0: biases stay as they are.
        orthogonal: whether the weights of its own states are drawn orthogonal (:func:`orthogonal_`).
        gate_gain: by which the weights with which its gates see the input are multiplied (:func:`gate_gain_`).

    Raises:
        ValueError: a number out of range; layers that are linear in their states, with ``forget_bias`` or
            ``orthogonal``.

    >>> from gnn_toolkit import DAGLSTM
    >>> layer = DAGLSTM(4, 8)
    >>> init_long_memory_(layer, forget_bias=5.0)
    >>> bool((layer.bias_ih_l0.chunk(4)[1] > 4).all())
    True
    """
    for layer in model.modules():
        if not isinstance(layer, StackedRecurrence):
            continue
        if isinstance(layer, LinearRecurrence) and (orthogonal or forget_bias):
            got = "orthogonal" if orthogonal else "forget_bias"
            allowed = f"chrono and gate_gain for {type(layer).__name__}"
            raise ValueError(_checks.problem("init_long_memory_", allowed, got, "pass chrono=, the number of steps"))
        if gate_gain != 1:
            gate_gain_(layer, gate_gain)
        if orthogonal and isinstance(layer, DAGRecurrence):
            orthogonal_(layer)
        if chrono and _has_gates(layer):
            chrono_(layer, chrono)
        if forget_bias and isinstance(layer, DAGRecurrence) and _has_gates(layer):
            layer.add_forget_bias(forget_bias)


def _has_gates(layer: StackedRecurrence) -> bool:
    """Return whether something in a layer decides what is kept."""
    return isinstance(layer, LinearRecurrence) or layer.cell.num_gates > 1


def _gate_weights(layer: StackedRecurrence, suffix: str) -> list[Tensor]:
    """Return the weights by which the gates of a walk see the input, to write into."""
    if isinstance(layer, DAGLRU):
        return []
    if isinstance(layer, DAGMamba):
        return [layer.own(f"weight_delta_{suffix}").detach()]
    weight = layer.own(f"weight_ih_{suffix}").detach()
    if isinstance(layer, LinearRecurrence):
        return [weight[: -layer.hidden_channels]]
    blocks = list(weight.chunk(layer.cell.num_gates))
    del blocks[-1 if len(blocks) == 3 else -2]  # the candidate
    return blocks


def _spans(room: Tensor, longest: float) -> Tensor:
    """Fill a tensor with logits of what is kept, for time spans that are spread evenly."""
    return room.uniform_(1.0, longest - 1.0).log_()


def _gates(bias: Tensor, count: int) -> tuple[list[Tensor], list[Tensor]]:
    """Return the parts of a bias that let something new in and that keep the past, if they are gates of their own."""
    first, *rest = bias.chunk(count)
    return ([], rest[:1]) if count == 3 else ([first], rest[:-2])
