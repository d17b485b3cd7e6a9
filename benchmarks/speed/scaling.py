"""The growth of cost: training steps at several sizes, some to be drawn against one another."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median

from .case import Step
from .timing import assert_agreement, clock

LONGEST = 10_000.0  # milliseconds: once a line takes longer, its larger sizes are left out


@dataclass(frozen=True)
class Point:
    """One measurement.

    Attributes:
        curve: name of the curve.
        line: which of its lines.
        place: the size, e.g. a number of nodes.
        milliseconds: median of a training step.
    """

    curve: str
    line: str
    place: int
    milliseconds: float


@dataclass(frozen=True)
class Curve:
    """A panel of the figure: time against a size.

    Attributes:
        title: what does not vary.
        axis: what varies.
        places: its sizes, growing.
        lines: for each line, what makes its step from a size and a device.
        finding: what the points of this curve say, a sentence each.
        alike: the lines that must agree at the smallest size before anything is measured.
    """

    title: str
    axis: str
    places: tuple[int, ...]
    lines: Mapping[str, Callable[[int, str], Step]]
    finding: Callable[[list[Point]], list[str]]
    alike: tuple[str, ...] = ()


def measure_curve(
    name: str, curve: Curve, rounds: int, device: str, progress: Callable[[Point], object]
) -> list[Point]:
    """Return the points of a curve, line by line.

    Args:
        name: of the curve.
        curve: what to measure.
        rounds: measurements of each point.
        device: where to run.
        progress: called with every point.

    Raises:
        AssertionError: lines that must agree do not; nothing was measured.
    """
    first, *others = (curve.lines[line](curve.places[0], device) for line in curve.alike or list(curve.lines)[:1])
    for other in others:
        assert_agreement(first(), other())
    points: list[Point] = []
    for line, build in curve.lines.items():
        for place in curve.places:
            took = clock(build(place, device))
            points.append(Point(name, line, place, median(took() for _ in range(rounds))))
            progress(points[-1])
            if points[-1].milliseconds > LONGEST:
                break
    return points


def ends(points: list[Point]) -> list[str]:
    """Return the cost of each line at its smallest and its largest size."""
    texts = []
    for line in dict.fromkeys(point.line for point in points):
        mine = [point for point in points if point.line == line]
        at = " and ".join(f"{short(point.milliseconds)} ms at {point.place:,}" for point in (mine[0], mine[-1]))
        texts.append(f"{line}: {at}")
    return texts


def short(number: float) -> str:
    """Return a number to three digits or to the unit.

    >>> short(0.12345), short(12345.6)
    ('0.123', '12,346')
    """
    return f"{number:,.0f}" if number >= 100 else f"{number:.3g}"
