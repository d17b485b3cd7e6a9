"""Ranking metrics: areas under curves, and thresholds."""

import torch
from torch import Tensor


def roc_area(scores: Tensor, right: Tensor) -> float:
    """Return the area under the ROC curve: how often a right one scores above a wrong one, a tie counting half.

    Args:
        scores: of any shape.
        right: bool, of the same shape.

    >>> roc_area(torch.tensor([0.1, 0.4, 0.4, 0.8]), torch.tensor([False, True, False, True]))
    0.875
    """
    wrong = scores[~right].sort().values
    above = [torch.searchsorted(wrong, scores[right], right=side).double() for side in (False, True)]
    return float((above[0] + above[1]).mean() / (2 * len(wrong)))


def precisions(scores: Tensor, right: Tensor) -> Tensor:
    """Return for each right one how many of those that score at least as high are right; the mean is the AUPRC.

    Args:
        scores: [N].
        right: bool [N].

    >>> precisions(torch.tensor([0.9, 0.8, 0.7]), torch.tensor([True, False, True])).tolist()
    [1.0, 0.6666666666666666]
    """
    order = [values.sort().values for values in (scores, scores[right])]
    asked = scores[right]
    at_least = [len(each) - torch.searchsorted(each, asked) for each in order]
    return at_least[1].double() / at_least[0].double()


def matthews(chosen: Tensor, right: Tensor) -> Tensor:
    """Return Matthews' correlation of choices with what is right, over the last dimension; 0 where it is not defined.

    >>> matthews(torch.tensor([True, True, False, False]), torch.tensor([True, False, False, False])).item()
    0.5773502691896258
    """
    deviations = [values.double() - values.double().mean(-1, keepdim=True) for values in (chosen, right)]
    spread = (deviations[0].square().mean(-1) * deviations[1].square().mean(-1)).sqrt()
    return torch.nan_to_num((deviations[0] * deviations[1]).mean(-1) / spread)


def best_threshold(scores: Tensor, right: Tensor) -> float:
    """Return the threshold of the highest correlation by :func:`matthews`, of 200 evenly spread over the scores."""
    levels = torch.quantile(scores.double(), torch.linspace(0, 1, 202, dtype=torch.float64)[1:-1])
    found = torch.stack([matthews(scores >= level, right) for level in levels])
    return float(levels[found.argmax()])
