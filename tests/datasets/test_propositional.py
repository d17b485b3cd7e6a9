"""Pairs of formulas: the published counts, and what is malformed."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from gnn_toolkit.datasets import draw_formulas, load_formulas, read_formulas


def test_the_published_counts(data_folder: Callable[[str], Path]):
    data_folder("proplogic/test2.gz")
    pairs = load_formulas("test", 2)
    assert len(pairs) == 2198
    operators = [max(sum(w in ("and", "or", "not") for w in t.words) for t in (p.first, p.second)) for p in pairs]
    assert set(operators) == {2}
    assert all(set(Counter(p.first.parents).values()) <= {1, 2} for p in pairs)
    drawn = draw_formulas("test", [2], 50)
    assert len({(one.first, one.second) for one in drawn} & {(one.first, one.second) for one in pairs}) == 50
    assert drawn == draw_formulas("test", [2], 50) != draw_formulas("test", [2], 50, seed=1)
    assert len(draw_formulas("test", [2], 5000)) == 2198
    with pytest.raises(ValueError, match="operators: expected at most 12, got 13"):
        load_formulas("test", 13)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("?\ta\tb", "line 1, column 1: expected one of # < = > ^ v |, and two formulas, parted by tabs, got '?' and 2"),
        ("#\ta", "line 1, column 1: expected one of"),
        ("#\ta\tb\n#\ta\t( a ( and b )", "line 2, column 1: expected a bracket that is closed"),
        ("#\ta\t( a and b )", "line 1, column 11: expected two parts between brackets, got 3"),
    ],
)
def test_a_malformed_line_is_named(tmp_path: Path, text: str, message: str):
    path = tmp_path / "mine"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError) as caught:
        read_formulas(path)
    assert f"mine, {message}" in str(caught.value)
