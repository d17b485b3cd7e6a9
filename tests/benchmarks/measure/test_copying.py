import pytest

from benchmarks.measure.copying import Copying, distinct


def test_the_longest_copy_is_that_of_all_stretches():
    source, text = "abcabdabcde", "xabdabczabcde"
    stretches = {text[i:j] for i in range(len(text)) for j in range(i + 1, len(text) + 1)}
    assert Copying(source).longest(text) == max(len(s) for s in stretches if s in source) == 6
    assert Copying(source).longest("xyz") == 0
    assert Copying("the cat sat on the mat, the dog").longest("a cat sat on the mat and the dog") == len(
        " cat sat on the mat"
    )


def test_a_loop_has_few_different_triples_of_words():
    found = Copying("a word the word").of(["the word " * 10, "one two three four"], "greedy")
    assert found["longest copy, greedy"] == len(" word the word")
    assert found["distinct-1, greedy"] == pytest.approx((2 / 20 + 1) / 2)
    assert found["distinct-3, greedy"] == pytest.approx((2 / 18 + 1) / 2)
    assert distinct("one two", 3) == 1.0
