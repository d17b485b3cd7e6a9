"""Text: the right answers are the next characters, and no stretch holds what it should not; the state is carried."""

from dataclasses import replace

import pytest
import torch

from benchmarks.models.generator import text_model
from benchmarks.tasks import text
from benchmarks.tasks.text import NextCharacter, TextWindows
from gnn_toolkit.training import Corpus, fit

DATA = {"window": 10, "carry": True}
CONFIG = replace(text.TEXT.config, steps=4, evaluate_every=2, hidden_channels=8, batch_size=4, data=DATA)


def objective(config=CONFIG, repeated=60):
    corpus = Corpus.of("the quick brown fox jumps over the lazy dog. " * repeated)
    return NextCharacter(TextWindows(corpus, 10), config)


def test_text_answers_are_the_next_characters():
    data = text.TEXT.load(0, **text.TEXT.options)
    assert "Python's language reference" in data.note
    batch = data.source.draw(torch.Generator().manual_seed(0), 4)
    x, y = batch.x.view(4, -1), batch.y.view(4, -1)
    assert torch.equal(x[:, 1:], y[:, :-1])
    test, rest = data.source.held_out("test")
    validation, _ = data.source.held_out("validation")
    assert torch.equal(test.x[1:], test.y[:-1])
    assert torch.equal(test.y[-1:], rest.x[:1])
    assert not torch.equal(test.x[:500], validation.x[:500])


def test_text_has_no_licence_in_any_stretch(data_folder):
    data_folder("grimm/grimm.txt")
    task = text.book("grimm", "Grimms' Fairy Tales")
    source = task.load(0, **task.options).source
    assert isinstance(source, TextWindows)
    for split in ("validation", "test"):
        for batch in source.held_out(split):
            assert "Gutenberg" not in source.corpus.vocabulary.decode(batch.x)


def test_a_text_is_read_with_its_state_and_watched():
    made = objective()
    model = text_model("lstm", CONFIG, made)
    assert made.stateful is made.reader
    history = fit(
        model,
        made.batch,
        made.loss,
        lambda network: made.evaluate(network, "validation").mean,
        CONFIG,
        higher_is_better=False,
        watch=made.watch,
        stateful=made.stateful,
    )
    assert made.reader.place == 40
    assert [0 < seen["accuracy"] < 1 for seen in history.watched] == [True, True]
    assert set(made.watch(model, 1000)["samples"]) == {"0", "0.5", "1", "2"}
    measures = made.measures(model, 0)
    assert measures["longest copy, the book's end"] > 40
    assert 0 < measures["distinct-3, temperature 0"] <= 1
    with torch.no_grad():
        scores = [made.evaluate(model.eval(), split).mean for split in ("validation", "test")]
    assert measures["held-out nats"] == pytest.approx(sum(scores) / 2, abs=0.1)


def test_a_row_is_a_unit():
    made = objective()
    model = text_model("gru", CONFIG, made).eval()
    with torch.no_grad():
        scores = made.evaluate(model, "test")
    assert len(scores.units) == -(-(len(made.corpus.test) - 1) // 10)
    assert sum(scores.units) / len(scores.units) == pytest.approx(scores.mean)


def test_a_carried_state_stays_on_one_device():
    with pytest.raises(ValueError, match=r"^devices: expected 1 where the state is carried, got 2; leave"):
        objective(replace(CONFIG, devices=2))
