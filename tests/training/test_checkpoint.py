import pickle
import sys
from pathlib import Path
from typing import IO, Any

import pytest
import torch

from gnn_toolkit.training import load_checkpoint, save_checkpoint, write_atomically


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_is_written_into_a_folder_that_is_made(tmp_path: Path):
    path = tmp_path / "a" / "b" / "file.bin"
    write_atomically(path, lambda file: file.write(b"new"))
    assert path.read_bytes() == b"new"
    write_atomically(path, lambda file: file.write(b"newer"))
    assert path.read_bytes() == b"newer"
    assert names(path.parent) == ["file.bin"]


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, SystemExit])
@pytest.mark.parametrize("old", [b"old", None])
def test_an_error_on_the_way_leaves_the_old_file_and_no_litter(
    tmp_path: Path, error: type[BaseException], old: bytes | None
):
    path = tmp_path / "file.bin"
    if old is not None:
        path.write_bytes(old)

    def fail(file: IO[bytes]) -> None:
        file.write(b"half of the n")
        file.flush()
        raise error

    with pytest.raises(error):
        write_atomically(path, fail)
    assert names(tmp_path) == ([] if old is None else ["file.bin"])
    assert old is None or path.read_bytes() == old


def test_a_file_is_not_in_its_place_until_it_is_whole(tmp_path: Path):
    path = tmp_path / "file.bin"
    path.write_bytes(b"old")
    seen: list[bytes] = []

    def write(file: IO[bytes]) -> None:
        for _ in range(3):
            file.write(b"new")
            file.flush()
            seen.append(path.read_bytes())

    write_atomically(path, write)
    assert seen == [b"old"] * 3
    assert path.read_bytes() == b"newnewnew"


def test_a_target_that_cannot_be_replaced_leaves_no_litter(tmp_path: Path):
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError, match="folder"):
        write_atomically(tmp_path / "folder", lambda file: file.write(b"x"))
    assert names(tmp_path) == ["folder"]


def test_a_state_comes_back_as_it_was_saved(tmp_path: Path):
    path = tmp_path / "run.pt"
    state: dict[str, Any] = {
        "model": {"w": torch.arange(3.0), "n": torch.tensor(2)},
        "random": torch.get_rng_state(),
        "history": {"step": [1, 2], "best": None, "name": "a"},
        "seconds": 0.5,
    }
    assert load_checkpoint(path) is None
    save_checkpoint(path, state)
    found = load_checkpoint(path)
    assert found is not None
    assert found["model"]["w"].equal(state["model"]["w"])
    assert found["random"].equal(state["random"])
    assert (found["history"], found["seconds"]) == (state["history"], state["seconds"])
    assert names(tmp_path) == ["run.pt"]


def test_a_state_that_cannot_be_saved_leaves_the_old_one(tmp_path: Path):
    path = tmp_path / "run.pt"
    save_checkpoint(path, {"a": 1})
    with pytest.raises((pickle.PicklingError, AttributeError, TypeError)):
        save_checkpoint(path, {"a": 2, "b": lambda: None})
    assert load_checkpoint(path) == {"a": 1}
    assert names(tmp_path) == ["run.pt"]


class Unsafe:
    """An object that runs code as it is unpickled."""

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return exec, ("import sys; sys.unsafe_code_has_run = True",)


def test_a_pickled_object_is_refused_and_not_run(tmp_path: Path):
    path = tmp_path / "run.pt"
    save_checkpoint(path, {"model": Unsafe()})
    with pytest.raises(
        ValueError, match=r"run\.pt: expected a checkpoint of tensors and plain values, got Weights only"
    ):
        load_checkpoint(path)
    assert not hasattr(sys, "unsafe_code_has_run")


@pytest.mark.parametrize("damage", ["cut", "bit", "digit", "empty"])
def test_a_damaged_checkpoint_is_named_and_set_aside(tmp_path: Path, damage: str):
    path = tmp_path / "run.pt"
    for _ in range(2):
        save_checkpoint(path, {"a": torch.ones(1000)})
        content = bytearray(path.read_bytes())
        content[{"bit": 900, "digit": 30}.get(damage, 0)] ^= damage in ("bit", "digit")
        path.write_bytes(content[: {"cut": 500, "empty": 0}.get(damage)])
        with pytest.warns(
            UserWarning, match=r"run\.pt: expected a whole checkpoint, got a damaged one; it is set aside"
        ):
            assert load_checkpoint(path) is None
    assert names(tmp_path) == ["run.pt.damaged", "run.pt.damaged1"]


def test_a_file_that_is_no_checkpoint_is_neither_loaded_nor_overwritten(tmp_path: Path):
    path = tmp_path / "diary.txt"
    path.write_text("Dear diary")
    with pytest.raises(ValueError, match=r"diary\.txt: expected a checkpoint that save_checkpoint wrote, got another"):
        load_checkpoint(path)
    with pytest.raises(FileExistsError, match=r"diary\.txt: expected no file, or a checkpoint, got another file"):
        save_checkpoint(path, {"a": 1})
    assert names(tmp_path) == ["diary.txt"]
    assert path.read_text() == "Dear diary"
