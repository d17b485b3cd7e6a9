"""Random palindromes: a task whose difficulty is exactly the distance over which a model must remember."""

import torch
from torch import Generator, Tensor

from gnn_toolkit._checks import positive


def palindromes(count: int, length: int, generator: Generator | None = None) -> Tensor:
    """Draw palindromes of decimal digits, each equally likely.

    The first half of a palindrome is free and the second repeats it backwards, so that the last digit is known
    only by remembering the first, ``length - 1`` steps earlier.

    Args:
        count: Number of palindromes, with repetition.
        length: Number of digits T in each.
        generator: Source of randomness, on whose device the digits are drawn; torch's global one by default.

    Returns:
        Digits from 0 to 9, int64 of shape [count, length].

    Raises:
        ValueError: If ``count`` or ``length`` is not an integer of at least 1.

    >>> digits = palindromes(2, 5, torch.Generator().manual_seed(0))
    >>> torch.equal(digits, digits.flip(1))
    True
    """
    free = (positive("count", count), (positive("length", length) + 1) // 2)
    device = None if generator is None else generator.device
    half = torch.randint(10, free, generator=generator, device=device)
    return torch.cat([half, half[:, : length // 2].flip(1)], dim=1)
