"""The page on scale is made from the record of its script, and the script measures what it says."""

import json

import pytest
import scale_table as draw
import torch

from gnn_toolkit.graphs import topological_levels


@pytest.mark.parametrize("levels", [2, 10, 50])
def test_a_graph_has_the_sizes_that_it_shall_have(levels: int):
    edge_index = draw.graph(draw.Case("DAGGRU", 100, 200, levels))
    assert edge_index.shape == (2, 200)
    assert torch.unique(topological_levels(edge_index, 100)).tolist() == list(range(levels))
    assert draw.graph(draw.Case("GCNConv", 100, 1000)).shape == (2, 1000)


def test_the_cases_go_from_a_thousand_to_ten_million_edges_and_a_hundred_to_a_hundred_thousand_levels():
    found = list(draw.cases())
    assert {case.edges for case in found} >= {10**k for k in range(3, 8)}
    assert {case.levels for case in found if case.nodes == draw.FIXED} == {10**k for k in range(2, 6)}


@pytest.mark.parametrize("layer", draw.LAYERS)
def test_a_case_is_measured(layer: str):
    took = draw.measure_here(draw.Case(layer, 100, 200, 0 if layer == "GCNConv" else 10), rounds=1)
    assert took["first"] > 0
    assert took["step"] > 0


def test_the_tables_say_what_a_record_says():
    rows = [
        {
            "layer": "GCNConv",
            "nodes": 100,
            "edges": 1000,
            "levels": 0,
            "took": {"first": 0.5, "step": 1e-3, "bytes": 2e6},
        },
        {"layer": "DAGGRU", "nodes": draw.FIXED, "edges": 400_000, "levels": 100, "took": None},
    ]
    text = "".join(f"<!-- {name} -->\n\n" for name in ("edges", "levels", "machine", "large"))
    made = draw.page(text, json.dumps({"machine": "a machine", "rows": rows}))
    assert "| `GCNConv` | 100 | 1,000 |  | 500 ms | 1 ms | 1 µs | 2 MB | 2 kB |" in made
    assert "| `DAGGRU` | 200,000 | 400,000 | 100 |  |  |  | did not fit |  |" in made
    assert "| `GCNConv` | 1,000 | 2 TB | 1,000 s |" in made
    assert "| a machine |" in made


def test_the_page_has_the_marks_and_the_tables_of_the_record_if_there_is_one():
    text = draw.read(draw.HERE / draw.PAGE)
    for name in ("edges", "levels", "machine", "large"):
        assert f"<!-- {name} -->\n" in text
    if draw.RECORD.exists():
        assert draw.page(text, draw.read(draw.RECORD)) == text
