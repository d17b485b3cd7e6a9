"""Forecast metrics, accumulated over batches: sums over all that was forecast, never means of means."""

from dataclasses import dataclass, field

import torch
from torch import Tensor

from gnn_toolkit import _checks


@dataclass
class ForecastErrors:
    """Errors of forecasts, step by step of the horizon, added up batch by batch over a whole test set.

        MAE = sum |e| / n,  RMSE = sqrt(sum e^2 / n),  WMAPE = sum |e| / sum |y|,
        accuracy = 1 - |Y - Y^| / |Y|, of Frobenius norms (Zhao et al. 2019)

    over the values that are known. Nothing depends on how the test set is cut into batches.

    Args:
        horizon: number of steps.

    >>> errors = ForecastErrors(1)
    >>> errors.add(torch.tensor([[[[2.0], [9.0]]]]), torch.tensor([[[[1.0], [5.0]]]]))
    >>> errors.mae, errors.wmape
    (2.5, 0.8333333333333334)
    """

    horizon: int
    sums: Tensor = field(init=False, repr=False)

    def __post_init__(self) -> None:
        _checks.positive("horizon", self.horizon)
        self.sums = torch.zeros(5, self.horizon, dtype=torch.float64)  # n, |e|, e^2, |y|, y^2

    def add(self, forecast: Tensor, actual: Tensor, mask: Tensor | None = None) -> None:
        """Add forecasts [B, horizon, N, F] of what came, of the same shape; where nothing was measured is left out.

        Args:
            forecast: what was forecast.
            actual: what came; what is not finite, or 1e30 and more, was not measured.
            mask: whether a value was measured.

        Raises:
            ValueError: shapes that differ, another horizon, or a forecast of something measured that is not finite.
        """
        shapes = [list(t.shape) for t in (forecast, actual, *(() if mask is None else (mask,)))]
        if any(shape != shapes[0] for shape in shapes) or forecast.dim() != 4 or forecast.size(1) != self.horizon:
            allowed = f"[batch, {self.horizon}, num_nodes, features], alike"
            raise ValueError(_checks.problem("forecast", allowed, shapes, "check the windows"))
        there = _checks.measured("actual", actual, mask)
        lost = there & ~forecast.isfinite()
        if bool(lost.any()):
            got = f"{int(lost.sum())} of {int(there.sum())} that are not"
            remedy = "a model that has diverged has no error: lower its learning rate"
            raise ValueError(_checks.problem("forecast", "finite numbers where something was measured", got, remedy))
        # Not multiplied by the mask: what is not known may be anything.
        y = actual.detach().double().where(there, 0.0)
        e = (forecast.detach().double() - y).where(there, 0.0)
        parts = (there.double(), e.abs(), e.square(), y.abs(), y.square())
        self.sums += torch.stack([part.sum((0, 2, 3)) for part in parts]).cpu()

    @property
    def mae(self) -> float:
        """Mean absolute error over all steps."""
        return self._scores(self.sums.sum(1))["mae"]

    @property
    def rmse(self) -> float:
        """Root of the mean squared error over all steps."""
        return self._scores(self.sums.sum(1))["rmse"]

    @property
    def wmape(self) -> float:
        """Absolute errors over absolute values, over all steps."""
        return self._scores(self.sums.sum(1))["wmape"]

    @property
    def accuracy(self) -> float:
        """One minus the norm of the errors over that of the values, over all steps."""
        return self._scores(self.sums.sum(1))["accuracy"]

    def per_step(self) -> list[dict[str, float]]:
        """Return mae, rmse, wmape and accuracy of each step of the horizon."""
        return [self._scores(step) for step in self.sums.t()]

    def _scores(self, sums: Tensor) -> dict[str, float]:
        n, absolute, squared, size, square = sums.tolist()
        if not n:
            raise ValueError(_checks.problem("errors", "a known value", "none", "add forecasts first"))
        return {
            "mae": absolute / n,
            "rmse": (squared / n) ** 0.5,
            "wmape": absolute / size if size else float("nan"),
            "accuracy": 1 - (squared / square) ** 0.5 if square else float("nan"),
        }


def masked_mae(forecast: Tensor, actual: Tensor, mask: Tensor) -> Tensor:
    """Return the mean absolute error over what was measured, to train on; 0 where nothing was.

    What is not finite in ``actual``, or 1e30 and more, was not measured, whatever ``mask`` says.

    >>> masked_mae(torch.tensor([2.0, 9.0]), torch.tensor([1.0, torch.nan]), torch.tensor([True, False]))
    tensor(1.)
    """
    there = _checks.measured("actual", actual, mask)
    error = (forecast - actual.where(there, 0.0)).abs().where(there, 0.0)
    return error.sum() / there.sum().clamp(min=1)
