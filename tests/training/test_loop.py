import math
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from gnn_toolkit import LSTM
from gnn_toolkit.training import History, NotFiniteError, Settings, fit, load_checkpoint
from gnn_toolkit.training.settings import DEVICES

Pair = tuple[Tensor, Tensor]
SETTINGS = Settings(steps=12, learning_rate=0.02, evaluate_every=4, seed=3)


class Parity(nn.Module):
    """Whether a word of bits holds an odd number of ones; two layers, with dropout between them."""

    def __init__(self, dropout: float = 0.0) -> None:
        super().__init__()
        self.recurrence = LSTM(1, 8, 2, batch_first=True, dropout=dropout)
        self.head = nn.Linear(8, 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.recurrence(x)[0][:, -1])


def draw(generator: torch.Generator) -> Pair:
    bits = torch.randint(2, (32, 3), generator=generator)
    return bits[:, :, None].float() * 2 - 1, bits.sum(1) % 2


def loss(model: nn.Module, batch: Pair) -> Tensor:
    return nn.functional.cross_entropy(model(batch[0]), batch[1])


def accuracy(model: nn.Module) -> float:
    x, label = draw(torch.Generator().manual_seed(99))
    return float((model(x).argmax(1) == label).float().mean())


def surprise(model: nn.Module) -> float:
    return float(loss(model, draw(torch.Generator().manual_seed(99))))


def fresh(dropout: float = 0.0) -> Parity:
    torch.manual_seed(0)
    return Parity(dropout)


def run(model: nn.Module, settings: Settings = SETTINGS, **options: Any) -> History:
    return fit(model, draw, loss, options.pop("validate", surprise), settings, higher_is_better=False, **options)


def test_the_parity_of_words_is_learnt():
    model = fresh()
    settings = Settings(steps=250, learning_rate=0.02, evaluate_every=50)
    history = fit(model, draw, loss, accuracy, settings, higher_is_better=True)
    assert history.step == [50, 100, 150, 200, 250]
    assert history.loss[0] > 0.5
    assert history.loss[-1] < 0.1 * history.loss[0]
    assert history.best_validation == max(history.validation) == accuracy(model) == 1.0
    assert history.seconds == sorted(history.seconds)


@pytest.mark.parametrize("optimizer", ["adam", "adam-fused", "rmsprop", "sgd", "momentum", "nesterov"])
def test_a_run_is_the_plain_loop(optimizer: str):
    model, plain = fresh(), fresh()
    settings = Settings(
        steps=5, learning_rate=0.05, optimizer=optimizer, weight_decay=0.1, clip_norm=0.2, evaluate_every=2, seed=7
    )
    scores = iter([3.0, 2.0, 1.0])
    history = run(model, settings, validate=lambda _: next(scores))
    kinds: dict[str, Any] = {"adam": torch.optim.Adam, "adam-fused": torch.optim.Adam, "rmsprop": torch.optim.RMSprop}
    extra: dict[str, Any] = {"momentum": {"momentum": 0.9}, "nesterov": {"momentum": 0.9, "nesterov": True}}
    kind = kinds.get(optimizer, torch.optim.SGD)
    stepper = kind(plain.parameters(), lr=0.05, weight_decay=0.1, **extra.get(optimizer, {}))
    generator, losses = torch.Generator().manual_seed(7), []
    for _ in range(5):
        value = loss(plain, draw(generator))
        stepper.zero_grad()
        value.backward()
        nn.utils.clip_grad_norm_(plain.parameters(), 0.2)
        stepper.step()
        losses.append(float(value.detach()))
    for a, b in zip(model.parameters(), plain.parameters(), strict=True):
        torch.testing.assert_close(a, b)
    assert history.step == [2, 4, 5]
    means = [sum(losses[:2]) / 2, sum(losses[2:4]) / 2, losses[4]]
    assert history.loss == pytest.approx(means, rel=1e-5)
    assert (history.best_step, history.best_validation) == (5, 1.0)


def test_only_the_parameters_of_that_name_are_decayed():
    model, plain = fresh(), fresh()
    run(model, Settings(steps=3, learning_rate=0.05, weight_decay=0.5, decayed="recurrence.weight", clip_norm=None))
    weights = [p for name, p in plain.named_parameters() if name.startswith("recurrence.weight")]
    others = [p for name, p in plain.named_parameters() if not name.startswith("recurrence.weight")]
    stepper = torch.optim.Adam([{"params": weights, "weight_decay": 0.5}, {"params": others}], lr=0.05)
    generator = torch.Generator().manual_seed(0)
    for _ in range(3):
        stepper.zero_grad()
        loss(plain, draw(generator)).backward()
        stepper.step()
    for a, b in zip(model.parameters(), plain.parameters(), strict=True):
        torch.testing.assert_close(a, b)
    everywhere = fresh()
    run(everywhere, Settings(steps=3, learning_rate=0.05, weight_decay=0.5, clip_norm=None))
    assert not torch.allclose(everywhere.head.weight, model.head.weight)


def test_the_learning_rate_decays_by_its_factor_every_so_many_steps():
    model, plain = fresh(), fresh()
    run(
        model, Settings(steps=5, learning_rate=0.5, optimizer="sgd", clip_norm=None, rate_decay=0.1, rate_decay_every=2)
    )
    generator = torch.Generator().manual_seed(0)
    for rate in (0.5, 0.5, 0.05, 0.05, 0.005):
        gradients = torch.autograd.grad(loss(plain, draw(generator)), list(plain.parameters()))
        with torch.no_grad():
            for parameter, gradient in zip(plain.parameters(), gradients, strict=True):
                parameter -= rate * gradient
    for a, b in zip(model.parameters(), plain.parameters(), strict=True):
        torch.testing.assert_close(a, b)


def test_no_gradient_is_clipped_where_no_norm_is_given():
    model, clipped, plain = fresh(), fresh(), fresh()
    one_step = Settings(steps=1, learning_rate=1000.0, optimizer="sgd", clip_norm=None)
    run(model, one_step)
    run(clipped, replace(one_step, clip_norm=1e-3))
    loss(plain, draw(torch.Generator().manual_seed(0))).backward()
    change = [a - b for a, b in zip(model.parameters(), fresh().parameters(), strict=True)]
    for found, parameter in zip(change, plain.parameters(), strict=True):
        assert parameter.grad is not None
        torch.testing.assert_close(found, -1000.0 * parameter.grad, atol=1e-4, rtol=1e-4)
    change = [a - b for a, b in zip(clipped.parameters(), fresh().parameters(), strict=True)]
    assert float(torch.cat([c.detach().flatten() for c in change]).norm()) == pytest.approx(1.0, rel=1e-3)


@pytest.mark.parametrize(("higher_is_better", "best"), [(True, 2), (False, 3)])
def test_the_model_ends_with_the_weights_that_validated_best(higher_is_better: bool, best: int):
    scores, weights = [0.5, 0.9, 0.1, 0.9, 0.1, 0.4], []

    def validate(model: nn.Module) -> float:
        weights.append([p.clone() for p in model.parameters()])
        return scores[len(weights) - 1]

    model = fresh()
    history = fit(
        model, draw, loss, validate, replace(SETTINGS, steps=6, evaluate_every=1), higher_is_better=higher_is_better
    )
    assert history.validation == scores
    assert (history.best_step, history.best_validation) == (best, scores[best - 1])
    assert all(a.equal(b) for a, b in zip(model.parameters(), weights[best - 1], strict=True))
    assert not all(a.equal(b) for a, b in zip(model.parameters(), weights[-1], strict=True))


def test_the_model_can_end_with_the_last_weights_also_when_taken_up_again(tmp_path: Path):
    scores, weights = [0.1, 0.9, 0.5], []

    def validate(model: nn.Module) -> float:
        weights.append([p.clone() for p in model.parameters()])
        return scores[len(weights) - 1]

    model, path = fresh(), tmp_path / "run.pt"
    settings = replace(SETTINGS, steps=3, evaluate_every=1, keep="last")
    history = run(model, settings, validate=validate, checkpoint=path)
    assert (history.best_step, history.best_validation) == (1, 0.1)
    assert all(a.equal(b) for a, b in zip(model.parameters(), weights[-1], strict=True))
    again = fresh()
    run(again, settings, checkpoint=path)
    assert all(a.equal(b) for a, b in zip(again.parameters(), weights[-1], strict=True))


@pytest.mark.parametrize(("higher_is_better", "goal", "last"), [(True, 0.9, 4), (False, 0.1, 6), (True, 0.95, 8)])
def test_training_ends_where_the_score_to_stop_at_is_reached(
    tmp_path: Path, higher_is_better: bool, goal: float, last: int
):
    settings = replace(SETTINGS, steps=8, evaluate_every=2, stop_at=goal)
    results = []
    for path in (None, tmp_path / "run.pt", tmp_path / "run.pt"):  # the last one resumes where it had ended
        scores, model = iter([0.5, 0.9, 0.1, 0.9]), fresh()
        history = fit(
            model, draw, loss, lambda _, s=scores: next(s), settings, higher_is_better=higher_is_better, checkpoint=path
        )
        assert history.step[-1] == last
        results.append((history.validation, list(model.state_dict().values())))
    assert [validation for validation, _ in results] == [[0.5, 0.9, 0.1, 0.9][: last // 2]] * 3
    assert all(a.equal(b) for _, state in results for a, b in zip(state, results[0][1], strict=True))


@pytest.mark.parametrize("higher_is_better", [True, False])
def test_a_first_score_that_is_not_a_number_is_beaten_by_any_other(higher_is_better: bool):
    scores = iter([math.nan, 0.2, math.nan])
    settings = replace(SETTINGS, steps=3, evaluate_every=1)
    history = fit(fresh(), draw, loss, lambda _: next(scores), settings, higher_is_better=higher_is_better)
    assert (history.best_step, history.best_validation) == (2, 0.2)


def test_validation_runs_in_evaluation_mode_without_gradients_and_training_in_training_mode():
    modes: list[tuple[str, bool, bool]] = []

    def watched(model: nn.Module, batch: Pair) -> Tensor:
        modes.append(("loss", model.training, torch.is_grad_enabled()))
        return loss(model, batch)

    def validate(model: nn.Module) -> float:
        modes.append(("score", model.training, torch.is_grad_enabled()))
        return 0.0

    fit(fresh(0.5).eval(), draw, watched, validate, replace(SETTINGS, steps=3, evaluate_every=2), higher_is_better=True)
    step, score = ("loss", True, True), ("score", False, False)
    assert modes == [step, step, score, step, score]


def test_progress_is_told_every_step():
    steps: list[int] = []
    run(fresh(), replace(SETTINGS, steps=5), progress=steps.append)
    assert steps == [1, 2, 3, 4, 5]


def test_batches_follow_the_seed_alone():
    drawn: list[list[int]] = []

    def record(generator: torch.Generator) -> Pair:
        batch = draw(generator)
        drawn.append(batch[1].tolist())
        return batch

    for seed in (3, 3, 4):
        fit(fresh(0.5), record, loss, surprise, replace(SETTINGS, steps=2, seed=seed), higher_is_better=False)
        torch.rand(1)
    assert drawn[:2] == drawn[2:4]
    assert drawn[:2] != drawn[4:]


def interrupt_at(stop: int) -> Callable[[int], None]:
    def progress(step: int) -> None:
        if step == stop:
            raise KeyboardInterrupt

    return progress


def same_but_for_seconds(a: History, b: History) -> bool:
    return {**asdict(a), "seconds": None} == {**asdict(b), "seconds": None}


@pytest.mark.parametrize("stops", [[4], [5], [6], [11], [12], [6, 10], [7, 5]], ids=str)
@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
def test_an_interrupted_run_that_is_taken_up_is_the_unbroken_one_bit_for_bit(
    tmp_path: Path, optimizer: str, stops: list[int]
):
    path, settings = tmp_path / "run.pt", replace(SETTINGS, optimizer=optimizer)
    whole = fresh(0.5)
    expected = run(whole, settings)
    after = torch.rand(3)
    model = fresh(0.5)
    for stop in stops:
        with pytest.raises(KeyboardInterrupt):
            run(model, settings, checkpoint=path, progress=interrupt_at(stop))
        # A new process: other weights, and random numbers from elsewhere; before the first checkpoint, the same ones.
        model = fresh(0.5)
        if path.exists():
            torch.manual_seed(123)
            nn.init.zeros_(model.head.weight)
    history = run(model, settings, checkpoint=path)
    assert same_but_for_seconds(history, expected)
    assert all(a.equal(b) for a, b in zip(model.parameters(), whole.parameters(), strict=True))
    assert torch.rand(3).equal(after)
    assert len(history.seconds) == len(history.step)
    assert history.seconds == sorted(history.seconds)


def test_dropout_makes_a_difference_to_what_is_compared_bit_for_bit():
    a, b, c = fresh(0.5), fresh(0.5), fresh(0.5)
    run(a)
    torch.manual_seed(0)
    run(b)
    torch.manual_seed(1)
    run(c)
    assert not b.head.weight.equal(c.head.weight)


def test_a_finished_run_is_not_run_again(tmp_path: Path):
    path, model = tmp_path / "run.pt", fresh()
    history = run(model, checkpoint=path)
    steps: list[int] = []
    again = fresh()
    assert run(again, checkpoint=path, progress=steps.append) == history
    assert steps == []
    assert all(a.equal(b) for a, b in zip(again.parameters(), model.parameters(), strict=True))


def test_a_finished_run_goes_on_where_more_steps_are_asked_for(tmp_path: Path):
    path, model, whole = tmp_path / "run.pt", fresh(), fresh()
    run(model, checkpoint=path)
    longer = replace(SETTINGS, steps=20)
    assert same_but_for_seconds(run(model, longer, checkpoint=path), run(whole, longer))
    assert all(a.equal(b) for a, b in zip(model.parameters(), whole.parameters(), strict=True))


def test_a_checkpoint_holds_the_last_weights_and_the_best(tmp_path: Path):
    path, scores = tmp_path / "run.pt", iter([1.0, 2.0, 3.0])
    model = fresh()
    run(model, checkpoint=path, validate=lambda _: next(scores))
    state = load_checkpoint(path)
    assert state is not None
    assert state["done"] == 12
    assert all(value.equal(state["best"][name]) for name, value in model.state_dict().items())
    assert not state["model"]["head.weight"].equal(state["best"]["head.weight"])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["run.pt"]


def test_checkpoints_are_written_no_more_often_than_asked_but_always_at_the_end(tmp_path: Path):
    path, there = tmp_path / "run.pt", []
    settings = replace(SETTINGS, evaluate_every=1)
    run(fresh(), settings, checkpoint=path, checkpoint_share=1e-9, progress=lambda _: there.append(path.exists()))
    assert there == [False, *[True] * 11]
    state = load_checkpoint(path)
    assert state is not None
    assert state["done"] == 12
    rare, often = [], []
    for share, times in ((1.0, often), (1e-9, rare)):
        path.unlink()

        def note(_: int, times: list[int] = times) -> None:
            times.append(path.stat().st_mtime_ns if path.exists() else 0)

        run(fresh(), settings, checkpoint=path, checkpoint_share=share, progress=note)
    assert len(set(often)) == 12
    assert len(set(rare)) == 2  # none before the first validation, then the first one's until the end


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_a_loss_that_is_not_finite_stops_the_run_at_its_step(bad: float):
    calls: list[int] = []

    def third_is_bad(model: nn.Module, batch: Pair) -> Tensor:
        calls.append(1)
        return loss(model, batch) * (bad if len(calls) == 3 else 1.0)

    model = fresh()
    with pytest.raises(NotFiniteError, match=rf"^the training loss is {bad} at step 3: lower the learning rate"):
        fit(model, draw, third_is_bad, surprise, SETTINGS, higher_is_better=False)
    assert len(calls) == 3
    assert all(bool(p.isfinite().all()) for p in model.parameters())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"steps": 0}, "steps: expected an integer of at least 1, got 0"),
        ({"evaluate_every": 0}, "evaluate_every: expected an integer of at least 1, got 0"),
        ({"rate_decay_every": 0}, "rate_decay_every: expected an integer of at least 1, got 0"),
        ({"keep": "bst"}, r"keep: expected one of best, last, got 'bst'; did you mean 'best'\?"),
        (
            {"optimizer": "adm"},
            r"optimizer: expected one of adam, adam-fused, rmsprop, sgd, momentum, nesterov, got 'adm'; did you mean",
        ),
        (
            {"decayed": "heads"},
            "decayed: expected a part of a parameter's name such as recurrence.* got 'heads'; model",
        ),
        ({"learning_rate": -1.0}, "learning_rate: expected a number of at least 0, got -1.0"),
    ],
)
def test_settings_that_make_no_sense_are_refused(change: dict[str, Any], message: str):
    with pytest.raises(ValueError, match=f"^{message}"):
        run(fresh(), replace(SETTINGS, **change))


def test_training_ends_at_the_first_validation_after_its_time():
    assert run(fresh(), replace(SETTINGS, steps=100), seconds=0.0).step == [4]
    assert run(fresh(), seconds=1e6).step == [4, 8, 12]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"device": "gpu"}, "device: expected one of cpu, cuda, mps, auto, got 'gpu'"),
        ({"seed": 1 << 64}, "seed: expected an integer of at most 64 bits, got 18446744073709551616"),
        ({"learning_rate": math.nan}, "learning_rate: expected a number of at least 0, got nan"),
    ],
)
def test_a_setting_that_no_training_can_have_is_named(change: dict[str, Any], message: str):
    with pytest.raises(ValueError, match=f"^{message}"):
        run(fresh(), replace(SETTINGS, **change))


def test_a_device_that_this_machine_has_not_is_named(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(DEVICES, "cuda", lambda: False)
    with pytest.raises(
        ValueError, match=r"^device: expected one that this machine has \(cpu, .*\), got 'cuda'; pass cpu"
    ):
        run(fresh(), replace(SETTINGS, device="cuda"))


def test_training_ends_where_the_validation_loss_rises_above_the_mean_of_those_before():
    losses = [5.0, 4.0, 3.0, 2.0, 2.5, 3.0, 1.0]  # 3.0 is above (2.0 + 2.5) / 2; 2.5 is not above (3.0 + 2.0) / 2

    def ended(rising: int | None, kept: list[float]) -> int:
        seen = iter(kept)
        model = nn.Linear(1, 1)
        history = fit(
            model,
            lambda generator: torch.ones(1, 1),
            lambda network, batch: network(batch).sum(),
            lambda network: 0.0,
            Settings(steps=len(kept), evaluate_every=1, rising=rising),
            higher_is_better=True,
            watch=lambda network, step: {"validation_loss": next(seen)},
        )
        return history.step[-1]

    assert ended(2, losses) == 6
    assert ended(None, losses) == 7
    assert ended(2, [1.0, 2.0, 3.0, 4.0]) == 4  # not before there are two and one more
    assert ended(6, losses) == 7


def test_a_rule_on_the_validation_loss_needs_one():
    for watch in (None, lambda network, step: {}):
        with pytest.raises(ValueError, match="rising: expected a watched validation_loss"):
            fit(
                nn.Linear(1, 1),
                lambda generator: torch.ones(1, 1),
                lambda network, batch: network(batch).sum(),
                lambda network: 0.0,
                Settings(steps=2, evaluate_every=1, rising=2),
                higher_is_better=True,
                watch=watch,
            )
