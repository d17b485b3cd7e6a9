"""Superpixels of any picture, and the graph of them that networks read."""

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional
from torch_geometric.data import Data

from gnn_toolkit import _checks
from gnn_toolkit.datasets.penn_fudan import superpixel_edges
from gnn_toolkit.datasets.picture_features import centres, mirrored, picture_features, position_features

LONGEST = 400  # pixels of the longer side of a picture as it is cut into superpixels
COMPACTNESS = 10.0


def working_size(height: int, width: int, longest: int = LONGEST) -> tuple[int, int]:
    """Return the height and width to which a picture is scaled down before anything else, never up.

    >>> working_size(3000, 4000), working_size(30, 40)
    ((300, 400), (30, 40))
    """
    share = min(1.0, longest / max(height, width))
    return max(1, round(height * share)), max(1, round(width * share))


def scaled_down(image: Tensor, mask: Tensor | None = None) -> tuple[Tensor, Tensor | None]:
    """Return a picture [h, w, 3] uint8, and its mask [h, w], at :func:`working_size`; a mask by its nearest pixels."""
    size = working_size(image.size(0), image.size(1))
    if size != tuple(image.shape[:2]):
        planes = image.permute(2, 0, 1)[None].float()
        small = functional.interpolate(planes, size, mode="bilinear", antialias=True)[0]
        image = small.round().clamp(0, 255).to(torch.uint8).permute(1, 2, 0)
        mask = None if mask is None else resized(mask, size)
    return image, mask


def resized(numbers: Tensor, size: tuple[int, int]) -> Tensor:
    """Return a map of whole numbers [h, w] at another height and width, by its nearest pixels."""
    rows, columns = (
        ((torch.arange(new) + 0.5) * old / new).long().clamp(max=old - 1)
        for new, old in zip(size, numbers.shape, strict=True)
    )
    return numbers[rows[:, None], columns]


def superpixels(image: Tensor, count: int = 200) -> Tensor:
    """Return the superpixel of each pixel [h, w], from 0 without gaps, by SLIC (Achanta et al. 2012; scikit-image's).

    Args:
        image: [h, w, 3] uint8.
        count: about how many; a picture has no more than it has pixels, and may have only one.

    Raises:
        ImportError: scikit-image is not installed.
    """
    try:
        from skimage.segmentation import slic
    except ImportError as error:
        remedy = 'pip install "gnn-toolkit[pictures]"'
        raise ImportError(_checks.problem("scikit-image", "an installed package", "none", remedy)) from error
    count = min(_checks.positive("count", count), image.size(0) * image.size(1))
    if count == 1:
        return torch.zeros(image.shape[:2], dtype=torch.long)
    found = slic(image.numpy(), n_segments=count, compactness=COMPACTNESS, start_label=0, channel_axis=-1)
    numbers = np.unique(found, return_inverse=True)[1].reshape(found.shape)
    return torch.from_numpy(numbers.astype(np.int64))


def picture_graph(image: Tensor, segments: Tensor, mask: Tensor | None = None, labels: int = 0) -> Data:
    """Return the graph of a picture's superpixels, joined where they share a side of a pixel.

    Args:
        image: [h, w, 3] uint8.
        segments: [h, w], the superpixel of each pixel.
        mask: [h, w], the label of each pixel, -1 where it has none.
        labels: how many labels there are.

    Returns:
        a graph with ``x`` [N, 483], :func:`picture_features` and :func:`position_features`; ``pos`` [N, 2],
        ``edge_index`` and, where there is a mask, ``pixels`` [N, labels], how many have each label.
    """
    pos = centres(segments)
    x = torch.cat([picture_features(image, segments), position_features(pos)], 1)
    data = Data(x=x, edge_index=superpixel_edges(segments), pos=pos)
    if mask is not None:
        place = (segments * labels + mask)[mask >= 0]
        data.pixels = torch.bincount(place, minlength=len(x) * labels).view(len(x), labels)
    return data


def mirror_image(graph: Data) -> Data:
    """Return the graph of the same picture with left and right swapped."""
    pos = torch.stack([graph["pos"][:, 0], 1 - graph["pos"][:, 1]], 1)
    own = graph["x"][:, : -position_features(pos[:0]).size(1)]
    data = Data(x=torch.cat([mirrored(own), position_features(pos)], 1), edge_index=graph.edge_index, pos=pos)
    if "pixels" in graph:
        data.pixels = graph["pixels"]
    return data
