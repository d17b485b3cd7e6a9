"""The page of an explanation: what a word weighs is how it is coloured; what a text says is never markup."""

import re

from gnn_toolkit.analysis.explanation_page import explanation_page


def test_words_are_coloured_by_their_weights():
    page = explanation_page([("good", 0.4), ("bad", -0.2), ("film", 0.0), (".", 0.0)], "pos", 0.75, [("neg", 0.25)])
    shades = re.findall(r'background:rgba\((\d+,\d+,\d+),([\d.]+)\)" title="([^"]+)">([^<]+)<', page)
    assert shades == [
        ("33,102,172", "0.750", "+0.4000", "good"),
        ("178,24,43", "0.375", "-0.2000", "bad"),
        ("178,24,43", "0.000", "+0.0000", "film"),
        ("178,24,43", "0.000", "+0.0000", "."),
    ]
    assert "<h1>pos: 0.750</h1>" in page
    assert "others: neg 0.250" in page
    assert "</span><span" in page  # no space before a full stop


def test_a_text_is_no_markup():
    page = explanation_page([("<script>", 0.1), ("&", 0.2)], "<b>", 0.5)
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    assert "<h1>&lt;b&gt;: 0.500</h1>" in page


def test_a_text_without_words_has_a_page():
    assert "a text without words" in explanation_page([], "pos", 0.5)
