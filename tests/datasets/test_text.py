import os
from pathlib import Path
from pydoc_data.topics import topics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gnn_toolkit.datasets import TextSplit, load_text, read_text, split_text, strip_gutenberg

HEAD = "\ufeffTitle: A\n\n*** START OF THIS PROJECT GUTENBERG EBOOK A ***\n\n\n"
TAIL = "\n*** END OF THIS PROJECT GUTENBERG EBOOK A ***\n\nProduced by B\n*** START: FULL LICENSE ***\n"
BOOK = "A TALE\n\n     Once.\n\n*****\n\nThe end.\n"


def real(name: str, file_name: str) -> None:
    if not (Path(os.environ.get("GNN_TOOLKIT_DATA", "")) / name / file_name).is_file():
        pytest.skip(f"needs GNN_TOOLKIT_DATA with {name}/{file_name}")


def test_the_python_reference_holds_every_topic_in_order():
    text = load_text()
    place = 0
    for name in sorted(topics):
        place = text.index(topics[name].strip(), place) + len(topics[name].strip())
    assert place == len(text) - 1
    assert text.startswith('The "assert" statement\n')
    assert text.endswith("\n")
    assert "\r" not in text
    assert len(text) > 400_000


def test_grimm_begins_with_its_title_and_ends_with_its_last_words():
    real("grimm", "grimm.txt")
    text = load_text("grimm")
    assert text.startswith("FAIRY TALES\n\nBy The Brothers Grimm\n")
    assert text.endswith("essential ingredient of children\u2019s reading ever\nsince.\n")
    assert "Gutenberg" not in text
    assert "Dudding" not in text
    assert len(text) == 520_738


def test_grimm_in_full_has_the_licence_but_no_byte_order_mark():
    real("grimm", "grimm.txt")
    text = load_text("grimm", strip=False)
    assert text.startswith("The Project Gutenberg EBook of Grimms\u2019 Fairy Tales")
    assert len(text) == 540_240
    assert load_text("grimm") in text


def test_tiny_shakespeare_is_left_as_it_is():
    real("tinyshakespeare", "input.txt")
    text = load_text("tinyshakespeare")
    assert text.startswith("First Citizen:\nBefore we proceed any further, hear me speak.\n")
    assert (len(text), len(set(text)), text.count("\n")) == (1_115_394, 65, 40_000)
    assert text == load_text("tinyshakespeare", strip=False)


def test_the_split_of_nanogpt_is_had_with_a_tenth_held_out():
    real("tinyshakespeare", "input.txt")
    split = split_text(load_text("tinyshakespeare"), validation=0.1, test=0)
    assert [len(part) for part in split] == [1_003_854, 111_540, 0]


def test_line_ends_and_byte_order_mark_of_a_file_are_normalised(tmp_path: Path):
    path = tmp_path / "own.txt"
    path.write_bytes(b"\xef\xbb\xbf" + (HEAD[1:] + BOOK + TAIL).replace("\n", "\r\n").encode())
    assert read_text(path, strip=False) == HEAD[1:] + BOOK + TAIL
    assert read_text(str(path)) == BOOK


def test_a_file_in_another_encoding_is_refused(tmp_path: Path):
    path = tmp_path / "own.txt"
    path.write_bytes("Märchen".encode("latin-1"))
    with pytest.raises(
        ValueError, match=r"own\.txt: expected a text file in UTF-8, got .*; read it with encoding latin-1"
    ):
        read_text(path)


def test_an_unknown_text_is_answered_with_the_nearest():
    with pytest.raises(ValueError, match=r"name: .*got 'shakespeare'; did you mean 'tinyshakespeare'\?"):
        load_text("shakespeare")


@pytest.mark.parametrize(
    "credit",
    [
        "",
        "Produced by A. Person and the Online\nProofreading Team\n\n\n",
        "E-text prepared by A. Person\n\n",
        "Transcribed from the 1905 edition by A. Person, email a@example.org\n\n",
        "Produced by A. Person\n\n[Transcriber's Note: spelling\nwas kept.]\n\n",
    ],
)
@pytest.mark.parametrize(
    "closing", ["", "\n\n\nEnd of Project Gutenberg\u2019s A, by\nB\n", "\nEnd of the Project Gutenberg EBook of A\n"]
)
def test_a_book_is_taken_out_of_its_frame(credit: str, closing: str):
    assert strip_gutenberg(HEAD + credit + BOOK + closing + TAIL) == BOOK


def test_the_marks_of_later_editions_are_known():
    text = "x\n***START OF THE PROJECT GUTENBERG EBOOK A***\n" + BOOK + "***END OF THE PROJECT GUTENBERG EBOOK A***\ny"
    assert strip_gutenberg(text) == BOOK


@pytest.mark.parametrize("text", ["", "  Plain text, \n", "*** START OF A CHAPTER ***\nProduced by hand\n"])
def test_a_text_from_elsewhere_is_left_as_it_is(text: str):
    assert strip_gutenberg(text) == text


def test_a_frame_with_one_end_missing_is_cut_where_it_can_be():
    assert strip_gutenberg(HEAD + BOOK) == BOOK
    assert strip_gutenberg(BOOK + TAIL) == BOOK


@given(st.text("ab\n", min_size=40), st.floats(0.05, 0.4), st.floats(0.05, 0.4))
def test_the_stretches_are_the_text_and_have_their_shares(text: str, validation: float, test: float):
    split = split_text(text, validation, test)
    assert "".join(split) == text
    assert abs(len(split.validation) - validation * len(text)) <= 1
    assert abs(len(split.test) - test * len(text)) <= 1


def test_shares_of_nothing_leave_the_whole_text():
    assert split_text("ab", 0, 0) == TextSplit("ab", "", "")


@pytest.mark.parametrize(("text", "got"), [("", "got 0"), ("abc", "got 3")])
def test_a_text_too_short_is_refused(text: str, got: str):
    with pytest.raises(ValueError, match=f"text: expected enough characters for shares of 0.05 and 0.05, {got}"):
        split_text(text)


@pytest.mark.parametrize("share", [-0.1, 1, 1.5, float("nan")])
@pytest.mark.parametrize("argument", ["validation", "test"])
def test_a_share_out_of_range_is_refused(argument: str, share: float):
    with pytest.raises(ValueError, match=f"{argument}: expected a share of at least 0 and below 1, got {share}"):
        split_text("a" * 100, **{argument: share})


def test_shares_that_leave_nothing_to_train_on_are_refused():
    with pytest.raises(ValueError, match=r"validation \+ test: expected less than 1, got 0\.5 \+ 0\.5"):
        split_text("a" * 100, 0.5, 0.5)
