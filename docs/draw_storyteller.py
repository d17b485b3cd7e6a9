"""The storyteller's curves, and the tables of its page, from the record.

Run ``python docs/draw_storyteller.py``; it reads ``benchmarks/results/storyteller.json``, writes
``docs/storyteller.svg`` and renews the tables of ``docs/storyteller.md``, each after a comment with its name.
"""

from typing import Any

import matplotlib as mpl
import pages
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from pages import RESULTS, table

RECORD = RESULTS / "storyteller.json"
BOOKS = {"grimm": "Grimm", "shakespeare": "Tiny Shakespeare"}
# Colours of Okabe and Ito (2008), and dashes, so that no line depends on its colour.
CELLS = {"RNN": ("#e69f00", ":"), "GRU": ("#56b4e9", "--"), "LSTM": ("#0072b2", "-")}
BEST = "GRU"  # of those that were tried at the best setting
QUALITY = [("grimm", "LSTM"), *((f"{book}-best", cell) for book in BOOKS for cell in ("LSTM", BEST))]
BASELINES = ("unigram", "bigram", "gzip", "xz", "5-gram")
COPIED = ("the book's end", *(f"temperature {t}" for t in ("0", "0.5", "1", "2")))

Rows = dict[tuple[str, str], dict[str, Any]]


def rows_of(text: str) -> Rows:
    """Return the record's rows by task and model."""
    return pages.by(pages.rows_of(text), "task", "model")


def quality(rows: Rows) -> str:
    """Return what each setting reached on each book."""
    head = [
        "book",
        "setting",
        "model",
        "parameters",
        "steps",
        "accuracy in training",
        "validation",
        "bits",
        "test",
        "last tenth",
    ]
    lines = []
    for task, cell in QUALITY:
        if (row := rows.get((task, cell))) is None:
            continue
        book, _, best = task.partition("-")
        course = row["training"]
        numbers = [
            f"{row['costs']['parameters'] / 1000:.0f} k",
            f"{course['step'][-1]:,}",
            f"{course['accuracy'][-1]:.3f}",
            f"{row['validation']:.3f}",
            f"{row['validation'] / 0.6931472:.3f}",
            seeds(row),
            f"{row['measures']['held-out nats']:.3f}",
        ]
        lines.append([BOOKS[book], "best in the time" if best else "the course's", cell, *numbers])
    return table(head, lines, words=3)


def seeds(row: dict[str, Any]) -> str:
    """Return the mean test score, and the lowest and highest seed where there are several."""
    scores = list(row["scores"].values())
    span = f" ({min(scores):.3f} to {max(scores):.3f})" if len(scores) > 1 else ""
    return f"{row['test']:.3f}{span}"


def baselines(rows: Rows) -> str:
    """Return the test scores of what learns nothing by gradient."""
    tasks = {"grimm": "grimm", "shakespeare": "shakespeare-equal"}
    kept = {book: task for book, task in tasks.items() if (task, "unigram") in rows}
    lines = [[name, *(f"{rows[task, name]['test']:.3f}" for task in kept.values())] for name in BASELINES]
    return table(["baseline", *(BOOKS[book] for book in kept)], lines)


def equal(rows: Rows) -> str:
    """Return RNN, GRU and LSTM side by side, after equal steps and after equal time."""
    head = ["book", "model", "parameters", "validation after all steps", "test", "steps", "validation in equal time"]
    lines = []
    for book, title in BOOKS.items():
        found = {cell: rows[f"{book}-equal", cell] for cell in CELLS if (f"{book}-equal", cell) in rows}
        courses = {cell: row["training"] for cell, row in found.items()}
        time = min((course["seconds"][-1] for course in courses.values()), default=0.0)
        for cell, row in found.items():
            reached = sum(seconds <= time for seconds in courses[cell]["seconds"])
            lines.append(
                [
                    title,
                    cell,
                    f"{row['costs']['parameters'] / 1000:.0f} k",
                    f"{row['curve']['mean'][-1]:.3f}",
                    seeds(row),
                    f"{courses[cell]['step'][reached - 1]:,}" if reached else "",
                    f"{row['curve']['mean'][reached - 1]:.3f}" if reached else "",
                ]
            )
    return table(head, lines, words=2)


def samples(rows: Rows, temperatures: tuple[str, str]) -> str:
    """Return the texts that the LSTM wrote as it learnt, five at each step and temperature."""
    titles = {"0": "greedy", **{t: f"temperature {t}" for t in ("0.5", "1", "2")}}
    lines = []
    for step, written in rows["grimm", "LSTM"]["samples"].items():
        cells = ["<br>".join(f"`{shown(text)}`" for text in written[t]) for t in temperatures]
        lines.append([f"{int(step):,}", *cells])
    return table(["step", *(titles[t] for t in temperatures)], lines, words=3)


def shown(text: str) -> str:
    """Return a text on one line as a table of Markdown can hold it: line feeds as the sign for them."""
    return text.replace("\n", "\u21b5").replace("|", "\u00a6").replace("`", "\u00b4")


def copying(rows: Rows) -> str:
    """Return how much the network of each setting copies from its book and repeats itself."""
    head = ["text", "longest copy", "distinct words", "distinct triples"]
    lines = []
    for task, cell, title in (("grimm", "LSTM", "the course's"), ("grimm-best", BEST, "best in the time")):
        if (row := rows.get((task, cell))) is None:
            continue
        for label in COPIED[bool(lines) :]:
            measures = [row["measures"][f"{name}, {label}"] for name in ("longest copy", "distinct-1", "distinct-3")]
            spoken = "greedy" if label == "temperature 0" else label
            name = label if label == COPIED[0] else f"{title}, {spoken}"
            lines.append([name, f"{measures[0]:.0f}", f"{measures[1]:.2f}", f"{measures[2]:.2f}"])
    return table(head, lines)


def page(text: str, rows: Rows) -> str:
    """Return the page with its tables renewed."""
    tables = {
        "quality": quality(rows),
        "baselines": baselines(rows),
        "equal": equal(rows),
        "samples-1": samples(rows, ("0", "0.5")),
        "samples-2": samples(rows, ("1", "2")),
        "copying": copying(rows),
    }
    return pages.renewed(text, {f"table {name}": content for name, content in tables.items()})


def draw_course(loss: Axes, accuracy: Axes, rows: Rows) -> None:
    """Draw the course's LSTM as it learns: nats, and the share of right answers."""
    course = rows["grimm", "LSTM"]["training"]
    loss.plot(course["step"], course["loss"], color="#0072b2", label="training")
    loss.plot(course["step"], course["validation"], color="#d55e00", linestyle="--", label="validation")
    accuracy.plot(course["step"], course["accuracy"], color="#0072b2", label="training")
    loss.set(title="The course's LSTM on Grimm: loss", ylabel="nats per character", xlabel="steps")
    accuracy.set(title="accuracy in training", ylabel="share of right characters", xlabel="steps")
    loss.legend(frameon=False)


def draw_cells(axes: Axes, rows: Rows, book: str) -> None:
    """Draw the validation scores of the three cells against the time of training."""
    for cell, (colour, dash) in CELLS.items():
        course = rows[f"{book}-equal", cell]["training"]
        axes.plot(course["seconds"], course["validation"], color=colour, linestyle=dash, marker=".", label=cell)
    axes.set(title=f"{BOOKS[book]}, equally many parameters", ylabel="validation, nats", xlabel="seconds of training")
    axes.legend(frameon=False)


def main() -> None:
    """Write the picture and the tables."""
    rows = rows_of(pages.read(RECORD))
    with mpl.rc_context(pages.PLAIN):
        compared = [book for book in BOOKS if all((f"{book}-equal", cell) in rows for cell in CELLS)]
        figure = Figure(figsize=(10, 7 if compared else 3.6), layout="constrained")
        panels = figure.subplots(2 if compared else 1, 2, squeeze=False)
        draw_course(panels[0][0], panels[0][1], rows)
        for axes, book in zip(panels[1:].flat, compared, strict=False):
            draw_cells(axes, rows, book)
        for axes in panels.flat[2 + len(compared) :]:
            axes.set_axis_off()
        for axes in panels.flat:
            axes.grid(alpha=0.3)
            axes.title.set_fontsize(10)
    pages.save(figure, "storyteller.svg")
    pages.renew("storyteller.md", page(pages.read(pages.HERE / "storyteller.md"), rows))


if __name__ == "__main__":
    main()
