"""Published runs, read back: the records of their scores, without what was not kept."""

import json
from pathlib import Path
from typing import Any

from ..run.entries import Entries
from ..run.records import Record, Trial


def read_published(path: Path) -> list[Record]:
    """Return the records of a published ``<run>.json``: scores by seed, mean costs and validation score.

    Raises:
        ValueError: the file is none; the message names it.
    """
    try:
        lines = json.loads(path.read_text(encoding="utf-8"))["rows"]
        return [record for line in lines for record in _records(line)]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{path}: no published run: {error}") from None


def read_published_entries(path: Path) -> Entries:
    """Return the views with which models enter a ranking, as a published ``<run>.json`` has them."""
    return Entries.of(json.loads(path.read_text(encoding="utf-8")).get("ranking"))


def _records(line: dict[str, Any]) -> list[Record]:
    costs = {name: line["costs"][name] for name in ("seconds", "parameters") if name in line["costs"]}
    by_seed = dict(line.get("by_seed", {}))
    selected = by_seed.pop("validation", {})
    curves = {seed: selected.get(seed, line["validation"]) for seed in line["scores"]}
    return [
        Record(
            Trial(line["task"], line["view"], line["model"], int(seed), {}, variant=line.get("variant", "")),
            test=score,
            curve={} if curves[seed] is None else {"best_validation": curves[seed]},
            measures={name: values[seed] for name, values in by_seed.items()},
            **costs,
        )
        for seed, score in line["scores"].items()
    ]
