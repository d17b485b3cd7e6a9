"""Words of any script, and their codes."""

import pytest

from gnn_toolkit.graphs import WordVocabulary, tokenize
from gnn_toolkit.graphs.words import words_of


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("It's 3.5, OK?", ["it's", "3", ".", "5", ",", "ok", "?"]),
        ("'quoted' don\u2019t", ["'", "quoted", "'", "don\u2019t"]),
        ("Привет, мир", ["привет", ",", "мир"]),
        ("مرحبا بالعالم", ["مرحبا", "بالعالم"]),
        ("हिन्दी में", ["हिन्दी", "में"]),
        ("東京tower 은하", ["東", "京", "tower", "은하"]),
        ("ナイフ", ["ナ", "イ", "フ"]),
        ("cafe\u0301 😀", ["caf\u00e9", "😀"]),
        (" \n", []),
    ],
)
def test_words_of_every_script(text: str, words: list[str]):
    assert tokenize(text) == words


def test_an_unknown_word_has_code_0_and_an_empty_text_is_one():
    vocabulary = WordVocabulary.of(["b a b", ["c", "b c"]])
    assert vocabulary.words == ("a", "b", "b c", "c")
    assert len(vocabulary) == 5
    assert vocabulary.encode("c x a").tolist() == [4, 0, 1]
    assert vocabulary.document("b b").x.tolist() == [2, 2]  # pyright: ignore[reportOptionalMemberAccess]
    empty = vocabulary.document("")
    assert (empty.num_nodes, empty.num_edges, empty.x.tolist()) == (1, 0, [0])  # pyright: ignore[reportOptionalMemberAccess]


def test_all_texts_are_encoded_one_after_another():
    codes, lengths = WordVocabulary(["a", "b"]).encode_all(["b a", "", ["x"]])
    assert codes.tolist() == [2, 1, 0]
    assert lengths.tolist() == [2, 0, 1]


def test_rare_words_are_left_out_and_something_must_be_left():
    assert WordVocabulary.of(["a b", "b"], min_count=2).words == ("b",)
    for texts, count in ((["a b"], 2), (["", []], 1), ([], 1)):
        with pytest.raises(ValueError, match="at least one word that comes"):
            WordVocabulary.of(texts, min_count=count)
    with pytest.raises(ValueError, match="'a' twice"):
        WordVocabulary(["a", "b", "a"])


def test_a_string_is_cut_and_a_sequence_is_not():
    assert words_of("New York") == ["New", "York"]
    assert words_of(["New York"]) == ["New York"]
