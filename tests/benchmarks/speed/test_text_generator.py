"""Cases of the generator of text agree before they are timed."""

from benchmarks.speed import text_generator
from benchmarks.speed.timing import measure


def test_both_cases_agree_and_are_measured():
    for contest in (
        text_generator.step("cpu", batch=3, window=5, hidden=8),
        text_generator.writing("cpu", texts=3, length=9, hidden=8),
    ):
        ours, theirs = measure(contest, 2)
        assert len(ours) == len(theirs) == 2
        assert min(ours + theirs) > 0


def test_the_plain_loop_writes_what_is_likeliest():
    ours, plain = text_generator._pair("cpu", 8)
    letter = text_generator.VOCABULARY.characters[5]
    assert text_generator.VOCABULARY.encode(ours.generate(letter, 12, 0)).tolist() == plain.write(5, 12, 0)
