"""Measuring: two training steps that must agree before either is timed, then take turns on the same machine."""

import gc
import math
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

import psutil
import torch
from torch import Tensor

from ..measure.machine import PeakMemory
from .case import Contest, Step

TOLERANCE = 1e-4  # of float32 sums over many nodes, as a share of a tensor's largest entry
LONG_ENOUGH = 0.1  # seconds: a shorter step is repeated within one measurement


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
    ours, theirs = contest.costs or (clock(contest.ours), clock(contest.rival))
    pairs = [(ours(), theirs()) for _ in range(rounds)]
    return [a for a, _ in pairs], [b for _, b in pairs]


def clock(step: Callable[[], object]) -> Callable[[], float]:
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
