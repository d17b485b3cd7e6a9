"""A search for settings: the same number of points for every model, all of them recorded, the best by validation.

A suite says::

    [search]
    points = 8                 # configurations of every model
    method = "sobol"           # or "random"
    seed = 0

    [search.ranges]
    learning_rate = { low = 1e-4, high = 1e-1, log = true }
    hidden_channels = { low = 16, high = 128 }     # whole numbers, both ends included
    dropout = [0.0, 0.2, 0.5]                      # one of these

Every model on every task gets the same points. A report keeps of each model the point that validated best.
"""

import math
from dataclasses import dataclass
from typing import Any

import torch

from gnn_toolkit import _checks

METHODS = ("random", "sobol")
KEYS = ("points", "method", "seed", "ranges")
MOST_DRAWN = 50  # times the points that are wanted: two that are alike count once


@dataclass(frozen=True)
class Range:
    """What a setting is drawn from.

    Attributes:
        choices: its values, where it is one of several.
        low: its least value.
        high: its greatest value.
        log: whether its logarithm is drawn.
        whole: whether it is a whole number.
    """

    choices: tuple[Any, ...] = ()
    low: float = 0.0
    high: float = 0.0
    log: bool = False
    whole: bool = False

    def at(self, share: float) -> Any:
        """Return the value at a share in [0, 1) of the range.

        >>> Range(low=1, high=4, whole=True).at(0.99), Range(low=1e-4, high=1e-2, log=True).at(0.5)
        (4, 0.001)
        """
        if self.choices:
            return self.choices[int(share * len(self.choices))]
        low, high = (self.low, self.high + 1) if self.whole else (self.low, self.high)
        value = math.exp(math.log(low) + share * math.log(high / low)) if self.log else low + share * (high - low)
        return min(int(value), int(self.high)) if self.whole else float(f"{value:.6g}")


def points(where: str, table: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the points of a suite's table ``[search]``, each a value for every setting that is searched.

    Args:
        where: the table's place, for errors.
        table: as the suite has it.

    Raises:
        ValueError: a table that does not fit.
    """
    for key in table:
        _checks.choice(f"{where}: key", key, KEYS)
    count = _checks.positive(f"{where}.points", table.get("points", 8))
    method = _checks.choice(f"{where}.method", table.get("method", "sobol"), METHODS)
    seed, entries = table.get("seed", 0), table.get("ranges", {})
    if not isinstance(entries, dict) or not entries:
        remedy = "write e.g. learning_rate = { low = 1e-4, high = 1e-1, log = true }"
        raise ValueError(_checks.problem(f"{where}.ranges", "a table of settings", repr(entries), remedy))
    ranges = {key: _range(f"{where}.ranges.{key}", value) for key, value in entries.items()}
    if method == "sobol":
        drawn = torch.quasirandom.SobolEngine(len(ranges), scramble=True, seed=seed).draw(MOST_DRAWN * count)
    else:
        drawn = torch.rand(MOST_DRAWN * count, len(ranges), generator=torch.Generator().manual_seed(seed))
    found: list[dict[str, Any]] = []
    for row in drawn.tolist():
        point = {key: one.at(share) for (key, one), share in zip(ranges.items(), row, strict=True)}
        if point not in found:
            found.append(point)
        if len(found) == count:
            return found
    remedy = "widen the ranges, or take fewer points"
    raise ValueError(_checks.problem(f"{where}.points", f"at most the {len(found)} that differ", count, remedy))


def _range(where: str, entry: Any) -> Range:
    if isinstance(entry, list) and entry:
        return Range(choices=tuple(entry))
    remedy = "write { low = 16, high = 128 }, with log = true for a logarithm, or a list of values"
    if not isinstance(entry, dict) or set(entry) - {"low", "high", "log"} or {"low", "high"} - set(entry):
        raise ValueError(_checks.problem(where, "low and high, or a list", repr(entry), remedy))
    low, high, log = entry["low"], entry["high"], entry.get("log", False)
    numbers = all(isinstance(end, int | float) and not isinstance(end, bool) for end in (low, high))
    if not numbers or low >= high or (log and low <= 0) or not isinstance(log, bool):
        raise ValueError(_checks.problem(where, "low below high, above 0 for log", repr(entry), remedy))
    return Range(low=low, high=high, log=log, whole=isinstance(low, int) and isinstance(high, int))
