"""Pictures and masks as people have them: read upright, in 8 bits of red, green and blue, or refused by name."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from gnn_toolkit._checks import problem

ENDINGS = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff", ".ppm", ".pgm")
PICTURES, MASKS, NAMES = "pictures", "masks", "labels.txt"
VOID = 255  # of a mask: the pixel has no label
MOST_LABELS = 64
_DEEP = ("I;16", "I;16B", "I;16L", "I;16N")


@dataclass(frozen=True)
class LabelledPictures:
    """A folder of pictures with a mask each.

    Attributes:
        pictures: their files, sorted by name.
        masks: the file of the mask of each.
        labels: the names of the labels 0, 1, ...
        notes: what a user should know of the folder.
    """

    pictures: list[Path]
    masks: list[Path]
    labels: tuple[str, ...]
    notes: list[str] = field(default_factory=list)


def read_picture(path: str | Path) -> Tensor:
    """Return a picture as it is looked at, [h, w, 3] uint8.

    It is turned as its EXIF entry says. What shines through is white. Grey becomes colour, 16 bits become 8.

    Args:
        path: of a file that Pillow reads.

    Raises:
        ValueError: no picture, a damaged one, one with several frames, or one of floating-point numbers.
        OSError: the file cannot be read.
        ImportError: Pillow is not installed.
    """
    with _opened(Path(path)) as image:
        if image.mode in _DEEP:
            grey = np.asarray(image).astype(np.uint16)
            values = np.repeat(np.rint(grey / 257).astype(np.uint8)[..., None], 3, 2)
        elif image.mode in ("I", "F"):
            remedy = "save it with 8 or 16 bits a channel"
            raise ValueError(problem(str(path), "8 or 16 bits a channel", f"mode {image.mode}", remedy))
        else:
            values = np.asarray(_on_white(image))
    return torch.from_numpy(values.copy())


def read_mask(path: str | Path, size: tuple[int, int], labels: int | None = None) -> Tensor:
    """Return the label of each pixel [h, w] int64, -1 where a mask has 255 and the pixel has none.

    Args:
        path: of a picture with one channel, or a palette, or three that are equal; its values are the labels.
        size: height and width of the picture that it belongs to.
        labels: how many there are, if that is said somewhere; else as many as a mask can have.

    Raises:
        ValueError: a mask of another size, of colours, or with a label that there is not; the file is named.
        OSError: the file cannot be read.
        ImportError: Pillow is not installed.
    """
    with _opened(Path(path)) as image:
        values = np.asarray(image).astype(np.int64)
        mode = image.mode
    if values.ndim == 3 and mode in ("RGB", "RGBA", "LA"):
        colours = values[..., : 1 if mode == "LA" else 3]
        if (colours != colours[..., :1]).any():
            remedy = "save it with a palette, or in grey, so that a pixel's value is its label"
            raise ValueError(problem(str(path), "a label as each pixel's value", "colours", remedy))
        values = colours[..., 0]
    if values.ndim != 2:
        raise ValueError(problem(str(path), "one channel", f"mode {mode}", "save it in grey or with a palette"))
    if values.shape != size:
        turned = values.shape == size[::-1]
        remedy = "the picture is turned by its EXIF entry: turn the mask, too" if turned else "draw it on this picture"
        got, allowed = (f"{h[1]} x {h[0]}" for h in (values.shape, size))
        raise ValueError(problem(str(path), f"the size of its picture, {allowed} pixels", got, remedy))
    mask = torch.from_numpy(np.where(values == VOID, -1, values))
    most = MOST_LABELS if labels is None else labels
    unknown = mask[(mask >= most) | (mask < -1)].unique().tolist()
    if unknown:
        remedy = f"add their names to {NAMES}, a line a label from 0 on, or draw the mask anew; 255 is no label"
        allowed = f"labels from 0 to {most - 1}"
        raise ValueError(problem(str(path), allowed, ", ".join(map(str, unknown[:5])), remedy))
    return mask


def read_labelled_pictures(folder: str | Path) -> LabelledPictures:
    """Return the pictures of a folder that has ``pictures/``, ``masks/`` and, if labels have names, ``labels.txt``.

    A mask has the name of its picture but for the ending. ``labels.txt`` has a name a line: that of label 0, 1, ...
    Where it is missing, labels are called by their numbers, up to the greatest in any mask.

    Raises:
        ValueError: a folder without them, a picture without a mask or a mask without a picture, two of one name, or
            masks that :func:`read_mask` refuses.
        OSError: a file cannot be read.
        ImportError: Pillow is not installed.
    """
    folder = Path(folder)
    found = {part: _files(folder, part) for part in (PICTURES, MASKS)}
    pictures, masks = found[PICTURES], found[MASKS]
    for part, mine, others in ((MASKS, pictures, masks), (PICTURES, masks, pictures)):
        alone = sorted(mine.keys() - others.keys())
        if alone:
            remedy = f"give {part}/ a file of the same name, or take this one away"
            raise ValueError(problem(str(mine[alone[0]]), f"one of that name in {part}/", "none", remedy))
    names = _names(folder / NAMES)
    highest = -1
    for stem in pictures:
        picture = read_picture(pictures[stem])
        mask = read_mask(masks[stem], (picture.size(0), picture.size(1)), None if names is None else len(names))
        highest = max(highest, int(mask.max()))
    notes = []
    if names is None:
        names = tuple(str(label) for label in range(highest + 1))
        notes.append(f"{folder} has no {NAMES}: labels are called by their numbers")
    if highest < 0 or len(names) < 2:
        got = "none" if highest < 0 else f"only {len(names)}"
        raise ValueError(problem(str(folder / MASKS), "two labels at least", got, "draw what is to be told apart"))
    order = sorted(pictures)
    return LabelledPictures([pictures[stem] for stem in order], [masks[stem] for stem in order], names, notes)


def _files(folder: Path, part: str) -> dict[str, Path]:
    place = folder / part
    if not place.is_dir():
        remedy = f"put pictures into {PICTURES}/ and masks of the same names into {MASKS}/"
        raise ValueError(problem(str(folder), f"a folder with {PICTURES}/ and {MASKS}/", f"no {part}/", remedy))
    found: dict[str, Path] = {}
    for path in sorted(place.iterdir()):
        if path.suffix.lower() in ENDINGS and not path.name.startswith("."):
            if path.stem in found:
                got = f"{found[path.stem].name} and {path.name}"
                raise ValueError(problem(str(place), "names that differ but for the ending", got, "rename one"))
            found[path.stem] = path
    if not found:
        raise ValueError(problem(str(place), f"pictures ({', '.join(ENDINGS)})", "none", "put some there"))
    return found


def _names(path: Path) -> tuple[str, ...] | None:
    if not path.is_file():
        return None
    names = tuple(line.strip() for line in path.read_text(encoding="utf-8-sig").splitlines() if line.strip())
    if not names or len(set(names)) < len(names) or len(names) > MOST_LABELS:
        got = "no name" if not names else f"{len(names)}, {len(set(names))} of them different"
        raise ValueError(problem(str(path), f"up to {MOST_LABELS} different names, a line each", got, "mend the file"))
    return names


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """Open a picture, upright, and say by name what is wrong with it."""
    try:
        from PIL import Image, ImageOps
    except ImportError as error:
        remedy = 'pip install "gnn-toolkit[pictures]"'
        raise ImportError(problem("Pillow", "an installed package", "none", remedy)) from error
    if path.is_dir():
        raise ValueError(problem(str(path), "a picture", "a folder", "name a file in it"))
    with path.open("rb"):  # a file that cannot be read has the system's own words
        pass
    try:
        with Image.open(path) as image:
            frames = getattr(image, "n_frames", 1)
            if frames > 1:
                raise ValueError(problem(str(path), "one picture", f"{frames} frames", "save one of them"))
            image.load()
            upright: Any = ImageOps.exif_transpose(image)
    except (OSError, SyntaxError, EOFError, Image.DecompressionBombError) as error:
        got = " ".join(str(error).split()) or type(error).__name__
        remedy = "open it elsewhere and save it as PNG"
        raise ValueError(problem(str(path), "a picture that is whole", got, remedy)) from error
    yield upright


def _on_white(image: Any) -> Any:
    """Return a picture in red, green and blue; what shines through is white."""
    from PIL import Image

    if "transparency" in image.info or image.mode in ("RGBA", "LA", "PA", "RGBa", "La"):
        above = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", above.size, "white"), above).convert("RGB")
    return image.convert("RGB")
