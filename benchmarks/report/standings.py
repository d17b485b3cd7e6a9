"""Models over all data sets together, in sentences and as a table."""

from ..results.aggregates import LEVELS
from ..results.compare import AcrossTasks
from ..results.ranks import FEWEST_DATA_SETS
from ..results.statistics import LEVEL
from . import prose
from .prose import listed


def ranked(found: AcrossTasks) -> str:
    """Return what can be said of models across data sets."""
    if found.ranking is None:
        return (
            f"No ranking across tasks: it needs three models that were all run on {FEWEST_DATA_SETS} independent data "
            f"sets or more; the most widely run ones share {len(found.tasks)}. Two splits of one data set, or two "
            "horizons, count once. With fewer even a unanimous order says nothing."
        )
    verdict = "the models differ" if found.ranking.p < LEVEL else "the models are not distinguishable"
    return (
        f"Over {len(found.tasks)} data sets ({', '.join(found.tasks)}) {verdict}: Friedman's test in Iman and "
        f"Davenport's form, p = {found.ranking.p:.2g}. Models joined by a bar are closer than Nemenyi's critical "
        f"difference {found.ranking.critical_difference:.2f} and are not distinguishable. {_entered(found)}"
    )


def _entered(found: AcrossTasks) -> str:
    """Return with which view models enter, and who chose it when."""
    said = []
    if found.declared:
        when = f"after {found.after} of its trials were finished" if found.after else "before its first trial"
        said.append(f"The suite declared {when} with which view {listed(found.declared)} enter{_s(found.declared)}.")
    if found.undeclared:
        said.append(
            f"NOT DECLARED: {listed(found.undeclared)} ran with several views of a task and "
            f"enter{_s(found.undeclared)} with the first in the table of views."
        )
    return " ".join(said) or "Each model ran with one view of each data set."


def _s(words: list[str]) -> str:
    return "s" * (len(words) == 1)


def table(found: AcrossTasks) -> list[list[str]]:
    """Return the aggregates as a table, its head first; nothing where there are none."""
    if found.aggregates is None:
        return []
    first, rows = found.models[0], zip(found.models, *_columns(found), strict=True)
    head = ["model", "interquartile mean [95 %]", f"probability to beat {first} [95 %]"]
    return [[*head, *(f"above {level:g}" for level in LEVELS)], *([str(cell) for cell in line] for line in rows)]


def _columns(found: AcrossTasks) -> list[list[str]]:
    aggregates = found.aggregates
    assert aggregates is not None
    scored = [[prose.scored(one) for one in line] for line in (aggregates.interquartile_means, aggregates.improvements)]
    return [*scored, *([f"{profile.above(level):.2f}" for profile in aggregates.profiles] for level in LEVELS)]
