"""Palindromes: the right answer is the digit that is hidden."""

import pytest
import torch

from benchmarks.tasks.palindrome import palindrome
from gnn_toolkit.graphs import Path


def test_palindrome_hides_the_last_digit_and_asks_for_it():
    data = palindrome(0, 7, "one-hot")
    batch = data.source.viewed(Path()).draw(torch.Generator().manual_seed(0), 5)
    x = batch.x.view(5, 7, 10)
    assert torch.equal(x[:, -1], torch.zeros(5, 10))
    digits = x[:, :-1].argmax(-1)
    assert torch.equal(digits[:, 0], batch.y)
    assert torch.equal(digits[:, 1:], digits[:, 1:].flip(1))
    score, _, *_ = data.baselines["most frequent digit"]()
    assert abs(score - 0.1) < 0.02


def test_digits_as_numbers_are_the_ones_before_the_last():
    batch = palindrome(0, 7, "number").source.viewed(Path()).draw(torch.Generator().manual_seed(0), 5)
    x = batch.x.view(5, 6)
    assert torch.equal(x[:, 0], batch.y.float())
    assert torch.equal(x[:, 1], x[:, 5])


def test_another_form_of_digits_is_refused():
    with pytest.raises(ValueError, match="digits: expected one of one-hot, number, got 'roman'"):
        palindrome(0, 7, "roman")
    with pytest.raises(ValueError, match="length: expected at least 2, got 1"):
        palindrome(0, 1, "one-hot")
