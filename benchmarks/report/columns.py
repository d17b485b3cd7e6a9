"""The columns of the tables of results, the same in all reports."""

from collections.abc import Callable
from dataclasses import dataclass

from ..results.rows import Row
from .prose import interval, quantity, scored


@dataclass(frozen=True)
class Column:
    """A column of the tables of results.

    Attributes:
        title: its head.
        hint: what it holds.
        text: a row's cell.
        value: what the cell is sorted by.
        short: whether narrow tables have it too.
    """

    title: str
    hint: str
    text: Callable[[Row], str]
    value: Callable[[Row], float | None]
    short: bool = False


def _mean(title: str, hint: str, field: str, form: str, short: bool = False) -> Column:
    def text(row: Row) -> str:
        value = row.mean(field)
        return "" if value is None else form.format(value)

    return Column(title, hint, text, lambda row: row.mean(field), short)


def _peak(title: str, hint: str, field: str, short: bool = False) -> Column:
    def text(row: Row) -> str:
        value = row.peak(field)
        return "" if value is None else f"{value:,.0f}"

    return Column(title, hint, text, lambda row: row.peak(field), short)


COLUMNS: tuple[Column, ...] = (
    Column(
        "test [95 %]",
        "mean test score over seeds, with its 95 % interval where there is one",
        lambda row: scored(row.test),
        lambda row: row.test.mean,
        short=True,
    ),
    Column(
        "over units too",
        "the 95 % interval over seeds and over other test sets of as many units",
        lambda row: interval(found) if (found := row.test_with_units) else "",
        lambda row: None,
        short=True,
    ),
    Column("seeds", "finished trials", lambda row: str(len(row.records)), lambda row: len(row.records), short=True),
    Column(
        "validation",
        "mean of the best validation scores, by which the tested weights were chosen",
        lambda row: "" if row.validation is None else f"{row.validation:.3f}",
        lambda row: row.validation,
    ),
    _mean("parameters", "parameter count", "parameters", "{:,.0f}", short=True),
    Column(
        "FLOPs/step",
        "floating-point operations of one training step, forward and backward",
        lambda row: "" if (flops := row.mean("flops_per_step")) is None else quantity(flops),
        lambda row: row.mean("flops_per_step"),
    ),
    _mean("steps/s", "training steps per second", "steps_per_second", "{:,.0f}", short=True),
    _mean("samples/s", "graphs or windows of text seen per second of training", "samples_per_second", "{:,.0f}"),
    _mean("seconds", "seconds of training, without validation", "seconds", "{:,.1f}", short=True),
    Column(
        "s to target",
        "mean seconds of training until validation first reached the task's target; how many seeds did",
        lambda row: _to_target(row),
        lambda row: row.mean("seconds_to_target"),
    ),
    _peak("peak MiB", "peak memory of the process, libraries and data included", "peak_memory_mib", short=True),
    _peak("GPU MiB", "peak memory of the GPU", "peak_gpu_memory_mib"),
    _mean("joules", "energy of processors and GPU during the training", "energy_joules", "{:,.0f}"),
)


def _to_target(row: Row) -> str:
    mean = row.mean("seconds_to_target")
    if mean is None:
        return "never" if row.view and row.target is not None else ""
    return f"{mean:,.1f}" + ("" if row.reached == len(row.records) else f" ({row.reached} of {len(row.records)})")
