"""What a command writes is never what it reads, nor there already."""

import os
from pathlib import Path

import pytest

from gnn_toolkit.commands.writing import check_written


def test_what_would_be_lost_is_refused(tmp_path: Path):
    mine, link = tmp_path / "mine.csv", tmp_path / "link.csv"
    mine.write_text("a", encoding="utf-8")
    os.link(mine, link)
    new = tmp_path / "new.csv"
    check_written("--out", [new], [mine, None], force=False)
    check_written("--out", [mine], [new], force=True)
    for written, read, force, said in (
        ([mine], [], False, "a file that is not there yet"),
        ([mine], [link], True, "another file than the input"),
        ([tmp_path], [], True, "a name for a file"),
        ([new, tmp_path / "." / "new.csv"], [], True, "names that differ"),
    ):
        with pytest.raises(ValueError, match=f"^--out: expected {said}"):
            check_written("--out", written, read, force=force)
