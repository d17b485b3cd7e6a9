"""The forecaster against its layers run by hand, and what it does with gaps, units and what really came."""

import pytest
import torch
from torch import Tensor

from gnn_toolkit.models import Forecaster, StandardScaler, scheduled_sampling_probability
from gnn_toolkit.models.forecaster import TIME_LAYERS

EDGES = torch.tensor([[0, 1, 2, 3], [1, 2, 3, 0]])


def make(**options) -> Forecaster:
    torch.manual_seed(0)
    return Forecaster(**{"num_features": 2, "hidden_channels": 5, "horizon": 3, **options})


def sample(history: int = 4) -> Tensor:
    return torch.randn(3, history, 4, 2, generator=torch.Generator().manual_seed(1))


def by_hand(model: Forecaster, x: Tensor) -> Tensor:
    """One layer, all known, no covariates."""
    _, state = model.encoder[0](torch.cat([x, torch.ones_like(x)], -1), EDGES)
    value, out = (x[:, -1] if model.residual else torch.zeros_like(x[:, 0])), []
    for _ in range(model.horizon):
        h, state = model.decoder[0](value.unsqueeze(1), EDGES, hx=state)
        value = model.head(h[:, 0]) + (value if model.residual else 0)
        out.append(value)
    return torch.stack(out, 1)


@pytest.mark.parametrize("layer", TIME_LAYERS)
@pytest.mark.parametrize("residual", [True, False])
def test_a_forecast_is_the_decoder_going_on_from_the_encoder(layer: str, residual: bool):
    model, x = make(layer=layer, residual=residual), sample()
    torch.testing.assert_close(model(x, EDGES), by_hand(model, x))


def test_without_a_graph_nodes_do_not_see_each_other():
    for layer, alone in (("gru", True), ("lstm", True), ("dcrnn", False)):
        model, x = make(layer=layer), sample()
        changed = x.clone()
        changed[:, :, 0] += 1
        same = torch.allclose(model(x, EDGES)[:, :, 2], model(changed, EDGES)[:, :, 2])
        assert same is alone


def test_layers_are_stacked():
    model, x = make(num_layers=2), sample()
    assert [len(model.encoder), len(model.decoder)] == [2, 2]
    assert not torch.allclose(model(x, EDGES), by_hand(model, x))


def test_units_make_no_difference():
    model, x = make(), sample()
    expected = model(x, EDGES)
    model.scaler.fit(torch.tensor([[-10.0, 100.0], [30.0, 300.0]]))  # means 10 and 200, deviations 20 and 100
    scale, shift = torch.tensor([20.0, 100.0]), torch.tensor([10.0, 200.0])
    assert model.scaler.mean.equal(shift)
    assert model.scaler.deviation.equal(scale)
    torch.testing.assert_close(model(x * scale + shift, EDGES), expected * scale + shift, rtol=1e-4, atol=1e-3)


def test_what_is_missing_may_be_anything_and_the_last_known_value_is_taken():
    model, x = make(), sample()
    known = torch.ones_like(x, dtype=torch.bool)
    known[0, 2:, 1, 0] = False
    known[1, :, 2, 1] = False
    spoilt = x.masked_fill(~known, torch.nan)
    out = model(spoilt, EDGES, x_mask=known)
    assert out.isfinite().all()
    torch.testing.assert_close(out, model(x.masked_fill(~known, 7.0), EDGES, x_mask=known))
    assert not torch.allclose(out[0], model(x, EDGES)[0])
    torch.testing.assert_close(out[2], model(x, EDGES)[2])
    with torch.no_grad():
        model.head.weight.zero_()
        model.head.bias.zero_()
    still = model(spoilt, EDGES, x_mask=known)
    assert still[0, :, 1, 0].tolist() == [float(x[0, 1, 1, 0])] * 3
    assert still[1, :, 2, 1].tolist() == [0.0] * 3  # never known: the mean


def test_scaling_leaves_out_what_is_missing_and_what_never_changes():
    scaler = StandardScaler(2)
    values = torch.tensor([[1.0, 5.0], [3.0, 5.0], [torch.nan, 5.0]])
    scaler.fit(values, values.isfinite())
    assert scaler.mean.tolist() == [2.0, 5.0]
    assert scaler.deviation.tolist() == [1.0, 1.0]


def test_taught_at_every_step_each_forecast_goes_on_from_what_came():
    model, x = make(), sample()
    y = torch.randn(3, 3, 4, 2)
    taught = model(x, EDGES, y=y, teacher_forcing=1.0)
    torch.testing.assert_close(taught[:, 0], model(x, EDGES)[:, 0])
    _, state = model.encoder[0](torch.cat([x, torch.ones_like(x)], -1), EDGES)
    fed = torch.cat([x[:, -1:], y[:, :2]], 1)
    h, _ = model.decoder[0](fed, EDGES, hx=state)
    torch.testing.assert_close(taught, fed + model.head(h))
    unknown = torch.zeros_like(y, dtype=torch.bool)
    torch.testing.assert_close(model(x, EDGES, y=y, y_mask=unknown, teacher_forcing=1.0), model(x, EDGES))


def test_taught_at_random_each_window_is_fed_one_or_the_other():
    model, x = make(horizon=2), sample()
    y = torch.randn(3, 2, 4, 2)
    own, fed = model(x, EDGES)[:, 1], model(x, EDGES, y=y, teacher_forcing=1.0)[:, 1]
    torch.manual_seed(0)
    seen = set()
    for _ in range(20):
        mixed = model(x, EDGES, y=y, teacher_forcing=0.5)[:, 1]
        for b in range(3):
            options = [torch.allclose(mixed[b], choice[b], atol=1e-6) for choice in (own, fed)]
            assert sum(options) == 1
            seen.add((b, options.index(True)))
    assert len(seen) == 6


def test_covariates_reach_the_steps_that_they_belong_to():
    model, x = make(num_covariates=1, residual=False), sample()
    covariates = torch.zeros(3, 7, 4, 1)
    before = model(x, EDGES, covariates=covariates)
    covariates[:, 5] = 1.0  # the second step of the horizon
    after = model(x, EDGES, covariates=covariates)
    torch.testing.assert_close(after[:, 0], before[:, 0])
    assert not torch.allclose(after[:, 1], before[:, 1])


def test_it_learns_a_wave_that_runs_round_a_ring():
    torch.manual_seed(0)
    steps = torch.arange(200)[:, None]
    values = torch.sin((steps - torch.arange(4)) * torch.pi / 4).unsqueeze(-1) * 10 + 50
    model = Forecaster(1, 8, 3, layer="dcrnn", K=2)
    model.scaler.fit(values)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for step in range(80):
        start = torch.randint(0, 150, (16, 1))
        x, y = values[start + torch.arange(6)], values[start + torch.arange(6, 9)]
        loss = (model(x, EDGES, y=y, teacher_forcing=scheduled_sampling_probability(step, 10.0)) - y).abs().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    start = torch.arange(160, 190)[:, None]
    forecast = model(values[start + torch.arange(6)], EDGES)
    assert (forecast - values[start + torch.arange(6, 9)]).abs().mean() < 1.5  # of a swing of 20


def test_scheduled_sampling_fades():
    rates = [scheduled_sampling_probability(step, 500.0) for step in (0, 1000, 3000, 5000, 10**6)]
    assert rates == sorted(rates, reverse=True)
    assert rates[0] > 0.99
    assert rates[-1] < 1e-6
    assert scheduled_sampling_probability(0, 1.0) == 0.5


@pytest.mark.parametrize("value", [torch.nan, torch.inf, 3.4e38])
def test_what_no_reading_can_be_is_missing_wherever_it_comes_in(value: float):
    model, x, y = make(), sample(), sample()[:, :3] + 1
    x_mask, y_mask = torch.ones_like(x, dtype=torch.bool), torch.ones_like(y, dtype=torch.bool)
    x_mask[0, 2, 1, 0] = y_mask[1, 0, 3, 1] = False
    bad_x, bad_y = x.masked_fill(~x_mask, value), y.masked_fill(~y_mask, value)
    torch.manual_seed(3)
    expected = model(x, EDGES, x_mask=x_mask, y=y, y_mask=y_mask, teacher_forcing=1.0)
    torch.manual_seed(3)
    all_known = torch.ones_like(x_mask)
    got = model(bad_x, EDGES, x_mask=all_known, y=bad_y, y_mask=all_known[:, :3], teacher_forcing=1.0)
    assert got.equal(expected)
    assert got.isfinite().all()
    scaler, masked = StandardScaler(2), StandardScaler(2)
    scaler.fit(bad_x)
    masked.fit(x, x_mask)
    assert scaler.mean.equal(masked.mean)
    assert scaler.deviation.equal(masked.deviation)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_feature_that_never_changes_has_deviation_one(dtype: torch.dtype):
    scaler = StandardScaler(3)
    values = torch.tensor([14.62, 1e-9, 0.0], dtype=dtype).expand(1000, 3)
    scaler.fit(values)
    assert scaler.deviation.tolist() == [1.0, 1.0, 1.0]
    torch.testing.assert_close(scaler(torch.tensor([15.62, 1.0, 1.0])), torch.ones(3))
    scaler.fit(torch.tensor([[1e-9], [3e-9]]).expand(2, 3))
    torch.testing.assert_close(scaler.deviation, torch.full((3,), 1e-9))


@pytest.mark.parametrize(
    ("argument", "call"),
    [
        ("layer", lambda: make(layer="cnn")),
        ("horizon", lambda: make(horizon=0)),
        ("x", lambda: make()(sample()[0], EDGES)),
        ("x", lambda: make()(sample()[..., :1], EDGES)),
        ("covariates", lambda: make(num_covariates=2)(sample(), EDGES)),
        ("covariates", lambda: make(num_covariates=2)(sample(), EDGES, covariates=torch.zeros(3, 4, 4, 2))),
        ("covariates", lambda: make(num_covariates=1)(sample(), EDGES, covariates=torch.full((3, 7, 4, 1), torch.nan))),
        ("x", lambda: make()(sample().double(), EDGES)),
        ("x", lambda: make()(sample()[:0], EDGES)),
        ("decay", lambda: scheduled_sampling_probability(1, 0.0)),
        ("mask", lambda: make()(sample(), EDGES, x_mask=torch.ones(3, 4, 4, 2))),
        ("mask", lambda: make()(sample(), EDGES, x_mask=torch.ones(4, 4, 2, dtype=torch.bool))),
        ("teacher_forcing", lambda: make()(sample(), EDGES, teacher_forcing=1.5)),
        ("values", lambda: StandardScaler(2).fit(sample()[..., :1])),
        ("values", lambda: StandardScaler(2).fit(torch.full((3, 2), torch.nan))),
        ("mask", lambda: StandardScaler(2).fit(torch.zeros(3, 2), torch.ones(3, dtype=torch.bool))),
        ("y", lambda: make()(sample(), EDGES, teacher_forcing=0.5)),
        ("y", lambda: make()(sample(), EDGES, y=sample(), teacher_forcing=0.5)),
    ],
)
def test_what_does_not_fit_is_refused(argument: str, call):
    with pytest.raises(ValueError, match=f"^{argument}: expected"):
        call()
