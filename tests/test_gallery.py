"""The gallery has every view and every layer: a picture, a row on the page, a row in the cheat sheet."""

from pathlib import Path

import draw_layers
import draw_views
import pytest
from torch import nn
from torch_geometric.transforms import BaseTransform

from gnn_toolkit import graphs, layers, models

DOCS = Path(__file__).parents[1] / "docs"
PAGE, SHEET = ((DOCS / name).read_text(encoding="utf-8") for name in ("edges.md", "cheat-sheet.md"))
VIEWS = [
    name
    for name in graphs.__all__
    if isinstance(made := getattr(graphs, name), type)
    and issubclass(made, BaseTransform)
    and name != "PrepareAdjacency"
]
LAYERS = [
    name
    for name in layers.__all__
    if isinstance(made := getattr(layers, name), type) and issubclass(made, nn.Module) and name != "DAGOutput"
]


@pytest.mark.parametrize("view", VIEWS)
def test_every_view_has_its_picture_and_rows(view: str):
    assert view in {**draw_views.SCENES, **draw_views.OTHERS}
    assert (DOCS / "gallery" / f"view-{view}.svg").exists()
    assert f"(gallery/view-{view}.svg) | `{view}(" in PAGE
    assert f"`{view}(" in SHEET


@pytest.mark.parametrize("layer", [*LAYERS, "RNN", "GRU", "LSTM"])
def test_every_layer_has_its_picture_and_rows(layer: str):
    assert layer in draw_layers.LAYERS
    assert hasattr(layers, layer) or hasattr(models, layer)
    assert (DOCS / "gallery" / f"layer-{layer}.svg").exists()
    assert f"(gallery/layer-{layer}.svg) | `{layer}` |" in PAGE
    assert f"`{layer}" in SHEET


def test_no_picture_is_left_over():
    drawn = {f"view-{name}.svg" for name in {**draw_views.SCENES, **draw_views.OTHERS}}
    drawn |= {f"layer-{name}.svg" for name in draw_layers.LAYERS}
    assert {path.name for path in (DOCS / "gallery").iterdir()} == drawn


@pytest.mark.parametrize("view", draw_views.SCENES)
def test_a_picture_has_a_place_for_every_node(view: str):
    scene = draw_views.SCENES[view]
    assert scene.make().num_nodes == len(scene.places)
