"""``segment PICTURE ...``: the parts of pictures, by a segmenter that ``train-segmenter`` wrote."""

from pathlib import Path
from typing import Annotated

import torch
import typer

from gnn_toolkit import _checks
from gnn_toolkit._files import write_atomically
from gnn_toolkit.analysis.picture_page import Segmentation, overlay, picture_page, png
from gnn_toolkit.commands.console import say
from gnn_toolkit.commands.generate import with_ending
from gnn_toolkit.commands.train_segmenter import SEGMENTER
from gnn_toolkit.commands.writing import check_written
from gnn_toolkit.datasets.picture_features import NUM_FEATURES, NUM_POSITION
from gnn_toolkit.datasets.picture_files import read_picture
from gnn_toolkit.datasets.superpixels import picture_graph, resized, scaled_down, superpixels
from gnn_toolkit.models.segmenter import Segmenter

WRITTEN = ("-overlay.png", "-labels.png", ".html")


def segment(
    pictures: Annotated[list[Path], typer.Argument(help="Pictures: PNG, JPEG, TIFF ...", show_default=False)],
    model: Annotated[
        Path, typer.Option(help="What train-segmenter wrote, or the name of its folder.", show_default=False)
    ],
    out: Annotated[Path, typer.Option(help="Folder in which the files go.")] = Path(),
    force: Annotated[bool, typer.Option("--force", help="Overwrite files that are there.")] = False,
) -> None:
    """Label the superpixels of pictures: an overlay, a mask and a page with the visiting order for each."""
    if out.exists() and not out.is_dir():
        raise ValueError(_checks.problem("--out", "a folder", f"the file {out}", "name a folder"))
    places = {path: [out / f"{path.stem}{ending}" for ending in WRITTEN] for path in dict.fromkeys(pictures)}
    check_written("--out", [place for group in places.values() for place in group], pictures, force=force)
    segmenter = Segmenter.load(_find(model))
    expected = NUM_FEATURES + NUM_POSITION
    if segmenter.sizes["in_channels"] != expected:
        got = f"{segmenter.sizes['in_channels']} features"
        raise ValueError(_checks.problem("--model", f"a segmenter of {expected} features", got, "train it anew"))
    for path, (over, labels, page) in places.items():
        image = read_picture(path)
        found = segmented(segmenter, image)
        mask = resized(found.mask, (image.size(0), image.size(1)))
        drawn = {over: png(overlay(image, mask, len(found.labels))), labels: png(mask.to(torch.uint8))}
        for place, content in (drawn | {page: picture_page(found, path.name).encode()}).items():
            write_atomically(place, lambda file, content=content: file.write(content))
        print(f"{path}: {shares(found)}")
        say(f"wrote {over}, {labels} and {page}")


def segmented(segmenter: Segmenter, image: torch.Tensor) -> Segmentation:
    """Return what a segmenter says of a picture [h, w, 3] uint8, at the size at which it is cut into superpixels."""
    small, _ = scaled_down(image)
    segments = superpixels(small, segmenter.superpixels)
    graph = picture_graph(small, segments)
    with torch.no_grad():
        confidence = segmenter.confidence(graph)
    return Segmentation(small, segments, segmenter.probabilities(graph), confidence, segmenter.labels)


def shares(found: Segmentation) -> str:
    """Return the share of each label that a picture shows, the largest first."""
    counts = torch.bincount(found.mask.flatten(), minlength=len(found.labels)) / found.segments.numel()
    ranked = sorted(zip(counts.tolist(), found.labels, strict=True), reverse=True)
    said = ", ".join(f"{name} {100 * share:.1f} %" for share, name in ranked if share > 0)
    number = len(found.confidence)
    return f"{said} ({number} superpixel{'s' if number > 1 else ''})"


def _find(name: Path) -> Path:
    """Return the weights of a segmenter that is named by them, without their ending, or by the folder of pictures."""
    near = [with_ending(name), with_ending(Path(f"{name.resolve().name}{SEGMENTER}"))]
    return next((path for path in near if path.is_file()), near[0])
