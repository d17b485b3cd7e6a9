"""The batches of a text while a generator is trained and judged: windows at random places, or one after another."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from gnn_toolkit import _checks
from gnn_toolkit.models import CharGenerator, Sampling

TEMPERATURES = (0.0, 0.5, 1.0, 2.0)
ROWS = 256  # judged at a time: a stretch of any length takes the memory of so many


class Reader:
    """Draws windows from a text, and carries the state from one to the next where asked to.

    Without ``carry`` every window lies at a random place and starts from a state of zeros. With it the text is cut into
    as many parts as a batch has rows, each row reads through its part window by window, and its state is handed on,
    without the gradient: truncated backpropagation through time. At the end of the parts all rows begin again.

    Args:
        codes: of the text [N].
        window: characters that are predicted in a window.
        batch_size: windows in a batch.
        carry: whether the state is carried.

    Raises:
        ValueError: a text too short for that.

    >>> reader = Reader(np.arange(9), window=2, batch_size=2, carry=True)
    >>> codes, following = reader.batch(torch.Generator())
    >>> codes.tolist(), following.tolist()
    ([[0, 1], [4, 5]], [[1, 2], [5, 6]])
    """

    def __init__(self, codes: np.ndarray, window: int, batch_size: int, *, carry: bool = False) -> None:
        self.codes, self.window, self.batch_size, self.carry = codes, window, batch_size, carry
        _checks.positive("window", window)
        self.part = (len(codes) - 1) // _checks.positive("batch_size", batch_size) if carry else len(codes) - 1
        if self.part < window:
            allowed = f"more than {window * (batch_size if carry else 1)} characters to train on"
            raise ValueError(_checks.problem("text", allowed, len(codes), "pass a longer text or a smaller window"))
        self.place, self.state = 0, None
        self.right, self.seen = torch.tensor(0), 0

    def batch(self, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Return the codes of some windows and those of the characters after each, int64 [batch_size, window] both."""
        if self.carry:
            if self.place + self.window > self.part:
                self.place, self.state = 0, None
            first = torch.arange(self.batch_size)[:, None] * self.part + self.place
            self.place += self.window
        else:
            first = torch.randint(len(self.codes) - self.window, (self.batch_size, 1), generator=generator)
        windows = self.codes[(first + torch.arange(self.window + 1)).numpy()]
        codes = torch.from_numpy(windows.astype(np.int64))
        return codes[:, :-1], codes[:, 1:]

    def loss(self, model: nn.Module, batch: tuple[Tensor, Tensor]) -> Tensor:
        """Return the mean loss of a batch, count the right answers, and carry the state."""
        codes, following = batch
        logits, state = model(codes, _on(self.state, codes.device))
        self.state = _detached(state) if self.carry else None
        self.right = self.right.to(codes.device) + (logits.detach().argmax(-1) == following).sum()
        self.seen += following.numel()
        return nn.functional.cross_entropy(logits.flatten(0, 1), following.flatten())

    def accuracy(self) -> float:
        """Return the share of right answers in training since this was last asked for."""
        share = float(self.right) / max(1, self.seen)
        self.right, self.seen = torch.tensor(0), 0
        return share

    def state_dict(self) -> dict[str, Any]:
        """Return where the reader stands, for a checkpoint."""
        return {"place": self.place, "state": self.state, "right": int(self.right), "seen": self.seen}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go to where a reader stood."""
        self.place, self.state, self.seen = state["place"], state["state"], state["seen"]
        self.right = torch.tensor(state["right"])


def rows_of(codes: np.ndarray, width: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield a stretch in long rows, and what is left over as a row of its own: every character but the first once.

    Args:
        codes: of the stretch [N].
        width: characters in a row.

    Yields:
        codes and the codes of the characters after each, int64 [rows, width] both.

    >>> [following.tolist() for _, following in rows_of(np.arange(6), 2)]
    [[[1, 2], [3, 4]], [[5]]]
    """
    whole = torch.from_numpy(codes.astype(np.int64))
    full = (len(codes) - 1) // width * width
    if full:
        yield whole[:full].view(-1, width), whole[1 : full + 1].view(-1, width)
    if full < len(codes) - 1:
        yield whole[None, full:-1], whole[None, full + 1 :]


def nats_per_character(model: nn.Module, codes: np.ndarray, width: int = 1000) -> float:
    """Return the mean negative logarithm of the probability that a model gives to each character of a stretch.

    Args:
        model: returns logits and state of codes, as :class:`~gnn_toolkit.models.CharGenerator` does.
        codes: of the stretch [N].
        width: the state starts from zeros after every so many characters.

    Raises:
        ValueError: fewer than two characters: each is judged after the one before it.
    """
    if len(codes) < 2:
        remedy = "pass a longer text, or a larger share of it to judge by"
        raise ValueError(_checks.problem("text", "at least 2 characters to judge by", len(codes), remedy))
    device, total = next(model.parameters()).device, 0.0
    with torch.no_grad():
        for rows, following in rows_of(codes, width):
            for x, y in zip(rows.split(ROWS), following.split(ROWS), strict=True):
                logits = model(x.to(device))[0].flatten(0, 1)
                total += float(nn.functional.cross_entropy(logits, y.flatten().to(device), reduction="sum"))
    return total / (len(codes) - 1)


def samples_of(model: CharGenerator, seed: int, count: int = 5, length: int = 30) -> dict[str, list[str]]:
    """Return texts that begin with a random character, by temperature.

    Args:
        model: writes them.
        seed: of the first characters and of the draws.
        count: texts of each temperature.
        length: characters of each, with the first.
    """
    generator = torch.Generator().manual_seed(seed)
    found = {}
    for temperature in TEMPERATURES:
        places = torch.randint(len(model.vocabulary), (count,), generator=generator)
        first = [model.vocabulary.characters[place] for place in places]
        texts, _ = model.extend(model.begin(first, seed=seed), length - 1, Sampling(temperature))
        found[f"{temperature:g}"] = [a + b for a, b in zip(first, texts, strict=True)]
    return found


def _on(state: Any, device: torch.device) -> Any:
    if isinstance(state, tuple):
        return tuple(part.to(device) for part in state)
    return None if state is None else state.to(device)


def _detached(state: Any) -> Any:
    return tuple(part.detach() for part in state) if isinstance(state, tuple) else state.detach()
