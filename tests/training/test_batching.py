"""Reading a text: carried windows follow one another, and what is carried makes one long sequence of them."""

import math
from typing import Any

import numpy as np
import pytest
import torch

from gnn_toolkit.models import CharGenerator, Vocabulary
from gnn_toolkit.training import Reader, nats_per_character, rows_of, samples_of


def make(cell: str = "lstm") -> CharGenerator:
    torch.manual_seed(0)
    return CharGenerator(Vocabulary("abcdefgh"), cell, 5, 6).double()


def test_windows_at_random_places_are_followed_by_the_next_characters():
    codes, following = Reader(np.arange(50), 4, 6).batch(torch.Generator().manual_seed(0))
    assert codes.shape == (6, 4)
    assert torch.equal(codes + 1, following)
    assert len(set(codes[:, 0].tolist())) > 1


@pytest.mark.parametrize("cell", ["rnn", "lstm"])
def test_losses_with_a_carried_state_are_those_of_the_whole_text(cell: str):
    codes = np.random.default_rng(0).integers(0, 8, 41)
    reader, model = Reader(codes, 5, 2, carry=True), make(cell)
    losses = [float(reader.loss(model, reader.batch(torch.Generator())).detach()) for _ in range(4)]
    whole = torch.from_numpy(np.stack([codes[:20], codes[20:40]]))
    following = torch.from_numpy(np.stack([codes[1:21], codes[21:41]]))
    logits, _ = model(whole)
    each = torch.nn.functional.cross_entropy(logits.transpose(1, 2), following, reduction="none")
    assert losses == pytest.approx(each.view(2, 4, 5).mean((0, 2)).tolist())
    right = float((logits.argmax(-1) == following).double().mean())
    assert reader.accuracy() == pytest.approx(right)
    first, again = reader.batch(torch.Generator()), Reader(codes, 5, 2, carry=True).batch(torch.Generator())
    assert torch.equal(first[0], again[0])  # the text begins anew
    assert reader.state is None


def test_a_reader_goes_on_where_another_stood():
    codes = np.random.default_rng(0).integers(0, 8, 61)
    reader, model, generator = Reader(codes, 5, 2, carry=True), make(), torch.Generator()
    for _ in range(3):
        reader.loss(model, reader.batch(generator))
    other = Reader(codes, 5, 2, carry=True)
    other.load_state_dict(reader.state_dict())
    a, b = (r.loss(model, r.batch(generator)).detach() for r in (reader, other))
    assert torch.equal(a, b)
    assert reader.accuracy() == other.accuracy() > 0


def test_a_short_text_is_refused():
    with pytest.raises(ValueError, match=r"^text: expected more than 40 characters to train on, got 40"):
        Reader(np.arange(40), 10, 4, carry=True)
    with pytest.raises(ValueError, match=r"^text: expected more than 10 characters to train on, got 10"):
        Reader(np.arange(10), 10, 4)


def test_every_character_but_the_first_is_judged_once():
    rows = list(rows_of(np.arange(23), 5))
    assert [tuple(x.shape) for x, _ in rows] == [(4, 5), (1, 2)]
    assert torch.cat([y.flatten() for _, y in rows]).tolist() == list(range(1, 23))
    assert [len(list(rows_of(np.arange(n), 5))) for n in (1, 3, 6)] == [0, 1, 1]


def test_a_model_without_opinion_needs_the_logarithm_of_the_size():
    model = make()
    with torch.no_grad():
        model.head.weight.zero_()
        model.head.bias.zero_()
    assert nats_per_character(model, np.arange(8).repeat(3), width=7) == pytest.approx(math.log(8))


def test_samples_begin_with_a_random_character_and_come_again():
    model = make()
    found: Any = samples_of(model, 3, count=4, length=12)
    assert list(found) == ["0", "0.5", "1", "2"]
    assert all(len(text) == 12 for texts in found.values() for text in texts)
    assert found == samples_of(model, 3, count=4, length=12)
    for text in found["0"]:
        assert model.generate(text[0], 11, 0) == text[1:]
