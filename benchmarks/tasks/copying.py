"""Selective copying: a few tokens stand scattered among noise, and are to be written down in their order."""

from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch_geometric.data import Data

from gnn_toolkit import _checks

from .config import Config
from .metrics import ACCURACY, Scores
from .objective import Objective
from .source import EqualGraphs, Graphs, Source
from .task import Task, TaskData

SYMBOLS = 16  # the noise, fourteen tokens, and the mark that asks for the next token
NOISE, MARK = 0, SYMBOLS - 1


def selective_copies(count: int, length: int, tokens: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Draw sequences of noise among which tokens stand at random places, and then as many marks as tokens.

    Args:
        count: number of sequences.
        length: of the part before the marks.
        tokens: how many of its places hold a token, each drawn from 1 to 14.
        generator: source of randomness.

    Returns:
        symbols [count, length + tokens], and the tokens in their order [count, tokens].

    >>> symbols, answers = selective_copies(1, 6, 2, torch.Generator().manual_seed(0))
    >>> symbols[symbols.ne(NOISE) & symbols.ne(MARK)].tolist() == answers[0].tolist(), symbols[0, 6:].tolist()
    (True, [15, 15])
    """
    answers = torch.randint(1, MARK, (count, tokens), generator=generator)
    places = torch.rand(count, length, generator=generator).topk(tokens).indices.sort(1).values
    symbols = torch.full((count, length + tokens), NOISE).scatter_(1, places, answers)
    symbols[:, length:] = MARK
    return symbols, answers


class LastNodes(Objective):
    """What is asked of the last nodes of every graph; a graph is the unit.

    Args:
        source: graphs that all have the same number of nodes.
        config: how the model is trained; ``data`` has ``tokens``, the number of nodes that are asked.
    """

    def __init__(self, source: Source, config: Config) -> None:
        super().__init__(source, config, ACCURACY, SYMBOLS, "nodes")
        self.asked: int = config.data["tokens"]

    def answers(self, model: nn.Module, batch: Graphs) -> tuple[Tensor, Tensor]:
        """Return the logits of the nodes that are asked, and the right answers."""
        logits = model(batch).view(batch.num_graphs, -1, SYMBOLS)
        return logits[:, -self.asked :].flatten(0, 1), batch.y.flatten()

    def judge(self, model: nn.Module, batch: Graphs) -> Scores:
        """Return the scores of a batch: the answers of a graph belong together."""
        points = self.metric.points(*self.answers(model, batch)).view(-1, self.asked).double().sum(1)
        return Scores(points.cpu(), torch.full((len(points),), float(self.asked)), self.metric.root)


def copying(seed: int, length: int, tokens: int) -> TaskData:
    """Copy the tokens among noise (Gu and Dao 2023, after Arjovsky et al. 2016 and Jing et al. 2019).

    Args:
        seed: draws nothing here: the held-out sequences are the same for all.
        length: of the part with the tokens.
        tokens: how many there are.
    """
    if not 1 <= tokens <= length:
        remedy = "each token has a place of its own"
        raise ValueError(_checks.problem("tokens", f"1 to the length {length}", tokens, remedy))
    held = {
        "validation": selective_copies(500, length, tokens, torch.Generator().manual_seed(1)),
        "test": selective_copies(2000, length, tokens, torch.Generator().manual_seed(2)),
    }

    def ask(symbols: Tensor, answers: Tensor) -> tuple[Tensor, Tensor]:
        return torch.nn.functional.one_hot(symbols, SYMBOLS).float(), answers

    def held_out(split: str) -> Iterator[tuple[Tensor, Tensor]]:
        for part in zip(*(drawn.split(500) for drawn in held[split]), strict=True):
            yield ask(*part)

    def most_frequent() -> tuple[float, int]:
        _, answers = selective_copies(10_000, length, tokens, torch.Generator().manual_seed(3))
        return float((held["test"][1] == answers.mode(0).values).float().mean()), tokens

    return TaskData(
        EqualGraphs(
            Data(num_nodes=length + tokens),
            SYMBOLS,
            lambda generator, count: ask(*selective_copies(count, length, tokens, generator)),
            held_out,
        ),
        LastNodes,
        {"most frequent token": most_frequent},
        note=f"{tokens} tokens of 14 kinds at random places among {length - tokens} of noise, then {tokens} marks, at "
        "each of which the next token is asked; 2000 fresh sequences as test",
    )


COPYING = Task(
    "tokens among noise, in their order",
    copying,
    ACCURACY,
    ("most frequent token",),
    Config(
        steps=2000,
        learning_rate=3e-3,
        evaluate_every=100,
        batch_size=32,
        hidden_channels=64,
        num_layers=2,
        target=0.99,
    ),
    options={"length": 256, "tokens": 16},
    axis="length",
)
