"""Expressions are computed; the generator keeps to its settings; the published file agrees with both."""

import random
from collections import Counter
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import pytest

from gnn_toolkit.datasets import Expression, ListOps, load_listops, read_listops


@pytest.mark.parametrize(
    ("text", "value", "depth"),
    [
        ("7", 7, 0),
        ("[MAX 2 9 0 ]", 9, 1),
        ("[MIN 2 9 [SM 5 5 ] ]", 0, 2),
        ("[MED 1 2 ]", 1, 1),
        ("[MED 9 1 8 ]", 8, 1),
        ("[MED 1 9 2 8 ]", 5, 1),
        ("[SM [SM 9 9 ] [MAX [MED 3 4 5 ] 1 ] 5 ]", 7, 3),
    ],
)
def test_values_and_depths(text: str, value: int, depth: int):
    found = Expression.of(text.split())
    assert (found.value, found.depth) == (value, depth)
    assert found.tree().depth == depth
    assert found.values()[-1] == value


def test_a_closing_bracket_is_the_parent_of_operator_and_arguments():
    tree = Expression.of(["[MAX", "2", "[MIN", "4", "7", "]", "0", "]"]).tree()
    assert tree.parents == (7, 7, 5, 5, 5, 7, 7, -1)
    assert tree.words == tree.tokens


@pytest.mark.parametrize("text", ["", "[MAX 1", "1 2", "[MAX ]", "]", "[MAX 1 ] ]", "[SUM 1 2 ]", "12"])
def test_what_is_no_expression_is_refused(text: str):
    with pytest.raises(ValueError, match="tokens: expected"):
        Expression.of(text.split())


def test_the_generator_keeps_to_its_settings():
    source = ListOps(max_depth=3, min_depth=2, min_arguments=3, max_arguments=4, max_length=40)
    drawn = source.draw(500, 1)
    assert {one.depth for one in drawn} == {2, 3}
    assert len({one.tokens for one in drawn}) == 500
    assert max(len(one.tokens) for one in drawn) <= 40
    arguments = {
        len([p for p in one.tree().parents if p == node]) - 1
        for one in drawn
        for node in set(one.tree().parents) - {-1}
    }
    assert arguments == {3, 4}
    assert drawn == source.draw(500, 1)
    assert drawn != source.draw(500, 2)
    without = frozenset(one.tokens for one in drawn)
    assert not without & {one.tokens for one in source.draw(500, 1, without=without)}


def test_an_operator_comes_with_the_probability_asked_for():
    drawn = ListOps(max_depth=1).draw(3000, 0)  # a digit is drawn ten times at most: the rest are operators of digits
    operators = Counter(one.tokens[0] for one in drawn if one.depth)
    assert all(abs(count - 747.5) < 90 for count in operators.values())
    deep = ListOps(min_depth=1, max_depth=2).draw(4000, 0)
    inside = [
        token.startswith("[") for one in deep for token in one.tokens[1:-1] if one.depth == 2 or len(one.tokens) > 5
    ]
    assert 0.1 < sum(inside) / len(inside) < 0.25


def test_the_stream_goes_on_with_the_settings():
    source = ListOps(max_depth=2, min_depth=1, max_length=20)
    drawn = list(islice(source.stream(random.Random(5)), 300))
    assert {one.depth for one in drawn} == {1, 2}
    assert max(len(one.tokens) for one in drawn) <= 20
    assert 0 in {one.depth for one in islice(ListOps().stream(random.Random(5)), 20)}


def test_settings_that_cannot_be_are_refused():
    with pytest.raises(ValueError, match="min_arguments: expected at most max_arguments, 1, got 2"):
        ListOps(max_arguments=1)
    with pytest.raises(ValueError, match="max_length: expected room"):
        ListOps(min_depth=3, max_length=8)
    with pytest.raises(ValueError, match="count: expected 11 different expressions, got 10 after"):
        ListOps(operator_rate=0.0).draw(11, 0)


def test_the_published_file_agrees_with_what_is_computed(data_folder: Callable[[str], Path]):
    data_folder("listops/test_d20s.tsv")
    found = load_listops()
    assert len(found) == 10_000
    depths = Counter(one.depth for one in found)
    assert [depths[k] for k in (0, 1, 2, 7, 19)] == [1, 2093, 2339, 404, 324]
    assert max(len(one.tokens) for one in found) == 939
    assert Counter(one.value for one in found)[9] == 1141


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("9\t( ( ( [MAX 2 ) 9 ) ] )\n8\t( ( ( [MAX 2 ) 9 ) ] )", "line 2, column 1: expected the value 9, got '8'"),
        ("9 ( ( ( [MAX 2 ) 9 ) ] )", "line 1, column 1: expected a value, a tab"),
        ("9\t( ( ( [MAX 2 ) 9 ) ]", "line 1, column 1: expected a bracket that is closed"),
        ("9\t( ( [MAX 2 ) 9 )", "line 1, column 3: expected an expression"),
    ],
)
def test_a_malformed_line_is_named(tmp_path: Path, text: str, message: str):
    path = tmp_path / "mine.tsv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError) as caught:
        read_listops(path)
    assert f"mine.tsv, {message}" in str(caught.value)
