"""A comparison of speed: a case, the contest it builds, and what came out."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from torch import Tensor

Step = Callable[[], Sequence[Tensor]]


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
class Case:
    """One comparison.

    Attributes:
        title: what is run: one training step, unless it says otherwise.
        rival: what it is measured against.
        kind: which ratio counts: ``"time"``, ``"memory"`` or ``"share"`` is ours over the rival's, ``"speed"`` the
            rival's time over ours.
        bar: what the median ratio must keep to: at least for a speed, else at most; ``None`` for no bar.
        build: makes the contest on a device.
    """

    title: str
    rival: str
    kind: str
    bar: float | None
    build: Callable[[str], Contest]


@dataclass(frozen=True)
class Result:
    """What came out of a case.

    Attributes:
        case: name of the case.
        title: what is run.
        rival: what it is measured against.
        kind: ``"time"``, ``"speed"``, ``"memory"`` or ``"share"``, each over the rival's.
        bar: what the median ratio must keep to; ``None`` where it is only reported.
        ours: measurements of ours, in milliseconds or, for memory, MiB.
        theirs: measurements of the rival, each taken right after its counterpart.
        error: the traceback where nothing could be measured.
        profile: where a bar of time was missed, the share of our time that each kind of operation takes.
    """

    case: str
    title: str
    rival: str
    kind: str
    bar: float | None = None
    ours: list[float] = field(default_factory=list)
    theirs: list[float] = field(default_factory=list)
    error: str = ""
    profile: dict[str, float] = field(default_factory=dict)

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
