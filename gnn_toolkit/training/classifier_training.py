"""Training of classifiers of texts: several kinds on the same parts, judged on texts that none of them has seen."""

import math
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from scipy.sparse import csr_array
from sklearn.linear_model import LogisticRegression
from torch import Tensor
from torch_geometric.data import Data

from gnn_toolkit import _checks
from gnn_toolkit.graphs.batch import together
from gnn_toolkit.graphs.words import WordVocabulary, tokenize
from gnn_toolkit.models.text_classifier import KINDS, TextClassifier
from gnn_toolkit.models.tf_idf import TfIdfLinear
from gnn_toolkit.training.loop import fit
from gnn_toolkit.training.settings import Settings

EPOCHS = 40
PATIENCE = 6  # validations without a better one, after which training ends
POOL = 16  # batches among whose texts, sorted by length, a batch is drawn
HELD_OUT = 0.1  # of each class, for validation, and as many for the test


@dataclass(frozen=True)
class ClassifierSettings:
    """How classifiers are trained.

    Attributes:
        kinds: which ones, of :data:`gnn_toolkit.models.text_classifier.KINDS`.
        minutes: of training, about, for all of them.
        hidden_channels: width of embedding and layers.
        longest: words of a text that are read.
        min_count: how often a word comes in the training texts to be known; ``None``: twice, once in fewer than 1000.
        learning_rate: of Adam.
        batch_size: texts of a batch.
        seed: of the parts, weights and batches.
    """

    kinds: tuple[str, ...] = tuple(KINDS)
    minutes: float = 5.0
    hidden_channels: int = 64
    longest: int = 400
    min_count: int | None = None
    learning_rate: float = 2e-3
    batch_size: int = 32
    seed: int = 0


@dataclass(frozen=True)
class Judged:
    """A classifier and how it did.

    Attributes:
        name: of its kind; ``"majority class"`` is no model.
        model: the classifier, ``None`` for the majority class.
        validation: accuracy on the texts that the choice among classifiers is made by.
        test: accuracy on the texts that nothing was chosen by.
        interval: Wilson's 95 % interval of the latter.
        seconds: of training.
    """

    name: str
    model: TextClassifier | None
    validation: float
    test: float
    interval: tuple[float, float]
    seconds: float


@dataclass
class FittedClassifiers:
    """What was trained, the majority class first.

    Attributes:
        judged: every classifier with its scores.
        sizes: number of texts of each part.
        notes: what a reader must know, a sentence each.
    """

    judged: list[Judged]
    sizes: dict[str, int]
    notes: list[str] = field(default_factory=list)

    @property
    def best(self) -> Judged:
        """The classifier that validated best, of equal ones the simplest."""
        return max((one for one in self.judged if one.model is not None), key=lambda one: one.validation)


def fit_classifiers(
    texts: Sequence[str],
    labels: Sequence[str],
    settings: ClassifierSettings | None = None,
    *,
    progress: Callable[[str, int, int], None] | None = None,
) -> FittedClassifiers:
    """Train classifiers of several kinds on the same texts.

    A tenth of each class is for the validation and a tenth for the test, which is touched once; a class of fewer than
    three texts is trained on alone.

    Args:
        texts: the texts, in any script; words are found by :func:`gnn_toolkit.graphs.tokenize`.
        labels: the class of each.
        settings: how to train.
        progress: called with the kind, the steps done and the most that there can be.

    Raises:
        ValueError: fewer than two classes, too few texts to hold any out, or settings that do not fit.
    """
    settings = settings or ClassifierSettings()
    for kind in settings.kinds:
        _checks.choice("kinds", kind, KINDS)
    if not settings.kinds or not settings.minutes > 0:
        got = f"{list(settings.kinds)} and {settings.minutes}"
        raise ValueError(_checks.problem("kinds, minutes", "a kind and a time above 0", got, "pass some"))
    if len(texts) != len(labels):
        got = f"{len(texts)} and {len(labels)}"
        raise ValueError(_checks.problem("texts, labels", "as many of both", got, "give each text a label"))
    classes = sorted(set(labels))
    if len(classes) < 2:
        raise ValueError(_checks.problem("labels", "two different ones at least", classes, "check the labels"))
    words = [tokenize(text)[: settings.longest] for text in texts]
    y = torch.tensor([classes.index(label) for label in labels])
    parts = split_by_class(y, settings.seed)
    notes = _notes(texts, classes, y, parts, settings)
    count = settings.min_count or (2 if len(parts["train"]) >= 1000 else 1)
    vocabulary = WordVocabulary.of([words[k] for k in parts["train"].tolist()], min_count=count)
    judged = [_majority(y, parts)]
    for kind in settings.kinds:
        torch.manual_seed(settings.seed)
        model = TextClassifier(
            vocabulary, classes, kind, hidden_channels=settings.hidden_channels, longest=settings.longest
        )
        graphs = [model.graph(one) for one in words]
        began = time.perf_counter()
        train = _fit_linear if kind == "tf-idf" else _fit_network
        train(model, graphs, y, parts, settings, progress)
        scores = {part: _accuracy(model, graphs, y, parts[part]) for part in ("validation", "test")}
        judged.append(_judged(kind, model, scores, len(parts["test"]), time.perf_counter() - began))
    return FittedClassifiers(judged, {part: len(which) for part, which in parts.items()}, notes)


def split_by_class(y: Tensor, seed: int) -> dict[str, Tensor]:
    """Return the numbers of the texts to train on, to validate on and to test on, each class shared out alike.

    Raises:
        ValueError: so few texts of each class that none can be held out.

    >>> {part: len(which) for part, which in split_by_class(torch.arange(40) % 2, 0).items()}
    {'train': 32, 'validation': 4, 'test': 4}
    """
    shuffled = torch.randperm(len(y), generator=torch.Generator().manual_seed(_checks.seed("seed", seed)))
    found: dict[str, list[Tensor]] = {"train": [], "validation": [], "test": []}
    for label in y.unique().tolist():
        members = shuffled[y[shuffled] == label]
        held = max(1, round(HELD_OUT * len(members))) if len(members) >= 3 else 0
        for part, which in zip(found, members.split([len(members) - 2 * held, held, held]), strict=True):
            found[part].append(which)
    parts = {part: torch.cat(which).sort().values for part, which in found.items()}
    if not len(parts["test"]):
        raise ValueError(_checks.problem("texts", "three texts of a class at least", "fewer", "label more texts"))
    return parts


def _notes(
    texts: Sequence[str], classes: list[str], y: Tensor, parts: dict[str, Tensor], settings: ClassifierSettings
) -> list[str]:
    few = [classes[k] for k, count in sorted(Counter(y.tolist()).items()) if count < 3]
    notes = [f"too few texts to test: {', '.join(few)}"] if few else []
    cut = sum(len(tokenize(text)) > settings.longest for text in texts)
    if cut:
        notes.append(f"{cut} texts are read only up to word {settings.longest}")
    if len(parts["test"]) < 100:
        notes.append(f"{len(parts['test'])} texts are few to test on: look at the intervals")
    return notes


def wilson(right: int, count: int) -> tuple[float, float]:
    """Return Wilson's 95 % interval of a share.

    >>> [round(end, 3) for end in wilson(8, 10)]
    [0.49, 0.943]
    """
    z = 1.959964
    share, spread = right / count, z * z / count
    half = z * math.sqrt(share * (1 - share) / count + spread / (4 * count))
    return (share + spread / 2 - half) / (1 + spread), (share + spread / 2 + half) / (1 + spread)


def _judged(name: str, model: TextClassifier | None, scores: dict[str, float], count: int, seconds: float) -> Judged:
    interval = wilson(round(scores["test"] * count), count)
    return Judged(name, model, scores["validation"], scores["test"], interval, seconds)


def _majority(y: Tensor, parts: dict[str, Tensor]) -> Judged:
    answer = y[parts["train"]].mode().values
    scores = {part: float((y[parts[part]] == answer).float().mean()) for part in ("validation", "test")}
    return _judged("majority class", None, scores, len(parts["test"]), 0.0)


@torch.no_grad()
def _accuracy(model: torch.nn.Module, graphs: Sequence[Data], y: Tensor, which: Tensor) -> float:
    model.eval()
    right = 0
    for some in which.split(256):
        batch = together([graphs[k] for k in some.tolist()])
        right += int((model(batch).argmax(1) == y[some]).sum())
    return right / len(which)


def _fit_linear(
    model: TextClassifier,
    graphs: Sequence[Data],
    y: Tensor,
    parts: dict[str, Tensor],
    settings: ClassifierSettings,
    progress: Callable[[str, int, int], None] | None,
) -> None:
    """Fit logistic regression on TF-IDF by scikit-learn, and put its weights into the model."""
    network = model.network
    assert isinstance(network, TfIdfLinear)
    known = parts["train"].tolist()
    batch = together([graphs[k] for k in known])
    document, code, _, documents = network.entries(batch)
    network.idf.copy_(1 + torch.log((1 + documents) / (1 + torch.bincount(code, minlength=len(network.idf)).float())))
    document, code, value, _ = network.entries(batch)
    shape = (documents, len(network.idf))
    features = csr_array((value.numpy().astype(np.float64), (document.numpy(), code.numpy())), shape=shape)
    regression = LogisticRegression(max_iter=1000).fit(features, y[known].numpy())
    weight, bias = torch.from_numpy(regression.coef_).float(), torch.from_numpy(regression.intercept_).float()
    with torch.no_grad():
        if len(regression.classes_) == 2:  # one line between the two
            weight, bias = torch.cat([-weight, weight]) / 2, torch.cat([-bias, bias]) / 2
        network.weight.copy_(weight.t())  # every class is trained on
        network.bias.copy_(bias)
    if progress is not None:
        progress(model.kind, 1, 1)


def _fit_network(
    model: TextClassifier,
    graphs: Sequence[Data],
    y: Tensor,
    parts: dict[str, Tensor],
    settings: ClassifierSettings,
    progress: Callable[[str, int, int], None] | None,
) -> None:
    """Train a network; a batch has texts of about one length."""
    sizes = torch.tensor([graph.num_nodes or 0 for graph in graphs])
    train = parts["train"][sizes[parts["train"]].argsort(stable=True)]
    epoch = max(1, len(train) // settings.batch_size)
    steps = EPOCHS * epoch
    networks = sum(kind != "tf-idf" for kind in settings.kinds)

    def batches(generator: torch.Generator) -> Any:
        pool = torch.randint(len(train), (POOL * settings.batch_size,), generator=generator).sort().values
        first = settings.batch_size * int(torch.randint(POOL, (1,), generator=generator))
        which = train[pool[first : first + settings.batch_size]]
        batch = together([graphs[k] for k in which.tolist()])
        batch.y = y[which]
        return batch

    fit(
        model,
        batches,
        lambda network, batch: torch.nn.functional.cross_entropy(network(batch), batch.y),
        lambda network: _accuracy(network, graphs, y, parts["validation"]),
        Settings(
            steps=steps,
            learning_rate=settings.learning_rate,
            evaluate_every=min(epoch, 100),
            patience=PATIENCE,
            seed=settings.seed,
        ),
        higher_is_better=True,
        progress=None if progress is None else lambda step: progress(model.kind, step, steps),
        seconds=60 * settings.minutes / networks,
    )
