"""The cells of recurrences that are linear in their state: each chooses a and b from x, and reads the state out.

    h_v = sum over edges e = (u -> v) of a_e * h_u + b_v,   channel by channel

Of ``gates = W_ih x_v + b_ih``, the only product with x, and of parameters of its own a cell makes the coefficients
``a`` [N or 1, R, C], one for each node and type of edge, and the offsets ``b`` [N, C]; of the solved states ``h`` and
the gates it makes the outputs [N, H]. An edge of type r into v has ``a_e = a[v, r]``, divided by the number of v's
predecessors where their mean is asked for, so that with ``|a| <= 1`` no state grows by branching.

Shapes: N nodes, H hidden channels, R types of edges, C channels of the recurrence; complex states are kept as real
tensors, [N, 2 C], the real and imaginary part of a channel side by side.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor
from torch.nn.functional import linear, logsigmoid, softplus

Weights = Mapping[str, Tensor]  # the parameters of one walk by name, weight_ih among them


@dataclass(frozen=True)
class LinearCell:
    """What a linear recurrence needs to know of a cell; the plainest has real states of H channels for outputs.

    Attributes:
        hidden: H.
        relations: R.
    """

    hidden: int
    relations: int = 1
    is_complex: ClassVar[bool] = False

    @property
    def rows(self) -> int:
        """Number of rows of ``weight_ih``."""
        raise NotImplementedError

    @property
    def spans(self) -> int:
        """Number of channels that forget at a pace of their own."""
        return self.hidden

    @property
    def state_width(self) -> int:
        """Width S of a node's state, as real numbers."""
        return self.hidden

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Return the shapes of the parameters beside ``weight_ih`` and ``bias_ih``."""
        return {}

    def draw(self, weights: Weights) -> None:
        """Draw in place what is not to be drawn as in ``torch.nn.Linear``."""

    def remember(self, weights: Weights, keep: Tensor) -> None:
        """Set in place what keeps the past: each channel's slowest ``|a|``, at x = 0, is ``sigmoid(keep)``."""
        raise NotImplementedError

    def coefficients(self, gates: Tensor, weights: Weights) -> tuple[Tensor, Tensor]:
        """Return a [N or 1, R, C] and b [N, C]."""
        raise NotImplementedError

    def readout(self, state: Tensor, gates: Tensor, weights: Weights) -> Tensor:
        """Return the outputs [N, H] of the states [N, S]: ``y_v = h_v``."""
        return state


@dataclass(frozen=True)
class AveragingCell(LinearCell):
    """A cell whose new state lies between the old one and a candidate n: ``h_v = (1 - z) * s + z * n``.

    On paths of one length a kernel of its own solves it, from q and n alone.
    """

    def logits(self, gates: Tensor) -> Tensor:
        """Return q_1, ..., q_R, n [N, (R + 1) * H]: the gates ``z = sigmoid(q)``, and the candidate."""
        raise NotImplementedError

    def coefficients(self, gates: Tensor, weights: Weights) -> tuple[Tensor, Tensor]:
        """``a = 1 - z``, ``b = z * n``, with the mean of z over the types."""
        q, new = self.logits(gates).split([self.relations * self.hidden, self.hidden], 1)
        z = torch.sigmoid(q).unflatten(1, (self.relations, self.hidden))
        return 1 - z, (z[:, 0] if self.relations == 1 else z.mean(1)) * new


@dataclass(frozen=True)
class MinGRUCell(AveragingCell):
    """Minimal gated recurrent unit (Feng et al. 2024, section 3.1).

        z = sigmoid(W_z x_v + b_z),  n = W_n x_v + b_n,  a = 1 - z,  b = z * n,  y_v = h_v

    Rows of the gates: z_1, ..., z_R, n. The candidate n is linear, as in the paper's plain form; its function g, which
    makes n positive, serves a scan over logarithms, and no logarithm is taken here.
    """

    @property
    def rows(self) -> int:
        """``(R + 1) * H``."""
        return (self.relations + 1) * self.hidden

    def logits(self, gates: Tensor) -> Tensor:
        """``q = W_z x_v + b_z``."""
        return gates

    def remember(self, weights: Weights, keep: Tensor) -> None:
        """``b_z = -keep``."""
        weights["bias_ih"].view(-1, self.hidden)[:-1] = -keep


@dataclass(frozen=True)
class MinLSTMCell(AveragingCell):
    """Minimal long short-term memory (Feng et al. 2024, section 3.2), whose gates share what there is.

        f = sigmoid(W_f x_v + b_f),  i = sigmoid(W_i x_v + b_i),  n = W_n x_v + b_n
        f' = f / (f + i),  i' = i / (f + i),  a = f',  b = i' * n,  y_v = h_v

    Rows of the gates: f_1, ..., f_R, i, n. ``i'`` is computed as ``sigmoid(log i - log f)``, which holds where f and i
    are too small for a float.
    """

    @property
    def rows(self) -> int:
        """``(R + 2) * H``."""
        return (self.relations + 2) * self.hidden

    def logits(self, gates: Tensor) -> Tensor:
        """``q_r = log i - log f_r``."""
        forget, entry, new = gates.split([self.relations * self.hidden, self.hidden, self.hidden], 1)
        q = logsigmoid(entry).unsqueeze(1) - logsigmoid(forget).unflatten(1, (self.relations, self.hidden))
        return torch.cat([q.flatten(1), new], 1)

    def remember(self, weights: Weights, keep: Tensor) -> None:
        """``b_f = keep``, ``b_i = -keep``: f and i then add up to 1."""
        gates = weights["bias_ih"].view(-1, self.hidden)
        gates[:-2], gates[-2] = keep, -keep


@dataclass(frozen=True)
class LRUCell(LinearCell):
    """Linear recurrent unit (Orvieto et al. 2023, section 3): complex coefficients that are the same for every input.

        lambda_r = exp(-exp(nu_r) + i exp(theta_r)),  gamma = sqrt(1 - mean over r of |lambda_r|^2)
        a = lambda_r,  b = gamma * (B x_v),  y_v = Re(C h_v) + D x_v

    Rows of the gates: B x, then D x. The paper learns gamma too, from this value on; here it follows lambda.

    Attributes:
        channels: number of complex channels; ``None`` for H.
        ring: smallest and largest ``|lambda|`` of a fresh layer.
        max_phase: largest angle of a fresh lambda.
    """

    channels: int | None = None
    ring: tuple[float, float] = (0.0, 1.0)
    max_phase: float = 2 * math.pi
    is_complex: ClassVar[bool] = True

    @property
    def spans(self) -> int:
        """Number of complex channels."""
        return self.hidden if self.channels is None else self.channels

    @property
    def state_width(self) -> int:
        """Two real numbers a channel."""
        return 2 * self.spans

    @property
    def rows(self) -> int:
        """``2 C + H``."""
        return self.state_width + self.hidden

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """``nu`` and ``theta`` [R, C], and C as ``weight_out`` [H, C, 2]."""
        rates = (self.relations, self.spans)
        return {"nu": rates, "theta": rates, "weight_out": (self.hidden, self.spans, 2)}

    def draw(self, weights: Weights) -> None:
        """Eigenvalues evenly over a ring (the paper's lemma 3.2), B and C as Glorot, no bias."""
        nu, theta, into = weights["nu"], weights["theta"], weights["weight_ih"]
        low, high = self.ring
        nu.uniform_(low**2, high**2).clamp_(1e-12, 1 - 1e-6).log_().mul_(-0.5).log_()
        theta.uniform_(0.0, self.max_phase).clamp_(min=1e-6).log_()
        weights["weight_out"].normal_(std=self.spans**-0.5)
        into[: self.state_width].normal_(std=(2 * into.size(1)) ** -0.5)
        if "bias_ih" in weights:
            weights["bias_ih"].zero_()

    def remember(self, weights: Weights, keep: Tensor) -> None:
        """``|lambda| = sigmoid(keep)``."""
        weights["nu"].copy_(softplus(-keep).log())

    def coefficients(self, gates: Tensor, weights: Weights) -> tuple[Tensor, Tensor]:
        """``a = lambda``, ``b = gamma * (B x_v)``."""
        decay = weights["nu"].exp()
        gamma = (-torch.expm1(-2 * decay)).mean(0).sqrt()
        offsets = gates[:, : self.state_width].unflatten(1, (self.spans, 2)) * gamma.unsqueeze(1)
        return torch.polar(torch.exp(-decay), weights["theta"].exp()).unsqueeze(0), torch.view_as_complex(offsets)

    def readout(self, state: Tensor, gates: Tensor, weights: Weights) -> Tensor:
        """``y_v = Re(C h_v) + D x_v``."""
        out = weights["weight_out"]
        product = (out * out.new_tensor([1.0, -1.0])).flatten(1)
        return linear(state, product) + gates[:, self.state_width :]


@dataclass(frozen=True)
class MambaCell(LinearCell):
    """Selective state space (Gu and Dao 2023, algorithm 2): n channels for each hidden one, which x writes and reads.

        u = W_u x_v,  B = W_B x_v,  C = W_C x_v,  delta = softplus(W_delta (W_r x_v) + b_delta)
        a = exp(delta * A_r),  b = delta * B * u,  y_v = (sum over the n channels of C * h_v) + D * u

    ``A_r = -exp(log_a)`` [H, n]. Rows of the gates: u, r, B, C, each with a bias. b has the form of the paper's
    program, the first order of its eq. 4. The gate around it is a block's.

    Attributes:
        channels: n.
        steps: smallest and largest delta of a fresh layer.
    """

    channels: int = 16
    steps: tuple[float, float] = (1e-3, 1e-1)

    @property
    def rank(self) -> int:
        """Width of ``W_r x``: H / 16, rounded up."""
        return -(-self.hidden // 16)

    @property
    def state_width(self) -> int:
        """``H * n``."""
        return self.hidden * self.channels

    @property
    def rows(self) -> int:
        """``H + rank + 2 n``."""
        return self.hidden + self.rank + 2 * self.channels

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """``log_a`` [R, H, n], ``weight_delta`` [H, rank], ``bias_delta`` [H] and D as ``skip`` [H]."""
        each = (self.hidden,)
        log_a = (self.relations, self.hidden, self.channels)
        return {"log_a": log_a, "weight_delta": (self.hidden, self.rank), "bias_delta": each, "skip": each}

    def draw(self, weights: Weights) -> None:
        """``A = -1, ..., -n``, delta evenly over its logarithm, D = 1 (the paper's section 3.6)."""
        bound = self.rank**-0.5
        weights["weight_delta"].uniform_(-bound, bound)
        low, high = self.steps
        delta = torch.empty_like(weights["bias_delta"]).uniform_(math.log(low), math.log(high)).exp()
        self._begin(weights, delta.expm1().log())  # whose softplus is delta
        weights["skip"].fill_(1.0)

    def remember(self, weights: Weights, keep: Tensor) -> None:
        """``delta = softplus(-keep)`` and ``A = -1, ..., -n``: the slowest a is ``exp(-delta) = sigmoid(keep)``."""
        self._begin(weights, -keep)

    def _begin(self, weights: Weights, bias: Tensor) -> None:
        """Set A and what delta is at x = 0."""
        weights["log_a"].copy_(torch.arange(1, self.channels + 1).log())
        weights["bias_delta"].copy_(bias)
        if "bias_ih" in weights:
            weights["bias_ih"][self.hidden : self.hidden + self.rank] = 0.0

    def coefficients(self, gates: Tensor, weights: Weights) -> tuple[Tensor, Tensor]:
        """``a = exp(delta * A)``, ``b = delta * B * u``."""
        u, low, into, _ = self._parts(gates)
        delta = softplus(linear(low, weights["weight_delta"], weights["bias_delta"]))
        a = torch.exp(delta[:, None, :, None] * -weights["log_a"].exp())
        return a.flatten(2), ((delta * u).unsqueeze(2) * into.unsqueeze(1)).flatten(1)

    def readout(self, state: Tensor, gates: Tensor, weights: Weights) -> Tensor:
        """``y_v = (sum over the n channels of C * h_v) + D * u``."""
        u, _, _, out = self._parts(gates)
        read = state.unflatten(1, (self.hidden, self.channels)) @ out.unsqueeze(2)
        return torch.addcmul(read.squeeze(2), weights["skip"], u)

    def _parts(self, gates: Tensor) -> tuple[Tensor, ...]:
        return gates.split([self.hidden, self.rank, self.channels, self.channels], 1)
