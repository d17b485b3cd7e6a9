"""Features of superpixels: colour, texture and size, and what lies around them at two scales."""

import torch
from torch import Tensor
from torch.nn import functional

from gnn_toolkit import _checks

ORIENTATIONS = 6  # of an edge, half a turn in equal parts
HEIGHT = 192  # rows to which a picture is scaled before it is looked at
CELLS = (8, 16)  # sides of the cells around a superpixel, in rows of the scaled picture
AROUND = 5  # cells on each side of the square that is looked at
OWN = 2 * (3 + ORIENTATIONS) + 1  # features of the superpixel itself
WINDOW = len(CELLS) * AROUND**2 * (3 + ORIENTATIONS)
NUM_FEATURES = OWN + WINDOW

FREQUENCIES = 3  # of the waves that say where a superpixel lies
NUM_POSITION = 2 + 4 * FREQUENCIES

_TO_XYZ = torch.tensor(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
_WHITE = torch.tensor([0.95047, 1.0, 1.08883])  # D65


def lab(image: Tensor) -> Tensor:
    """Return CIE L*a*b* of sRGB colours, white D65; L is in [0, 100].

    Args:
        image: [..., 3], red, green and blue in [0, 1].

    >>> [round(value, 1) for value in lab(torch.tensor([1.0, 0.0, 0.0])).tolist()]
    [53.2, 80.1, 67.2]
    """
    linear = torch.where(image <= 0.04045, image / 12.92, ((image + 0.055) / 1.055).pow(2.4))
    xyz = linear @ _TO_XYZ.t() / _WHITE
    f = torch.where(xyz > (6 / 29) ** 3, xyz.clamp(min=1e-9).pow(1 / 3), xyz / (3 * (6 / 29) ** 2) + 4 / 29)
    x, y, z = f.unbind(-1)
    return torch.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], -1)


def look(image: Tensor) -> Tensor:
    """Return what is seen at each pixel, [9, h, w]: L*a*b* over 100, and the strength of edges by orientation.

    The gradient of L is of central differences; its length is shared between the two orientations nearest to its own.

    Args:
        image: [h, w, 3], in [0, 1].
    """
    colour = lab(image).permute(2, 0, 1) / 100
    padded = functional.pad(colour[None, :1], (1, 1, 1, 1), mode="replicate")[0, 0]
    down, right = padded[2:, 1:-1] - padded[:-2, 1:-1], padded[1:-1, 2:] - padded[1:-1, :-2]
    length = (down.square() + right.square()).sqrt()
    place = torch.atan2(down, right).remainder(torch.pi) * (ORIENTATIONS / torch.pi)
    low, part = place.floor().long() % ORIENTATIONS, place - place.floor()
    edges = torch.zeros(ORIENTATIONS, *length.shape)
    edges.scatter_add_(0, low[None], (length * (1 - part))[None])
    edges.scatter_add_(0, (low[None] + 1) % ORIENTATIONS, (length * part)[None])
    return torch.cat([colour, edges])


def picture_features(image: Tensor, segments: Tensor) -> Tensor:
    """Return the features [N, 469] of the superpixels of a picture; none of them says where in it they lie.

    - the mean and the standard deviation over a superpixel's pixels of the nine numbers of :func:`look`, and the
      logarithm of its share of the picture (19);
    - the means of these nine in the 5 x 5 cells around its centre, for cells of 8 and of 16 rows of the picture scaled
      to 192 rows (450); beyond the picture its border goes on.

    Args:
        image: [h, w, 3] uint8, red, green and blue.
        segments: [h, w] integers, the superpixel of each pixel, from 0 to N - 1 without gaps.

    Raises:
        ValueError: the two are not of one size, or superpixels are missing.
    """
    if image.dim() != 3 or image.shape[2] != 3 or image.shape[:2] != segments.shape:
        got = f"{list(image.shape)} and {list(segments.shape)}"
        raise ValueError(_checks.problem("image, segments", "[h, w, 3] and [h, w]", got, "give both one size"))
    of = segments.flatten().long()
    size = torch.bincount(of).float()
    if not bool((size > 0).all()):
        got = f"no pixel of {int((size == 0).nonzero()[0])}"
        raise ValueError(_checks.problem("segments", "numbers from 0 without gaps", got, "number them anew"))
    colours = image.float() / 255
    seen = look(colours).flatten(1).t()
    mean = torch.zeros(len(size), seen.size(1)).index_add_(0, of, seen) / size[:, None]
    spread = torch.zeros_like(mean).index_add_(0, of, (seen - mean[of]).square()) / size[:, None]
    own = torch.cat([mean, spread.sqrt(), (size / size.sum()).log()[:, None]], 1)
    return torch.cat([own, *_around(colours, centres(segments))], 1)


def mirrored(features: Tensor) -> Tensor:
    """Return the features that :func:`picture_features` gives the same superpixels where left and right are swapped."""
    channel = torch.cat([torch.arange(3), 3 + (-torch.arange(ORIENTATIONS)) % ORIENTATIONS])
    own, window = features.split([OWN, WINDOW], 1)
    mean, spread, size = own.split([len(channel), len(channel), 1], 1)
    cells = window.view(-1, len(CELLS), AROUND, AROUND, len(channel)).flip(3)[..., channel]
    return torch.cat([mean[:, channel], spread[:, channel], size, cells.flatten(1)], 1)


def position_features(pos: Tensor) -> Tensor:
    """Return numbers [N, 14] that say where a superpixel lies: p, and ``sin`` and ``cos`` of ``pi 2^k p``, k = 0 to 2.

    Args:
        pos: p, [N, 2], row and column as shares of height and width.
    """
    waves = [wave(torch.pi * 2**k * pos) for k in range(FREQUENCIES) for wave in (torch.sin, torch.cos)]
    return torch.cat([pos, *waves], 1)


def centres(segments: Tensor) -> Tensor:
    """Return the mean row and column of each superpixel [N, 2], as shares of the picture's height and width."""
    height, width = segments.shape
    row = (torch.arange(height).repeat_interleave(width) + 0.5) / height
    column = (torch.arange(width).repeat(height) + 0.5) / width
    of = segments.flatten().long()
    size = torch.bincount(of).float()
    return torch.zeros(len(size), 2).index_add_(0, of, torch.stack([row, column], 1)) / size[:, None]


def _around(image: Tensor, pos: Tensor) -> list[Tensor]:
    """Return for each size of cells what is seen in those around each centre, [N, 225] each."""
    height, width = image.shape[:2]
    shape = (HEIGHT, max(1, round(width * HEIGHT / height)))
    scaled = functional.interpolate(image.permute(2, 0, 1)[None], shape, mode="bilinear", antialias=True)[0]
    seen = look(scaled.permute(1, 2, 0).clamp(0, 1))[None]
    sides, found = torch.tensor(shape, dtype=torch.float), []
    for cell in CELLS:
        padded = functional.pad(seen, [cell // 2] * 4, mode="replicate")
        means = functional.avg_pool2d(functional.avg_pool2d(padded, (cell, 1), stride=1), (1, cell), stride=1)
        step = cell * (torch.arange(AROUND) - AROUND // 2)
        corner = pos[:, None] * sides + torch.cartesian_prod(step, step)  # cells of even sides have corners for centres
        grid = (2 * (corner + 0.5) / (sides + 1) - 1).flip(-1)[None]  # column before row
        sampled = functional.grid_sample(means, grid, mode="bilinear", padding_mode="border", align_corners=False)
        found.append(sampled[0].permute(1, 2, 0).flatten(1))
    return found
