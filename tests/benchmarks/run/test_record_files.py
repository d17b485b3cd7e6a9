"""Files of records: they come back as they went; what was changed, copied or broken is named and does not count."""

import json
import os
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from benchmarks.run import record_files
from benchmarks.run.record_files import (
    SCHEMA,
    checksum,
    read_record,
    read_records,
    record_path,
    set_aside,
    survey,
    write_record,
)
from benchmarks.run.records import Record, Trial, fingerprint
from benchmarks.tables import TASKS
from benchmarks.tasks.task import About

CURVE = {"step": [1], "loss": [0.5], "validation": [0.25], "seconds": [0.1], "best_step": 1, "best_validation": 0.25}
TRIAL = Trial("text", "path + mirror", "LSTM", 2, {"steps": 3, "learning_rate": 0.1, "betas": (0.9, 0.99)}, "quick")
GOOD = Record(TRIAL, test=1.25, units=[1.0, 1.5], curve=CURVE, samples={"0": "ä\n"}, machine={"cores": 2})


def test_round_trip(tmp_path):
    path = write_record(tmp_path, GOOD)
    config = {**TRIAL.config, "betas": [0.9, 0.99]}  # JSON has lists alone
    assert read_records(tmp_path) == [replace(GOOD, trial=replace(TRIAL, config=config))]
    assert path == record_path(tmp_path, TRIAL)
    assert json.loads(path.read_text())["schema"] == SCHEMA


def test_no_records_yet(tmp_path):
    assert survey(tmp_path).records == []
    assert read_record(tmp_path, TRIAL) is None


def test_records_of_the_first_schema_are_read_and_counted_as_unsealed(tmp_path):
    content = {name: value for name, value in asdict(GOOD).items() if name not in ("units", "pooling")}
    content["trial"] = {name: content["trial"][name] for name in ("task", "view", "model", "seed", "config", "suite")}
    path = record_path(tmp_path, TRIAL).with_name(f"text-LSTM-seed2-{fingerprint(content['trial'])}.json")
    path.parent.mkdir()
    path.write_text(json.dumps(content))
    found = survey(tmp_path)
    assert (found.records[0].test, found.records[0].units, found.unsealed, found.problems) == (1.25, [], 1, [])


def test_records_of_the_second_schema_were_selected_by_what_they_were_tested_by(tmp_path):
    about = asdict(About.of("text", TASKS["text"], {}))
    body = json.loads(json.dumps(asdict(replace(GOOD, about=about))))
    for name in ("selection", "lower_selects"):
        del body["about"][name]
    path = record_path(tmp_path, TRIAL)
    path.parent.mkdir()
    path.write_text(json.dumps({"schema": 2, "checksum": checksum(body), **body}))
    (record,) = survey(tmp_path).records
    assert (record.about["selection"], record.about["lower_selects"]) == ("nats per character", True)


def test_what_is_no_record_does_not_stop_the_others(tmp_path):
    write_record(tmp_path, GOOD)
    other = write_record(tmp_path, replace(GOOD, trial=replace(TRIAL, seed=3)))
    other.write_text("{")
    (tmp_path / "records" / "._text.json").write_bytes(b"\x00\x05\x16\x07Mac OS X")  # of a Mac, on another file system
    found = survey(tmp_path)
    assert [record.trial.seed for record in found.records] == [2]
    assert [problem.path for problem in found.problems] == [other]
    assert str(found.problems[0]).startswith(f"{other}: not JSON: ")


def edited(**changes):
    """Return a record's text with fields changed, and its checksum as it was."""

    def text(content):
        return json.dumps(content | changes)

    return text


def resealed(**changes):
    """Return a record's text with fields changed by someone who knows of the checksum; ``...`` removes one."""

    def text(content):
        body = {k: v for k, v in (content | changes).items() if v is not ... and k not in ("schema", "checksum")}
        return json.dumps({"schema": changes.get("schema", SCHEMA), "checksum": checksum(body), **body})

    return text


def trial(**changes):
    return {**asdict(TRIAL), **changes}


HOSTILE = {
    "empty": (lambda c: "", "not JSON"),
    "cut off": (lambda c: json.dumps(c)[:-20], "not JSON"),
    "a list": (lambda c: "[]", "not a JSON object"),
    "null": (lambda c: "null", "not a JSON object"),
    "no text": (lambda c: b"\x00\xff\xfe", "not in UTF-8"),
    "UTF-16": (lambda c: json.dumps(c).encode("utf-16"), "not in UTF-8"),
    "nested": (lambda c: "[" * 200_000, "nested too deep"),
    "long number": (lambda c: '{"schema": ' + "9" * 5000 + "}", "digits"),
    "key twice": (lambda c: json.dumps(c)[:-1] + ', "test": 0.99}', "stands twice"),
    "score edited": (edited(test=0.5), "checksum"),
    "unit edited": (edited(units=[1.0, 1.6]), "checksum"),
    "failure called done": (edited(status="failed"), "checksum"),
    "unsealed": (lambda c: json.dumps({k: v for k, v in c.items() if k not in ("schema", "checksum")}), "no schema"),
    "field of another version": (edited(co2_grams=1.0), "checksum"),
    "later schema": (resealed(schema=SCHEMA + 1), f"reads 1 to {SCHEMA}"),
    "schema of no number": (resealed(schema="two"), "reads 1"),
    "schema true": (resealed(schema=True), "reads 1"),
    "field unknown": (resealed(co2_grams=1.0), "co2_grams: unknown"),
    "field missing": (resealed(seconds=...), "seconds: missing"),
    "no trial": (resealed(trial=...), "of no trial"),
    "trial a text": (resealed(trial="text"), "of no trial"),
    "trial of more": (resealed(trial=trial(host="x")), "trial.host: unknown"),
    "seed a text": (resealed(trial=trial(seed="2")), "trial.seed"),
    "seed negative": (resealed(trial=trial(seed=-2)), "trial.seed"),
    "config a list": (resealed(trial=trial(config=[])), "trial.config"),
    "steps none": (resealed(trial=trial(config={"steps": 0})), "trial.config.steps"),
    "model empty": (resealed(trial=trial(model="")), "no model"),
    "colours of a terminal": (resealed(trial=trial(model="\x1b[31mLSTM")), "control character"),
    "half a character": (resealed(trial=trial(model="\ud800")), "control character"),
    "another trial": (resealed(trial=trial(seed=4)), "its name is not that of its trial"),
    "score a text": (resealed(test="1.25"), "test: '1.25' does not fit"),
    "score true": (resealed(test=True), "test"),
    "score not a number": (resealed(test=float("nan")), "not finite"),
    "score infinite": (resealed(test=float("inf")), "not finite"),
    "unit not a number": (resealed(units=[float("nan")]), "not finite"),
    "seconds too many": (resealed(seconds=10**400), "seconds"),
    "done without score": (resealed(test=None), "done, and test None"),
    "failed with score": (resealed(status="failed"), "failed, and test 1.25"),
    "status unknown": (resealed(status="great"), "status"),
    "pooling unknown": (resealed(pooling="best"), "pooling"),
    "curve of texts": (resealed(curve={**CURVE, "loss": ["a"]}), "curve"),
    "curve half": (resealed(curve={"step": [1]}), "curve"),
    "curve uneven": (resealed(curve={**CURVE, "loss": [1.0, 2.0]}), "different lengths"),
    "watched a text": (resealed(curve={**CURVE, "watched": "all"}), "curve.watched"),
    "best a text": (resealed(curve={"best_validation": "high"}), "curve.best_validation"),
    "samples of numbers": (resealed(samples={"0": 3}), "samples"),
    "measures of texts": (resealed(measures={"MAE": "low"}), "measures"),
    "machine a text": (resealed(machine="mine"), "machine"),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_record_is_named_with_its_reason_and_does_not_count(kind, tmp_path):
    write, reason = HOSTILE[kind]
    kept = write_record(tmp_path, replace(GOOD, trial=replace(TRIAL, seed=7)))
    path = write_record(tmp_path, GOOD)
    text = write(json.loads(path.read_text()))
    path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass"))
    found = survey(tmp_path)
    assert [record.trial.seed for record in found.records] == [7]
    (problem,) = found.problems
    assert problem.path == path
    assert reason in problem.reason
    assert len(str(problem.reason)) < 200
    assert read_record(tmp_path, TRIAL) is None
    assert kept.exists()


def test_what_is_no_file_is_named_without_being_opened(tmp_path, monkeypatch):
    folder = tmp_path / "records"
    folder.mkdir()
    os.mkfifo(folder / "pipe.json")  # reading it would wait for ever
    (folder / "folder.json").mkdir()
    (folder / "loop.json").symlink_to(folder / "loop.json")
    (folder / "gone.json").symlink_to(folder / "nothing")
    (folder / "huge.json").write_text("{}" + " " * 100)
    monkeypatch.setattr(record_files, "LARGEST", 100)
    found = {problem.path.name: problem.reason for problem in survey(tmp_path).problems}
    assert found["pipe.json"] == found["folder.json"] == "no regular file"
    assert found["huge.json"] == "102 bytes, more than a record has"
    assert found["gone.json"] == "cannot be read: No such file or directory"
    assert found["loop.json"].startswith("cannot be read: Too many levels")


def test_nothing_counts_twice(tmp_path):
    path = write_record(tmp_path, GOOD)
    copy = path.with_name("copy.json")
    copy.write_bytes(path.read_bytes())
    renamed_suite = write_record(tmp_path, replace(GOOD, trial=replace(TRIAL, suite="mine"), test=1.0))
    found = survey(tmp_path)
    assert len(found.records) == 1
    reasons = {problem.path: problem.reason for problem in found.problems}
    assert "its name is not that of its trial" in reasons[copy]
    second = max(path, renamed_suite)
    assert reasons[second] == f"the trial of {min(path, renamed_suite).name}, which counts already"


def test_what_is_set_aside_is_kept(tmp_path):
    for text in ("first", "second"):
        path = record_path(tmp_path, TRIAL)
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        set_aside(tmp_path, survey(tmp_path).problems)
        assert not path.exists()
    kept = sorted((tmp_path / "aside").iterdir())
    assert [file.read_text() for file in kept] == ["second", "first"]
    assert [file.name for file in kept] == [f"{TRIAL.id}.2.json", f"{TRIAL.id}.json"]


def test_a_folder_that_cannot_be_listed_is_an_error_that_names_it(tmp_path):
    (tmp_path / "records").write_text("a file")
    with pytest.raises(NotADirectoryError, match=str(Path("records"))):
        survey(tmp_path)
