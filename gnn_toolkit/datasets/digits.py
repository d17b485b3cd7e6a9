"""Small handwritten digits that come with scikit-learn, to read as a grid or as a sequence of pixels."""

import torch
from torch import Tensor


def handwritten_digits() -> tuple[Tensor, Tensor]:
    """Return the 1797 handwritten digits that come with scikit-learn (Alpaydin & Kaynak, 1998), in its order.

    Returns:
        Images, float32 of shape [1797, 8, 8] from 0 (paper) to 1 (ink), and the digit on each, int64 of shape
        [1797].

    >>> images, labels = handwritten_digits()
    >>> labels[:4]
    tensor([0, 1, 2, 3])
    """
    from sklearn.datasets import load_digits  # takes a second to import

    pixels, labels = load_digits(return_X_y=True)
    images = torch.from_numpy(pixels / 16).float().reshape(-1, 8, 8)  # ink counts from 0 to 16
    return images, torch.from_numpy(labels).long()
