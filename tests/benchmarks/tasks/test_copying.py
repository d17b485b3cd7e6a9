"""Selective copying: the answers are the tokens in their order, asked for at the marks alone."""

import pytest
import torch
from torch import nn

from benchmarks.tasks.copying import COPYING, MARK, NOISE, SYMBOLS, copying, selective_copies
from gnn_toolkit.graphs import Path


def test_the_answers_are_the_tokens_among_the_noise():
    symbols, answers = selective_copies(200, 20, 5, torch.Generator().manual_seed(0))
    assert symbols.shape == (200, 25)
    assert torch.equal(symbols[:, 20:], torch.full((200, 5), MARK))
    body = symbols[:, :20]
    assert torch.equal(body[body != NOISE].view(200, 5), answers)
    assert set(answers.flatten().tolist()) == set(range(1, MARK))
    taken = (body != NOISE).float().mean(0)  # every place is as likely as any other
    assert float((taken - 0.25).abs().max()) < 0.12


class Oracle(nn.Module):
    """Answers a share of the marks rightly: it reads the tokens and says them at the marks."""

    def __init__(self, right: int) -> None:
        super().__init__()
        self.right, self.weight = right, nn.Parameter(torch.zeros(1))

    def forward(self, batch):
        symbols = batch.x.argmax(-1).view(batch.num_graphs, -1)
        logits = torch.zeros(*symbols.shape, SYMBOLS)
        tokens = symbols[(symbols != NOISE) & (symbols != MARK)].view(batch.num_graphs, -1)
        said = torch.zeros_like(symbols)
        said[:, -tokens.size(1) :][:, : self.right] = tokens[:, : self.right]
        return logits.scatter_(2, said[..., None], 1.0).flatten(0, 1)


@pytest.mark.parametrize("right", [0, 1, 3])
def test_only_the_marks_are_judged_and_a_sequence_is_the_unit(right: int):
    data = copying(0, 12, 3)
    config = COPYING.configured({"length": 12, "tokens": 3})
    objective = data.objective(data.source.viewed(Path()), config)
    scores = objective.evaluate(Oracle(right), "validation")
    assert scores.mean == pytest.approx(right / 3)
    assert len(scores.units) == 500
    batch = objective.batch(torch.Generator().manual_seed(0))
    logits, y = objective.answers(Oracle(3), batch)
    assert torch.equal(logits.argmax(-1), y)
    assert float(objective.loss(Oracle(3), batch)) < float(objective.loss(Oracle(0), batch))


def test_guessing_is_right_one_time_in_fourteen():
    score, *_ = copying(0, 16, 4).baselines["most frequent token"]()
    assert score == pytest.approx(1 / 14, abs=0.015)


@pytest.mark.parametrize("tokens", [0, 13])
def test_more_tokens_than_places_are_refused(tokens: int):
    with pytest.raises(ValueError, match="tokens: expected 1 to the length 12, got"):
        copying(0, 12, tokens)
