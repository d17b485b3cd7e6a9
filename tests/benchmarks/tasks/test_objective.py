"""The course of a text: what is kept beside the scores, and models that are equally large."""

from dataclasses import replace

import pytest
import torch

from benchmarks.models.network import generator
from benchmarks.tasks import text
from benchmarks.tasks.objective import TextCourse, course_of
from gnn_toolkit.models import Vocabulary
from gnn_toolkit.training import fit

BUDGET = replace(text.BEST, steps=4, evaluate_every=2, hidden_channels=8, window=10, batch_size=4)


def test_a_text_is_read_with_its_state_and_watched():
    problem = text.problem("verse", "the quick brown fox jumps over the lazy dog. " * 60, 10, ("unigram",))
    assert problem.corpus is not None
    model = generator("lstm", BUDGET, problem.corpus.vocabulary)
    course = course_of(model, problem, text.TEXT.metric, BUDGET)
    assert isinstance(course, TextCourse)
    assert course.stateful is course.reader
    history = fit(
        model,
        course.batch,
        course.loss,
        lambda network: course.score(network, "validation"),
        BUDGET,
        higher_is_better=False,
        watch=course.watch,
        stateful=course.stateful,
    )
    assert course.reader.place == 40
    assert [0 < seen["accuracy"] < 1 for seen in history.watched] == [True, True]
    assert set(course.watch(model, 1000)["samples"]) == {"0", "0.5", "1", "2"}
    measures = course.measures(0)
    assert measures["longest copy, the book's end"] > 40
    assert 0 < measures["distinct-3, temperature 0"] <= 1
    with torch.no_grad():
        scores = [course.score(model.eval(), part) for part in ("validation", "test")]
    assert measures["held-out nats"] == pytest.approx(sum(scores) / 2, abs=0.1)


def test_a_carried_state_stays_on_one_device():
    problem = text.problem("verse", "the quick brown fox. " * 60, 10, ("unigram",))
    assert problem.corpus is not None
    model = generator("gru", BUDGET, problem.corpus.vocabulary)
    with pytest.raises(ValueError, match=r"^devices: expected 1 where the state is carried, got 2; leave"):
        course_of(model, problem, text.TEXT.metric, replace(BUDGET, devices=2))


def test_equally_many_parameters_make_other_widths():
    budget = replace(text.EQUAL, parameters=50_000)
    sizes = {}
    for cell in ("rnn", "gru", "lstm"):
        model = generator(cell, budget, Vocabulary("abcdef"))
        sizes[cell] = model.recurrence.hidden_channels
        assert sum(p.numel() for p in model.parameters()) == pytest.approx(50_000, rel=0.02)
    assert sizes["rnn"] > sizes["gru"] > sizes["lstm"]
    assert torch.get_default_device() == torch.device("cpu")


def test_a_generator_starts_with_the_bias_that_the_budget_asks_for():
    forget = {}
    for bias in (0.0, 2.0):
        torch.manual_seed(0)
        model = generator("lstm", replace(BUDGET, forget_bias=bias), Vocabulary("abcdef"))
        forget[bias] = dict(model.recurrence.named_parameters())["bias_ih_l0"].chunk(4)[1]
    assert forget[2.0].allclose(forget[0.0] + 2)
