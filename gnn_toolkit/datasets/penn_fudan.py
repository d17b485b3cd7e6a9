"""Penn-Fudan pedestrians: pictures as graphs of superpixels, with the part of the body that each pixel shows."""

from dataclasses import dataclass

import numpy as np
import torch
from scipy.io import loadmat
from torch import Tensor
from torch_geometric.data import Data

from gnn_toolkit._checks import problem
from gnn_toolkit.datasets.cards import load_card
from gnn_toolkit.datasets.fetch import fetch

PARTS = ("background", "hair", "face", "upper clothes", "lower clothes", "arms", "legs and shoes")


@dataclass(frozen=True)
class Picture:
    """One picture, pixel by pixel.

    Attributes:
        name: its name.
        image: [h, w, 3] uint8, red, green and blue.
        labels: [h, w] int64, the label of each pixel.
        segments: [h, w] int64, the superpixel of each pixel, numbered from 0.
    """

    name: str
    image: Tensor
    labels: Tensor
    segments: Tensor


def load_penn_fudan(*, download: bool = True) -> list[Data]:
    """Return the pictures of Penn-Fudan as graphs, in the order of their names.

    Args:
        download: whether to download what is not at hand (38.5 MB in all).

    Returns:
        169 graphs; nodes are superpixels, and edges join those that touch, both ways. Each has ``x`` [N, 129], the
        features that come with the data; ``pos`` [N, 2], the mean row and column as shares of height and width;
        ``pixels`` [N, 7] int64, how many of its pixels have each label (:data:`PARTS`); ``y`` [N], the most frequent
        label; and ``name``.

    Raises:
        DatasetUnavailableError: a file is altered, or neither here nor to be had from its address.
    """
    return [_graph(_name(file.name), download) for file in load_card("penn_fudan").files]


def load_penn_fudan_picture(name: str, *, download: bool = True) -> Picture:
    """Return one picture, to look at.

    Args:
        name: as :func:`load_penn_fudan` gives it, e.g. ``"FudanPed00001_1"``.
        download: whether to download a file that is not at hand.

    Raises:
        ValueError: there is no such picture.
        DatasetUnavailableError: the file is altered, or neither here nor to be had from its address.

    >>> load_penn_fudan_picture("FudanPed1")
    Traceback (most recent call last):
    ValueError: name: expected one of the 169 names of penn_fudan, got 'FudanPed1'; e.g. FudanPed00001_1
    """
    names = [_name(file.name) for file in load_card("penn_fudan").files]
    if name not in names:
        raise ValueError(
            problem("name", f"one of the {len(names)} names of penn_fudan", repr(name), f"e.g. {names[0]}")
        )
    matrices = _matrices(name, download)
    image = torch.from_numpy(np.rint(255 * matrices["img"]).astype(np.uint8))
    labels = torch.from_numpy(matrices["labels"].astype(np.int64))
    return Picture(name, image, labels, _segments(matrices))


def superpixel_edges(segments: Tensor) -> Tensor:
    """Return the edges [2, E], both ways and sorted, between superpixels that share a side of a pixel.

    Args:
        segments: [h, w] integers, the superpixel of each pixel.

    >>> superpixel_edges(torch.tensor([[0, 0, 2], [0, 1, 1]])).tolist()
    [[0, 0, 1, 1, 2, 2], [1, 2, 0, 2, 0, 1]]
    """
    across = torch.stack([segments[:, :-1].flatten(), segments[:, 1:].flatten()])
    down = torch.stack([segments[:-1].flatten(), segments[1:].flatten()])
    pairs = torch.cat([across, down], 1)
    pairs = pairs[:, pairs[0] != pairs[1]]
    return torch.unique(torch.cat([pairs, pairs.flip(0)], 1), dim=1)


def _name(file: str) -> str:
    return file.removesuffix(".mat")


def _matrices(name: str, download: bool) -> dict[str, np.ndarray]:
    return loadmat(fetch("penn_fudan", f"{name}.mat", download=download))


def _segments(matrices: dict[str, np.ndarray]) -> Tensor:
    return torch.from_numpy(matrices["segs2"].astype(np.int64)) - 1


def _graph(name: str, download: bool) -> Data:
    matrices = _matrices(name, download)
    segments, x = _segments(matrices), torch.from_numpy(matrices["feat2"].astype(np.float32))
    labels = torch.from_numpy(matrices["labels"].astype(np.int64)).flatten()
    (height, width), nodes, of = segments.shape, x.size(0), segments.flatten()
    pixels = torch.bincount(of * len(PARTS) + labels, minlength=nodes * len(PARTS)).view(nodes, -1)
    row = (torch.arange(height).repeat_interleave(width) + 0.5) / height
    column = (torch.arange(width).repeat(height) + 0.5) / width
    total = torch.zeros(nodes, 2).index_add_(0, of, torch.stack([row, column], 1))
    data = Data(x=x, edge_index=superpixel_edges(segments), y=pixels.argmax(1), pos=total / pixels.sum(1, keepdim=True))
    data.pixels, data.name = pixels, name
    return data
