"""The width of a model by its number of parameters."""

from collections.abc import Callable

import torch
from torch import nn


def width_for(parameters: int, make: Callable[[int], nn.Module], step: int = 1) -> int:
    """Return the width with which a model's parameters come nearest to a number.

    Args:
        parameters: how many.
        make: makes the model of a width; it has more parameters the wider it is.
        step: the width is a multiple of it.

    >>> width_for(100, lambda width: nn.Linear(9, width))
    10
    """

    def off(multiple: int) -> int:
        with torch.device("meta"):
            model = make(multiple * step)
        return sum(p.numel() for p in model.parameters()) - parameters

    low, high = 1, 2
    while off(high) < 0:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if off(middle) < 0 else (low, middle)
    return step * min(low, high, key=lambda multiple: abs(off(multiple)))
