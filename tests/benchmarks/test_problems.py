"""The problems: the answers are right, nothing leaks between splits, baselines score what arithmetic says."""

import math

import pytest
import torch

from benchmarks import problems


def test_palindrome_hides_the_last_digit_and_asks_for_it():
    problem = problems.palindrome(7, batch_size=5)
    batch = problem.train(torch.Generator().manual_seed(0))
    assert batch.x.shape == (5, 7, 10)
    assert torch.equal(batch.x[:, -1], torch.zeros(5, 10))
    digits = batch.x[:, :-1].argmax(-1)
    assert torch.equal(digits[:, 0], batch.y)
    assert torch.equal(digits[:, 1:], digits[:, 1:].flip(1))
    score, _ = problem.baselines["most frequent digit"]()
    assert abs(score - 0.1) < 0.02


def test_text_answers_are_the_next_characters(monkeypatch, tmp_path):
    monkeypatch.delenv("GNN_TOOLKIT_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    problem = problems.text(window=12, batch_size=4)
    assert "Python's language reference" in problem.note
    batch = problem.train(torch.Generator().manual_seed(0))
    assert torch.equal(batch.x[:, 1:], batch.y[:, :-1])
    (test,) = problem.held_out("test")
    (validation,) = problem.held_out("validation")
    assert torch.equal(test.x.flatten()[1:], test.y.flatten()[:-1])
    assert not torch.equal(test.x[0], validation.x[0])


def test_text_has_no_licence_in_any_stretch(data_folder):
    data_folder("grimm/grimm.txt")
    problem = problems.text(window=12, batch_size=4)
    assert "Grimm" in problem.note
    assert problem.vocabulary is not None
    for part in ("validation", "test"):
        (batch,) = problem.held_out(part)
        assert "Gutenberg" not in problem.vocabulary.decode(batch.x.flatten())


def test_ngrams_equal_counting_by_hand():
    train, test = torch.tensor([0, 1, 0, 1, 1]), torch.tensor([0, 1, 1])
    # Unigram counts with one added: 3 of 7 and 4 of 7. Bigram counts with one added: 0 -> (1, 3), 1 -> (2, 2).
    unigram, _ = problems._ngram(train, test, 2, 1)
    bigram, _ = problems._ngram(train, test, 2, 2)
    assert unigram == pytest.approx(-math.log(4 / 7))
    assert bigram == pytest.approx(-(math.log(3 / 4) + math.log(2 / 4)) / 2)


def test_digits_splits_do_not_overlap_and_regression_is_good():
    problem = problems.digits(batch_size=3)
    (validation,), (test,) = problem.held_out("validation"), problem.held_out("test")
    assert validation.x.shape == test.x.shape == (360, 64, 3)
    seen = {tuple(image[:, 0].tolist()) for image in validation.x}
    assert not seen & {tuple(image[:, 0].tolist()) for image in test.x}
    score, count = problem.baselines["logistic regression"]()
    assert 0.93 < score < 1.0
    assert count == 650


def test_club_knows_two_members_a_side_and_the_splits_are_disjoint():
    problem = problems.club(seed=3)
    train = problem.train(torch.Generator())
    (validation,), (test,) = problem.held_out("validation"), problem.held_out("test")
    assert train.counted is not None
    assert torch.bincount(train.y[0][train.counted]).tolist() == [2, 2]
    masks = torch.stack([batch.counted for batch in (train, validation, test) if batch.counted is not None])
    assert torch.equal(masks.sum(0), torch.ones(34, dtype=torch.long))


def test_score_counts_right_answers_and_nats():
    batch = problems.Batch(torch.zeros(1, 3, 1), torch.tensor([[0, 1, 1]]), torch.tensor([True, True, False]))
    logits = torch.tensor([[2.0, 0.0], [2.0, 0.0], [9.0, 0.0]])
    assert problems.score("accuracy", logits, batch) == (1.0, 2)
    nats, count = problems.score("nats per character", logits, batch)
    expected = -math.log(1 / (1 + math.exp(-2))) - math.log(1 / (1 + math.exp(2)))
    assert nats == pytest.approx(expected, abs=1e-5)
    assert count == 2
