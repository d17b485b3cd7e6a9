"""One training loop, on Lightning Fabric: device and precision come from there."""

import math
import time
from collections.abc import Callable
from copy import deepcopy
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol, TypeVar

import torch
from lightning_fabric import Fabric
from lightning_fabric.loggers.logger import Logger
from torch import Tensor, nn
from torch.optim.lr_scheduler import StepLR

from gnn_toolkit import _checks
from gnn_toolkit.training.checkpoint import load_checkpoint, save_checkpoint
from gnn_toolkit.training.settings import KEPT, Settings, check_device, optimizer

Batch = TypeVar("Batch")


@dataclass
class History:
    """What happened: one entry for every validation.

    Attributes:
        step: steps done.
        loss: mean training loss since the entry before.
        validation: the validation score.
        seconds: seconds of training so far, without validation.
        best_step: the step that validated best.
        best_validation: its validation score.
        watched: what else was looked at, as the run's ``watch`` returned it.
    """

    step: list[int] = field(default_factory=list)
    loss: list[float] = field(default_factory=list)
    validation: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    best_step: int = 0
    best_validation: float | None = None
    watched: list[dict[str, Any]] = field(default_factory=list)


class Stateful(Protocol):
    """What changes beside the model while it trains, and goes into its checkpoints."""

    def state_dict(self) -> dict[str, Any]:
        """Return its state: tensors and plain values."""
        ...

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a state."""
        ...


class NotFiniteError(ArithmeticError):
    """The training loss became infinite or not a number."""


def fit(
    model: nn.Module,
    batches: Callable[[torch.Generator], Batch],
    loss: Callable[[nn.Module, Batch], Tensor],
    validate: Callable[[nn.Module], float],
    settings: Settings,
    *,
    higher_is_better: bool,
    checkpoint: Path | None = None,
    checkpoint_share: float = 1.0,
    shard: Callable[[Batch, int, int], Batch] | None = None,
    logger: Logger | None = None,
    progress: Callable[[int], None] | None = None,
    watch: Callable[[nn.Module, int], dict[str, Any]] | None = None,
    stateful: Stateful | None = None,
    seconds: float | None = None,
) -> History:
    """Train ``model`` in place; it ends with the weights that validated best, or with the last ones.

    Args:
        model: is moved to the device of the settings.
        batches: draws the next batch with the given generator, which is seeded from the settings.
        loss: returns the loss of a batch, a scalar.
        validate: returns the validation score; called in evaluation mode without gradients.
        settings: how to train.
        higher_is_better: whether a higher validation score is better.
        checkpoint: where to keep the state at validations, and to go on from, bit for bit on a CPU.
        checkpoint_share: the part of the time that writing them may take, above 0; 1 writes one at every validation.
            The last one is always written.
        shard: of a batch, what one process of several trains on, from its place and their number. Every process draws
            the same batch; the mean of the parts' losses must be the loss of the batch.
        logger: one of Fabric's; gets loss and validation score at every validation.
        progress: called with the number of steps done after every step.
        watch: called after every validation, in evaluation mode without gradients, with the model and the steps done;
            the history keeps what it returns, which must be plain values.
        stateful: what changes from step to step beside the model, e.g. the state that is carried through a text.
        seconds: training ends at the first validation after so many seconds of it; ``None`` never ends it early.

    Returns:
        the history of the run.

    Raises:
        NotFiniteError: the loss is not finite; the message names the step.
        ValueError: settings that do not fit.
    """
    _checks.positive("steps", settings.steps)
    _checks.positive("evaluate_every", settings.evaluate_every)
    _checks.choice("keep", settings.keep, KEPT)
    _checks.positive("rate_decay_every", settings.rate_decay_every)
    for name, value in (("patience", settings.patience), ("rising", settings.rising)):
        if value is not None:
            _checks.positive(name, value)
    if _checks.positive("devices", settings.devices) > 1 and shard is None:
        raise ValueError(_checks.problem("shard", "a function", None, "say what each of several processes trains on"))
    _checks.seed("seed", settings.seed)
    check_device(settings.device)
    run = _Run(model, settings, higher_is_better, shard, logger, stateful)
    run.limit = math.inf if seconds is None else seconds
    if checkpoint is not None:
        run.resume(checkpoint)
    window: list[float] = []
    while not run.is_over:
        step = run.done + 1
        window.append(run.advance(batches, loss))
        if progress is not None:
            progress(step)
        if step % settings.evaluate_every == 0 or step == settings.steps:
            run.record(step, sum(window) / len(window), validate, watch)
            window.clear()
            if checkpoint is not None and run.is_time_to_keep(checkpoint_share):
                run.keep(checkpoint)
    if settings.keep == "best":
        model.load_state_dict(run.best)
    return run.history


class _Run:
    """The state of one training run: everything that a checkpoint must hold."""

    def __init__(
        self,
        model: nn.Module,
        settings: Settings,
        higher_is_better: bool,
        shard: Callable[[Any, int, int], Any] | None,
        logger: Logger | None,
        stateful: Stateful | None,
    ) -> None:
        self.stateful = stateful
        self.shard = shard if settings.devices > 1 else None
        strategy = "ddp" if self.shard else "auto"
        self.fabric = Fabric(
            accelerator=settings.device,
            strategy=strategy,
            devices=settings.devices,
            precision=settings.precision,
            loggers=logger,
        )
        if self.shard:
            self.fabric.launch()
            if self.fabric.global_rank:  # others than the first drop other units
                torch.manual_seed(settings.seed + self.fabric.global_rank)
        self.settings, self.higher_is_better = settings, higher_is_better
        self.plain = model
        plain = optimizer(model, settings)
        self.rate = StepLR(plain, settings.rate_decay_every, settings.rate_decay)
        self.model, self.optimizer = self.fabric.setup(model, plain)
        self.generator = torch.Generator().manual_seed(settings.seed)
        self.history = History()
        self.best: dict[str, Any] = deepcopy(model.state_dict())
        self.done = 0
        self.seconds, self.limit = 0.0, math.inf
        self.kept, self.writing = time.monotonic(), 0.0

    def advance(self, batches: Callable[[torch.Generator], Any], loss: Callable[[nn.Module, Any], Tensor]) -> float:
        """Do one step and return its loss."""
        began = time.perf_counter()
        self.model.train()
        batch = batches(self.generator)
        if self.shard:
            batch = self.shard(batch, self.fabric.global_rank, self.settings.devices)
        value = loss(self.model, self.fabric.to_device(batch))
        number = float(self._mean(value.detach()))
        if not math.isfinite(number):
            raise NotFiniteError(f"the training loss is {number} at step {self.done + 1}: lower the learning rate")
        self.optimizer.zero_grad()
        self.fabric.backward(value)
        if self.settings.clip_norm is not None:
            self.fabric.clip_gradients(self.model, self.optimizer, max_norm=self.settings.clip_norm)
        self.optimizer.step()
        self.rate.step()
        self.done += 1
        self.seconds += time.perf_counter() - began
        return number

    def _mean(self, value: Tensor) -> Tensor:
        """Return the mean over the processes."""
        return self.fabric.all_reduce(value, reduce_op="mean") if self.shard else value  # type: ignore[return-value]

    def _random_states(self) -> list[Tensor]:
        """Return the state of torch's random numbers in every process."""
        states = [torch.get_rng_state()] * self.settings.devices
        if self.shard:
            torch.distributed.all_gather_object(states, states[0])
        return states

    def record(
        self,
        step: int,
        loss: float,
        validate: Callable[[nn.Module], float],
        watch: Callable[[nn.Module, int], dict[str, Any]] | None,
    ) -> None:
        """Validate, look at what else is watched, and remember the weights if they are the best so far."""
        self.model.eval()
        with torch.no_grad():
            score = validate(self.model)
        history, best = self.history, self.history.best_validation
        history.step.append(step)
        history.loss.append(loss)
        history.validation.append(score)
        history.seconds.append(self.seconds)
        self.fabric.log_dict({"loss": loss, "validation": score}, step)
        # Nothing beats a score that is not a number.
        if best is None or math.isnan(best) or (score > best if self.higher_is_better else score < best):
            history.best_step, history.best_validation = step, score
            self.best = deepcopy(self.plain.state_dict())
        if watch is not None:
            with torch.no_grad():
                history.watched.append(watch(self.model, step))
        if self.settings.rising is not None and (watch is None or "validation_loss" not in history.watched[-1]):
            raise ValueError(_checks.problem("rising", "a watched validation_loss", "none", "leave rising out"))

    @property
    def is_over(self) -> bool:
        """Whether steps or time are used up, the score to stop at is reached, or no validation was better for long."""
        goal, best = self.settings.stop_at, self.history.best_validation
        reached = goal is not None and best is not None and (best >= goal if self.higher_is_better else best <= goal)
        patience, steps = self.settings.patience, self.history.step
        stale = (
            patience is not None and best is not None and len(steps) - steps.index(self.history.best_step) > patience
        )
        return reached or stale or self._has_risen() or self.done >= self.settings.steps or self._is_late()

    def _has_risen(self) -> bool:
        """Return whether the last validation's loss is above the mean of those before it."""
        if (count := self.settings.rising) is None or len(self.history.watched) < count + 2:
            return False
        losses = [seen["validation_loss"] for seen in self.history.watched[-count - 1 :]]
        return losses.pop() > sum(losses) / count

    def _is_late(self) -> bool:
        """Return whether the time is used up, at a validation; the first of several processes decides."""
        if math.isinf(self.limit) or self.history.step[-1:] != [self.done]:
            return False
        late = self.seconds >= self.limit
        return self.fabric.broadcast(late) if self.shard else late

    def is_time_to_keep(self, share: float) -> bool:
        """Return whether the last checkpoint took less than this share of the time since then, or the run is over."""
        since = time.monotonic() - self.kept
        due = self.is_over or self.writing <= share * (self.writing + since)
        return self.fabric.broadcast(due) if self.shard else due

    def keep(self, path: Path) -> None:
        """Write everything that continuing needs."""
        state = {
            "model": self.plain.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "rate": self.rate.state_dict(),
            "best": self.best,
            "history": asdict(self.history),
            "batches": self.generator.get_state(),
            "random": self._random_states(),
            "done": self.done,
            "seconds": self.seconds,
            "stateful": None if self.stateful is None else self.stateful.state_dict(),
        }
        began = time.monotonic()
        if self.fabric.is_global_zero:
            save_checkpoint(path, state)
        self.kept = time.monotonic()
        self.writing = self.kept - began

    def resume(self, path: Path) -> None:
        """Continue from a checkpoint, if there is one."""
        state = load_checkpoint(path)
        if state is None or "rate" not in state:  # none, or one of an earlier version: the training begins anew
            return
        self.plain.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.rate.load_state_dict(state["rate"])
        self.generator.set_state(state["batches"])
        torch.set_rng_state(state["random"][self.fabric.global_rank])
        self.best, self.history = state["best"], History(**state["history"])
        self.done, self.seconds = state["done"], state["seconds"]
        if self.stateful is not None:
            self.stateful.load_state_dict(state["stateful"])
