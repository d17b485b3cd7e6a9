"""The files of records: one JSON file a trial, written whole or not at all, sealed with a checksum, read with care.

A file counts only if everything in it fits: its schema, its checksum, the kind of every value, and its name, which
holds a hash of the trial. What does not fit is named with its reason; the other files go on.
"""

import hashlib
import json
import os
import stat
from collections.abc import Callable, Iterable
from dataclasses import MISSING, asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from gnn_toolkit.training import write_atomically

from .record_checks import misfit
from .records import Record, Trial, fingerprint

SCHEMA = 3  # 1: without schema, checksum and units; 2: of one metric, which selects and tests
LARGEST = 64 * 2**20  # bytes; a record of 10,000 validations has two million
ASIDE = "aside"  # the folder, beside the records, of files that could not be read


@dataclass(frozen=True)
class Problem:
    """A file that is no record, and why."""

    path: Path
    reason: str

    def __str__(self) -> str:
        return f"{self.path}: {self.reason}"


@dataclass(frozen=True)
class Survey:
    """What lies in a run's folder.

    Attributes:
        records: those that can be read, in the order of their names.
        problems: the files that cannot.
        unsealed: how many of the records are of an earlier schema, which had no checksum.
    """

    records: list[Record]
    problems: list[Problem]
    unsealed: int = 0


def record_path(folder: Path, trial: Trial) -> Path:
    """Return where the record of a trial is kept."""
    return folder / "records" / f"{trial.id}.json"


def write_record(folder: Path, record: Record) -> Path:
    """Write a record into a run's folder and return its path."""
    path = record_path(folder, record.trial)
    body = json.loads(json.dumps(vars(record) | {"trial": asdict(record.trial)}))  # tuples become lists, keys texts
    sealed = {"schema": SCHEMA, "checksum": checksum(body), **body}
    # A line a field: json with indentation takes ten times as long, and there may be ten thousand scores of units.
    lines = [f"{json.dumps(name)}: {json.dumps(value, ensure_ascii=False)}" for name, value in sealed.items()]
    write_atomically(path, lambda file: file.write(("{\n " + ",\n ".join(lines) + "\n}").encode()))
    return path


def read_record(folder: Path, trial: Trial) -> Record | None:
    """Return the record of a trial; ``None`` where there is none that can be read."""
    path = record_path(folder, trial)
    if not os.path.lexists(path):
        return None
    try:
        return _read(path)[0]
    except ValueError:
        return None


def read_records(folder: Path) -> list[Record]:
    """Return the records of a run that can be read, in the order of their names."""
    return survey(folder).records


def survey(folder: Path) -> Survey:
    """Return the records of a run, and the files among them that cannot be read or say what another says already.

    Names that begin with a dot are nobody's: files half written by a killed process, and what file systems add.

    Raises:
        OSError: the folder cannot be listed.
    """
    try:
        names = sorted(entry.name for entry in os.scandir(folder / "records"))
    except FileNotFoundError:
        return Survey([], [])
    records: dict[str, tuple[str, Record]] = {}
    problems, unsealed = [], 0
    for name in names:
        if not name.endswith(".json") or name.startswith("."):
            continue
        path = folder / "records" / name
        try:
            record, sealed = _read(path)
        except ValueError as error:
            problems.append(Problem(path, str(error)))
            continue
        same = replace(record.trial, suite="").id  # the same trial in two suites is one trial
        if same in records and records[same][1].status == "done":
            problems.append(Problem(path, f"the trial of {records[same][0]}, which counts already"))
            continue
        unsealed += not sealed
        records[same] = (name, record)
    return Survey([record for _, record in records.values()], problems, unsealed)


def set_aside(folder: Path, problems: Iterable[Problem]) -> None:
    """Move files that cannot be read out of the way, into a folder beside the records, so that none is written over."""
    for problem in problems:
        target = folder / ASIDE / problem.path.name
        target.parent.mkdir(exist_ok=True)
        number = 1
        while os.path.lexists(target):
            number += 1
            target = target.with_name(f"{problem.path.stem}.{number}.json")
        problem.path.rename(target)


def stamp(folder: Path, trial: Trial) -> tuple[int, int] | None:
    """Return the identity of the file of a trial's record, without a clock: a file written anew has another."""
    try:
        found = record_path(folder, trial).stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns


def checksum(content: dict[str, Any]) -> str:
    """Return the SHA-256 of a record's content, whatever the order of its keys and the white space of its file."""
    return hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _from_schema_1(content: dict[str, Any]) -> dict[str, Any]:
    """Return a record of the first schema as one of the second: what it did not say yet is what it is by default."""
    if new := content.keys() & {"checksum", "units", "pooling"}:
        raise ValueError(f"has {', '.join(sorted(new))}, but no schema")
    trial = content.get("trial")
    if isinstance(trial, dict):
        content = {**content, "trial": _defaults(Trial) | trial}
    return _defaults(Record) | content


def _defaults(kind: type) -> dict[str, Any]:
    found = {one.name: one.default if one.default is not MISSING else one.default_factory for one in fields(kind)}
    return {name: value() if callable(value) else value for name, value in found.items() if value is not MISSING}


def _from_schema_2(content: dict[str, Any]) -> dict[str, Any]:
    """Return a record of the second schema as one of the third: what was tested was validated by, too."""
    about = content.get("about")
    if not isinstance(about, dict) or not isinstance(about.get("higher_is_better"), bool):
        return content
    return {
        **content,
        "about": {"selection": about.get("metric"), "lower_selects": not about["higher_is_better"]} | about,
    }


UPGRADES: dict[int, Callable[[dict[str, Any]], dict[str, Any]]] = {1: _from_schema_1, 2: _from_schema_2}  # to the next


def _read(path: Path) -> tuple[Record, bool]:
    """Return a file's record, and whether a checksum seals it.

    Raises:
        ValueError: why it does not count.
    """
    content = _loaded(path)
    schema = content.pop("schema", 1)
    if schema not in range(1, SCHEMA + 1) or isinstance(schema, bool):
        raise ValueError(f"schema {schema!r}: this version reads 1 to {SCHEMA}")
    sealed = schema > 1
    if sealed and content.pop("checksum", None) != checksum(content):
        raise ValueError("changed since it was written: its checksum is another")
    written = content.get("trial")
    for step in range(schema, SCHEMA):
        content = UPGRADES[step](content)
    if reason := misfit(content):
        raise ValueError(reason)
    record = Record(**{**content, "trial": Trial(**content["trial"])})
    assert isinstance(written, dict)  # else it would not have fitted
    if not path.stem.endswith(f"-seed{record.trial.seed}-{fingerprint(written)}"):  # of the trial as it was written
        raise ValueError(f"its name is not that of its trial, {record.trial.id}")
    return record, sealed


def _loaded(path: Path) -> dict[str, Any]:
    """Return what a file holds as JSON."""
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):
            raise ValueError("no regular file")
        if found.st_size > LARGEST:
            raise ValueError(f"{found.st_size:,} bytes, more than a record has")
        content = json.loads(path.read_bytes().decode("utf-8"), object_pairs_hook=_unique)
    except OSError as error:
        raise ValueError(f"cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ValueError("not in UTF-8") from None
    except json.JSONDecodeError as error:
        raise ValueError(f"not JSON: {error}") from None
    except (RecursionError, MemoryError):
        raise ValueError("nested too deep") from None
    if not isinstance(content, dict):
        raise ValueError("no record: not a JSON object")
    return content


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key stands twice")
    return found
