import torch
from sklearn.datasets import load_digits

from gnn_toolkit.datasets import handwritten_digits


def test_the_digits_are_those_of_scikit_learn_scaled_to_one():
    images, labels = handwritten_digits()
    pixels, _ = load_digits(return_X_y=True)
    assert (images.shape, images.dtype) == ((1797, 8, 8), torch.float32)
    assert torch.equal(images.flatten(1) * 16, torch.from_numpy(pixels).float())
    assert (float(images.min()), float(images.max())) == (0.0, 1.0)
    assert labels.dtype == torch.int64
    assert labels.bincount().tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]


def test_the_first_image_is_a_zero_with_a_hole():
    images, labels = handwritten_digits()
    assert int(labels[0]) == 0
    assert (images[0, 3] * 16).tolist() == [0, 4, 12, 0, 0, 8, 8, 0]
