"""Figures: what is drawn, read back from the SVG."""

import re
from xml.etree import ElementTree

import pytest

from benchmarks.report import figures
from benchmarks.report.analysis import analyse
from benchmarks.results.aggregates import aggregate
from benchmarks.results.compare import AcrossTasks
from benchmarks.results.ranks import rank
from benchmarks.results.rows import rows
from benchmarks.run.records import Record, Trial


@pytest.fixture(scope="module")
def members():
    def curve(best):
        return {"step": [10, 20], "validation": [0.5, best], "best_validation": best}

    trained = [
        Record(
            Trial("palindrome", view, model, seed, {"data": {"length": length}}, "", str(length)),
            test=test,
            curve=curve(test),
            seconds=cost,
            flops_per_step=100,
        )
        for length in (10, 20)
        for view, model, tests, cost in (("path", "RNN", (0.6, 0.7), 1.0), ("path", "GRU", (0.9, 1.0), 2.0))
        for seed, test in enumerate(tests)
    ]
    free = [Record(Trial("palindrome", "", "most frequent digit", 0, {"data": {"length": 10}}, "", "10"), test=0.1)]
    return rows([*free, *trained])


def texts(svg):
    return [element.text for element in ElementTree.fromstring(svg).iter("{http://www.w3.org/2000/svg}text")]


def ten(members):
    return [row for row in members if row.task == "palindrome-10"]


def section(members):
    return analyse("mine", [record for row in members for record in row.records]).sections[0]


def test_a_section_has_a_figure_for_scores_curves_and_each_cost(members):
    captions = [caption for _, caption in figures.of_section(section(members))]
    assert [text.split()[0] for text in captions] == ["Test", "Validation", "Test", "Test"]
    assert "against seconds of training" in captions[2]


def test_scores_name_every_row(members):
    svg = figures.scores("palindrome-10", ten(members))
    assert {"most frequent digit", "RNN on path", "GRU on path", "test accuracy"} <= set(texts(svg))
    assert "Mean test accuracy: most frequent digit 0.100; RNN on path 0.650; GRU on path 0.950." in svg


def test_curves_and_costs_name_models_and_the_baseline(members):
    for svg in (
        figures.learning_curves("palindrome-10", ten(members)),
        figures.pareto("palindrome-10", ten(members), section(members).tradeoffs[0]),
    ):
        assert {"RNN on path", "GRU on path", "most frequent digit"} <= set(texts(svg))
    assert "RNN on path: 0.650 for 1; GRU on path: 0.950 for 2." in svg


def test_scores_against_length(members):
    svg = figures.against_length("palindrome-N", members)
    assert {"10", "20", "length", "RNN on path"} <= set(texts(svg))
    assert "GRU on path at 20: 0.950" in svg


def test_critical_difference_names_ranks():
    found = AcrossTasks(["A", "B", "C"], list("uvwxyz"), {}, rank([[3.0, 2.0, 1.0]] * 6))
    svg = figures.critical_difference(found)
    assert found.ranking is not None
    assert {"A, 1.00", "C, 3.00"} <= set(texts(svg))
    assert f"critical difference {found.ranking.critical_difference:.2f}" in texts(svg)


def test_the_performance_profile_has_a_line_for_each_model():
    scores = [[[0.9, 0.95], [0.7, 0.8], [0.1, 0.2]] for _ in range(6)]
    found = AcrossTasks(["A", "B", "C"], list("uvwxyz"), {}, None, aggregate(["A", "B", "C"], scores))
    svg = figures.performance_profile(found)
    assert {"A", "B", "C", "score", "share of scores above it"} <= set(texts(svg))
    assert "A has 1.00 above 0.5 and 0.50 above 0.9; B has 1.00 above 0.5 and 0.00 above 0.9; C has 0.00" in svg


def test_figures_can_stand_together_on_a_page_that_turns_dark(members):
    first = figures.scores("palindrome-10", ten(members))
    second = figures.learning_curves("palindrome-10", ten(members))
    ids = [set(re.findall(r' id="([^"]+)"', svg)) for svg in (first, second)]
    assert ids[0]
    assert not ids[0] & ids[1]
    for svg, known in zip((first, second), ids, strict=True):
        assert set(re.findall(r'href="#([^"]+)"|url\(#([^)]+)\)', svg)[0]) - {""} <= known
        assert 'role="img"' in svg
        assert "var(--series-1, #0072b2)" in svg
        assert "var(--ink" in svg
        assert figures.INK not in svg
