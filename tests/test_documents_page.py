"""The picture of the page on documents has every difference of its tables."""

import re

import pages
import pytest
from draw_documents import ABOVE, ACROSS, BELOW, QUESTIONS, Difference, differences, draw
from matplotlib.figure import Figure
from text_tables import COMPARED

PAGE = pages.read(pages.HERE / "documents.md")


def test_every_difference_is_drawn_below_its_question():
    compared = {what for name in ("documents", "documents-large") for what, *_ in COMPARED[name]}
    assert set(QUESTIONS) == compared
    found = differences(PAGE)
    tables = re.findall(r"<!-- table added.* -->\n((?:\|.*\n)+)", PAGE)
    assert len(tables) == 2
    assert sum(len(rows) for rows in found.values()) == sum(table.count("\n") - 2 for table in tables)
    axes = Figure().subplots()
    draw(axes, found)
    assert [label.get_text() for label in axes.get_yticklabels()] == [r.corpus for rows in found.values() for r in rows]
    assert {text.get_text() for text in axes.texts} == set(QUESTIONS.values())


def test_a_row_is_read_in_points_and_coloured_by_its_side_of_zero():
    row = "| which words | r52 | GCN on graph of words | GCN on shuffled graph of words | +0.014 [+0.006, +0.023] |"
    (found,) = differences(row)["which words"]
    assert (found.corpus, found.mean, found.low, found.high) == ("R52", *map(pytest.approx, (1.4, 0.6, 2.3)))
    sides = [Difference("R52", 0.0, *ends).colour for ends in ((0.1, 1.0), (-1.0, -0.1), (-1.0, 1.0), (-0.0, 1.0))]
    assert sides == [ABOVE, BELOW, ACROSS, ACROSS]
