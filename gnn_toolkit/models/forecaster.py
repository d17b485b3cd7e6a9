"""Forecasts of the states of a graph, several steps ahead: an encoder that reads, a decoder that goes on."""

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn

from gnn_toolkit import _checks
from gnn_toolkit.layers import DCRNN, TGCN, GConvGRU, GConvLSTM

TimeLayer = GConvGRU | GConvLSTM | DCRNN | TGCN

# Those without a graph are the ones with it with K = 1, where no edge is seen: a recurrence for each node.
TIME_LAYERS: dict[str, Callable[[int, int, int], TimeLayer]] = {
    "gconvgru": lambda width, hidden, K: GConvGRU(width, hidden, K),
    "gconvlstm": lambda width, hidden, K: GConvLSTM(width, hidden, K),
    "dcrnn": lambda width, hidden, K: DCRNN(width, hidden, K),
    "tgcn": lambda width, hidden, K: TGCN(width, hidden, variant="authors"),
    "gru": lambda width, hidden, K: GConvGRU(width, hidden, 1),
    "lstm": lambda width, hidden, K: GConvLSTM(width, hidden, 1, peepholes=False),
}


def scheduled_sampling_probability(step: int, decay: float) -> float:
    """Return how often the decoder is fed what came, at a training step: ``decay / (decay + exp(step / decay))``.

    Inverse sigmoid decay (Bengio et al. 2015, section 2.4), as Li et al. (2018) use it.

    Raises:
        ValueError: a decay that is not above 0.

    >>> [round(scheduled_sampling_probability(step, 1000.0), 2) for step in (0, 5000, 10_000)]
    [1.0, 0.87, 0.04]
    """
    if not decay > 0:
        raise ValueError(_checks.problem("decay", "a number above 0", decay, "pass e.g. 1000.0"))
    return decay / (decay + math.exp(min(step / decay, 700.0)))


class StandardScaler(nn.Module):
    """Mean and standard deviation of each feature, learnt from what is known of a series, kept with the weights.

    >>> scaler = StandardScaler(1)
    >>> scaler.fit(torch.tensor([[[1.0], [3.0]]]))
    >>> scaler(torch.tensor([[[3.0]]])), scaler.inverse_transform(torch.tensor([[[1.0]]]))
    (tensor([[[1.]]]), tensor([[[3.]]]))
    """

    mean: Tensor
    deviation: Tensor

    def __init__(self, num_features: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(num_features))
        self.register_buffer("deviation", torch.ones(num_features))

    def fit(self, values: Tensor, mask: Tensor | None = None) -> None:
        """Take mean and deviation of the ``values`` [..., F] that were measured.

        A feature that never changes, but for what rounding makes of it, keeps deviation 1; one of which nothing was
        measured keeps mean 0, too.

        Raises:
            ValueError: values or a mask of another shape, or nothing that was measured.
        """
        if values.dim() < 1 or values.size(-1) != self.mean.numel():
            allowed, remedy = f"shape [..., {self.mean.numel()}]", "check num_features"
            raise ValueError(_checks.problem("values", allowed, list(values.shape), remedy))
        there = _checks.measured("values", values, mask)
        if not bool(there.any()):
            got = f"none of {values.numel()}"
            raise ValueError(_checks.problem("values", "a reading that was measured", got, "check the mask"))
        rows, counted = (t.reshape(-1, values.size(-1)) for t in (values.where(there, 0.0).double(), there.double()))
        count = counted.sum(0).clamp(min=1)
        mean = rows.sum(0) / count
        deviation = (((rows - mean).square() * counted).sum(0) / count).sqrt()
        rounding = 4 * torch.finfo(self.mean.dtype).eps * mean.abs()
        self.mean.copy_(mean)
        self.deviation.copy_(torch.where(deviation > rounding, deviation, 1.0))

    def forward(self, values: Tensor) -> Tensor:
        """Return the values without units."""
        return (values - self.mean) / self.deviation

    def inverse_transform(self, values: Tensor) -> Tensor:
        """Return values in their units again."""
        return values * self.deviation + self.mean


class Forecaster(nn.Module):
    """Encoder and decoder of recurrences in time over a graph (Li et al. 2018, section 2.4).

    The encoder reads the history; its last state is where the decoder starts, which forecasts a step and reads its own
    forecast to go on. While training it may be fed what really came instead, at random (scheduled sampling, Bengio et
    al. 2015). Values go in and come out in their own units; what is missing goes in as the mean, and a mask beside it.
    What is not finite, or 1e30 and more, is missing, whatever the masks say.

    Args:
        num_features: number F of values of a node.
        hidden_channels: width of the states.
        horizon: number of steps to forecast.
        layer: ``"gconvgru"``, ``"gconvlstm"``, ``"dcrnn"``, ``"tgcn"`` (authors' form), or without a graph ``"gru"``
            and ``"lstm"``.
        num_layers: of encoder and decoder each.
        K: number of terms of a convolution, where the layer has it.
        num_covariates: number C of values that are known in advance, of each node at each step.
        residual: forecast the change since the step before, starting at the last value that is known; else, as in the
            paper, the value itself, starting at the mean.

    Shapes:
        - ``x`` [B, history, N, F], ``x_mask`` alike, ``covariates`` [B, history + horizon, N, C]
        - ``y`` [B, horizon, N, F], what came, and ``y_mask``: read only where ``teacher_forcing`` is above 0
        - output [B, horizon, N, F]

    Raises:
        ValueError: an unknown layer, or input that does not fit.

    >>> model = Forecaster(1, 8, horizon=3)
    >>> model(torch.rand(4, 12, 5, 1), torch.tensor([[0, 1], [1, 2]])).shape
    torch.Size([4, 3, 5, 1])
    """

    def __init__(
        self,
        num_features: int,
        hidden_channels: int,
        horizon: int,
        *,
        layer: str = "dcrnn",
        num_layers: int = 1,
        K: int = 3,
        num_covariates: int = 0,
        residual: bool = True,
    ) -> None:
        super().__init__()
        make = TIME_LAYERS[_checks.choice("layer", layer, TIME_LAYERS)]
        self.num_features = _checks.positive("num_features", num_features)
        self.horizon = _checks.positive("horizon", horizon)
        _checks.positive("num_layers", num_layers)
        self.num_covariates, self.residual = num_covariates, residual
        self.scaler = StandardScaler(num_features)
        deeper = [hidden_channels] * (num_layers - 1)

        def stack(width: int) -> nn.ModuleList:
            return nn.ModuleList(make(size, hidden_channels, K) for size in (width, *deeper))

        self.encoder = stack(2 * num_features + num_covariates)
        self.decoder = stack(num_features + num_covariates)
        self.head = nn.Linear(hidden_channels, num_features)

    def forward(
        self,
        x: Tensor,
        edge_index: Tensor,
        edge_weight: Tensor | None = None,
        *,
        x_mask: Tensor | None = None,
        covariates: Tensor | None = None,
        y: Tensor | None = None,
        y_mask: Tensor | None = None,
        teacher_forcing: float = 0.0,
    ) -> Tensor:
        """Return the forecasts [B, horizon, N, F]; with probability ``teacher_forcing`` a step is fed the truth."""
        self._check(x, covariates, y, teacher_forcing)
        mask = _checks.measured("x", x, x_mask)
        scaled = self.scaler(x).where(mask, 0.0)
        past, future = self._covariates(x, covariates)
        read = torch.cat([scaled, mask.to(x.dtype), past], -1)
        states = []
        for layer in self.encoder:
            read, state = layer(read, edge_index, edge_weight)
            states.append(state)
        last = latest(scaled, mask) if self.residual else torch.zeros_like(scaled[:, 0])
        truth = None if y is None or not teacher_forcing else self.scaler(y)
        came = None if y is None or not teacher_forcing else _checks.measured("y", y, y_mask)
        forecasts = []
        for step in range(self.horizon):
            out = torch.cat([last, future[:, step]], -1).unsqueeze(1)
            for k, layer in enumerate(self.decoder):
                out, states[k] = layer(out, edge_index, edge_weight, hx=states[k])
            change = self.head(out.squeeze(1))
            forecast = last + change if self.residual else change
            forecasts.append(forecast)
            last = forecast
            if truth is not None and came is not None:
                fed = torch.rand(len(x), 1, 1, device=x.device) < teacher_forcing
                last = truth[:, step].where(fed & came[:, step], forecast)
        return self.scaler.inverse_transform(torch.stack(forecasts, 1))

    def _covariates(self, x: Tensor, covariates: Tensor | None) -> tuple[Tensor, Tensor]:
        """Return what is known in advance, of the history and of the horizon."""
        sizes = [x.size(1), self.horizon]
        if covariates is None:
            covariates = x.new_empty(x.size(0), sum(sizes), x.size(2), 0)
        past, future = covariates.split(sizes, 1)
        return past, future

    def _check(self, x: Tensor, covariates: Tensor | None, y: Tensor | None, teacher_forcing: float) -> None:
        if x.dim() != 4 or x.size(-1) != self.num_features or not x.numel():
            allowed = f"shape [batch, history, num_nodes, {self.num_features}], none of them 0"
            raise ValueError(_checks.problem("x", allowed, list(x.shape), "check num_features of the model"))
        if x.dtype != self.head.weight.dtype:
            allowed = f"the dtype of the weights, {self.head.weight.dtype}"
            raise ValueError(_checks.problem("x", allowed, x.dtype, "convert one of them, e.g. x.float()"))
        expected = (x.size(0), x.size(1) + self.horizon, x.size(2), self.num_covariates)
        got = (*expected[:3], 0) if covariates is None else tuple(covariates.shape)
        if got != expected:
            remedy = "give those of the history and of the horizon"
            raise ValueError(_checks.problem("covariates", f"shape {list(expected)}", list(got), remedy))
        if covariates is not None and not torch.compiler.is_compiling() and not bool(covariates.isfinite().all()):
            remedy = "they are known in advance and have no mask: fill the gaps"
            raise ValueError(_checks.problem("covariates", "finite numbers", "nan or inf", remedy))
        if not 0 <= teacher_forcing <= 1:
            remedy = "pass e.g. 0.5"
            raise ValueError(_checks.problem("teacher_forcing", "a probability in [0, 1]", teacher_forcing, remedy))
        if teacher_forcing and (y is None or tuple(y.shape) != (x.size(0), self.horizon, *x.shape[2:])):
            allowed = f"shape {[x.size(0), self.horizon, *x.shape[2:]]} where teacher_forcing is above 0"
            got_y = None if y is None else list(y.shape)
            raise ValueError(_checks.problem("y", allowed, got_y, "give what came, or teacher_forcing=0.0"))


def latest(values: Tensor, mask: Tensor) -> Tensor:
    """Return each node's last measured value [B, N, F] of histories [B, T, N, F], 0 where there is none."""
    steps = torch.arange(1, values.size(1) + 1, device=values.device)[:, None, None]
    last = (steps * mask).amax(1, keepdim=True)
    found = values.gather(1, (last - 1).clamp(min=0))
    return found.where(last > 0, 0.0).squeeze(1)
