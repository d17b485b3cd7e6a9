"""Tables of edges are read as their lines mean them."""

from typing import Any

import pytest

from gnn_toolkit.graphs.edge_lists import read_table


@pytest.mark.parametrize(
    ("text", "edges", "options"),
    [
        ("1 2\n2 3", [(1, 2, {}), (2, 3, {})], {"nodetype": "int"}),
        ("a\tb\t1\nb\tc\t2.5", [("a", "b", {"weight": 1.0}), ("b", "c", {"weight": 2.5})],
         {"delimiter": "'\\t'", "data": "[('weight', float)]"}),
        ("source,target\n1,2", [(1, 2, {})], {"delimiter": "','", "nodetype": "int"}),
        ("u;v;km;kind\n1;2;3;x", [(1, 2, {"km": 3, "kind": "x"})],
         {"delimiter": "';'", "nodetype": "int", "data": "[('km', int), ('kind', str)]"}),
        ("% konect\n1 2 -1 9\n", [(1, 2, {"weight": -1, "attribute2": 9})],
         {"comments": "'%'", "nodetype": "int", "data": "[('weight', int), ('attribute2', int)]"}),
        ("# a\n\na b # c\n", [("a", "b", {})], {}),
        ("Bern,Rome\nRome,Oslo", [("Bern", "Rome", {}), ("Rome", "Oslo", {})], {"delimiter": "','"}),
        ("Bern,Rome,7", [("Bern", "Rome", {"weight": 7})], {"delimiter": "','", "data": "[('weight', int)]"}),
        ("city,other,km\nBern,Rome,7", [("Bern", "Rome", {"km": 7})],
         {"delimiter": "','", "data": "[('km', int)]"}),
        ("1,b\n2,c", [("1", "b", {}), ("2", "c", {})], {"delimiter": "','"}),
    ],
)  # fmt: skip
def test_a_table_has_its_edges_and_options(text: str, edges: list[Any], options: dict[str, str]):
    table = read_table(text)
    assert table is not None
    assert list(table.graph().edges(data=True)) == edges
    assert table.options == options
    assert table.lines == len(edges)


def test_lines_of_different_lengths_are_no_table():
    assert read_table("a b c\nb c\n") is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no line with an edge"),
        ("# a", "no line with an edge"),
        ("a\nb", "a line with one cell: 'a'"),
        ("a,b\nb,c,1", "line 2 has 3 cells, not 2 as line 1"),
        ('"a, b",c,1\nd,e,2', "cells in quotes"),
        (",source,target\n0,a,b", "the ends are in the columns 'source' and 'target': make them the first two"),
        ("id,from,to\nx,a,b", "the ends are in the columns 'from' and 'to': make them the first two"),
        ("target,source\na,b", "the ends are in the columns 'source' and 'target': make them .*, in this order"),
        (",one,two\n0,a,b", "the first column has no name: if it holds numbers of rows"),
    ],
)
def test_a_table_that_would_be_misread_is_refused(text: str, message: str):
    with pytest.raises(ValueError, match=message):
        read_table(text)
