"""The checks that make a record count: the kind of every value, and values that can be drawn, averaged and printed."""

import math
import unicodedata
from types import NoneType, UnionType
from typing import Any, get_args, get_origin, get_type_hints

from ..tasks.task import About
from .records import Record, Trial

STATUSES = ("done", "failed", "interrupted")
POOLINGS = ("mean", "root mean", "median")
COURSE = ("step", "loss", "validation", "seconds")  # of a curve, an entry for each validation


def misfit(content: dict[str, Any]) -> str:
    """Return why a content is no record; empty where it is one."""
    trial = content.get("trial")
    if not isinstance(trial, dict):
        return "says of no trial what it records"
    return (
        _unfit(content, Record)
        or _unfit(trial, Trial)
        or _unfit_trial(trial)
        or _unfit_scores(content)
        or _unfit_curve(content["curve"])
        or _unfit_about(content["about"], trial["config"], content["machine"])
    )


def _unfit(content: dict[str, Any], kind: type) -> str:
    """Return which field is unknown, missing or of the wrong kind; a record's fields all have values but the trial."""
    hints = get_type_hints(kind)
    where = "trial." if kind is Trial else ""
    for name in content:
        if name not in hints:
            return f"{where}{name}: unknown to this version"
    for name, hint in hints.items():
        if name not in content:
            return f"{where}{name}: missing"
        if hint is not Trial and not _fits(content[name], hint):
            return f"{where}{name}: {_short(content[name])} does not fit"
    return ""


def _fits(value: object, hint: Any) -> bool:
    if hint is Any:
        return True
    if isinstance(hint, UnionType):
        return any(_fits(value, one) for one in get_args(hint))
    if hint is NoneType:
        return value is None
    if get_origin(hint) is dict:
        return isinstance(value, dict) and all(_fits(one, get_args(hint)[1]) for one in value.values())
    if get_origin(hint) is tuple:  # of fixed length, a list in JSON
        parts = get_args(hint)
        return isinstance(value, list) and len(value) == len(parts) and all(map(_fits, value, parts))
    if get_origin(hint) is list:
        return isinstance(value, list) and all(_fits(one, get_args(hint)[0]) for one in value)
    return _is_number(value, hint) if hint in (int, float) else isinstance(value, hint)


def _is_number(value: object, hint: type) -> bool:
    """Return whether a value is a number of 64 bits: no truth value, no integer that no float comes near."""
    whole = isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**63
    return whole or (hint is float and isinstance(value, float))


def _unfit_trial(trial: dict[str, Any]) -> str:
    if not trial["task"] or not trial["model"]:
        return "its trial has no task or no model"
    texts = "".join(trial[name] for name in ("task", "view", "model", "suite"))
    if any(unicodedata.category(letter) in ("Cc", "Cs") for letter in texts):
        return "a control character in the trial's names"
    if trial["seed"] < 0:
        return f"trial.seed: {trial['seed']} does not fit"
    steps = trial["config"].get("steps", 1)
    return "" if _is_number(steps, int) and steps > 0 else f"trial.config.steps: {_short(steps)} does not fit"


def _unfit_scores(content: dict[str, Any]) -> str:
    if content["status"] not in STATUSES:
        return f"status: {_short(content['status'])} is none of {', '.join(STATUSES)}"
    if (content["status"] == "done") != (content["test"] is not None):
        return f"{content['status']}, and test {content['test']}"
    if content["pooling"] not in POOLINGS:
        return f"pooling: {_short(content['pooling'])} is none of {', '.join(POOLINGS)}"
    numbers = [value for value in content.values() if isinstance(value, float)]
    if not all(math.isfinite(number) for number in (*numbers, *content["units"])):
        return "a number that is not finite"
    return ""


def _unfit_curve(curve: dict[str, Any]) -> str:
    if not curve.keys() & {*COURSE}:
        best = curve.get("best_validation")
        return "" if best is None or _is_number(best, float) else "curve.best_validation does not fit"
    lines = [curve.get(name) for name in COURSE]
    if not all(isinstance(line, list) and _fits(line, list[float]) for line in lines):
        return "curve: no numbers for each validation"
    if len({len(line) for line in lines if line is not None}) > 1:
        return "curve: lines of different lengths"
    watched = curve.get("watched", [])
    if not _fits(watched, list[dict[str, Any]]):
        return "curve.watched does not fit"
    seen = [one for one in watched if "accuracy" in one or "samples" in one]
    whole = all(
        _fits(one.get("accuracy"), float) and _fits(one.get("samples", {}), dict[str, list[str]]) for one in seen
    )
    return "" if whole else "curve.watched: no accuracy, or no lists of texts"


def _unfit_about(about: dict[str, Any], config: dict[str, Any], machine: dict[str, Any]) -> str:
    """Return what does not fit in what a record says of its task, configuration and machine, as reports read it."""
    if about and (reason := _unfit(about, About)):
        return f"about.{reason}"
    if not _fits(machine.get("versions", {}), dict[str, str]):
        return "machine.versions does not fit"
    if not _fits(config.get("target"), float | None):
        return "trial.config.target does not fit"
    data = config.get("data", {})
    if not _fits(data, dict[str, str | float | bool | None]):
        return "trial.config.data does not fit"
    axis = data.get(about["axis"]) if about else None
    return "" if _fits(axis, float | None) else "trial.config.data: no number along the axis"


def _short(value: object) -> str:
    text = ascii(value) if not isinstance(value, int) else "a number"
    return text if len(text) < 40 else f"{text[:40]}..."
