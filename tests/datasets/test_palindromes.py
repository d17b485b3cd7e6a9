import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from gnn_toolkit.datasets import palindromes


@given(st.integers(1, 20), st.integers(1, 30), st.integers(0, 2**32))
def test_they_read_the_same_both_ways_and_follow_the_seed(count: int, length: int, seed: int):
    digits = palindromes(count, length, torch.Generator().manual_seed(seed))
    assert (digits.shape, digits.dtype) == ((count, length), torch.int64)
    assert torch.equal(digits, digits.flip(1))
    assert 0 <= int(digits.min()) <= int(digits.max()) <= 9
    assert torch.equal(digits, palindromes(count, length, torch.Generator().manual_seed(seed)))


@pytest.mark.parametrize("length", [3, 4])
def test_each_palindrome_is_equally_likely(length: int):
    digits = palindromes(100_000, length, torch.Generator().manual_seed(0))
    counts = torch.bincount(10 * digits[:, 0] + digits[:, 1], minlength=100)
    chi_squared = float(((counts - 1000.0) ** 2 / 1000).sum())
    assert 60 < chi_squared < 150  # 99 degrees of freedom: both bounds are more than three deviations away


def test_without_a_generator_the_global_seed_rules():
    torch.manual_seed(3)
    first = palindromes(4, 7)
    torch.manual_seed(3)
    assert torch.equal(first, palindromes(4, 7))
    assert not torch.equal(first, palindromes(4, 7))


@pytest.mark.parametrize(("count", "length", "argument"), [(0, 3, "count"), (3, 0, "length"), (3, 2.5, "length")])
def test_sizes_below_one_are_refused(count: int, length: int, argument: str):
    with pytest.raises(ValueError, match=f"{argument}: expected an integer of at least 1"):
        palindromes(count, length)
