"""Networks of superpixels at equal parameters: every model of the suite has about as many."""

from types import SimpleNamespace
from typing import Any

import pytest

from benchmarks.models.superpixels import network
from benchmarks.suites.suite import load
from benchmarks.tables import MODELS
from benchmarks.tasks.config import Config

OBJECTIVE: Any = SimpleNamespace(source=SimpleNamespace(num_features=611), out_channels=7)


def test_all_models_of_the_suite_are_as_large():
    suite = load("pictures")
    for one in {(c.label, c.model) for c in suite.comparisons}:
        config = suite.config(one[0])
        model = MODELS[one[1]].builders["superpixels"].build(config, OBJECTIVE)
        size = sum(p.numel() for p in model.parameters())
        assert size == pytest.approx(config.parameters, rel=0.05)


def made(layer: str, **settings) -> Any:
    return network(layer, Config(steps=1, **settings), OBJECTIVE)


def test_a_width_is_as_the_configuration_says():
    assert made("sage", hidden_channels=12, num_convolutions=3).head.in_features == 12
    assert len(made("sage", num_convolutions=3).layers) == 3
    assert made("graph_lstm", num_layers=3).layers[0].num_layers == 3
