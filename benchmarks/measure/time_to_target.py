"""Time to target."""

from gnn_toolkit.training import History


def seconds_to(target: float | None, higher_is_better: bool, history: History) -> float | None:
    """Return the seconds of training until the validation score first reached a target; ``None`` if it never did.

    >>> seconds_to(0.8, True, History(validation=[0.7, 0.8, 0.9], seconds=[1.0, 2.0, 3.0]))
    2.0
    """
    if target is None:
        return None
    sign = 1 if higher_is_better else -1
    for score, seconds in zip(history.validation, history.seconds, strict=True):
        if sign * score >= sign * target:
            return seconds
    return None
