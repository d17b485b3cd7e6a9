"""Training on a text: it learns, goes on bit for bit where it was stopped, and says what does not fit."""

import math
from dataclasses import replace

import pytest
import torch

from gnn_toolkit.training import TextSettings, bits, fit_text

VERSE = "the quick brown fox jumps over the lazy dog. " * 40
SETTINGS = TextSettings(
    steps=12, evaluate_every=4, hidden_channels=12, num_layers=2, window=8, batch_size=4, sample_at=(8,), dropout=0.3
)


class StoppedError(Exception):
    pass


def test_a_text_is_learnt_and_its_history_watched(tmp_path):
    (tmp_path / "verse.txt").write_text(VERSE, encoding="utf-8")
    settings = replace(SETTINGS, steps=300, evaluate_every=100, hidden_channels=32, dropout=0.0, learning_rate=0.01)
    seen = []
    model, history = fit_text(tmp_path / "verse.txt", settings, on_validation=lambda step, watched: seen.append(step))
    assert history.validation[-1] < 0.3 < 1 < history.loss[0]
    assert history.watched[-1]["accuracy"] > 0.9
    assert history.watched[-1]["bits"] == bits(history.validation[-1])
    assert seen == history.step == [100, 200, 300]
    assert model.generate("the quick", 20, 0.0) == " brown fox jumps over the lazy"[:20]
    assert not model.training


@pytest.mark.parametrize("carry", [True, False])
def test_a_stopped_training_goes_on_bit_for_bit(tmp_path, carry):
    settings = replace(SETTINGS, carry=carry)
    whole, expected = fit_text(VERSE, settings)

    def stop(step: int) -> None:
        if step == 6:
            raise StoppedError

    with pytest.raises(StoppedError):
        fit_text(VERSE, settings, checkpoint=tmp_path / "c", progress=stop)
    model, history = fit_text(VERSE, settings, checkpoint=tmp_path / "c")
    assert (history.step, history.loss, history.validation) == (expected.step, expected.loss, expected.validation)
    assert history.watched == expected.watched
    assert len(history.watched[1]["samples"]["0.5"]) == 5
    for name, value in model.state_dict().items():
        assert torch.equal(value, whole.state_dict()[name])
    longer = fit_text(VERSE, replace(settings, steps=16), checkpoint=tmp_path / "c")[1]
    assert longer.step == [4, 8, 12, 16]


def test_a_checkpoint_of_another_training_is_refused(tmp_path):
    fit_text(VERSE, SETTINGS, checkpoint=tmp_path / "c")
    with pytest.raises(ValueError, match=r"^checkpoint: .* got one that differs in window, dropout|hidden_channels"):
        fit_text(VERSE, replace(SETTINGS, window=9, hidden_channels=5), checkpoint=tmp_path / "c")
    with pytest.raises(ValueError, match=r"got one that differs in characters, counts; delete the file"):
        fit_text(VERSE + "!" * 400, SETTINGS, checkpoint=tmp_path / "c")


def test_training_ends_when_no_validation_is_better():
    settings = replace(SETTINGS, steps=400, evaluate_every=2, patience=2, learning_rate=1.0, clip_norm=None)
    _, history = fit_text(VERSE, settings)
    assert history.step[-1] == history.best_step + 4 < 400


@pytest.mark.parametrize("text", ["hello world hello world", "ab" * 12, "a" * 23])
def test_a_text_of_a_few_characters_is_refused_with_a_sentence(text):
    with pytest.raises(ValueError, match=r"^text: expected at least 2 characters to validate on, got 1; pass a longer"):
        fit_text(text, replace(SETTINGS, window=4, batch_size=1))
    model, _ = fit_text(text, replace(SETTINGS, window=4, batch_size=1, validation=0.2))
    assert len(model.generate("a" if "a" in text else "h", 5, seed=0)) == 5


def test_minutes_choose_the_steps_and_a_stopped_training_goes_on_with_them(tmp_path):
    settings, plans = replace(SETTINGS, minutes=0.02), []

    def stop(step: int) -> None:
        if plans and step == plans[-1].every + 1:
            raise StoppedError

    with pytest.raises(StoppedError):
        fit_text(VERSE, settings, checkpoint=tmp_path / "c", progress=stop, on_plan=plans.append)
    _, history = fit_text(VERSE, settings, checkpoint=tmp_path / "c", on_plan=plans.append)
    first, second = plans
    assert (second.steps, second.every, second.held_out) == (first.steps, first.every, first.held_out)
    assert second.done == first.every == history.step[0]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"minutes": 0.0}, "minutes: expected a time above 0, got 0.0"),
        ({"minutes": math.inf}, "minutes: expected a time above 0, got inf"),
        ({"minutes": 1.0, "devices": 2, "carry": False}, "minutes: expected None for several processes, got 1.0"),
        ({"seed": 1 << 64}, "seed: expected an integer of at most 64 bits"),
        ({"device": "gpu"}, "device: expected one of cpu, cuda, mps, auto, got 'gpu'"),
        ({"learning_rate": -1.0}, "learning_rate: expected a number of at least 0, got -1.0"),
    ],
)
def test_settings_out_of_range_are_named(change, message):
    with pytest.raises(ValueError, match=f"^{message}"):
        fit_text(VERSE, replace(SETTINGS, **change))


def test_a_damaged_checkpoint_is_set_aside_and_training_begins_anew(tmp_path):
    path = tmp_path / "c"
    whole = fit_text(VERSE, SETTINGS, checkpoint=path)[1]
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.warns(UserWarning, match="c: expected a whole checkpoint, got a damaged one; it is set aside as"):
        again = fit_text(VERSE, SETTINGS, checkpoint=path)[1]
    assert (again.step, again.validation) == (whole.step, whole.validation)


def test_a_carried_state_is_not_shared_out():
    with pytest.raises(ValueError, match=r"^devices: expected 1 where the state is carried, got 2; set carry=False"):
        fit_text(VERSE, replace(SETTINGS, devices=2))
