"""Drawing the next character from a model's logits, for many texts at a time and the same each time."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from gnn_toolkit import _checks

BLOCK = 1024  # numbers drawn at a time


@dataclass(frozen=True)
class Sampling:
    """How the next character is drawn: from ``softmax(logits / temperature)``, cut to the likeliest characters.

    Attributes:
        temperature: 0 takes the likeliest (greedy), 1 is the model's own distribution, more makes wilder text.
        top_k: only so many of the likeliest characters are drawn from; ``None`` for all.
        top_p: only the likeliest characters that together reach this probability are drawn from (nucleus sampling,
            Holtzman et al. 2020); 1 for all.

    Raises:
        ValueError: a value out of range.

    >>> logits = torch.tensor([[0.5, 0.4, 0.1]]).log()
    >>> Sampling(top_k=1).draw(logits, torch.tensor([0.99], dtype=torch.float64))
    tensor([0])
    """

    temperature: float = 1.0
    top_k: int | None = None
    top_p: float = 1.0

    def __post_init__(self) -> None:
        if not self.temperature >= 0:
            remedy = "0 is greedy, 1 the model's own"
            raise ValueError(_checks.problem("temperature", "at least 0", self.temperature, remedy))
        if self.top_k is not None:
            _checks.positive("top_k", self.top_k)
        if not 0 < self.top_p <= 1:
            remedy = "pass e.g. 0.95"
            raise ValueError(_checks.problem("top_p", "a probability above 0 and at most 1", self.top_p, remedy))

    def draw(self, logits: Tensor, chance: Tensor) -> Tensor:
        """Return one code for each row of ``logits`` [B, V], where ``chance``, float64 [B] in [0, 1), falls."""
        if self.temperature == 0:
            return logits.argmax(1)
        # The largest logit is taken off first: divided by a tiny temperature it would be infinite.
        logits = (logits.double() - logits.amax(1, keepdim=True)) / self.temperature
        if self.top_k is not None and self.top_k < logits.size(1):
            least = logits.topk(self.top_k, 1).values[:, -1:]
            logits = logits.masked_fill(logits < least, -math.inf)
        probabilities = torch.softmax(logits, 1)
        if self.top_p < 1:
            ordered = probabilities.sort(1, descending=True)
            enough = ordered.values.cumsum(1) - ordered.values >= self.top_p
            probabilities = probabilities.masked_fill(enough.scatter(1, ordered.indices, enough), 0.0)
        reached = probabilities.cumsum(1)
        total = reached[:, -1:]
        # Below the total also after rounding, so that no character without probability is ever drawn.
        place = torch.minimum(chance.unsqueeze(1) * total, torch.nextafter(total, torch.zeros_like(total)))
        return torch.searchsorted(reached, place, right=True).squeeze(1)


def chances(generators: Sequence[torch.Generator], length: int | None) -> Iterator[Tensor]:
    """Yield numbers in [0, 1) for each text and each character to draw, float64 [len(generators), some of them].

    They are the same however many are drawn at a time.

    Args:
        generators: of the texts.
        length: how many to draw for each; ``None`` draws for ever.

    >>> [block.shape[1] for block in chances([torch.Generator()], 2500)]
    [1024, 1024, 452]
    """
    drawn = 0
    while length is None or drawn < length:
        count = BLOCK if length is None else min(BLOCK, length - drawn)
        yield torch.stack([torch.rand(count, generator=generator, dtype=torch.float64) for generator in generators])
        drawn += count
