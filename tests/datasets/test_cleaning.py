"""The authors' cleaning: on their own text it gives their own file, byte for byte."""

from collections.abc import Callable
from pathlib import Path

import pytest

from gnn_toolkit.datasets import STOP_WORDS, clean_documents, clean_text, load_documents


def test_the_published_text_cleaned_is_the_published_cleaned_text(data_folder: Callable[[str], Path]):
    raw = data_folder("text_gcn/data/corpus/mr.txt").read_bytes().decode("latin-1").split("\n")
    published = load_documents("MR").texts
    assert clean_documents(raw, min_count=1, stop_words=())[: len(published)] == published


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("We've won, they'll say!", "we 've won , they 'll say !"),
        ("Don't you'd he's we're", "do n't you 'd he 's we 're"),
        ("(why?)", "\\( why \\? \\)"),
        ("caf\xe9-bar 3.5%", "caf bar 3 5"),
        ("  ", ""),
    ],
)
def test_marks_and_contractions_stand_alone(text: str, cleaned: str):
    assert clean_text(text) == cleaned


def test_words_are_counted_before_stop_words_go():
    texts = ["the cat sat", "the cat", "a dog"]
    assert clean_documents(texts, min_count=2) == ("cat", "cat", "")
    assert clean_documents(texts, min_count=2, stop_words=()) == ("the cat", "the cat", "")
    assert clean_documents(texts, min_count=1) == ("cat sat", "cat", "dog")


def test_the_stop_words_are_those_of_the_published_corpora(data_folder: Callable[[str], Path]):
    data_folder("text_gcn/data/corpus/R8.clean.txt")
    assert len(STOP_WORDS) == 179
    assert not STOP_WORDS & {word for text in load_documents("R8").texts for word in text.split()}


def test_a_count_below_one_is_refused():
    with pytest.raises(ValueError, match="min_count"):
        clean_documents(["a"], min_count=0)
