import math

import pytest
import torch

from gnn_toolkit.training import ForecastErrors, masked_mae


def sample() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    forecast, actual = (torch.randn(10, 3, 4, 2, generator=generator) for _ in range(2))
    return forecast, actual, torch.rand(10, 3, 4, 2, generator=generator) < 0.7


def test_scores_are_their_formulas_over_all_known_values():
    forecast, actual, known = sample()
    errors = ForecastErrors(3)
    errors.add(forecast, actual, known)
    e, y = (forecast - actual).double()[known], actual.double()[known]
    assert math.isclose(errors.mae, float(e.abs().mean()), rel_tol=1e-6)
    assert math.isclose(errors.rmse, float(e.square().mean().sqrt()), rel_tol=1e-6)
    assert math.isclose(errors.wmape, float(e.abs().sum() / y.abs().sum()), rel_tol=1e-6)
    assert math.isclose(errors.accuracy, 1 - float(e.norm() / y.norm()), rel_tol=1e-5)
    step = ForecastErrors(1)
    step.add(*(t[:, 1:2] for t in (forecast, actual, known)))
    assert errors.per_step()[1] == pytest.approx(step.per_step()[0], rel=1e-12)
    assert errors.per_step()[1]["mae"] == pytest.approx(step.mae, rel=1e-12)


@pytest.mark.parametrize("size", [1, 3, 7, 10])
def test_they_do_not_depend_on_the_batches(size: int):
    whole, parts = ForecastErrors(3), ForecastErrors(3)
    whole.add(*sample())
    for batch in zip(*(t.split(size) for t in sample()), strict=True):
        parts.add(*batch)
    torch.testing.assert_close(parts.sums, whole.sums)
    assert math.isclose(parts.rmse, whole.rmse, rel_tol=1e-12)


def test_what_is_not_known_may_be_anything():
    forecast, actual, known = sample()
    errors, spoilt = ForecastErrors(3), ForecastErrors(3)
    errors.add(forecast, actual, known)
    spoilt.add(forecast.masked_fill(~known, torch.inf), actual.masked_fill(~known, torch.nan), known)
    assert spoilt.sums.equal(errors.sums)


def test_without_a_mask_all_counts():
    forecast, actual, known = sample()
    errors, all_known = ForecastErrors(3), ForecastErrors(3)
    errors.add(forecast, actual)
    all_known.add(forecast, actual, torch.ones_like(known))
    assert errors.sums.equal(all_known.sums)


def test_what_makes_no_sense_is_refused():
    forecast, actual, known = sample()
    errors = ForecastErrors(3)
    for bad in ((forecast[:9], actual), (forecast, actual, known[:, :2]), (forecast[:, :2], actual[:, :2])):
        with pytest.raises(ValueError, match=r"^forecast: expected \[batch, 3, num_nodes, features\], alike"):
            errors.add(*bad)
    with pytest.raises(ValueError, match=r"^errors: expected a known value, got none"):
        errors.per_step()


def test_the_loss_is_the_mean_over_what_is_known_and_its_gradient_is_finite():
    forecast, actual, known = sample()
    forecast.requires_grad_()
    loss = masked_mae(forecast, actual.masked_fill(~known, torch.nan), known)
    torch.testing.assert_close(loss, (forecast - actual).abs()[known].mean())
    (slope,) = torch.autograd.grad(loss, forecast)
    torch.testing.assert_close(slope, (forecast - actual).sign() * known / known.sum())
    assert masked_mae(forecast, actual, torch.zeros_like(known)) == 0


@pytest.mark.parametrize("value", [torch.nan, torch.inf, 3.4e38])
def test_what_no_reading_can_be_does_not_count(value: float):
    forecast, actual, known = sample()
    spoilt = actual.clone()
    spoilt[0, 1, 2, 0] = value
    known[0, 1, 2, 0] = False
    whole, masked = ForecastErrors(3), ForecastErrors(3)
    whole.add(forecast, spoilt, torch.ones_like(known).where(known, known | spoilt.isnan() | (spoilt > 9)))
    masked.add(forecast, actual, known)
    assert whole.sums.equal(masked.sums)
    assert masked_mae(forecast, spoilt, known | (spoilt != actual)) == masked_mae(forecast, actual, known)


def test_a_forecast_that_is_no_number_has_no_error():
    forecast, actual, known = sample()
    forecast[known.nonzero().tolist()[0][0], :] = torch.nan
    with pytest.raises(ValueError, match=r"^forecast: expected finite numbers where something was measured"):
        ForecastErrors(3).add(forecast, actual, known)
    with pytest.raises(ValueError, match=r"^mask: expected torch.bool"):
        ForecastErrors(3).add(actual, actual, known.float())
