"""Training on a text: it learns, goes on bit for bit where it was stopped, and says what does not fit."""

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


def test_a_carried_state_is_not_shared_out():
    with pytest.raises(ValueError, match=r"^devices: expected 1 where the state is carried, got 2; set carry=False"):
        fit_text(VERSE, replace(SETTINGS, devices=2))
