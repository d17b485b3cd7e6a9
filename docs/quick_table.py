"""Renew README's table of the quick suite from the committed record.

Run ``PYTHONPATH=. python docs/quick_table.py``; it reads ``benchmarks/results/quick.json``.
"""

from pages import HERE, RESULTS, Row, read, renew, renewed, rows_of, span, table

RECORD = RESULTS / "quick.json"
README = "../README.md"
FREE = "(structure-free)"
HEAD = ["task", "model", "view", "test [95 %]", "over units too", "seeds", "params", "steps/s", "seconds"]
LOWER = ("text",)  # tasks whose lower scores are better


def page(text: str, record: str) -> str:
    """Return README with the table renewed."""
    lines, last = [], ""
    rows = rows_of(record)
    for row in rows:
        scores = [other["test"] for other in rows if other["task"] == row["task"]]
        best = min(scores) if row["task"] in LOWER else max(scores)
        cells = [row["model"], row["view"] or FREE, *numbers(row)]
        if f"{row['test']:.3f}" == f"{best:.3f}":
            cells = [f"**{cell}**" if cell else "" for cell in cells]
        lines.append([row["task"] if row["task"] != last else "", *cells])
        last = row["task"]
    return renewed(text, {"quick": table(HEAD, lines, 3)})


def numbers(row: Row) -> list[str]:
    """Return the cells of numbers of a row."""
    costs = row["costs"]
    speed = costs.get("steps_per_second")
    return [
        span(row["test"], row["interval"], ".3f"),
        span(row["test"], row.get("interval_with_units"), ".3f").partition(" ")[2],
        str(len(row["scores"])),
        f"{costs['parameters']:,.0f}",
        "" if speed is None else f"{speed:,.0f}",
        f"{costs['seconds']:.1f}",
    ]


if __name__ == "__main__":
    renew(README, page(read(HERE / README), read(RECORD)))
