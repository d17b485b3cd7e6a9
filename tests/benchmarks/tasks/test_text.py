"""Text: the right answers are the next characters, and baselines score what arithmetic says."""

import math

import pytest
import torch

from benchmarks.tasks import text


def test_text_answers_are_the_next_characters(monkeypatch, tmp_path):
    monkeypatch.delenv("GNN_TOOLKIT_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    problem = text.text(window=12)
    assert "Python's language reference" in problem.note
    batch = problem.train(torch.Generator().manual_seed(0), 4)
    assert torch.equal(batch.x[:, 1:], batch.y[:, :-1])
    (test,) = problem.held_out("test")
    (validation,) = problem.held_out("validation")
    assert torch.equal(test.x.flatten()[1:], test.y.flatten()[:-1])
    assert not torch.equal(test.x[0], validation.x[0])


def test_text_has_no_licence_in_any_stretch(data_folder):
    data_folder("grimm/grimm.txt")
    problem = text.text(window=12)
    assert "Grimm" in problem.note
    assert problem.vocabulary is not None
    for part in ("validation", "test"):
        (batch,) = problem.held_out(part)
        assert "Gutenberg" not in problem.vocabulary.decode(batch.x.flatten())


def test_ngrams_equal_counting_by_hand():
    train, test = torch.tensor([0, 1, 0, 1, 1]), torch.tensor([0, 1, 1])
    # Unigram counts with one added: 3 of 7 and 4 of 7. Bigram counts with one added: 0 -> (1, 3), 1 -> (2, 2).
    unigram, _ = text._ngram(train, test, 2, 1)
    bigram, _ = text._ngram(train, test, 2, 2)
    assert unigram == pytest.approx(-math.log(4 / 7))
    assert bigram == pytest.approx(-(math.log(3 / 4) + math.log(2 / 4)) / 2)
