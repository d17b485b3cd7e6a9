"""A plan fits into its time, and a training that goes on keeps it."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from gnn_toolkit.models import CharGenerator, Vocabulary
from gnn_toolkit.training import Reader, TextSettings
from gnn_toolkit.training.text_plan import planned, seconds_of_a_step

SETTINGS = TextSettings(minutes=5.0, batch_size=32, window=64)


@pytest.mark.parametrize("minutes", [0.05, 1, 5, 600])
@pytest.mark.parametrize("held_out", [2, 26_000, 50_000_000])
@pytest.mark.parametrize("step", [0.001, 0.5])
def test_a_plan_takes_the_time_that_it_is_given(minutes: float, held_out: int, step: float):
    plan = planned(replace(SETTINGS, minutes=minutes), step, held_out)
    assert plan.seconds <= 60 * minutes * 1.1
    assert plan.seconds >= 60 * minutes - step - plan.validation_seconds or plan.steps < 20
    assert 2 <= plan.held_out <= held_out
    assert math.ceil(plan.steps / plan.every) <= 20
    assert plan.validation_seconds == pytest.approx(plan.held_out * step / (3 * 32 * 64))


def test_steps_are_as_asked_for_and_only_timed():
    plan = planned(replace(SETTINGS, minutes=None, steps=1000, evaluate_every=100), 0.5, 6144, done=400)
    assert (plan.steps, plan.every, plan.held_out) == (1000, 100, 6144)
    assert plan.seconds == pytest.approx(600 * 0.5 + 6 * 0.5)


def test_a_training_that_goes_on_keeps_its_plan_and_may_last_longer():
    kept = {"minutes": 5.0, "steps": 600, "every": 30, "held_out": 1000}
    plan = planned(replace(SETTINGS, minutes=10.0), 123.0, 26_000, kept, done=90)
    assert (plan.steps, plan.every, plan.held_out, plan.done) == (1200, 30, 1000, 90)


def test_measuring_changes_neither_the_model_nor_the_random_numbers():
    model = CharGenerator(Vocabulary("abc"), hidden_channels=4, num_layers=2, dropout=0.5)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    state = torch.get_rng_state()
    seen: list[int] = []
    codes = np.random.default_rng(0).integers(0, 3, 400)
    settings = replace(SETTINGS, batch_size=2, window=8)
    seconds = seconds_of_a_step(model, Reader(codes, 8, 2, carry=True), settings, seen.append)
    assert 0 < seconds < 60
    assert seen == [0] * 6
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
