import gzip
import hashlib
import os
import re
from pathlib import Path
from typing import Any

import pytest

from gnn_toolkit.datasets import DatasetCard, DatasetFile, PublishedFigure, cards, load_card, read_card

SHA = "0" * 64
CARD = 'title = "T"\ndescription = "D"\nlicence = "L"\ncitation = "C"\n'
FILE = f'[[files]]\nname = "a.txt"\nurl = "https://example.org/a.txt"\nsha256 = "{SHA}"\nbytes = 3\n'
FIGURE = '[[published]]\nmodel = "M"\nmetric = "accuracy"\nvalue = 1\nsource = "S"\n'


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "mine.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_every_card_of_the_folder_is_found_and_says_what_it_must():
    found = cards()
    folder = Path(__file__).resolve().parents[2] / "datasets"
    assert list(found) == sorted(path.stem for path in folder.glob("*.toml"))
    for name, card in found.items():
        assert card == load_card(name)
        assert card.name == name
        assert all((card.title, card.description.strip(), card.licence, card.citation.strip()))


def test_every_address_is_pinned_to_a_commit_or_to_the_content():
    for card in cards().values():
        for file in card.files:
            assert re.search(r"/[0-9a-f]{40}(/|$)", file.url), file.url


def test_a_card_is_read_in_full(tmp_path: Path):
    headers = 'headers = { Accept = "text/plain" }\n'
    expected = DatasetCard(
        "mine", "T", "D", "L", "C", "a/b",
        published=(PublishedFigure("M", "accuracy", 1, "S"),),
        files=(DatasetFile("a.txt", "https://example.org/a.txt", SHA, 3, {"Accept": "text/plain"}),),
    )  # fmt: skip
    card = read_card(write(tmp_path, CARD + 'folder = "a/b"\n' + FIGURE + FILE + headers))
    assert card == expected
    assert hash(card) == hash(expected)


def test_the_files_are_in_the_folder_of_the_cards_name_unless_it_says_otherwise(tmp_path: Path):
    assert read_card(write(tmp_path, CARD)).folder == "mine"
    assert load_card("cora").folder == "planetoid/Cora/raw"


def test_the_published_figures_of_tiny_shakespeare():
    assert [figure.value for figure in load_card("tinyshakespeare").published] == [1.4697, 1.88]


@pytest.mark.parametrize(
    ("name", "file_name"), [(name, file.name) for name, card in cards().items() for file in card.files]
)
def test_the_card_describes_the_real_file(name: str, file_name: str):
    file, folder = load_card(name).file(file_name), load_card(name).folder
    path = Path(os.environ.get("GNN_TOOLKIT_DATA", "")) / folder / file.name
    packed = path.with_name(f"{path.name}.gz")
    if not path.is_file() and not packed.is_file():
        pytest.skip(f"needs GNN_TOOLKIT_DATA with {folder}/{file.name}")
    content = path.read_bytes() if path.is_file() else gzip.decompress(packed.read_bytes())
    assert (len(content), hashlib.sha256(content).hexdigest()) == (file.bytes, file.sha256)


def test_an_unknown_card_is_answered_with_the_nearest():
    with pytest.raises(ValueError, match="did you mean 'grimm'"):
        load_card("grim")


def test_a_card_without_files_says_so():
    with pytest.raises(ValueError, match=r"file_name: expected no file, got 'a.txt'; 'python_reference' needs none"):
        load_card("python_reference").file("a.txt")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("title = ", r"mine\.toml: expected a TOML file in UTF-8"),
        (CARD.replace("licence", "license"), r"mine\.toml: key: .*got 'license'; did you mean 'licence'"),
        (CARD.replace('"T"', "3"), r"mine\.toml: title: expected a string, got 3"),
        ('title = "T"', r"mine\.toml: description: expected a string, got nothing"),
        (CARD + 'folder = "../a"', r"mine\.toml: folder: expected a relative path .*, got '\.\./a'"),
        (CARD + "files = 3", r"mine\.toml: files: expected an array of tables, got 3"),
        (CARD + "files = [3]", r"mine\.toml, files\[0\]: expected a table, got 3"),
        (CARD + FILE + FILE.replace("bytes = 3", ""), r"files\[1\]: bytes: expected an integer, got nothing"),
        (CARD + FILE.replace("bytes = 3", "bytes = true"), r"files\[0\]: bytes: expected an integer, got True"),
        (CARD + FILE.replace("bytes = 3", "bytes = 0"), r"files\[0\]: bytes: expected a size above zero, got 0"),
        (CARD + FILE.replace("https", "http"), r"files\[0\]: url: expected an https address"),
        (CARD + FILE.replace(SHA, "abc"), r"files\[0\]: sha256: expected 64 hexadecimal digits .*, got 'abc'"),
        (CARD + FILE.replace('"a.txt"', '"../a.txt"'), r"files\[0\]: name: expected a relative path"),
        (CARD + FILE.replace('"a.txt"', '"/a.txt"'), r"files\[0\]: name: expected a relative path"),
        (CARD + FILE + "headers = { Accept = 3 }", r"files\[0\]: headers: Accept: expected a string, got 3"),
        (CARD + FIGURE.replace("= 1", '= "1"'), r"published\[0\]: value: expected a number, got '1'"),
    ],
)  # fmt: skip
def test_a_malformed_card_is_refused_by_file_and_key(tmp_path: Path, text: str, message: str):
    with pytest.raises(ValueError, match=message):
        read_card(write(tmp_path, text))


def test_a_card_in_another_encoding_is_refused(tmp_path: Path):
    path = tmp_path / "mine.toml"
    path.write_bytes(CARD.replace("T", "Märchen").encode("latin-1"))
    with pytest.raises(ValueError, match="expected a TOML file in UTF-8"):
        read_card(path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"name": "../a.txt"}, "name: expected a relative path"),
        ({"name": "a/../../b"}, "name: expected a relative path"),
        ({"name": "/etc/passwd"}, "name: expected a relative path"),
        ({"name": "a\\b"}, "name: expected a relative path"),
        ({"name": ""}, "name: expected a relative path"),
        ({"url": "file:///etc/passwd"}, "url: expected an http or https address"),
        ({"url": "https://"}, "url: expected an http or https address"),
        ({"sha256": "0"}, "sha256: expected 64 hexadecimal digits"),
        ({"bytes": 0}, "bytes: expected a size above zero"),
        ({"bytes": 2.5}, "bytes: expected a size above zero"),
        ({"headers": {"Accept": 3}}, "headers: Accept: expected a string"),
    ],
)
def test_a_file_made_in_python_is_checked_as_one_on_a_card_is(change: dict[str, Any], message: str):
    parts: dict[str, Any] = {"name": "a/b.txt", "url": "https://example.org/b.txt", "sha256": "0" * 64, "bytes": 3}
    DatasetFile(**parts)
    with pytest.raises(ValueError, match=f"^DatasetFile: {message}"):
        DatasetFile(**parts | change)


@pytest.mark.parametrize("key", ["name", "folder"])
@pytest.mark.parametrize("value", ["..", "../a", "/a", "a/../../b"])
def test_a_card_made_in_python_leads_to_no_other_folder(key: str, value: Any):
    parts: dict[str, Any] = {"name": "a", "title": "", "description": "", "licence": "", "citation": ""}
    with pytest.raises(ValueError, match=rf"^DatasetCard: {key}: expected a relative path"):
        DatasetCard(**{**parts, key: value})
