"""Palindromes: the right answer is the digit that is hidden."""

import torch

from benchmarks.tasks.palindrome import palindrome


def test_palindrome_hides_the_last_digit_and_asks_for_it():
    problem = palindrome(7)
    batch = problem.train(torch.Generator().manual_seed(0), 5)
    assert batch.x.shape == (5, 7, 10)
    assert torch.equal(batch.x[:, -1], torch.zeros(5, 10))
    digits = batch.x[:, :-1].argmax(-1)
    assert torch.equal(digits[:, 0], batch.y)
    assert torch.equal(digits[:, 1:], digits[:, 1:].flip(1))
    score, _ = problem.baselines["most frequent digit"]()
    assert abs(score - 0.1) < 0.02


def test_scalar_digits_are_the_ones_before_the_last():
    batch = palindrome(7, scalar=True).train(torch.Generator().manual_seed(0), 5)
    assert batch.x.shape == (5, 6, 1)
    assert torch.equal(batch.x[:, 0, 0], batch.y.float())
    assert torch.equal(batch.x[:, 1], batch.x[:, 5])
