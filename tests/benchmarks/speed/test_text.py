"""Cases of the generator of text agree before they are timed."""

from benchmarks.speed import text
from benchmarks.speed.timing import measure


def test_both_cases_agree_and_are_measured():
    for contest in (
        text.step("cpu", batch=3, window=5, hidden=8),
        text.writing("cpu", texts=3, length=9, hidden=8),
    ):
        ours, theirs = measure(contest, 2)
        assert len(ours) == len(theirs) == 2
        assert min(ours + theirs) > 0


def test_the_plain_loop_writes_what_is_likeliest():
    ours, plain = text._pair("cpu", 8)
    letter = text.VOCABULARY.characters[5]
    assert text.VOCABULARY.encode(ours.generate(letter, 12, 0)).tolist() == plain.write(5, 12, 0)
