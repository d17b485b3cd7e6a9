"""A page of a segmented picture: superpixels, confidence, visiting order and prediction; and the overlay as a PNG."""

import base64
import colorsys
import html
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from string import Template

import torch
from torch import Tensor

SHARE = 0.5  # of a label's colour in an overlay


@dataclass(frozen=True)
class Segmentation:
    """A picture and what was said of its superpixels.

    Attributes:
        image: [h, w, 3] uint8, as it was cut into superpixels.
        segments: [h, w], the superpixel of each pixel.
        probabilities: of the labels of each superpixel [N, labels].
        confidence: of the first classifier [N]: the surest is visited first.
        labels: names of the labels.
    """

    image: Tensor
    segments: Tensor
    probabilities: Tensor
    confidence: Tensor
    labels: Sequence[str]

    @property
    def label(self) -> Tensor:
        """The likeliest label of each superpixel [N]."""
        return self.probabilities.argmax(1)

    @property
    def mask(self) -> Tensor:
        """The label of each pixel [h, w]."""
        return self.label[self.segments]

    @property
    def order(self) -> Tensor:
        """The superpixels in the order of the visit [N]."""
        return self.confidence.argsort(descending=True, stable=True)


def palette(count: int) -> Tensor:
    """Return so many colours that are easily told apart [count, 3] uint8; the first is grey.

    >>> palette(3).tolist()
    [[128, 128, 128], [230, 57, 57], [57, 230, 108]]
    """
    golden = 0.381966
    colours = [(0.5, 0.5, 0.5)]
    colours += [colorsys.hsv_to_rgb(k * golden % 1, 0.75 - 0.25 * (k // 8 % 2), 0.9) for k in range(count - 1)]
    return torch.tensor([[round(255 * part) for part in colour] for colour in colours], dtype=torch.uint8)


def overlay(image: Tensor, mask: Tensor, labels: int) -> Tensor:
    """Return a picture [h, w, 3] uint8 with the colour of each pixel's label over it."""
    colours = palette(labels)[mask].float()
    return (SHARE * colours + (1 - SHARE) * image.float()).round().to(torch.uint8)


def png(pixels: Tensor) -> bytes:
    """Return a picture, [h, w, 3] or [h, w] uint8, as the bytes of a PNG file."""
    from PIL import Image

    sink = io.BytesIO()
    Image.fromarray(pixels.numpy()).save(sink, "PNG")
    return sink.getvalue()


def picture_page(found: Segmentation, title: str) -> str:
    """Return an HTML page, complete in itself, of a segmented picture.

    Args:
        found: the picture and what was said of it.
        title: the name of the picture.
    """
    height, width = found.segments.shape
    shares = torch.bincount(found.mask.flatten(), minlength=len(found.labels)).double() / found.segments.numel()
    data = {
        "size": [height, width],
        "runs": _runs(found.segments),
        "confidence": [round(value, 4) for value in found.confidence.tolist()],
        "order": found.order.tolist(),
        "label": found.label.tolist(),
        "sure": [round(value, 4) for value in found.probabilities.amax(1).tolist()],
        "labels": list(found.labels),
        "colours": palette(len(found.labels)).tolist(),
        "picture": "data:image/png;base64," + base64.b64encode(png(found.image)).decode(),
    }
    rows = "".join(
        f"<tr><td><span class='box' style='background:rgb({','.join(map(str, colour))})'></span>"
        f"{html.escape(name)}</td><td>{100 * share:.1f} %</td></tr>"
        for name, colour, share in zip(found.labels, data["colours"], shares.tolist(), strict=True)
    )
    template = Template(Path(__file__).with_name("picture_page.html").read_text(encoding="utf-8"))
    return template.substitute(
        title=html.escape(title),
        summary=f"{width} x {height} pixels in {len(found.confidence)} superpixels.",
        rows=rows,
        data=json.dumps(data, separators=(",", ":")).replace("</", "<\\/"),
    )


def _runs(segments: Tensor) -> list[int]:
    """Return the superpixels of all pixels, row by row, as numbers and how often each comes in a row."""
    values, counts = torch.unique_consecutive(segments.flatten(), return_counts=True)
    return torch.stack([values, counts], 1).flatten().tolist()
