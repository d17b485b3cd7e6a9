"""Generators as models of batches: equally large, and begun with the bias that a configuration asks for."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from benchmarks.models.generator import text_model
from benchmarks.tasks.text import TEXT
from gnn_toolkit.models import Vocabulary

OBJECTIVE: Any = SimpleNamespace(corpus=SimpleNamespace(vocabulary=Vocabulary("abcdef")))


def test_equally_many_parameters_make_other_widths():
    config = replace(TEXT.config, parameters=50_000)
    sizes = {}
    for cell in ("rnn", "gru", "lstm"):
        model = text_model(cell, config, OBJECTIVE)
        sizes[cell] = model.generator.recurrence.hidden_channels
        assert sum(p.numel() for p in model.parameters()) == pytest.approx(50_000, rel=0.02)
    assert sizes["rnn"] > sizes["gru"] > sizes["lstm"]
    assert torch.get_default_device() == torch.device("cpu")


def test_a_generator_starts_with_the_bias_that_the_configuration_asks_for():
    forget = {}
    for bias in (0.0, 2.0):
        torch.manual_seed(0)
        model = text_model("lstm", replace(TEXT.config, forget_bias=bias), OBJECTIVE)
        forget[bias] = dict(model.generator.recurrence.named_parameters())["bias_ih_l0"].chunk(4)[1]
    assert forget[2.0].allclose(forget[0.0] + 2)
