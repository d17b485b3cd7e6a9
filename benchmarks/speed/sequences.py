"""Our sequence models against torch's, on dense and on ragged batches."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.nn.utils.rnn import pack_sequence

import gnn_toolkit

from .case import Case, Contest
from .timing import TrainingStep


def dense(device: str, name: str, *, batch: int, steps: int, width: int, hidden: int) -> Contest:
    """Return one of our sequence models against torch's of the same name, on sequences of one length."""
    x = torch.randn(steps, batch, width).to(device)
    return _sequences(device, name, x, lambda out: out, (steps, batch, hidden))


def ragged(device: str, name: str, *, batch: int, lengths: tuple[int, int], width: int, hidden: int) -> Contest:
    """Return one of our sequence models against torch's of the same name, both given the same PackedSequence."""
    drawn = torch.randint(lengths[0], lengths[1] + 1, (batch,)).tolist()
    packed = pack_sequence([torch.randn(length, width).to(device) for length in drawn], enforce_sorted=False)
    return _sequences(device, name, packed, lambda out: out.data, (sum(drawn), hidden))


def _sequences(device: str, name: str, x: Any, read: Callable[[Any], Tensor], shape: tuple[int, ...]) -> Contest:
    width, hidden = (x if isinstance(x, Tensor) else x.data).size(-1), shape[-1]
    ours, theirs = (getattr(home, name)(width, hidden).to(device) for home in (gnn_toolkit, torch.nn))
    ours.load_state_dict(theirs.state_dict())
    steps = [TrainingStep(lambda m=m: read(m(x)[0]), m.parameters(), shape) for m in (ours, theirs)]
    return Contest(steps[0], expected=steps[1], rival=steps[1])


TEXT = {"batch": 64, "width": 87, "hidden": 256}  # a batch of sequences of characters

# fmt: off
CASES: dict[str, Case] = {
    "dense-lstm": Case("LSTM, dense, B 64, T 80, in 87, hidden 256", "torch.nn.LSTM", "time", 1.10,
                       lambda device: dense(device, "LSTM", steps=80, **TEXT)),
    "dense-gru": Case("GRU, dense, B 64, T 80, in 87, hidden 256", "torch.nn.GRU", "time", 1.10,
                      lambda device: dense(device, "GRU", steps=80, **TEXT)),
    "dense-rnn": Case("RNN, dense, B 64, T 80, in 87, hidden 256", "torch.nn.RNN", "time", 1.10,
                      lambda device: dense(device, "RNN", steps=80, **TEXT)),
    "ragged-long": Case("LSTM, lengths 5-80, B 64, in 87, hidden 256", "torch.nn.LSTM, packed", "speed", 3.0,
                        lambda device: ragged(device, "LSTM", lengths=(5, 80), **TEXT)),
    "ragged-short": Case("LSTM, lengths 5-30, B 128, in 10, hidden 128", "torch.nn.LSTM, packed", "speed", 2.5,
                         lambda device: ragged(device, "LSTM", batch=128, lengths=(5, 30), width=10, hidden=128)),
}
# fmt: on
