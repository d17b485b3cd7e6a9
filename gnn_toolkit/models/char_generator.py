"""A generator of text, character by character: a recurrence over the path of the characters."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import torch
from torch import Tensor, nn

from gnn_toolkit import _checks
from gnn_toolkit.models.blocks import RecurrentStack
from gnn_toolkit.models.dilated import DilatedGRU, DilatedLSTM, DilatedRNN
from gnn_toolkit.models.linear_sequences import LRU, Mamba, MinGRU, MinLSTM
from gnn_toolkit.models.sampling import Sampling, chances
from gnn_toolkit.models.sequence import GRU, LSTM, RNN
from gnn_toolkit.models.serialization import load_weights, read_description, save_weights
from gnn_toolkit.models.vocabulary import Vocabulary

Memory = tuple[Tensor, ...]  # what the recurrence keeps of the characters before, a text in each row

LINEAR = {"mingru": MinGRU, "minlstm": MinLSTM, "lru": LRU, "mamba": Mamba}
CELLS = {"rnn": RNN, "gru": GRU, "lstm": LSTM} | LINEAR
DILATED = {"rnn": DilatedRNN, "gru": DilatedGRU, "lstm": DilatedLSTM}


@dataclass(frozen=True)
class TextState:
    """Where B texts stand, between one stretch of writing and the next.

    Attributes:
        memory: one tensor [num_layers, B, H] a state of the cell, after all characters but the last; with skip edges
            [num_layers, B, M, H], after each of the M characters before the last; of a linear cell [1, B, S] a layer.
        last: the last character of each text [B], which is still to be read.
        random: the state of each text's random numbers.
    """

    memory: tuple[Tensor, ...]
    last: Tensor
    random: tuple[Tensor, ...]


class CharGenerator(nn.Module):
    """Embedding, recurrence over the path of the characters, and a linear layer to the next character's logits.

    Args:
        vocabulary: the characters that it reads and writes.
        cell: ``"rnn"``, ``"gru"``, ``"lstm"``, or one that is linear in its state, ``"mingru"``, ``"minlstm"``,
            ``"lru"``, ``"mamba"``, whose layers are the residual blocks of a :class:`RecurrentStack`.
        embedding_channels: width of a character's embedding.
        hidden_channels: width H of a state.
        num_layers: number of recurrent layers.
        dropout: probability of dropping an output, between layers and before the linear layer, while training.
        dilations: how many characters back further edges into each character reach: the recurrence then runs over the
            directed acyclic graph of a dilated path, as ``DAGLSTM`` and its like do; none for the path alone, which
            is all that a linear cell takes.

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
        dilations: Sequence[int] = (),
    ) -> None:
        super().__init__()
        self.vocabulary, self.dilations = vocabulary, tuple(dilations)
        self.cell = _checks.choice("cell", cell, CELLS)
        self.embedding = nn.Embedding(len(vocabulary), _checks.positive("embedding_channels", embedding_channels))
        self.dropout = _checks.probability("dropout", dropout)
        self.recurrence = self._recurrence(embedding_channels, hidden_channels, num_layers)
        self.head = nn.Linear(hidden_channels, len(vocabulary))

    def _recurrence(self, *sizes: int) -> Any:
        """Return what reads the path of the characters, of a width, a hidden width and a number of layers."""
        if self.dilations and self.cell in LINEAR:
            allowed = "none with a cell that is linear in its state"
            remedy = f"pick one of {', '.join(DILATED)} for cell"
            raise ValueError(_checks.problem("dilations", allowed, list(self.dilations), remedy))
        if self.cell in LINEAR:
            return RecurrentStack(LINEAR[self.cell], *sizes, dropout=self.dropout, batch_first=True)
        between = self.dropout if sizes[2] > 1 else 0.0
        if self.dilations:
            return DILATED[self.cell](*sizes, self.dilations, between)
        return CELLS[self.cell](*sizes, dropout=between, batch_first=True)

    def forward(self, codes: Tensor, state: Any = None) -> tuple[Tensor, Any]:
        """Return the logits of the character after each code, and the state after the last."""
        out, state = self.recurrence(self.embedding(codes), hx=state)
        out = nn.functional.dropout(out, self.dropout, self.training)
        return self.head(out), state

    def generate(
        self,
        prompt: str,
        length: int,
        temperature: float = 1.0,
        *,
        top_k: int | None = None,
        top_p: float = 1.0,
        seed: int | None = None,
        unknown: str = "error",
    ) -> str:
        """Return ``length`` characters that continue ``prompt``; arguments and errors are those of :meth:`stream`."""
        _not_negative(length)
        sampling = Sampling(temperature, top_k, top_p)
        return self.extend(self.begin([prompt], seed=seed, unknown=unknown), length, sampling)[0][0]

    def stream(
        self,
        prompt: str,
        length: int | None,
        temperature: float = 1.0,
        *,
        top_k: int | None = None,
        top_p: float = 1.0,
        seed: int | None = None,
        unknown: str = "error",
    ) -> Iterator[str]:
        """Yield the characters that continue ``prompt``, one at a time.

        Each is drawn from ``softmax(logits / temperature)``; temperature 0 takes the likeliest (greedy). The memory
        that this takes does not grow with the length.

        Args:
            prompt: at least one character of the vocabulary.
            length: how many characters to write; ``None`` never ends.
            temperature: 0 for greedy, 1 for the model's own distribution, more for wilder text.
            top_k: draw from so many of the likeliest characters; ``None`` for all.
            top_p: draw from the likeliest characters that together have this probability; 1 for all.
            seed: makes the draw repeatable; ``None`` draws anew each time.
            unknown: ``"error"``, or ``"skip"`` to leave out characters of the prompt that the model does not know.

        Raises:
            ValueError: a prompt without a known character, an unknown one in it (named), a value out of range.
        """
        if length is not None:
            _not_negative(length)
        sampling = Sampling(temperature, top_k, top_p)
        state = self.begin([prompt], seed=seed, unknown=unknown)
        numbers = chances(_generators(state), length)
        return (self.vocabulary.decode(codes) for codes, _ in self._write(state, numbers, sampling))

    @torch.no_grad()
    def begin(self, prompts: Sequence[str], *, seed: int | None = None, unknown: str = "error") -> TextState:
        """Read the prompts of several texts and return where they stand, for :meth:`extend`.

        Args:
            prompts: of each text, at least one character of the vocabulary.
            seed: text number i draws from the seed plus i, whatever stands beside it; ``None`` draws anew each time.
            unknown: as in :meth:`stream`.

        Raises:
            ValueError: no prompt, one without a known character, or an unknown character.

        >>> model = CharGenerator(Vocabulary("abc "), hidden_channels=8)
        >>> whole, _ = model.extend(model.begin(["a", "cab"], seed=0), 20)
        >>> first, state = model.extend(model.begin(["a", "cab"], seed=0), 12)
        >>> second, _ = model.extend(state, 8)
        >>> whole == [a + b for a, b in zip(first, second)]
        True
        """
        texts = [self.vocabulary.encode(prompt, unknown) for prompt in prompts]
        for text, prompt in zip(texts, prompts, strict=True):
            if not text.numel():
                remedy = "pass a first letter"
                raise ValueError(_checks.problem("prompt", "at least one known character", repr(prompt), remedy))
        if not texts:
            raise ValueError(_checks.problem("prompts", "at least one prompt", "none", "pass a list of texts"))
        memories = [self._read(text[:-1].to(self.head.weight.device)) for text in texts]
        memory = tuple(torch.cat(state, 1) for state in zip(*memories, strict=True))
        last = torch.stack([text[-1] for text in texts]).to(self.head.weight.device)
        generators = [torch.Generator() for _ in texts]
        for place, generator in enumerate(generators):
            generator.seed() if seed is None else generator.manual_seed(_checks.seed("seed", seed + place))
        return TextState(memory, last, tuple(generator.get_state() for generator in generators))

    def extend(self, state: TextState, length: int, sampling: Sampling | None = None) -> tuple[list[str], TextState]:
        """Write ``length`` more characters of each text, all texts side by side.

        Args:
            state: where they stand.
            length: how many characters to write.
            sampling: how they are drawn; ``None`` from the model's own distribution.

        Returns:
            what was written, and where the texts stand now: ten stretches of 100 are one of 1000.

        Raises:
            ValueError: a negative length.
        """
        generators = _generators(state)
        numbers = chances(generators, _not_negative(length))
        memory, written = state.memory, [state.last]
        for codes, memory in self._write(state, numbers, sampling or Sampling()):  # noqa: B007 (the last one is kept)
            written.append(codes)
        texts = torch.stack(written[1:], 1).cpu() if length else state.last.new_empty(len(generators), 0)
        random = tuple(generator.get_state() for generator in generators)
        return [self.vocabulary.decode(text) for text in texts], TextState(memory, written[-1], random)

    def save(self, path: str | Path) -> None:
        """Save the weights as safetensors and beside them, as JSON, the vocabulary with its counts and the sizes.

        Args:
            path: ends in ``.safetensors``.

        Raises:
            ValueError: it has another ending.
            FileExistsError: there is a file of that name that is no saved model.
            OSError: a file cannot be written.
        """
        recurrence = self.recurrence
        sizes = {
            "cell": self.cell,
            "embedding_channels": recurrence.in_channels,
            "hidden_channels": recurrence.hidden_channels,
            "num_layers": recurrence.num_layers,
            "dropout": self.dropout,
            "dilations": self.dilations,
        }
        vocabulary = dict(zip(self.vocabulary.characters, self.vocabulary.counts, strict=True))
        save_weights(Path(path), self, {"model": type(self).__name__, "sizes": sizes, "vocabulary": vocabulary})

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Return a saved model.

        Args:
            path: of the weights; ends in ``.safetensors``.

        Raises:
            ValueError: a file is damaged, the two do not belong together, or they are not of such a model.
            OSError: a file is missing.
        """
        description = read_description(path, cls.__name__)
        try:
            model = cls(Vocabulary(description["vocabulary"]), **description["sizes"])
        except (KeyError, TypeError, ValueError) as error:
            allowed, remedy = f"the description of a {cls.__name__}", "pass a file that save wrote"
            raise ValueError(_checks.problem(str(path), allowed, f"another ({error})", remedy)) from error
        load_weights(Path(path), model)
        return model.eval()

    def _read(self, codes: Tensor) -> tuple[Tensor, ...]:
        """Return the memory after a text [length], [num_layers, 1, H] a state; zeros after an empty one."""
        if not codes.numel():
            return self.recurrence.blank(1)
        training = self.training
        self.eval()  # without dropout, and only while the model is at work here
        state = self(codes[None])[1]
        self.train(training)
        return (state,) if isinstance(state, Tensor) else state

    @torch.no_grad()
    def _write(
        self, state: TextState, numbers: Iterator[Tensor], sampling: Sampling
    ) -> Iterator[tuple[Tensor, Memory]]:
        """Yield the next character of each text [B] and the memory before it, for each column of ``numbers``."""
        codes, memory = state.last, state.memory
        for block in numbers:
            for column in block.to(codes.device).unbind(1):
                out, memory = self.recurrence.step(self.embedding(codes), memory)
                codes = sampling.draw(self.head(out), column)
                yield codes, memory


def _generators(state: TextState) -> list[torch.Generator]:
    generators = [torch.Generator() for _ in state.random]
    for generator, random in zip(generators, state.random, strict=True):
        generator.set_state(random)
    return generators


def _not_negative(length: int) -> int:
    if length < 0:
        raise ValueError(_checks.problem("length", "at least 0", length, "pass how many characters to write"))
    return length
