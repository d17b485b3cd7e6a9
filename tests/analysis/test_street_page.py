"""The page holds what it was given, and a browser can play it."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import torch

from gnn_toolkit.analysis import street_page
from gnn_toolkit.datasets import Accident

ROADS = [((0.0, 0.0), (1.0, 0.0)), ((1.0, 0.0), (0.0, 0.0)), ((1.0, 0.0), (1.0, 1.0))]


def page() -> str:
    speeds, scores = torch.tensor([[50.0, 25.0, 60.0]]).repeat(4, 1), torch.ones(4, 3)
    scores[2, 1] = 9.0
    accidents = [Accident(1, start=1, steps=2)]
    free = torch.tensor([50.0, 50.0, 60.0])
    names = ("0-1", "1-0", "1-</script>")
    return street_page(ROADS, speeds, scores, 3.0, free=free, names=names, accidents=accidents, start_hour=6.0)


def test_it_holds_what_it_shows_and_needs_nothing_from_elsewhere():
    text = page()
    found = re.search(r"const d = (.*);", text)
    assert found
    data = json.loads(found.group(1))
    assert data["roads"][1] == [1.0, 0.0, 0.0, 0.0]
    assert data["pace"][0] == [1.0, 0.5, 1.0]
    assert data["scores"][2] == [1.0, 9.0, 1.0]
    assert (data["threshold"], data["accidents"], data["start"]) == (3.0, [[1, 1, 3, 0.8]], 6.0)
    assert data["names"] == ["0-1", "1-0", "1-</script>"]
    assert text.count("</script>") == 1
    assert "http" not in text
    assert "$" not in text


@pytest.mark.parametrize(("rows", "free"), [(3, 3), (4, 2)])
def test_sizes_that_do_not_fit_are_refused(rows: int, free: int):
    with pytest.raises(ValueError, match=r"^speeds: expected \[steps, 3\] twice and \[3\]"):
        street_page(ROADS, torch.ones(4, 3), torch.ones(rows, 3), 1.0, free=torch.ones(free))


def test_roads_without_names_have_numbers_and_names_are_one_a_road():
    one: dict[str, Any] = {"free": torch.ones(3)}
    assert '"names":["0","1","2"]' in street_page(ROADS, torch.ones(4, 3), torch.ones(4, 3), 1.0, **one)
    with pytest.raises(ValueError, match=r"^names: expected 3 names, got 2"):
        street_page(ROADS, torch.ones(4, 3), torch.ones(4, 3), 1.0, names=("a", "b"), **one)


def test_the_template_is_beside_the_code():
    assert Path(street_page.__code__.co_filename).with_name("street_page.html").is_file()
