"""The generator of text as a whole: a training step, and writing many texts."""

import string
from typing import Any

import torch
from torch import Tensor, nn

from gnn_toolkit import CharGenerator
from gnn_toolkit.models import Sampling, Vocabulary

from .case import Case, Contest
from .timing import TrainingStep, milliseconds

VOCABULARY = Vocabulary(string.printable[:87])


class Plain(nn.Module):
    """The generator's three parts, of torch alone; its ``state_dict`` is the generator's."""

    def __init__(self, size: int, embedding: int, hidden: int, layers: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(size, embedding)
        self.recurrence = nn.LSTM(embedding, hidden, layers, batch_first=True)
        self.head = nn.Linear(hidden, size)

    def forward(self, codes: Tensor, state: Any = None) -> tuple[Tensor, Any]:
        """Return the logits and the state."""
        out, state = self.recurrence(self.embedding(codes), state)
        return self.head(out), state

    @torch.no_grad()
    def write(self, first: int, length: int, temperature: float) -> list[int]:
        """Return a text in the usual way: one character after another, each from a call of the whole model."""
        codes, state = [first], None
        for _ in range(length):
            logits, state = self(torch.tensor([codes[-1:]], device=self.head.weight.device), state)
            if temperature == 0:
                codes.append(int(logits[0, -1].argmax()))
            else:
                chances = torch.softmax(logits[0, -1] / temperature, 0)
                codes.append(int(torch.multinomial(chances, 1)))
        return codes[1:]


def _pair(device: str, hidden: int) -> tuple[CharGenerator, Plain]:
    ours = CharGenerator(VOCABULARY, hidden_channels=hidden)
    with torch.no_grad():
        ours.head.weight.mul_(10)  # as if trained: one character stands out
    plain = Plain(len(VOCABULARY), 64, hidden, 2)
    plain.load_state_dict(ours.state_dict())
    return ours.to(device), plain.to(device)


def step(device: str, *, batch: int, window: int, hidden: int) -> Contest:
    """Return a training step of the generator against the same model of torch's parts."""
    codes = torch.randint(len(VOCABULARY), (batch, window)).to(device)
    shape = (batch, window, len(VOCABULARY))
    steps = [TrainingStep(lambda m=m: m(codes)[0], m.parameters(), shape) for m in _pair(device, hidden)]
    return Contest(steps[0], expected=steps[1], rival=steps[1])


def writing(device: str, *, texts: int, length: int, hidden: int) -> Contest:
    """Return the writing of texts side by side against one character and text at a time; greedy texts must agree."""
    ours, plain = _pair(device, hidden)
    letters = [VOCABULARY.characters[place % len(VOCABULARY)] for place in range(texts)]
    first = VOCABULARY.encode("".join(letters)).tolist()

    def together(count: int, temperature: float) -> list[Tensor]:
        written, _ = ours.extend(ours.begin(letters, seed=0), count, Sampling(temperature))
        return [torch.stack([VOCABULARY.encode(text) for text in written]).double()]

    def alone(count: int, temperature: float) -> list[Tensor]:
        return [torch.tensor([plain.write(code, count, temperature) for code in first]).double()]

    return Contest(
        lambda: together(min(length, 20), 0.0),
        expected=lambda: alone(min(length, 20), 0.0),
        rival=lambda: alone(length, 1.0),
        costs=(
            lambda: milliseconds(lambda: together(length, 1.0)),
            lambda: milliseconds(lambda: alone(length, 1.0)),
        ),
    )


# fmt: off
CASES: dict[str, Case] = {
    "text-step": Case("CharGenerator, two LSTM layers of 128, B 64, T 30", "the same of torch.nn", "time", 1.10,
                      lambda device: step(device, batch=64, window=30, hidden=128)),
    "text-writing": Case("64 texts of 1000 characters, two LSTM layers of 128", "a loop over nn.LSTM", "speed", 1.5,
                         lambda device: writing(device, texts=64, length=1000, hidden=128)),
}
# fmt: on
