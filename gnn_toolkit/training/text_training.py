"""Training a generator of text on any text."""

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch
from lightning_fabric.loggers.logger import Logger
from torch import nn

from gnn_toolkit import _checks
from gnn_toolkit.models import CharGenerator
from gnn_toolkit.training.batching import Reader, nats_per_character, samples_of
from gnn_toolkit.training.checkpoint import load_checkpoint
from gnn_toolkit.training.corpus import Corpus
from gnn_toolkit.training.loop import History, fit
from gnn_toolkit.training.settings import Settings, check_device
from gnn_toolkit.training.text_plan import TextPlan, planned, seconds_of_a_step

FREE = ("steps", "minutes", "device", "patience", "stop_at", "sample_at")  # what may change where a training goes on


@dataclass(frozen=True, kw_only=True)
class TextSettings(Settings):
    """How to train a generator of text, and how large it is.

    Attributes:
        cell: one of :class:`gnn_toolkit.CharGenerator`'s.
        embedding_channels: width of a character's embedding.
        hidden_channels: width of a state.
        num_layers: number of recurrent layers.
        dropout: probability of dropping an output, between layers and before the last.
        dilations: how many characters back further edges reach; none for a plain path.
        window: characters that the gradient runs through.
        batch_size: windows in a batch.
        carry: whether windows follow one another with the state handed on; if not, they lie at random places.
        validation: share of the text to choose the weights by.
        test: share of the text, at its end, that training never sees.
        strip: whether to cut the header and the licence of a Project Gutenberg text.
        encoding: of a file; ``"auto"`` for what it looks like.
        sample_at: steps after whose validation five short texts of each temperature are kept; ``None`` for all.
        minutes: how long to train: instead of ``steps``, ``evaluate_every`` and ``rate_decay_every``, which are then
            chosen for this machine from the time of the first steps, and an end to the training where they turn out
            slower. ``None`` for the steps.
    """

    steps: int = 5000
    learning_rate: float = 3e-3
    clip_norm: float | None = 5.0
    evaluate_every: int = 250
    rate_decay: float = 0.9
    rate_decay_every: int = 250
    patience: int | None = 8
    cell: str = "lstm"
    embedding_channels: int = 64
    hidden_channels: int = 256
    num_layers: int = 2
    dropout: float = 0.2
    dilations: tuple[int, ...] = ()
    window: int = 64
    batch_size: int = 32
    carry: bool = True
    validation: float = 0.05
    test: float = 0.05
    strip: bool = False
    encoding: str = "utf-8"
    sample_at: tuple[int, ...] | None = (1000, 5000, 20_000)
    minutes: float | None = None


def fit_text(
    source: str | Path,
    settings: TextSettings | None = None,
    *,
    checkpoint: Path | None = None,
    logger: Logger | None = None,
    progress: Callable[[int], None] | None = None,
    on_validation: Callable[[int, dict[str, Any]], None] | None = None,
    on_plan: Callable[[TextPlan], None] | None = None,
) -> tuple[CharGenerator, History]:
    """Train a generator on a text; it ends with the weights that validated best, in nats per character.

    Beside its losses the history has for every validation, in ``watched``: the ``accuracy`` in training since the one
    before, ``bits`` per character in validation, and at some steps ``samples``.

    Args:
        source: the text itself, or the path of a file, which may be larger than memory, or a pipe.
        settings: how to train; ``None`` for the defaults.
        checkpoint: where to keep the state at validations, and to go on from, bit for bit on a CPU. A damaged one is
            set aside with a warning.
        logger: one of Fabric's.
        progress: called with the number of steps done after every step.
        on_validation: called after every validation with the steps done and what was watched.
        on_plan: called once, before the first step, with how many steps it will be and how long they take here.

    Returns:
        the generator and the history of its training.

    Raises:
        ValueError: settings or a text that do not fit, or a checkpoint of another training.
        OSError: the file cannot be read, or the checkpoint not written.
        NotFiniteError: the loss is not finite; the message names the step.

    >>> settings = TextSettings(steps=2, hidden_channels=8, window=8, batch_size=4)
    >>> model, history = fit_text("the cat sat on the mat. " * 20, settings)
    >>> history.step, len(model.generate("the ", 10, seed=0))
    ([2], 10)
    """
    settings = _checked(settings or TextSettings())
    corpus = Corpus.of(
        source,
        strip=settings.strip,
        validation=settings.validation,
        test=settings.test,
        encoding=settings.encoding,
    )
    reader = _Remembering(corpus, settings)
    reader.resume(checkpoint)
    torch.manual_seed(settings.seed)
    sizes = (settings.embedding_channels, settings.hidden_channels, settings.num_layers)
    model = CharGenerator(corpus.vocabulary, settings.cell, *sizes, settings.dropout, settings.dilations)
    held_out = corpus.validation if len(corpus.validation) else corpus.train
    if len(held_out) < 2:
        remedy = "pass a longer text, or a larger share for validation"
        raise ValueError(_checks.problem("text", "at least 2 characters to validate on", len(held_out), remedy))
    if on_plan is not None or settings.minutes is not None:
        plan = reader.plan(model, len(held_out), progress)
        held_out = held_out[: plan.held_out]
        if settings.minutes is not None:
            every = {"evaluate_every": plan.every, "rate_decay_every": plan.every}
            settings = replace(settings, steps=plan.steps, **every)
        if on_plan is not None:
            on_plan(plan)

    scores: list[float] = []

    def validate(network: nn.Module) -> float:
        scores.append(nats_per_character(network, held_out))
        return scores[-1]

    def watch(network: nn.Module, step: int) -> dict[str, Any]:
        seen: dict[str, Any] = {"accuracy": reader.accuracy(), "bits": bits(scores[-1])}
        if settings.sample_at is None or step in settings.sample_at:
            seen["samples"] = samples_of(model, settings.seed)
        if on_validation is not None:
            on_validation(step, seen)
        return seen

    history = fit(
        model,
        reader.batch,
        reader.loss,
        validate,
        settings,
        higher_is_better=False,
        checkpoint=checkpoint,
        shard=lambda batch, place, count: (batch[0][place::count], batch[1][place::count]),
        logger=logger,
        progress=progress,
        watch=watch,
        stateful=reader,
        seconds=None if settings.minutes is None else 60 * settings.minutes,
    )
    return model.eval(), history


def _checked(settings: TextSettings) -> TextSettings:
    if settings.devices > 1 and settings.carry:
        remedy = "set carry=False: the rows of a batch cannot be shared out then"
        raise ValueError(_checks.problem("devices", "1 where the state is carried", settings.devices, remedy))
    if settings.minutes is not None:
        if not 0 < settings.minutes < math.inf:
            raise ValueError(_checks.problem("minutes", "a time above 0", settings.minutes, "pass e.g. 5"))
        if settings.devices > 1:
            remedy = "set steps: each would measure another time"
            raise ValueError(_checks.problem("minutes", "None for several processes", settings.minutes, remedy))
    check_device(settings.device)
    _checks.seed("seed", settings.seed)
    return settings


def bits(nats: float) -> float:
    """Return bits per character from nats per character.

    >>> round(bits(1.25), 2)
    1.8
    """
    return nats / math.log(2)


class _Remembering(Reader):
    """A reader whose checkpoint says of which text and which settings it is, and how long it was planned to be."""

    def __init__(self, corpus: Corpus, settings: TextSettings) -> None:
        super().__init__(corpus.train, settings.window, settings.batch_size, carry=settings.carry)
        asked = {name: value for name, value in asdict(settings).items() if name not in FREE}
        self.about = asked | {"characters": corpus.vocabulary.characters, "counts": corpus.vocabulary.counts}
        self.settings, self.kept, self.done = settings, None, 0

    def resume(self, checkpoint: Path | None) -> None:
        """Remember how a checkpoint was planned, and raise a ``ValueError`` if it is of another training."""
        state = None if checkpoint is None else load_checkpoint(checkpoint)
        if state is None:
            return
        other = (state.get("stateful") or {}).get("about", {})
        changed = [name for name, value in self.about.items() if other.get(name) != value]
        if changed:
            got = f"one that differs in {', '.join(changed)}"
            remedy = "delete the file to begin anew, or name another"
            raise ValueError(
                _checks.problem("checkpoint", f"a checkpoint of this training in {checkpoint}", got, remedy)
            )
        self.kept, self.done = state["stateful"]["plan"], state["done"]

    def plan(self, model: CharGenerator, held_out: int, progress: Callable[[int], None] | None) -> TextPlan:
        """Measure a few steps and return what the training will do."""
        settings = self.settings
        other = Reader(self.codes, settings.window, settings.batch_size, carry=settings.carry)
        plan = planned(settings, seconds_of_a_step(model, other, settings, progress), held_out, self.kept, self.done)
        if settings.minutes is not None:
            parts = {"minutes": settings.minutes, "steps": plan.steps, "every": plan.every, "held_out": plan.held_out}
            self.kept = parts
        return plan

    def state_dict(self) -> dict[str, Any]:
        return super().state_dict() | {"about": self.about, "plan": self.kept}
