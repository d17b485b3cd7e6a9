"""Penn-Fudan pedestrians: which part of the body each superpixel of a picture shows, in five folds."""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache, partial
from typing import Any

import torch
from torch import Tensor
from torch_geometric.data import Data

from gnn_toolkit import _checks
from gnn_toolkit.datasets import load_penn_fudan, load_penn_fudan_picture
from gnn_toolkit.datasets.penn_fudan import PARTS
from gnn_toolkit.datasets.picture_features import mirrored, picture_features, position_features
from gnn_toolkit.training.softmax_regression import confidence, crossed_confidence, fit_softmax

from .config import Config
from .graph_list import GraphList
from .metrics import MEAN_IOU
from .picture_baselines import BASELINES
from .source import Graphs, View
from .superpixels import PartOfSuperpixel
from .task import Baseline, Task, TaskData, always

FOLDS = 5  # of the pictures by their sorted names: the fold is the number modulo five
VALIDATION = 8  # of so many pictures to train on, one is for validation
GIVEN, ALL = "given", "all"  # the features that come with the data; ours beside them
PATCHES = (20, 8)  # rows and columns of the grid of patches, each about as large as a superpixel
CEILING = "no labelling of superpixels has more than 0.779, or a pixel accuracy of 0.936"


@dataclass(frozen=True)
class Split:
    """The pictures of a fold, by their numbers.

    Attributes:
        train: to learn from.
        validation: to choose by.
        test: the fold's own.
    """

    train: Tensor
    validation: Tensor
    test: Tensor

    @classmethod
    def of(cls, fold: int, pictures: int) -> "Split":
        """Return the split of a fold."""
        numbers = torch.arange(pictures)
        rest = numbers[numbers % FOLDS != fold]
        held_out = torch.arange(len(rest)) % VALIDATION == fold
        return cls(rest[~held_out], rest[held_out], numbers[numbers % FOLDS == fold])


class Pictures:
    """Pictures with their features, each also mirrored: picture p of P is graph p, its mirror image graph P + p.

    Args:
        graphs: of :func:`load_penn_fudan`, with ``cover`` [N, patches], and with our features in ``own``.
        features: ``"given"`` or ``"all"``.
        position: whether features say where in the picture a superpixel lies.
    """

    def __init__(self, graphs: Sequence[Data], features: str, position: bool) -> None:
        self.count = len(graphs)
        self.graphs = [_graph(graph, features, position, swap) for swap in (False, True) for graph in graphs]

    def joined(self, which: Tensor) -> dict[str, Tensor]:
        """Return the superpixels of some pictures in a row: features, pixels, position, and the picture of each."""
        chosen = [self.graphs[k] for k in which.tolist()]
        found = {key: torch.cat([graph[key] for graph in chosen]) for key in ("x", "pixels", "pos")}
        sizes = torch.tensor([len(graph["pixels"]) for graph in chosen])
        return found | {"picture": torch.arange(len(chosen)).repeat_interleave(sizes)}


class Fold:
    """One fold of pictures: standardised features, the confidence of a first classifier, baselines.

    Args:
        pictures: all of them.
        fold: which one is tested.
    """

    def __init__(self, pictures: Pictures, fold: int) -> None:
        self.pictures, self.split = pictures, Split.of(fold, pictures.count)
        self.learnt = torch.cat([self.split.train, self.split.train + pictures.count])  # mirrored ones, too
        x = pictures.joined(self.split.train)["x"]
        self.mean, self.spread = x.mean(0), x.std(0).clamp(min=1e-6)
        self._judged: dict[str, Baseline] = {}

    def standard(self, x: Tensor) -> Tensor:
        """Return features with mean 0 and deviation 1 in training, cut at five deviations."""
        return ((x - self.mean) / self.spread).clamp(-5, 5)

    @cached_property
    def graphs(self) -> list[Data]:
        """All pictures, with the confidence of a classifier that has not been fitted on them.

        Training pictures are judged by that of the other half of them, all others by that of all training pictures.
        """
        train = self.pictures.joined(self.split.train)
        x, pixels, picture = self.standard(train["x"]), train["pixels"], train["picture"]
        first = fit_softmax(x, pixels)
        sure = dict(zip(self.split.train.tolist(), _by(crossed_confidence(x, pixels, picture), picture), strict=True))
        found = []
        for place, graph in enumerate(self.pictures.graphs):
            graph, number = copy.copy(graph), place % self.pictures.count
            known = sure.get(number)
            graph.confidence = confidence(first, self.standard(graph["x"])) if known is None else known
            found.append(graph)
        return found

    def baseline(self, name: str) -> Baseline:
        """Return what a baseline scores on the fold; it learns from the pictures for validation as well."""
        if name not in self._judged:
            learnt = torch.cat([self.split.train, self.split.validation])
            parts = (self.pictures.joined(which) for which in (learnt, self.split.test))
            self._judged[name] = BASELINES[name](*(part | {"x": self.standard(part["x"])} for part in parts))
        return self._judged[name]


class PictureGraphs(GraphList):
    """Pictures as graphs of superpixels, whose features are standardised as a batch is cut.

    Args:
        graphs: see :class:`Pictures`.
        splits: the numbers of their graphs.
        fold: has the mean and the deviation of the features.
    """

    def __init__(self, graphs: Sequence[Data], splits: Mapping[str, Tensor], fold: Fold, device: str = "cpu") -> None:
        super().__init__(graphs, splits, device)
        self.fold = fold

    def viewed(self, view: View, device: str = "cpu") -> "PictureGraphs":
        """Return the pictures as a view leaves each of them."""
        return PictureGraphs(super().viewed(view, device).graphs, self.splits, self.fold, device)

    def batch(self, which: Tensor) -> Graphs:
        """Return the pictures of these numbers as one batch."""
        batch = super().batch(which)
        batch.x = self.fold.standard(batch.x.cpu()).to(batch.x.device)
        return batch


def _by(values: Tensor, picture: Tensor) -> list[Tensor]:
    return list(values.split(torch.bincount(picture).tolist()))


def _graph(graph: Data, features: str, position: bool, swap: bool) -> Data:
    """Return a picture, or its mirror image, with the features that are asked for; no texton has a mirror image."""
    pos = graph["pos"].clone()
    own, cover = graph["own"], graph["cover"].view(-1, *PATCHES)
    if swap:
        pos[:, 1], own, cover = 1 - pos[:, 1], mirrored(own), cover.flip(2)
    given = graph["x"][:, 1:].clamp(min=0).sqrt()  # of the shares in a histogram (Hellinger); without the constant
    parts = [given, *([own] if features == ALL else []), *([position_features(pos)] if position else [])]
    data = Data(x=torch.cat(parts, 1), edge_index=graph.edge_index, y=graph.y, pos=pos)
    data.pixels, data.area, data.cover = graph["pixels"], graph["pixels"].sum(1), cover.flatten(1)
    return data


def cover(segments: Tensor, patches: tuple[int, int] = PATCHES) -> Tensor:
    """Return the share of each superpixel in each patch of a grid over the picture [N, patches]."""
    (height, width), (rows, columns) = segments.shape, patches
    row = torch.arange(height) * rows // height
    column = torch.arange(width) * columns // width
    place = segments * (rows * columns) + row[:, None] * columns + column
    nodes = int(segments.max()) + 1
    counted = torch.bincount(place.flatten(), minlength=nodes * rows * columns).view(nodes, -1).float()
    return counted / counted.sum(1, keepdim=True).clamp(min=1)


@lru_cache(maxsize=1)
def _read() -> list[Data]:
    graphs = load_penn_fudan()
    for graph in graphs:
        picture = load_penn_fudan_picture(graph["name"])
        graph["own"], graph["cover"] = picture_features(picture.image, picture.segments), cover(picture.segments)
    return graphs


@lru_cache(maxsize=4)
def _pictures(features: str, position: bool) -> Pictures:
    return Pictures(_read(), features, position)


@lru_cache(maxsize=4 * FOLDS)
def _fold(fold: int, features: str, position: bool) -> Fold:
    return Fold(_pictures(features, position), fold)


def pedestrians(seed: int, features: str, position: bool) -> TaskData:
    """Say which part of a pedestrian each superpixel shows; the seed modulo five is the fold that is tested."""
    _checks.choice("features", features, (GIVEN, ALL))
    return parsed(_fold(seed % FOLDS, features, position))


def parsed(fold: Fold) -> TaskData:
    """Return the data of one fold of pictures."""
    split: Any = fold.split
    numbers = {"train": fold.learnt, "validation": split.validation, "test": split.test}
    sizes = ", ".join(f"{len(getattr(split, part))} {part}" for part in numbers)
    return TaskData(
        PictureGraphs(fold.graphs, numbers, fold),
        partial(PartOfSuperpixel, parts=PARTS),
        {name: lambda name=name: fold.baseline(name) for name in BASELINES},
        note=f"Penn-Fudan: {sizes} pictures of fold seed mod {FOLDS}, by sorted name; those to train on also mirrored; "
        f"the score is of pixels, and {CEILING}",
    )


PEDESTRIANS = Task(
    "which part of a pedestrian each superpixel of a picture shows",
    pedestrians,
    MEAN_IOU,
    tuple(BASELINES),
    Config(
        steps=600,
        learning_rate=5e-3,
        rate_decay=0.3,
        rate_decay_every=200,
        evaluate_every=40,
        batch_size=4,
        hidden_channels=96,
        num_layers=1,
        num_convolutions=2,
        dropout=0.3,
        keep="last",
    ),
    options={"features": ALL, "position": True},
    form="superpixels",
    split_by_seed=always,
)
