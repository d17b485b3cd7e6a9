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
    for cell in ("rnn", "gru", "lstm", "mingru", "minlstm", "lru", "mamba"):
        model = text_model(cell, config, OBJECTIVE)
        sizes[cell] = model.generator.recurrence.hidden_channels
        assert sum(p.numel() for p in model.parameters()) == pytest.approx(50_000, rel=0.03)
    assert sizes["rnn"] > sizes["gru"] > sizes["lstm"]
    assert torch.get_default_device() == torch.device("cpu")


def test_a_generator_starts_with_the_bias_that_the_configuration_asks_for():
    forget = {}
    for bias in (0.0, 2.0):
        torch.manual_seed(0)
        model = text_model("lstm", replace(TEXT.config, forget_bias=bias), OBJECTIVE)
        forget[bias] = dict(model.generator.recurrence.named_parameters())["bias_ih_l0"].chunk(4)[1]
    assert forget[2.0].allclose(forget[0.0] + 2)


@pytest.mark.parametrize("cell", ["mingru", "lru", "mamba"])
def test_a_linear_generator_reads_spans_and_leaves_what_it_has_not(cell: str):
    config = replace(TEXT.config, chrono=30.0, orthogonal=True, forget_bias=2.0)
    torch.manual_seed(0)
    model = text_model(cell, config, OBJECTIVE)
    torch.manual_seed(0)
    plain = text_model(cell, replace(TEXT.config, forget_bias=2.0), OBJECTIVE)
    changed = {
        name.split(".")[-1]
        for (name, now), then in zip(model.named_parameters(), plain.parameters(), strict=True)
        if not torch.equal(now, then)
    }
    assert changed == {"mingru": {"bias_ih_l0"}, "lru": {"nu_l0"}, "mamba": {"bias_delta_l0"}}[cell]
    batch = TEXT.load(0, **TEXT.options).source.draw(torch.Generator().manual_seed(0), 2)
    batch.x = batch.x % 6
    logits, state = model(batch)
    assert logits.shape == (batch.x.numel(), 6)
    assert len(state) == 2
