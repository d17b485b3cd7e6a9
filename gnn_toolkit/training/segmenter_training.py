"""Training of a segmenter on pictures with masks, judged on pictures that it has not seen."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch_geometric.data import Data

from gnn_toolkit import _checks
from gnn_toolkit.datasets.picture_files import LabelledPictures, read_mask, read_picture
from gnn_toolkit.datasets.superpixels import mirror_image, picture_graph, scaled_down, superpixels
from gnn_toolkit.graphs.batch import together
from gnn_toolkit.models.segmenter import Segmenter
from gnn_toolkit.training.loop import fit
from gnn_toolkit.training.settings import Settings
from gnn_toolkit.training.softmax_regression import crossed_confidence, fit_softmax

HELD_OUT = 5  # of so many pictures one is for the test
FEWEST = 5  # pictures of which some are held out


@dataclass(frozen=True)
class SegmenterSettings:
    """How a segmenter is trained.

    Attributes:
        steps: of the optimiser.
        superpixels: about how many a picture is cut into.
        hidden_channels: width of the network.
        num_layers: of the Graph LSTM.
        learning_rate: of Adam; it falls to a third three times.
        batch_size: pictures of a batch.
        mirror: whether mirror images are learnt from, too.
        seed: of parts, weights and batches.
    """

    steps: int = 400
    superpixels: int = 200
    hidden_channels: int = 64
    num_layers: int = 1
    learning_rate: float = 5e-3
    batch_size: int = 4
    mirror: bool = True
    seed: int = 0


@dataclass(frozen=True)
class FittedSegmenter:
    """A segmenter and how it did.

    Attributes:
        model: the segmenter.
        tested: numbers of the pictures that it was judged on; none where there were too few to hold any out.
        accuracy: the share of their pixels whose label was right, ``None`` where none was held out.
        iou: of each label, intersection over union of their pixels; NaN where it is nowhere, and not said either.
        usual: the accuracy of the most frequent label of training on them.
        ceiling: the accuracy of the best labelling of their superpixels.
    """

    model: Segmenter
    tested: list[int]
    accuracy: float | None = None
    iou: tuple[float, ...] = ()
    usual: float | None = None
    ceiling: float | None = None


def labelled_graphs(found: LabelledPictures, count: int, progress: Callable[[], object] = lambda: None) -> list[Data]:
    """Return the pictures of a folder as graphs of about ``count`` superpixels, with the labels of their pixels."""
    graphs = []
    for path, mask_path in zip(found.pictures, found.masks, strict=True):
        image = read_picture(path)
        mask = read_mask(mask_path, (image.size(0), image.size(1)), len(found.labels))
        small, small_mask = scaled_down(image, mask)
        graphs.append(picture_graph(small, superpixels(small, count), small_mask, len(found.labels)))
        progress()
    return graphs


def fit_segmenter(
    graphs: Sequence[Data],
    labels: Sequence[str],
    settings: SegmenterSettings | None = None,
    *,
    progress: Callable[[int], None] | None = None,
) -> FittedSegmenter:
    """Return a segmenter trained on graphs of :func:`labelled_graphs`, and how it did on every fifth of them.

    The first classifier's confidence in a training picture is that of a classifier of the other half of them, so that
    the visiting order in training is as unsure as later. With fewer than five pictures none is held out.

    Raises:
        ValueError: no picture, or no pixel with a label in those to train on.
    """
    settings = settings or SegmenterSettings()
    if not graphs:
        raise ValueError(_checks.problem("graphs", "one picture at least", "none", "give some with masks"))
    chance = torch.Generator().manual_seed(settings.seed)
    order = torch.randperm(len(graphs), generator=chance).tolist()
    tested = sorted(order[: len(graphs) // HELD_OUT]) if len(graphs) >= FEWEST else []
    learnt = [graph for number, graph in enumerate(graphs) if number not in tested]
    if not sum(int(graph["pixels"].sum()) for graph in learnt):
        raise ValueError(_checks.problem("masks", "pixels with a label", "none", "draw them"))
    torch.manual_seed(settings.seed)
    model = _prepared(learnt, labels, settings)
    ready = _with_scores(model, learnt, mirror=settings.mirror)

    def draw(generator: torch.Generator) -> Any:
        chosen = torch.randint(len(ready), (settings.batch_size,), generator=generator).tolist()
        return together([ready[k] for k in chosen])

    plan = Settings(
        steps=settings.steps,
        learning_rate=settings.learning_rate,
        rate_decay=1 / 3,
        rate_decay_every=max(1, settings.steps // 3),
        evaluate_every=settings.steps,
        keep="last",
        seed=settings.seed,
    )
    fit(model, draw, pixel_loss, lambda _: 0.0, plan, higher_is_better=True, progress=progress)
    usual = torch.stack([graph["pixels"].sum(0) for graph in learnt]).sum(0)
    return _judged(model.eval(), [graphs[k] for k in tested], tested, usual)


def pixel_loss(model: nn.Module, batch: Any) -> Tensor:
    """Return the mean cross entropy of all pixels that have a label."""
    pixels = batch.pixels.float()
    return -(model(batch).log_softmax(1) * pixels).sum() / pixels.sum().clamp(min=1)


def _prepared(learnt: Sequence[Data], labels: Sequence[str], settings: SegmenterSettings) -> Segmenter:
    """Return a segmenter that knows its features' scale and has its first classifier."""
    x, pixels = (torch.cat([graph[key] for graph in learnt]) for key in ("x", "pixels"))
    sizes = {"hidden_channels": settings.hidden_channels, "num_layers": settings.num_layers}
    model = Segmenter(x.size(1), labels, superpixels=settings.superpixels, **sizes)
    model.mean.copy_(x.mean(0))
    model.spread.copy_(x.std(0) if len(x) > 1 else torch.ones(x.size(1)))
    model.first = fit_softmax(model.standard(x), pixels, seed=settings.seed)
    return model


def _with_scores(model: Segmenter, learnt: Sequence[Data], *, mirror: bool) -> list[Data]:
    """Return the pictures to train on, each with its visiting order, and their mirror images with the same order."""
    x = model.standard(torch.cat([graph["x"] for graph in learnt]))
    pixels, sizes = torch.cat([graph["pixels"] for graph in learnt]), [len(graph["x"]) for graph in learnt]
    picture = torch.arange(len(learnt)).repeat_interleave(torch.tensor(sizes))
    found = []
    for graph, score in zip(learnt, crossed_confidence(x, pixels, picture).split(sizes), strict=True):
        for one in (graph.clone(), *([mirror_image(graph)] if mirror else [])):
            one.score = score
            found.append(one)
    return found


def _judged(model: Segmenter, graphs: Sequence[Data], tested: list[int], usual: Tensor) -> FittedSegmenter:
    pixels = [graph["pixels"] for graph in graphs]
    if not graphs or not sum(int(part.sum()) for part in pixels):
        return FittedSegmenter(model, [])
    joined, count = torch.cat(pixels).double(), len(model.labels)
    said = nn.functional.one_hot(torch.cat([model.probabilities(graph).argmax(1) for graph in graphs]), count)
    confusion = joined.t() @ said.double()
    right, total = confusion.diag(), confusion.sum()
    union = confusion.sum(0) + confusion.sum(1) - right
    return FittedSegmenter(
        model,
        tested,
        float(right.sum() / total),
        tuple((right / union).tolist()),
        float(confusion.sum(1)[int(usual.argmax())] / total),
        float(joined.amax(1).sum() / total),
    )
