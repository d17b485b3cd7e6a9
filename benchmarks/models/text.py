"""A generator of text as a model of the benchmarks."""

from torch import Tensor, nn

from benchmarks.tasks.task import Batch
from gnn_toolkit.models import CharGenerator

TEMPERATURES = (0.0, 0.5, 1.0, 2.0)
PROMPT, SAMPLE_LENGTH = "The ", 160


class TextModel(nn.Module):
    """A generator of text as a model of the suite: the characters of each window are a path."""

    def __init__(self, generator: CharGenerator) -> None:
        super().__init__()
        self.generator = generator

    def forward(self, batch: Batch) -> Tensor:
        """Return the logits of the character after each character of the batch, [B * n, classes]."""
        return self.generator(batch.x)[0].flatten(0, 1)

    def samples(self, seed: int) -> dict[str, str]:
        """Return text written after the prompt, at each temperature."""
        write = self.generator.generate
        return {f"{t:g}": PROMPT + write(PROMPT, SAMPLE_LENGTH, t, seed=seed) for t in TEMPERATURES}
