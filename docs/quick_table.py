"""The tables of the quick suite, the whole one of the findings and the short one of README, from the record.

Run ``PYTHONPATH=. python docs/quick_table.py``; it reads ``benchmarks/results/quick.json``.
"""

from pages import HERE, RESULTS, Row, read, renew, renewed, rows_of, span, table

RECORD = RESULTS / "quick.json"
PAGE, README = "findings.md", "../README.md"
FREE = "(structure-free)"
HEAD = ["task", "model", "view", "test [95 %]", "over units too", "seeds", "params", "steps/s", "seconds"]
LOWER = ("text",)  # tasks whose lower scores are better
PATHS = ("path", "raster path", "BFS path", "DFS path")


def page(text: str, record: str) -> str:
    """Return the page with the whole table renewed."""
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


def best(rows: list[Row], lower: bool) -> str:
    """Return the best of some rows: model, view and score."""
    if not rows:
        return ""
    row = min(rows, key=lambda row: row["test"] * (1 if lower else -1))
    where = f" on {row['view']}" if row["view"] else ""
    return f"{row['model']}{where}: {span(row['test'], row['interval'], '.3f')}"


def in_short(text: str, record: str) -> str:
    """Return README with the short table renewed: of every task the best of each kind."""
    rows, lines = rows_of(record), []
    for task in dict.fromkeys(row["task"] for row in rows):
        kinds: dict[str, list[Row]] = {"free": [], "path": [], "graph": []}
        for row in rows:
            if row["task"] == task:
                kinds["free" if not row["view"] else "path" if row["view"] in PATHS else "graph"].append(row)
        lines.append([task, *(best(found, task in LOWER) for found in kinds.values())])
    head = ["task", "without structure", "sequence model", "graph model"]
    return renewed(text, {"quick, in short": table(head, lines, 4)})


if __name__ == "__main__":
    renew(PAGE, page(read(HERE / PAGE), read(RECORD)))
    renew(README, in_short(read(HERE / README), read(RECORD)))
