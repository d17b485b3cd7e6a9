"""The picture of what edges add to text: every difference of docs/documents.md with its interval.

Run ``python docs/draw_documents.py`` after ``text_tables.py``, which writes the two tables that it reads; it writes
``docs/documents.svg``.
"""

import re
from dataclasses import dataclass

import matplotlib as mpl
import pages
from matplotlib.axes import Axes
from matplotlib.figure import Figure

NAMES = {"trec": "TREC", "mr": "MR", "r8": "R8", "r52": "R52", "ohsumed": "Ohsumed", "20ng": "20 Newsgroups"}
# What a table calls a comparison, and the question that it answers; the question names what is set against what.
QUESTIONS = {
    "order of words": "the order of words: a path, against a bag",
    "graph of words": "a graph of words, against a bag",
    "which words": "a graph of words, against its edges shuffled",
    "graph or path": "a graph of words, against a path both ways",
    "graph of the corpus": "the graph of the corpus, against a wide perceptron",
    "edges between words": "the same, against no edges between words",
    "between which words": "the same, against edges between other words",
}
ROW = re.compile(r"^\| ([\w ,]+) \| (\w+) \| .* \| ([+-][\d.]+) \[([+-][\d.]+), ([+-][\d.]+)\] \|$", re.MULTILINE)
ABOVE, BELOW, ACROSS = "#0072b2", "#d55e00", "#999999"


@dataclass(frozen=True)
class Difference:
    """A difference of test accuracy in points, with its interval.

    Attributes:
        corpus: what it was measured on.
        mean: the difference.
        low: where its interval begins.
        high: where it ends.
    """

    corpus: str
    mean: float
    low: float
    high: float

    @property
    def colour(self) -> str:
        """The colour that says on which side of zero the interval lies, if on one."""
        return ABOVE if self.low > 0 else BELOW if self.high < 0 else ACROSS


def differences(page: str) -> dict[str, list[Difference]]:
    """Return the differences of the page by question, the shorter documents first."""
    found: dict[str, list[Difference]] = {what: [] for what in QUESTIONS}
    for what, task, *numbers in ROW.findall(page):
        if what in found:
            found[what].append(Difference(NAMES[task], *(100 * float(number) for number in numbers)))
    order = list(NAMES.values())
    return {what: sorted(rows, key=lambda row: order.index(row.corpus)) for what, rows in found.items() if rows}


def draw(axes: Axes, found: dict[str, list[Difference]]) -> None:
    """Draw a line for each difference, below its question."""
    place, ticks, labels = 0.0, [], []
    for what, rows in found.items():
        axes.text(0.0, place, QUESTIONS[what], transform=axes.get_yaxis_transform(), va="center", fontweight="bold")
        place += 1
        for row in rows:
            axes.plot([row.low, row.high], [place, place], color=row.colour, linewidth=2)
            axes.plot(row.mean, place, "o", color=row.colour, markersize=5)
            ticks.append(place)
            labels.append(row.corpus)
            place += 1
        place += 0.5
    axes.axvline(0, color="#444444", linewidth=0.8, zorder=0)
    axes.set_yticks(ticks, labels)
    axes.set_ylim(place - 0.5, -1)
    axes.set_xlabel("points of test accuracy that the first has more, 95 % interval over seeds and documents")
    axes.tick_params(axis="y", length=0)
    axes.spines[["top", "right", "left"]].set_visible(False)


def main() -> None:
    """Write the picture."""
    found = differences(pages.read(pages.HERE / "documents.md"))
    with mpl.rc_context(pages.PLAIN):
        rows = sum(len(some) + 1.5 for some in found.values())
        figure = Figure(figsize=(8, 0.27 * rows + 0.8), layout="constrained")
        draw(figure.subplots(), found)
        pages.save(figure, "documents.svg")


if __name__ == "__main__":
    main()
