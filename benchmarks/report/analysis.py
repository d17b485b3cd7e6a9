"""One analysis of a run, which page, Markdown and terminal show: rows, comparisons, verdicts, words, figures' data."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..results.compare import AcrossTasks, Pair, across, pairs
from ..results.names import about_of
from ..results.rows import Row, best, by_task, rows
from ..results.statistics import Estimate, estimate
from ..results.verdicts import TURNED
from ..run.entries import NONE, Entries, read_entries
from ..run.record_files import Survey, survey
from ..run.records import Record
from . import prose, standings
from .columns import COLUMNS, Column
from .prose import Finding

PROMISE = (
    "Within a task every model saw the same splits and the same budget of training steps, batches of the same size and "
    "the same optimiser settings. The weights that validated best (where a task says so, the last) were tested, "
    "once: nothing was chosen by test scores."
)
COSTS = (("seconds", "seconds of training"), ("flops_per_step", "FLOPs of a training step"))


@dataclass(frozen=True)
class Line:
    """A row of a table.

    Attributes:
        row: what it shows.
        cells: its texts, by the column's title.
        best: whether it has the best mean of its task, to the digits that are shown.
        verdict: what is said of it, seen from the row with the best mean.
    """

    row: Row
    cells: dict[str, str]
    best: bool
    verdict: str

    @property
    def view(self) -> str:
        """What stands in the column of views."""
        return self.row.view or prose.FREE


@dataclass(frozen=True)
class Tradeoff:
    """Test scores against a cost.

    Attributes:
        label: what the cost is called.
        points: cost and row.
        front: the points (cost, score) that no other beats in both, cheapest first.
    """

    label: str
    points: list[tuple[float, Row]]
    front: list[tuple[float, float]]


@dataclass(frozen=True)
class Section:
    """The answer of a task.

    Attributes:
        task: its name, with the variant.
        rows: its rows, baselines first.
        lines: the same, as tables show them.
        columns: those in which some row has a value.
        pairs: every two rows compared.
        finding: which row has the best mean, and what is said of the others.
        budget: of its models, in words.
        summary: the answer, in a sentence or three.
        tradeoffs: test scores against each cost that is known.
        measured: what else was measured, as a table with its head first; empty where nothing was.
    """

    task: str
    rows: list[Row]
    lines: list[Line]
    columns: list[Column]
    pairs: list[Pair]
    finding: Finding
    budget: str
    summary: str
    tradeoffs: list[Tradeoff]
    measured: list[list[str]]

    @property
    def title(self) -> str:
        """What the task asks, in a line."""
        return self.rows[0].about.title

    @property
    def note(self) -> str:
        """What the task's data are."""
        return self.rows[0].records[0].note

    @property
    def answer(self) -> str:
        """The answer, and how sure it is."""
        sure = self.finding.sure
        return f"{self.summary} ({sure[:1].upper()}{sure[1:]}.)"


@dataclass(frozen=True)
class Analysis:
    """A run, analysed.

    Attributes:
        name: of the run.
        rows: all of it.
        sections: a task each.
        columns: those in which some row has a value.
        across: the models over all data sets together.
        standing: the same in words.
        aggregates: the same as a table, its head first; empty where there is none.
        families: rows of tasks that differ in a place on an axis alone, by the family's name.
        method: which intervals the rows have, in words.
        machines: where the trials ran, in words.
        unfinished: trials that are not done.
        left_out: files and records that the reports are without, or can only trust, in words.
        trials: number of records.
        entries: the views with which models enter a ranking.
    """

    name: str
    rows: list[Row]
    sections: list[Section]
    columns: list[Column]
    across: AcrossTasks
    standing: str
    aggregates: list[list[str]]
    families: dict[str, list[Row]]
    method: str
    machines: list[str]
    unfinished: list[Record]
    left_out: list[str]
    trials: int
    entries: Entries


def analysis_of(folder: Path) -> Analysis:
    """Return the analysis of a run's folder."""
    found = survey(folder)
    return analyse(folder.name, found.records, left_out_of(found), read_entries(folder))


def analyse(name: str, records: Sequence[Record], left_out: Sequence[str] = (), entries: Entries = NONE) -> Analysis:
    """Return the analysis of a run's records.

    Args:
        name: of the run.
        records: of all its trials.
        left_out: what is not among them, and why.
        entries: the views with which models enter a ranking.
    """
    table = rows(records)
    standing = across(table, entries)
    sections = [_section(task, members) for task, members in by_task(table).items()]
    return Analysis(
        name,
        table,
        sections,
        [column for column in COLUMNS if any(column in section.columns for section in sections)],
        standing,
        standings.ranked(standing),
        standings.table(standing),
        _families(table),
        prose.method(table) if table else "",
        prose.machines(records),
        [record for record in records if record.status != "done"],
        list(left_out),
        len(records),
        entries,
    )


def left_out_of(found: Survey) -> list[str]:
    """Return in words which files and records a report is without, and which it can only trust."""
    said = [f"{problem.path.name}: {problem.reason}" for problem in found.problems]
    strange = [record for record in found.records if about_of(record) is None]
    said += [f"{record.trial.id}.json: there is no task {record.trial.task!r}" for record in strange]
    if found.unsealed:
        said.append(f"none of the {found.unsealed} records of an earlier version, which have no checksum")
    return said


def _section(task: str, members: list[Row]) -> Section:
    compared = pairs(members)
    finding = prose.finding(members, compared)
    top, lines = best(members), []
    for row in members:
        said = "best mean" if row is finding.leader else finding.verdicts.get(row.label, "")
        cells = {column.title: column.text(row) for column in COLUMNS}
        lines.append(Line(row, cells, row in top, TURNED.get(said, said)))
    tradeoffs = [_tradeoff(members, field, label) for field, label in COSTS]
    return Section(
        task,
        members,
        lines,
        [column for column in COLUMNS if any(line.cells[column.title] for line in lines)],
        compared,
        finding,
        prose.budget(members),
        prose.summary(finding),
        [one for one in tradeoffs if one.points],
        _measured(members),
    )


def _tradeoff(members: list[Row], field: str, label: str) -> Tradeoff:
    points = [(cost, row) for row in members if row.view and (cost := row.mean(field))]
    front = frontier([(cost, row.test.mean) for cost, row in points], members[0].about.higher_is_better)
    return Tradeoff(label, points, front)


def frontier(points: Sequence[tuple[float, float]], higher_is_better: bool) -> list[tuple[float, float]]:
    """Return the points (cost, quality) that no other point beats in both, cheapest first.

    >>> frontier([(1.0, 0.5), (2.0, 0.4), (3.0, 0.9)], higher_is_better=True)
    [(1.0, 0.5), (3.0, 0.9)]
    """
    sign = 1.0 if higher_is_better else -1.0
    front: list[tuple[float, float]] = []
    for cost, quality in sorted(points, key=lambda point: (point[0], -sign * point[1])):
        if not front or sign * quality > sign * front[-1][1]:
            front.append((cost, quality))
    return front


def _measured(members: list[Row]) -> list[list[str]]:
    """Return a line for each measure, with the mean over the seeds of each row that has any, and its interval."""
    having = [row for row in members if row.measures]
    names = dict.fromkeys(name for row in having for name in row.measures)
    lines = [[name, *(_measure(row, name) for row in having)] for name in names]
    return [["measure", *(row.label for row in having)], *lines] if lines else []


def _measure(row: Row, name: str) -> str:
    values = [record.measures[name] for record in row.records if name in record.measures]
    found: Estimate | None = estimate(values) if values else None
    return "" if found is None else prose.scored(found)


def _families(table: list[Row]) -> dict[str, list[Row]]:
    """Return the rows of each family of tasks of which several places were run."""
    found: dict[str, list[Row]] = {}
    for row in table:
        found.setdefault(row.family, []).append(row)
    return {name: members for name, members in found.items() if name and len({row.place for row in members}) > 1}
