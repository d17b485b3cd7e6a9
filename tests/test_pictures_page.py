"""The page on pictures says what the committed records say, and compares what the suite runs."""

import re

import numpy as np
import pages
import picture_tables as module
import pytest
from picture_tables import COMPARED, LABELS

from benchmarks.results.rows import Row, rows
from benchmarks.run.records import Record, Trial
from benchmarks.suites.suite import load
from benchmarks.tables import TASKS
from benchmarks.tasks.task import About

PAGE = pages.read(pages.HERE / "pictures.md")


def test_the_tables_are_those_of_the_records():
    published, pooled = module.records()
    assert module.page(PAGE, published, pooled) == PAGE
    assert set(re.findall(r"<!-- table (\S+) -->\n", PAGE)) == {*LABELS, "differences"}
    again = re.sub(r"(<!-- table \S+ -->\n)(?:\|.*\n)*", r"\1", PAGE)
    assert module.page(again, published, pooled) == PAGE


def test_what_is_compared_is_in_the_suite():
    suite = load("pictures")
    assert set(suite.by_label()) == set(LABELS)
    run = {(one.model, one.view) for one in suite.by_label()["pedestrians"]}
    for _, *sides in COMPARED:
        assert set(sides) <= run


def table(missing: int = -1) -> tuple[list[Row], np.ndarray]:
    """Return rows of two models over 15 seeds, seed s of fold s modulo five, with 34 or 33 pictures each."""
    chance, made = np.random.default_rng(0), []
    hard = [chance.random(34 if fold < 4 else 33) for fold in range(5)]
    for model, view, skill in (("SAGE", "superpixels", 0.1), ("MLP", "no edges", 0.0)):
        for seed in range(15):
            if seed != missing:
                units = hard[seed % 5] + skill + 0.01 * (seed // 5)
                about = About.of("pedestrians", TASKS["pedestrians"], {}).__dict__
                trial = Trial("pedestrians", view, model, seed, {}, "pictures")
                made.append(Record(trial, test=float(units.mean()), units=units.tolist(), about=about))
    return rows(made), np.concatenate(hard)


def test_pictures_of_all_folds_stand_in_a_row_for_each_repeat():
    found, hard = table()
    row = next(row for row in found if row.model == "MLP")
    np.testing.assert_allclose(np.asarray(module.arranged(row)), [hard, hard + 0.01, hard + 0.02])
    row = next(row for row in table(missing=7)[0] if row.model == "MLP")
    np.testing.assert_allclose(np.asarray(module.arranged(row)), [hard])  # of whole repeats alone
    (score,) = (one for one in module.scores(found) if one["model"] == "MLP")
    assert score["mean"] == pytest.approx(hard.mean() + 0.01)
    assert score["interval"][0] < score["mean"] < score["interval"][1]


def test_a_difference_is_paired_by_picture():
    (one,) = module.differences(table()[0])
    assert (one["what"], one["with"], one["without"]) == ("neighbours", "SAGE on superpixels", "MLP on no edges")
    assert one["mean"] == pytest.approx(0.1)
    text = module.page("<!-- table differences -->\n", [], {"scores": [], "differences": [one]})
    assert "| neighbours | all | SAGE on superpixels | MLP on no edges | +0.100" in text


def test_a_line_has_the_score_over_pictures_and_each_part():
    row = {
        "task": "pedestrians",
        "model": "SAGE",
        "view": "superpixels",
        "test": 0.5,
        "measures": {"pixel accuracy": 0.8, **{f"IoU {part}": 0.25 for part in module.PARTS}},
        "costs": {"parameters": 101_000.0, "seconds": 3.4},
    }
    about = {"task": "pedestrians", "model": "SAGE", "view": "superpixels", "mean": 0.501, "interval": [0.49, 0.51]}
    text = module.page("<!-- table pedestrians -->\n", [row], {"scores": [about], "differences": []})
    assert "| SAGE | superpixels | 0.501 [0.490, 0.510] | 0.800 | 0.25 |" in text
    assert text.rstrip().endswith("| 101,000 | 3 |")
