"""Measuring: two training steps that must agree before either is timed, then take turns on the same machine."""

import gc
import math
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from statistics import median
from typing import Any

import psutil
import torch
from torch import Tensor

from benchmarks.machine import PeakMemory
from gnn_toolkit.graphs import LevelOrder

TOLERANCE = 1e-4  # of float32 sums over many nodes, as a share of a tensor's largest entry
LONG_ENOUGH = 0.1  # seconds: a shorter step is repeated within one measurement

Step = Callable[[], Sequence[Tensor]]


class TrainingStep:
    """Forward, and the gradients of ``sum(weights * output)`` with fixed random weights; called without arguments.

    Args:
        forward: computes the output from inputs at hand.
        parameters: what to differentiate by.
        shape: of the output.
    """

    def __init__(self, forward: Callable[[], Tensor], parameters: Iterable[Tensor], shape: Sequence[int]) -> None:
        self.forward, self.parameters = forward, list(parameters)
        weights = torch.randn(*shape, generator=torch.Generator().manual_seed(0))
        self.weights = weights.to(self.parameters[0].device)

    def __call__(self) -> list[Tensor]:
        """Return the output and the gradient of every parameter."""
        out = self.forward()
        return [out.detach(), *torch.autograd.grad(out, self.parameters, self.weights)]


class Floor:
    """The matrix products that a DAGLSTM's training step cannot do without, alone, into memory that is at hand.

    Forward: ``x W_ih^T`` for all nodes; for every level and relation with edges into the level, the rows of ``s`` by
    ``W_iog^T``; for every level and relation with edges out of it, the rows of ``h`` by ``W_f^T``. Backward: the
    transposed counterpart of each; then the gradient of every weight as one product over all nodes.

    Args:
        order: of the graph.
        in_channels: width F of ``x``, which asks for no gradient.
        hidden: width H.

    Attributes:
        products: triples (a, b, out) of ``out = a @ b``.
    """

    def __init__(self, order: LevelOrder, in_channels: int, hidden: int) -> None:
        nodes, relations = order.nodes.numel(), order.num_relations
        device = order.nodes.device

        def rows(width: int, *leading: int) -> Tensor:
            return torch.randn(*leading, nodes, width, device=device)

        x, h, gates, iog = rows(in_channels), rows(hidden), rows(4 * hidden), rows(3 * hidden)
        s, asked, back = rows(hidden, relations), rows(hidden, relations), rows(hidden)
        weight_ih = torch.randn(4 * hidden, in_channels, device=device)
        weight_iog = torch.randn(relations, 3 * hidden, hidden, device=device)
        weight_f = torch.randn(relations, hidden, hidden, device=device)

        into = torch.stack([order.level[order.target], order.relation])
        outof = torch.stack([order.level[order.source], order.relation])
        ptr = order.node_ptr.tolist()
        self.products: list[tuple[Tensor, Tensor, Tensor]] = [(x, weight_ih.t(), gates)]
        for level, r in torch.unique(into, dim=1).t().tolist():
            a, b = ptr[level], ptr[level + 1]
            self.products.append((s[r, a:b], weight_iog[r].t(), iog[a:b]))
            self.products.append((iog[a:b], weight_iog[r], back[a:b]))
        for level, r in torch.unique(outof, dim=1).t().tolist():
            a, b = ptr[level], ptr[level + 1]
            self.products.append((h[a:b], weight_f[r].t(), asked[r, a:b]))
            self.products.append((asked[r, a:b], weight_f[r], back[a:b]))
        for r in range(relations):
            self.products.append((iog.t(), s[r], torch.empty_like(weight_iog[r])))
            self.products.append((asked[r].t(), h, torch.empty_like(weight_f[r])))
        self.products.append((gates.t(), x, torch.empty_like(weight_ih)))

    def __call__(self) -> list[Tensor]:
        """Do the products."""
        return [torch.mm(a, b, out=out) for a, b, out in self.products]


@dataclass(frozen=True)
class Contest:
    """What is compared.

    Attributes:
        ours: the candidate.
        expected: computes what ``ours`` must return, up to float32 rounding.
        rival: what ``ours`` is measured against; often ``expected`` itself.
        costs: two functions that measure ``ours`` and ``rival`` where it is not their time that counts.
    """

    ours: Step
    expected: Step
    rival: Callable[[], object]
    costs: tuple[Callable[[], float], Callable[[], float]] | None = None


@dataclass(frozen=True)
class Result:
    """What came out of a case.

    Attributes:
        case: name of the case.
        title: what is run.
        rival: what it is measured against.
        kind: ``"time"``, ``"speed"``, ``"memory"`` or ``"share"``, each over the rival's.
        bar: what the median ratio must keep to; ``None`` where it is only told.
        ours: measurements of ours, in milliseconds or, for memory, MiB.
        theirs: measurements of the rival, each taken right after its counterpart.
        error: the traceback where nothing could be measured.
    """

    case: str
    title: str
    rival: str
    kind: str
    bar: float | None = None
    ours: list[float] = field(default_factory=list)
    theirs: list[float] = field(default_factory=list)
    error: str = ""

    @property
    def ratios(self) -> list[float]:
        """The ratio of each pair: ours over theirs, or for a speed theirs over ours."""
        pairs = zip(self.ours, self.theirs, strict=True)
        return [b / a if self.kind == "speed" else a / b for a, b in pairs]

    @property
    def verdict(self) -> str:
        """``"FAILED"`` (not measured), ``"met"``, ``"MISSED"``, or empty where there is no bar."""
        if self.error:
            return "FAILED"
        if self.bar is None:
            return ""
        ratio = median(self.ratios)
        return "met" if (ratio >= self.bar if self.kind == "speed" else ratio <= self.bar) else "MISSED"

    def summary(self) -> dict[str, Any]:
        """Return the figures that reports show."""
        if self.error:
            return {"verdict": self.verdict}
        ratios = self.ratios
        return {
            "verdict": self.verdict,
            "ratio": {"median": median(ratios), "min": min(ratios), "max": max(ratios)},
            "median_ours": median(self.ours),
            "median_theirs": median(self.theirs),
        }


def assert_agreement(actual: Sequence[Tensor], expected: Sequence[Tensor]) -> None:
    """Raise an ``AssertionError`` unless all tensors agree to within ``TOLERANCE`` of their largest entry."""
    if [t.shape for t in actual] != [t.shape for t in expected]:
        raise AssertionError(f"shapes {[[*t.shape] for t in actual]} against {[[*t.shape] for t in expected]}")
    for k, (a, b) in enumerate(zip(actual, expected, strict=True)):
        if not b.numel():
            continue
        error = float((a.double() - b.double()).abs().max() / b.double().abs().max().clamp(min=1e-30))
        if not error <= TOLERANCE:  # also where it is not a number
            name = "output" if k == 0 else f"gradient {k - 1}"
            raise AssertionError(f"{name} is off by {error:.1e} of its largest entry, allowed is {TOLERANCE:.0e}")


def measure(contest: Contest, rounds: int) -> tuple[list[float], list[float]]:
    """Check that ours agrees with what is expected, then measure ours and the rival in turns.

    Raises:
        AssertionError: they disagree; nothing was measured.
    """
    assert_agreement(contest.ours(), contest.expected())
    ours, theirs = contest.costs or (_clock(contest.ours), _clock(contest.rival))
    pairs = [(ours(), theirs()) for _ in range(rounds)]
    return [a for a, _ in pairs], [b for _, b in pairs]


def _clock(step: Callable[[], object]) -> Callable[[], float]:
    """Warm a step and return a function that measures its milliseconds."""
    step()
    repeats = max(1, math.ceil(1e3 * LONG_ENOUGH / milliseconds(step)))
    return lambda: milliseconds(step, repeats)


def milliseconds(step: Callable[[], object], repeats: int = 1) -> float:
    """Return the mean wall-clock milliseconds of a step; the garbage collector waits meanwhile."""
    gc.collect()
    gc.disable()
    try:
        _synchronize()
        start = time.perf_counter()
        for _ in range(repeats):
            step()
        _synchronize()
        return (time.perf_counter() - start) * 1e3 / repeats
    finally:
        gc.enable()


def _synchronize() -> None:
    if torch.cuda.is_initialized():
        torch.cuda.synchronize()


def peak_mebibytes(build: Callable[..., Step], arguments: tuple[Any, ...], device: str, threads: int) -> float:
    """Return how far a step's peak memory lies above what was in use before it, in MiB, in a fresh process.

    The process runs a step on a graph of three levels, so that code and thread pools are in memory, and builds the
    inputs; then it notes its resident memory, sets the kernel's high-water mark back, runs the step once and reads the
    mark. Resident memory is what a user runs out of: it includes what the allocator of the C library keeps for reuse,
    and so depends on what ran before; hence a fresh process for every figure. On a GPU the figures are the allocator's.

    Args:
        build: returns a step; a function of a module, since it goes to another process by name.
        arguments: of ``build``, after the number of levels.
        device: ``"cpu"`` or ``"cuda"``.
        threads: number of threads.
    """
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(_peak_here, build, arguments, device, threads).result()


def _peak_here(build: Callable[..., Step], arguments: tuple[Any, ...], device: str, threads: int) -> float:
    torch.set_num_threads(threads)
    levels, *rest = arguments
    build(min(levels, 3), *rest)()
    step = build(*arguments)
    gc.collect()
    peak = PeakMemory(device)
    before = torch.cuda.memory_allocated() if device == "cuda" else psutil.Process().memory_info().rss
    step()
    return peak.mebibytes() - before / 2**20
