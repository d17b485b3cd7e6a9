"""Figures of the report, as SVG to be put inside a page.

Colours are written as CSS variables with the printed colour as fallback, so that a page can turn dark; every line also
has a dash or a marker of its own, so that no figure depends on colour.
"""

import io
import re
from collections.abc import Sequence
from html import escape
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, LogLocator, NullFormatter

from ..results.aggregates import GRID
from ..results.compare import AcrossTasks
from ..results.rows import Row, best
from .analysis import Analysis, Section, Tradeoff

COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")  # Okabe and Ito 2008: colour-blind safe
DASHES = ("-", "--", "-.", (0, (1, 1.2)), (0, (5, 1, 1, 1, 1, 1)), (0, (8, 2)))
MARKERS = "osD^vP"
INK, QUIET = "#1a1a1b", "#66666a"  # shades that nothing else has: a page replaces them
STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "gnn_toolkit",
    "font.family": "sans-serif",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
}
PAGE: dict[Any, Any] = STYLE | {
    **dict.fromkeys(("text.color", "axes.labelcolor", "axes.edgecolor", "xtick.color", "ytick.color"), INK),
    **dict.fromkeys(("figure.facecolor", "axes.facecolor", "savefig.facecolor"), "none"),
    "grid.color": QUIET,
    "grid.alpha": 0.25,
}


Captioned = tuple[str, str]


def of_section(section: Section) -> list[Captioned]:
    """Return a task's figures and their captions."""
    task, members = section.task, section.rows
    if not any(row.view for row in members):
        return []
    drawn = [(scores(task, members), "Test score: mean, 95 % interval over seeds (bar), seeds (points).")]
    if any(row.curves for row in members):
        text = "Validation score while training: mean over seeds; the band is the range of the seeds."
        drawn.append((learning_curves(task, members), text))
    for one in section.tradeoffs:
        text = f"Test score against {one.label}; the line joins what nothing cheaper equals. Dotted: without structure."
        drawn.append((pareto(task, members, one), text))
    return drawn


def of_all(found: Analysis) -> list[Captioned]:
    """Return the figures of all tasks together and their captions."""
    drawn = []
    if found.across.ranking is not None:
        drawn.append((critical_difference(found.across), "Mean rank of each model, 1 is best."))
    if found.across.aggregates is not None:
        text = "Performance profile: share of the scores above each score, with its 95 % interval as a band."
        drawn.append((performance_profile(found.across), text))
    for family, members in found.families.items():
        text = f"Test score against length, {family}: mean, and its 95 % interval as a band."
        drawn.append((against_length(family, members), text))
    return drawn


def scores(task: str, members: list[Row]) -> str:
    """Return the test score of each model with its 95 % interval, and the seeds as points."""
    figure, axes = _axes(0.8 + 0.34 * len(members))
    for place, row in enumerate(reversed(members)):
        colour = COLOURS[0] if row.view else QUIET
        if row.test.interval is not None:
            axes.plot(row.test.interval, [place, place], "|-", color=colour, linewidth=1.6, markersize=9)
        values = list(row.scores.values())
        axes.plot(values, [place] * len(values), ".", color=colour, alpha=0.55)
        axes.plot(row.test.mean, place, "o" if row.view else "D", color=colour, markersize=6)
    axes.set_yticks(range(len(members)), [row.label for row in reversed(members)])
    axes.set(xlabel=f"test {members[0].about.metric}", ylim=(-0.6, len(members) - 0.4))
    axes.grid(axis="x")
    described = "; ".join(f"{row.label} {row.test.mean:.3f}" for row in members)
    return _svg(figure, f"Test scores of {task}", f"Mean test {members[0].about.metric}: {described}.")


def learning_curves(task: str, members: list[Row]) -> str:
    """Return validation score against steps for each model: the mean over seeds, and the range of the seeds as a band.

    A structure-free baseline has no curve: its test score is drawn as a level.
    """
    figure, axes = _axes(3.4)
    trained = [row for row in members if row.curves]
    for i, row in enumerate(trained):
        steps, values = row.course()
        style: dict[str, Any] = {"color": _cycle(COLOURS, i), "linestyle": _cycle(DASHES, i)}
        axes.plot(steps, values.mean(0), label=row.label, **style)
        axes.fill_between(steps, values.min(0), values.max(0), color=style["color"], alpha=0.15, linewidth=0)
    about = members[0].about
    if about.selection == about.metric:
        _level(axes, members)
    axes.set(xlabel="training steps", ylabel=f"validation {about.selection}")
    axes.legend(frameon=False, fontsize=8, ncols=2, loc="lower center", bbox_to_anchor=(0.45, 1.0))
    described = "; ".join(f"{row.label} reaches {row.validation:.3f}" for row in trained if row.validation is not None)
    return _svg(figure, f"Learning curves of {task}", f"Best validation {about.selection}: {described}.")


def pareto(task: str, members: list[Row], tradeoff: Tradeoff) -> str:
    """Return test score against a cost on a logarithmic axis; a line joins the rows that no other row beats in both.

    Args:
        task: name of the task.
        members: its rows; the best structure-free baseline is drawn as a level.
        tradeoff: which cost, and what each row has.
    """
    figure, axes = _axes(3.4)
    for i, (cost, row) in enumerate(tradeoff.points):
        style: dict[str, Any] = {"color": _cycle(COLOURS, i), "marker": _cycle(MARKERS, i)}
        if row.test.interval is not None:
            axes.plot([cost, cost], row.test.interval, color=style["color"], linewidth=1, alpha=0.6)
        axes.plot(cost, row.test.mean, linestyle="none", label=row.label, **style)
    axes.plot(*zip(*tradeoff.front, strict=True), color=QUIET, linewidth=1, zorder=0, drawstyle="steps-post")
    _level(axes, members)
    axes.set(xscale="log", xlabel=tradeoff.label, ylabel=f"test {members[0].about.metric}")
    axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axes.xaxis.set_major_formatter(EngFormatter(sep=" "))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.legend(frameon=False, fontsize=8, ncols=2, loc="lower center", bbox_to_anchor=(0.45, 1.0))
    described = "; ".join(f"{row.label}: {row.test.mean:.3f} for {cost:.3g}" for cost, row in tradeoff.points)
    return _svg(figure, f"Quality against {tradeoff.label} of {task}", f"{described}.")


def against_length(family: str, members: list[Row]) -> str:
    """Return test score against sequence length, for the tasks of a family that differ in nothing else."""
    figure, axes = _axes(3.4)
    labels = list(dict.fromkeys(row.label for row in members if row.view))
    free = list(dict.fromkeys(row.label for row in members if not row.view))
    for i, label in enumerate([*labels, *free]):
        line = sorted(((row.place or 0, row) for row in members if row.label == label), key=lambda pair: pair[0])
        colour = _cycle(COLOURS, i) if label in labels else QUIET
        lengths, means = [length for length, _ in line], [row.test.mean for _, row in line]
        axes.plot(lengths, means, color=colour, linestyle=_cycle(DASHES, i), marker=_cycle(MARKERS, i), label=label)
        ends = [row.test.interval or (row.test.mean, row.test.mean) for _, row in line]
        low, high = zip(*ends, strict=True)
        axes.fill_between(lengths, low, high, color=colour, alpha=0.15, linewidth=0)
    axes.set_xticks(sorted({row.place or 0 for row in members}))
    axes.set(xlabel=members[0].about.axis, ylabel=f"test {members[0].about.metric}")
    axes.legend(frameon=False, fontsize=8, ncols=2, loc="lower center", bbox_to_anchor=(0.45, 1.0))
    described = "; ".join(f"{row.label} at {row.place}: {row.test.mean:.3f}" for row in members)
    return _svg(figure, f"Test score against length of {family}", f"{described}.")


def critical_difference(found: AcrossTasks) -> str:
    """Return the models on a line of mean ranks; a bar joins those that are not distinguishable (Demsar 2006)."""
    ranking = found.ranking
    assert ranking is not None
    count, cliques = len(found.models), len(ranking.cliques)
    figure, axes = _axes(1.2 + 0.28 * count + 0.2 * cliques)
    order = sorted(range(count), key=lambda i: ranking.ranks[i])
    axes.plot([1, count], [0, 0], color=INK, linewidth=0.8)
    axes.plot([1, 1 + ranking.critical_difference], [-1.2, -1.2], "|-", color=QUIET)
    axes.text(1, -1.4, f"critical difference {ranking.critical_difference:.2f}", fontsize=8, color=QUIET)
    for bar, clique in enumerate(ranking.cliques):
        ends = [ranking.ranks[clique[0]] - 0.04, ranking.ranks[clique[-1]] + 0.04]
        axes.plot(ends, [0.6 + 0.5 * bar] * 2, color=COLOURS[1], linewidth=4, solid_capstyle="round")
    for place, i in enumerate(order):
        down = 1.2 + 0.5 * cliques + place
        axes.plot([ranking.ranks[i]] * 2, [0, down], color=INK, linewidth=0.8)
        axes.plot(ranking.ranks[i], 0, "o", color=COLOURS[0], clip_on=False)
        named, at = f"{found.models[i]}, {ranking.ranks[i]:.2f}", (ranking.ranks[i], down)
        axes.annotate(named, at, xytext=(4, 0), textcoords="offset points", va="center", fontsize=9)
    axes.set(xlim=(0.9, count + 0.9), ylim=(1.8 + 0.5 * cliques + count, -2.0), xticks=range(1, count + 1), yticks=[])
    axes.xaxis.tick_top()
    axes.spines["left"].set_visible(False)
    axes.spines["bottom"].set_visible(False)
    described = ", ".join(f"{found.models[i]} {ranking.ranks[i]:.2f}" for i in order)
    return _svg(figure, f"Mean ranks over {len(found.tasks)} tasks", f"Mean ranks, 1 is best: {described}.")


def performance_profile(found: AcrossTasks) -> str:
    """Return the share of each model's scores above each score, every data set counting alike (Agarwal et al. 2021)."""
    aggregates = found.aggregates
    assert aggregates is not None
    figure, axes = _axes(3.4)
    for i, (model, profile) in enumerate(zip(aggregates.models, aggregates.profiles, strict=True)):
        style: dict[str, Any] = {"color": _cycle(COLOURS, i), "linestyle": _cycle(DASHES, i)}
        axes.step(GRID, profile.shares, where="post", label=model, **style)
        axes.fill_between(GRID, profile.low, profile.high, step="post", color=style["color"], alpha=0.15, linewidth=0)
    axes.set(xlabel="score", ylabel="share of scores above it", xlim=(0, 1), ylim=(0, 1.02))
    axes.grid()
    axes.legend(frameon=False, fontsize=8, ncols=2, loc="lower center", bbox_to_anchor=(0.45, 1.0))
    described = "; ".join(
        f"{model} has {profile.above(0.5):.2f} above 0.5 and {profile.above(0.9):.2f} above 0.9"
        for model, profile in zip(aggregates.models, aggregates.profiles, strict=True)
    )
    return _svg(figure, f"Performance profile over {len(found.tasks)} data sets", f"{described}.")


def _axes(height: float) -> tuple[Figure, Axes]:
    with mpl.rc_context(PAGE):
        figure = Figure(figsize=(5.2, height), layout="constrained")
        return figure, figure.subplots()


def _level(axes: Axes, members: list[Row]) -> None:
    """Draw the best structure-free baseline as a level."""
    free = [row for row in members if not row.view]
    for row in best(free)[:1] if free else ():
        axes.axhline(row.test.mean, color=QUIET, linewidth=0.8, linestyle=":")
        axes.annotate(row.label, (0.01, row.test.mean), xycoords=("axes fraction", "data"), fontsize=7, va="bottom")


def _cycle(values: Sequence[Any], i: int) -> Any:
    return values[i % len(values)]


def _svg(figure: Figure, title: str, description: str) -> str:
    buffer = io.StringIO()
    with mpl.rc_context(PAGE):
        figure.savefig(buffer, format="svg", metadata={"Date": None})
    text = buffer.getvalue()
    text = re.sub(r"<metadata>.*?</metadata>", "", text[text.index("<svg") :], flags=re.DOTALL)
    mark = re.sub(r"\W+", "-", title).strip("-").lower()  # ids are the page's, not the figure's
    text = re.sub(r'(\bid="|href="#|url\(#)', rf"\g<1>{mark}-", text)
    for i, colour in enumerate(COLOURS, 1):
        text = text.replace(colour, f"var(--series-{i}, {colour})")
    text = text.replace(INK, "var(--ink, #1a1a1a)").replace(QUIET, "var(--quiet, #666)")
    named = f'<svg role="img" aria-labelledby="{mark}-title {mark}-desc"'
    inside = f'<title id="{mark}-title">{escape(title)}</title><desc id="{mark}-desc">{escape(description)}</desc>'
    head, rest = text.removeprefix("<svg").split(">", 1)
    return f"{named}{head}>{inside}{rest}"
