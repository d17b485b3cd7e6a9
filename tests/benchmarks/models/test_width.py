"""Widths by numbers of parameters: the nearest, in steps."""

import pytest
from torch import nn

from benchmarks.models.width import width_for


@pytest.mark.parametrize(
    ("parameters", "step", "width"), [(100, 1, 10), (104, 1, 10), (106, 1, 11), (130, 4, 12), (5, 4, 4)]
)
def test_the_nearest_width(parameters: int, step: int, width: int):
    assert width_for(parameters, lambda width: nn.Linear(9, width), step) == width
