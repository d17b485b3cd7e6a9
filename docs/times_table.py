"""The table of the recipe "how long", from the committed records: minutes of training of each suite.

Run ``PYTHONPATH=. python docs/times_table.py``.
"""

import json

from pages import HERE as DOCS
from pages import RESULTS, read, renew, renewed, table

PAGE = "recipes/how-long.md"
HEAD = ["suite", "trials", "minutes of training, one thread"]


def lines(records: dict[str, str]) -> list[list[str]]:
    """Return a row for each record that has trials: its suite, how many there are, and how long all of them trained."""
    found = []
    for suite, text in records.items():
        rows = [row for row in json.loads(text).get("rows", []) if "scores" in row]
        trials = sum(len(row["scores"]) for row in rows)
        seconds = sum(len(row["scores"]) * row["costs"].get("seconds", 0.0) for row in rows)
        if seconds:
            found.append([f"`{suite}`", str(trials), f"{seconds / 60:,.0f}" if seconds >= 60 else "under 1"])
    return found


def page(text: str, records: dict[str, str]) -> str:
    """Return the page with its table renewed."""
    return renewed(text, {"minutes": table(HEAD, lines(records), 1)})


def committed() -> dict[str, str]:
    """Return the records that the repository keeps, by their suites."""
    texts = {path.stem: read(path) for path in sorted(RESULTS.glob("*.json"))}
    return {suite: text for suite, text in texts.items() if isinstance(json.loads(text), dict)}


if __name__ == "__main__":
    renew(PAGE, page(read(DOCS / PAGE), committed()))
