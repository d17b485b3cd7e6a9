"""A generator of text, character by character: a recurrence over the path of the characters."""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn

from gnn_toolkit import _checks
from gnn_toolkit.models.sequence import GRU, LSTM, RNN

CELLS = {"rnn": RNN, "gru": GRU, "lstm": LSTM}


class Vocabulary:
    """The characters that a model knows, and their codes 0, 1, 2, ... in sorted order.

    Args:
        text: any text that holds every character at least once.

    Raises:
        ValueError: the text is empty.

    >>> vocabulary = Vocabulary("banana")
    >>> vocabulary.encode("nab").tolist(), vocabulary.decode(torch.tensor([1, 0]))
    ([2, 0, 1], 'ba')
    """

    def __init__(self, text: str) -> None:
        if not text:
            raise ValueError(
                _checks.problem("text", "at least one character", "an empty text", "pass the training text")
            )
        self.characters = "".join(sorted(set(text)))
        self._codes = {character: code for code, character in enumerate(self.characters)}

    def __len__(self) -> int:
        return len(self.characters)

    def encode(self, text: str) -> Tensor:
        """Return the codes of ``text``, int64 [len(text)]; a ``ValueError`` names characters that are unknown."""
        unknown = sorted(set(text) - self._codes.keys())
        if unknown:
            allowed = f"the {len(self)} characters of the vocabulary"
            raise ValueError(_checks.problem("text", allowed, f"the unknown {unknown}", "remove or replace them"))
        return torch.tensor([self._codes[character] for character in text], dtype=torch.long)

    def decode(self, codes: Tensor) -> str:
        """Return the text of codes [length]."""
        return "".join(self.characters[code] for code in codes.tolist())


class CharGenerator(nn.Module):
    """Embedding, recurrence over the path of the characters, and a linear layer to the next character's logits.

    Args:
        vocabulary: the characters that it reads and writes.
        cell: ``"rnn"``, ``"gru"`` or ``"lstm"``.
        embedding_channels: width of a character's embedding.
        hidden_channels: width H of a state.
        num_layers: number of recurrent layers.
        dropout: probability of dropping an output between layers while training.

    Shapes:
        - ``codes`` [B, T], logits [B, T, len(vocabulary)]

    Raises:
        ValueError: an unknown cell, or sizes below 1.

    >>> model = CharGenerator(Vocabulary("abc "), hidden_channels=8)
    >>> logits, state = model(torch.tensor([[0, 1, 2]]))
    >>> logits.shape
    torch.Size([1, 3, 4])
    >>> len(model.generate("a", 5, seed=0))
    5
    """

    def __init__(
        self,
        vocabulary: Vocabulary,
        cell: str = "lstm",
        embedding_channels: int = 64,
        hidden_channels: int = 128,
        num_layers: int = 2,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.vocabulary = vocabulary
        self.embedding = nn.Embedding(len(vocabulary), _checks.positive("embedding_channels", embedding_channels))
        recurrence = CELLS[_checks.choice("cell", cell, CELLS)]
        self.recurrence = recurrence(embedding_channels, hidden_channels, num_layers, dropout=dropout, batch_first=True)
        self.head = nn.Linear(hidden_channels, len(vocabulary))

    def forward(self, codes: Tensor, state: Any = None) -> tuple[Tensor, Any]:
        """Return the logits of the character after each code, and the state after the last."""
        out, state = self.recurrence(self.embedding(codes), state)
        return self.head(out), state

    def generate(self, prompt: str, length: int, temperature: float = 1.0, *, seed: int | None = None) -> str:
        """Return ``length`` characters that continue ``prompt``; arguments and errors are those of :meth:`stream`."""
        return "".join(self.stream(prompt, length, temperature, seed=seed))

    def stream(self, prompt: str, length: int, temperature: float = 1.0, *, seed: int | None = None) -> Iterator[str]:
        """Yield the characters that continue ``prompt``, one at a time.

        Each is drawn from ``softmax(logits / temperature)``; temperature 0 takes the likeliest (greedy).

        Args:
            prompt: at least one character, all of the vocabulary.
            length: how many characters to write.
            temperature: 0 for greedy, 1 for the model's own distribution, more for wilder text.
            seed: makes the draw repeatable; ``None`` draws anew each time.

        Raises:
            ValueError: an empty prompt, an unknown character in it (named), a negative temperature or length.
        """
        if not prompt:
            raise ValueError(_checks.problem("prompt", "at least one character", repr(prompt), "pass a first letter"))
        if length < 0:
            raise ValueError(_checks.problem("length", "at least 0", length, "pass how many characters to write"))
        if not temperature >= 0:
            raise ValueError(
                _checks.problem("temperature", "at least 0", temperature, "0 is greedy, 1 the model's own")
            )
        codes = self.vocabulary.encode(prompt)
        return self._stream(codes, length, temperature, seed)

    @torch.no_grad()
    def _stream(self, codes: Tensor, length: int, temperature: float, seed: int | None) -> Iterator[str]:
        generator = torch.Generator()
        if seed is None:
            generator.seed()
        else:
            generator.manual_seed(seed)
        state = None
        for _ in range(length):
            training = self.training
            self.eval()  # without dropout, and only while the model is at work here
            logits, state = self(codes.to(self.head.weight.device)[None], state)
            self.train(training)
            codes = _draw(logits[0, -1].double().cpu(), temperature, generator)
            yield self.vocabulary.decode(codes)


def _draw(logits: Tensor, temperature: float, generator: torch.Generator) -> Tensor:
    """Return one code [1] drawn from ``softmax(logits / temperature)``."""
    if temperature == 0:
        return logits.argmax(keepdim=True)
    # The largest logit is taken off first: divided by a tiny temperature it would be infinite.
    return torch.multinomial(torch.softmax((logits - logits.max()) / temperature, 0), 1, generator=generator)
