"""The simplest classifier of superpixels, by which harder ones are ordered and judged."""

import torch
from torch import Tensor, nn

from gnn_toolkit import _checks

DRAWN = 512  # nodes in a step


def fit_softmax(x: Tensor, pixels: Tensor, *, steps: int = 600, weight_decay: float = 0.01, seed: int = 0) -> nn.Linear:
    """Return a multinomial logistic regression from features to labels, fitted by steps of Adam.

    ``p = softmax(W x + b)`` is fitted to the share of the labels among the pixels of each superpixel, each of which
    counts by its number of pixels; the learning rate falls from 0.01 to nothing in a line.

    Args:
        x: features of the superpixels [N, F], standardised.
        pixels: [N, labels], how many pixels of a superpixel have each label.
        steps: of 512 superpixels.
        weight_decay: of W and b, decoupled (Loshchilov and Hutter 2019).
        seed: of the draws; W and b start at zero.

    Raises:
        ValueError: there are no superpixels, or not as many rows of both.
    """
    if not len(x) or len(x) != len(pixels):
        got = f"{len(x)} and {len(pixels)}"
        raise ValueError(_checks.problem("x, pixels", "as many rows of both, one at least", got, "give a row a node"))
    layer = nn.Linear(x.size(1), pixels.size(1))
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)
    generator, rate = torch.Generator().manual_seed(seed), 0.01
    optimizer = torch.optim.AdamW(layer.parameters(), lr=rate, weight_decay=weight_decay)
    weight = pixels.to(x.dtype) / pixels.sum(1).float().mean()
    for step in range(_checks.positive("steps", steps)):
        optimizer.param_groups[0]["lr"] = rate * (1 - step / steps)
        chosen = torch.randint(len(x), (DRAWN,), generator=generator)
        loss = -(layer(x[chosen]).log_softmax(1) * weight[chosen]).sum() / DRAWN
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return layer.requires_grad_(False)


def crossed_confidence(x: Tensor, pixels: Tensor, picture: Tensor, *, parts: int = 2) -> Tensor:
    """Return how sure a classifier is of each superpixel that it has not been fitted on: its highest probability [N].

    The pictures are shared out to so many parts; those of each are judged by the classifier of all others. A single
    picture is judged by its own.

    Args:
        x: features [N, F], standardised.
        pixels: [N, labels].
        picture: which picture each superpixel is of [N], from 0 on.
        parts: how many.
    """
    part, found = picture % parts, x.new_empty(len(x))
    for mine in part.unique():
        here = part == mine
        others = ~here if bool((~here).any()) else here
        found[here] = confidence(fit_softmax(x[others], pixels[others]), x[here])
    return found


def confidence(layer: nn.Linear, x: Tensor) -> Tensor:
    """Return the highest probability that a classifier gives each superpixel [N]."""
    return layer(x).softmax(1).amax(1)
