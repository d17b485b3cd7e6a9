"""What can be said of models over all data sets together, in sentences and as a table."""

from ..results.aggregates import LEVELS
from ..results.compare import AcrossTasks
from ..results.ranks import FEWEST_DATA_SETS
from ..results.statistics import LEVEL
from . import prose


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
        f"difference {found.ranking.critical_difference:.2f} and are not distinguishable. Each model enters with one "
        "view of each data set, the first in the table of views, whatever its scores."
    )


def lines(found: AcrossTasks) -> list[str]:
    """Return the same in lines of Markdown, with the table of the aggregates where there is one."""
    parts = table(found)
    if not parts:
        return [ranked(found)]
    ruled = [parts[0], ["---", *["---:"] * (len(parts[0]) - 1)], *parts[1:]]
    return [ranked(found), "", *(f"| {' | '.join(prose.escaped(cell) for cell in line)} |" for line in ruled)]


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
    shares = zip(*aggregates.profiles, strict=True)
    return [*scored, *([f"{share:.2f}" for share in line] for line in shares)]
