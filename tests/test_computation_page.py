"""The pages of the suites documents, sentences and computation: a table for each task, lines where measures say."""

import re

import numpy as np
import pages
import pytest
from draw_computation import COLUMNS, COLUMNS_OF, LONGER, MODELS, ROWS, points, tables
from text_tables import COMPARED, added, over_texts

from benchmarks.results.rows import rows
from benchmarks.run.records import Record, Trial
from benchmarks.suites.suite import load
from benchmarks.tables import TASKS
from benchmarks.tasks.task import About


@pytest.mark.parametrize("name", ["documents", "sentences", "computation"])
def test_the_page_has_a_table_for_every_task_of_the_suite(name: str):
    found = re.findall(r"<!-- table (\S+) -->", pages.read(pages.HERE / f"{name}.md"))
    whole = {one.task for one in load("documents-large").comparisons} if name == "documents" else set()
    assert set(found) - {"added"} == set(load(name).by_label()) | whole


def test_what_is_drawn_and_compared_is_in_the_suites():
    suite = load("computation")
    assert {task for task, _, _ in ROWS} | set(COLUMNS_OF) | set(LONGER.values()) <= set(suite.by_label())
    drawn = {view for _, views in COLUMNS for view in views}
    for task, _, _ in ROWS:
        mine = {(one.model, one.view) for one in suite.by_label()[task] if one.model != "wide MLP"}
        assert {model for model, _ in mine} <= set(MODELS)
        assert {view for _, view in mine} <= drawn
    for name, compared in COMPARED.items():
        labels = load(name, full=True).by_label()
        for _, tasks, *sides in compared:
            for label, model, view in ((label.format(task), *rest) for task in tasks for label, *rest in sides):
                assert (model, view) in {(one.model, one.view) for one in labels[label]}


ROW = {
    "task": "proplogic",
    "model": "GRU",
    "view": "ordered tree",
    "test": 0.75,
    "interval": [0.7, 0.8],
    "interval_with_units": None,
    "costs": {"parameters": 1234, "seconds": 5.4},
    "measures": {"operators 6": 0.9, "operators 12": 0.5, "length 1": 1.0, "length 4-7": 0.25},
}


def test_points_lie_in_the_middle_of_their_range():
    assert points(ROW, "length") == ([5.5], [0.25])  # the one digit without a list is left out
    assert points(ROW, "operators") == ([6.0, 12.0], [0.9, 0.5])
    assert points({"measures": {}}, "depth") == ([], [])


def test_a_table_has_what_was_measured_at_some_depths():
    (text,) = tables([ROW]).values()
    assert text.splitlines()[-1] == "| GRU | ordered tree | 0.750 [0.700, 0.800] |  | 0.900 |  | 0.500 | 1,234 |  | 5 |"


def test_what_is_added_is_paired_by_sentence():
    chance = np.random.default_rng(0)
    hard = chance.random(300)
    records = []
    for model, view, skill in (("LSTM", "words", 0.5), ("wide MLP", "bag of words", 0.4)):
        for seed in range(3):
            units = (hard < skill + 0.01 * seed).astype(float)
            about = About.of("sick", TASKS["sick"], {}).__dict__
            trial = Trial("sick", view, model, seed, {}, "sentences")
            records.append(Record(trial, test=float(units.mean()), units=units.tolist(), about=about))
    cells = added(rows(records), COMPARED["sentences"]).splitlines()[-1].strip("| ").split(" | ")
    assert cells[:4] == ["order of words", "sick", "LSTM on words", "wide MLP on bag of words"]
    mean, low, high = map(float, re.findall(r"[+-][\d.]+", cells[4]))
    assert low < mean < high
    assert mean == pytest.approx(
        np.mean([(hard < 0.5 + 0.01 * k).mean() - (hard < 0.4 + 0.01 * k).mean() for k in range(3)]), abs=6e-4
    )
    assert low > 0.04


def test_an_interval_over_texts_holds_the_mean():
    about = About.of("mr", TASKS["mr"], {}).__dict__
    scores = np.random.default_rng(0).integers(0, 2, (5, 50)).astype(float)
    made = [
        Record(Trial("mr", "path", "LSTM", seed, {}), test=float(line.mean()), units=line.tolist(), about=about)
        for seed, line in enumerate(scores)
    ]
    baseline = Record(Trial("mr", "", "majority class", 0, {}), test=0.5, about=about)
    first, row = rows([baseline, *made])
    assert over_texts(first) is None
    low, high = over_texts(row) or [1.0, 0.0]
    assert 0 < low < scores.mean() < high < 1
