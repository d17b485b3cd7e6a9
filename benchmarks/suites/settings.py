"""Settings of a suite: which there are, what values they take, and which of them a comparison reads."""

import tomllib
from collections.abc import Iterable
from dataclasses import fields
from fnmatch import fnmatchcase
from types import UnionType
from typing import Any, get_args, get_type_hints

from gnn_toolkit import _checks
from gnn_toolkit.training import KEPT, OPTIMIZERS, Settings

from ..tables import MODELS, TASKS
from ..tasks.config import Config
from ..tasks.task import Task

OWN = ("seed", "device", "devices", "data", "plugins")  # of the command line and the suite itself
KEYS = [field.name for field in fields(Config) if field.name not in OWN]
TRAINING = [field.name for field in fields(Settings) if field.name in KEYS]
CHOICES: dict[str, Iterable[str]] = {"optimizer": OPTIMIZERS, "keep": KEPT}
POSITIVE = (
    "steps",
    "evaluate_every",
    "batch_size",
    "hidden_channels",
    "num_layers",
    "num_convolutions",
    "rate_decay_every",
    "patience",
    "rising",
    "parameters",
    "state_channels",
)


def readable(task: Task, models: Iterable[str]) -> set[str]:
    """Return the settings that something reads where these models are compared on a task."""
    builders = [MODELS[model].builders[task.form] for model in models]
    read = {key for builder in builders for key in builder.settings}
    return {*TRAINING, "target", *task.options, *read, *(() if task.one_graph else ("batch_size",))}


def fitting(where: str, pattern: str, names: Iterable[str]) -> list[str]:
    """Return the names that a name or pattern fits; where none does, those that it fits but for capitals.

    Raises:
        ValueError: it fits none, or several but for capitals.

    >>> fitting("--model", "lstm", ["LSTM", "BiLSTM"]), fitting("--model", "*lstm", ["LSTM", "BiLSTM"])
    (['LSTM'], ['LSTM', 'BiLSTM'])
    """
    names = list(dict.fromkeys(names))
    if isinstance(pattern, str):
        wild = set(pattern) & set("*?[")
        for plain in (str, str.casefold):
            wanted = plain(pattern)
            found = [n for n in names if plain(n) == wanted or (wild and fnmatchcase(plain(n), wanted))]
            if found and (wild or len(found) == 1):
                return found
    return [_checks.choice(where, pattern, names)]


def value_of(where: str, key: str, value: object, options: dict[str, Any]) -> object:
    """Return the value of a setting, or of an option of a task's data, if it fits.

    Args:
        where: the place that says so, for errors.
        key: which setting.
        value: as the suite or the command line has it.
        options: of the task's data, with what is chosen unless a suite says otherwise.

    Raises:
        ValueError: an unknown setting, or a value of another kind.
    """
    _checks.choice(where, key, [*KEYS, *options])
    place = f"--set {key}" if where == "--set" else f"{where}.{key}"
    if key in options:
        return _option(place, value, options[key])
    kind = get_type_hints(Config)[key]
    kinds = get_args(kind) if isinstance(kind, UnionType) else (kind,)
    if value == "none" and type(None) in kinds:
        return None
    if key in CHOICES:
        return _checks.choice(place, str(value), CHOICES[key])
    if key in POSITIVE:
        return _checks.positive(place, value)  # type: ignore[arg-type]
    if kind is int:
        return _checks.count(place, value)
    if kind is bool and isinstance(value, bool):
        return value
    if float in kinds and isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    wordy = Any in kinds or str in kinds
    if wordy and isinstance(value, str):
        return value
    number = "true or false" if kind is bool else "a number" + (' or "none"' if type(None) in kinds else "")
    example = getattr(next(iter(TASKS.values())).config, key)
    raise ValueError(
        _checks.problem(place, "a text" if wordy else number, repr(value), f"the tasks say e.g. {example!r}")
    )


def _option(where: str, value: object, usual: object) -> object:
    """Return the value of an option if it is of the kind of the usual one."""
    if isinstance(usual, bool) and isinstance(value, bool):
        return value
    if type(usual) is int:
        return _checks.positive(where, value)  # type: ignore[arg-type]
    if isinstance(usual, float) and isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if isinstance(usual, str) and isinstance(value, str):
        return value
    kind = "true or false" if isinstance(usual, bool) else "a number" if isinstance(usual, float) else "a text"
    raise ValueError(_checks.problem(where, kind, repr(value), f"the task says {usual!r}"))


def parsed(text: str) -> object:
    """Return what a text means in TOML; the text itself where it means nothing."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text
