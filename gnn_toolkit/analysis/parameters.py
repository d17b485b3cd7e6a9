"""The parameter count of a model, by formula."""

from gnn_toolkit import _checks

GATES = {"rnn": 1, "gru": 3, "lstm": 4}
LAYERS = (*GATES, "gcn", "mlp")


def parameter_count(
    layer: str,
    in_channels: int,
    hidden_channels: int,
    out_channels: int,
    *,
    num_layers: int = 1,
    num_relations: int = 1,
    bidirectional: bool = False,
    biases: int = 2,
) -> int:
    """Return the number of parameters of layers of one kind and a linear layer to the output.

    A recurrence with G gates, F inputs, H hidden channels, R edge types and B biases for each gate (torch has two,
    ``b_ih`` and ``b_hh``, of which only the sum matters except in the candidate of a GRU; the equations need one) has,
    in each layer and direction,

        G (H F + R H^2 + B H)

    where from the second layer on F is H, or 2 H both ways. A convolution or linear layer has F H + H. The output layer
    has C H + C, or 2 C H + C behind a recurrence both ways. An LSTM with one bias and its output layer so has
    ``4 (n d + n^2 + n) + c n + c``. Neither the length of a sequence nor the size of a batch or graph counts.

    Args:
        layer: ``"rnn"``, ``"gru"``, ``"lstm"``, ``"gcn"`` or ``"mlp"``.
        in_channels: F.
        hidden_channels: H.
        out_channels: C.
        num_layers: number of layers before the output layer.
        num_relations: R.
        bidirectional: whether a recurrence runs both ways.
        biases: B; convolutions and linear layers have one.

    Raises:
        ValueError: an unknown layer, or a size below 1.

    >>> import torch
    >>> parameter_count("lstm", 1, 128, 10, biases=1), parameter_count("lstm", 1, 128, 10)
    (67850, 68362)
    >>> sum(p.numel() for m in (torch.nn.LSTM(1, 128), torch.nn.Linear(128, 10)) for p in m.parameters())
    68362
    """
    _checks.choice("layer", layer, LAYERS)
    sizes = {"in_channels": in_channels, "hidden_channels": hidden_channels, "out_channels": out_channels}
    sizes |= {"num_layers": num_layers, "num_relations": num_relations}
    for name, size in sizes.items():
        _checks.positive(name, size)
    H, ways = hidden_channels, 1 + (bidirectional and layer in GATES)
    total = 0
    for k in range(num_layers):
        F = in_channels if k == 0 else H * ways
        if layer in GATES:
            total += ways * GATES[layer] * (H * F + num_relations * H * H + biases * H)
        else:
            total += F * H + H
    return total + out_channels * H * ways + out_channels
