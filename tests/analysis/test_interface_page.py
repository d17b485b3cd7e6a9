"""The page on an interface holds what it was given, and nothing from elsewhere."""

import base64
import json
import re

import numpy as np
import pytest
import torch

from gnn_toolkit.analysis import interface_page as module
from gnn_toolkit.analysis.interface_page import best_pairs, interface_page

NAMES = ["A:1 K", "A:2 <", "B:1 G"]


def data_of(page: str) -> dict:
    found = re.search(r"const d = (.*);", page)
    assert found
    return json.loads(found.group(1))


def test_it_shows_residues_and_pairs_by_their_scores():
    scores = torch.tensor([[0.1, 0.4], [0.8, 0.0], [0.2, 0.3]])
    page = interface_page(scores, NAMES, ["C:7 L", "C:8 W"], ("a.pdb", "b</script>.pdb"))
    data = data_of(page)
    cells = np.frombuffer(base64.b64decode(data["cells"]), np.uint8).reshape(data["rows"], data["columns"])
    assert cells / 255 * 0.8 == pytest.approx(scores.numpy(), abs=2e-3)
    assert page.count("<p class=chain>") == 3
    assert 'title="A:2 &lt;: 0.800"' in page
    assert page.index("<td>A:2 &lt;</td><td>C:7 L</td><td>0.800</td>") < page.index("<td>A:1 K</td><td>C:8 W</td>")
    assert page.count("</script>") == 1
    assert "http" not in page
    assert "$" not in page


def test_large_maps_show_the_highest_score_of_each_block(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "CELLS", 2)
    scores = torch.arange(15.0).view(5, 3) / 14
    data = data_of(interface_page(scores, ["A:1 K"] * 5, ["B:1 G"] * 3, ("a", "b")))
    assert (data["rows"], data["columns"], data["step"]) == (2, 1, 3)
    assert list(base64.b64decode(data["cells"])) == [round(255 * 8 / 14), 255]


def test_pairs_come_by_score():
    assert [(i, j) for i, j, _ in best_pairs(torch.tensor([[0.2, 0.9], [0.9, 0.1]]), 3)] == [(0, 1), (1, 0), (0, 0)]


def test_sizes_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match=r"^scores: expected \[3, 1\], some pairs, got \[3, 2\]"):
        interface_page(torch.ones(3, 2), NAMES, ["B:1 G"], ("a", "b"))
    with pytest.raises(ValueError, match=r"^scores: expected \[0, 1\], some pairs, got \[0, 1\]"):
        interface_page(torch.ones(0, 1), [], ["B:1 G"], ("a", "b"))
