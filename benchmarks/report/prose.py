"""The words and cells of results, the same in the terminal, in Markdown and on the page."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..results.compare import Pair, against
from ..results.rows import Row, best
from ..results.statistics import FEWEST_FOR_BOOTSTRAP, Estimate
from ..results.verdicts import MOST_SEEDS, POWER, TURNED, Comparison, seeds_to_decide
from ..run.records import Record

FREE = "(structure-free)"
WORDS = {
    "better": "better than",
    "ahead": "ahead of",
    "worse": "worse than",
    "behind": "behind",
    "not distinguishable": "not distinguishable from",
}


def scored(found: Estimate, form: str = ".3f") -> str:
    """Return a mean with its interval.

    >>> scored(Estimate(0.5, 3, (0.25, 0.75), "Student's t"))
    '0.500 [0.250, 0.750]'
    """
    return f"{found.mean:{form}} {interval(found, form)}".rstrip()


def interval(found: Estimate, form: str = ".3f") -> str:
    """Return an interval alone; empty where there is none."""
    return f"[{found.interval[0]:{form}}, {found.interval[1]:{form}}]" if found.interval else ""


def escaped(text: str) -> str:
    r"""Return a text that Markdown shows as it is: one line, no tags, no bars of tables, no code, no links.

    >>> print(escaped("a|b <i>c</i> `d` [e](f)"))
    a\|b &lt;i&gt;c&lt;/i&gt; \`d\` \[e](f)
    """
    plain = " ".join(text.split()).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"[\\`|]|\[(?=[^\]]*\]\()", lambda found: f"\\{found[0]}", plain)


def quantity(number: float) -> str:
    """Return a large number in thousands, millions, ...

    >>> quantity(950), quantity(12_345_678)
    ('950', '12.3 M')
    """
    for size, letter in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
        if number >= size:
            return f"{number / size:.3g} {letter}"
    return f"{number:.0f}"


@dataclass(frozen=True)
class Finding:
    """The answer of a task: which model, at what cost, how sure.

    Attributes:
        task: its name.
        leader: the row with the best mean.
        verdicts: what is said of every other row, seen from the leader: ``"better"`` if the leader is better.
        cheapest: the row that trains fastest among the leader and those not distinguishable from it; ``None`` where
            nobody took the time.
        sure: how sure, in a phrase.
    """

    task: str
    leader: Row
    verdicts: dict[str, str]
    cheapest: Row | None
    sure: str

    def those(self, verdict: str) -> list[str]:
        """Return the labels of the rows of which a verdict is given."""
        return [label for label, found in self.verdicts.items() if found == verdict]

    @property
    def said(self) -> list[tuple[str, list[str]]]:
        """Each word that was found, as it stands before names, and the labels of those rows; the strongest first."""
        order = [*WORDS, *sorted({word for word in self.verdicts.values() if word not in WORDS})]
        order.sort(key=lambda word: word == "not distinguishable")
        return [(WORDS.get(word, f"{word} of"), self.those(word)) for word in order if self.those(word)]


def finding(members: list[Row], compared: list[Pair]) -> Finding:
    """Return the answer of a task from its rows and their comparisons."""
    leader = best(members)[0]
    met = {label: comparison.turned for label, comparison in against(leader, compared).items()}
    others = {label: comparison.verdict for label, comparison in met.items()}
    near = [row for row in members if row is leader or others.get(row.label, "better") not in TURNED]
    timed = [(seconds, row) for row in near if (seconds := row.mean("seconds")) is not None]
    cheapest = min(timed, key=lambda pair: pair[0])[1] if timed else None
    open_ = [comparison for label, comparison in met.items() if others[label] == "not distinguishable"]
    return Finding(leader.task, leader, others, cheapest, _sure(compared) + _needed(open_))


def _needed(open_: list[Comparison]) -> str:
    """Return how many more seeds it takes to distinguish what is not, by the largest number of any such pair."""
    counts = [count for comparison in open_ if (count := comparison.more_seeds) is not None]
    if not counts:
        return ""
    size = f"{open_[0].margin:g}" if open_[0].margin else "the size seen"
    number = f"{MOST_SEEDS} or more" if max(counts) >= MOST_SEEDS / 2 else f"about {max(counts)}"
    return f"; to find a difference of {size} from the best takes {number} seeds more, with a power of {POWER:g}"


def _sure(compared: list[Pair]) -> str:
    if not compared:
        return "a single row: there is nothing to compare"
    seeds = sorted({pair.comparison.difference.count for pair in compared})
    counted = f"{seeds[0]} seeds" if len(seeds) == 1 else f"{seeds[0]} to {seeds[-1]} seeds"
    if seeds == [1]:
        return "a single seed: nothing can be said about chance"
    family = f"{len(compared)} comparisons" if len(compared) > 1 else "1 comparison"
    if all(pair.comparison.can_decide for pair in compared):
        return f"{counted}; permutation tests with Holm's correction for {family}"
    return (
        f"{counted}, too few for the permutation test (p is {min(pair.comparison.smallest_p for pair in compared):.2g} "
        f"at least; among {family} it takes {seeds_to_decide(len(compared))} seeds); “ahead” rests on Student's test "
        "with Holm's correction, and on all seeds agreeing"
    )


def summary(found: Finding) -> str:
    """Return the answer of a task in a sentence or three."""
    lead, metric = found.leader, found.leader.about.metric
    parts = [f"{lead.title}: {lead.label} has the best mean, {metric} {scored(lead.test)}"]
    parts += [f"{words} {listed(labels)}" for words, labels in found.said]
    cheap = ""
    if found.cheapest is not None and set(found.verdicts.values()) - set(TURNED):
        seconds = found.cheapest.mean("seconds") or 0.0
        cheap = f" Of those not distinguishable {found.cheapest.label} trains fastest, in {seconds:.1f} s."
    return "; ".join(parts) + "." + cheap


def cost(row: Row) -> str:
    """Return what a row cost, as far as it is known."""
    known = {
        "seconds": lambda value: f"{value:.1f} s of training",
        "parameters": lambda value: f"{value:,.0f} parameters",
        "flops_per_step": lambda value: f"{quantity(value)} FLOPs a step",
    }
    parts = [form(value) for name, form in known.items() if (value := row.mean(name)) is not None]
    return ", ".join(parts) or "unknown"


def listed(words: list[str]) -> str:
    """Return words as one writes them.

    >>> listed(["a", "b", "c"])
    'a, b and c'
    """
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1])))


def method(table: list[Row]) -> str:
    """Return which intervals the rows have and why some have none."""
    counts = {name: sum(row.test.method == name for row in table) for name in sorted({r.test.method for r in table})}
    few = max((row.test.count for row in table), default=0) < FEWEST_FOR_BOOTSTRAP
    absent = (
        f" No bootstrap interval: it holds what it promises only from {FEWEST_FOR_BOOTSTRAP} seeds on." if few else ""
    )
    return (
        "Intervals: "
        + "; ".join(f"{name} ({count} of {len(table)} rows)" for name, count in counts.items())
        + "."
        + absent
    )


def budget(members: list[Row]) -> str:
    """Return the budget of a task's models, and whether it was the same for all of them."""
    trained = [row for row in members if row.view]
    if not trained:
        return "No model has finished yet."
    settings = [_flat(row.records[0]) for row in trained]
    same = {name: value for name, value in settings[0].items() if all(s.get(name) == value for s in settings)}
    names = dict.fromkeys(name for s in settings for name in s)
    differ = [name for name in names if name not in same]
    tried = sorted({row.tried for row in trained})
    tuned = "nothing was tuned" if tried == [1] else f"{tried[0]} configurations each, chosen on validation"
    if len(tried) > 1:
        tuned = f"UNEQUAL tuning, {tried[0]} to {tried[-1]} configurations, chosen on validation"
    text = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in same.items() if value)
    unequal = f" Not the same for all: {listed(differ)}." if differ else ""
    return f"Every model: {text or 'settings that the record does not name'}; {tuned}.{unequal}"


def _flat(record: Record) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in record.trial.config.items():
        flat |= value if isinstance(value, dict) else {name: value}
    return {name: value for name, value in flat.items() if name not in ("seed", "plugins")}


def machine(known: dict[str, Any]) -> str:
    """Return a machine and its versions in a sentence."""
    what = {name: known.get(name, "unknown") for name in ("processor", "cores", "memory_gib", "system", "python")}
    versions = "".join(f", {name} {number}" for name, number in known.get("versions", {}).items())
    gpu = f", {known['gpu']}" if known.get("gpu") else ""
    threads = f"; {known['threads']} thread{'s' * (known['threads'] != 1)} a trial" if "threads" in known else ""
    return (
        f"{what['processor']}, {what['cores']} cores, {what['memory_gib']} GiB{gpu}{threads}; {what['system']}; "
        f"Python {what['python']}{versions}; revision {known.get('revision', 'unknown')}"
    )


def machines(records: Sequence[Record]) -> list[str]:
    """Return each machine of the records, with how many trials it ran where there are several."""
    counts: dict[str, int] = {}
    for record in records:
        if record.machine:
            text = machine(record.machine)
            counts[text] = counts.get(text, 0) + 1
    if len(counts) < 2:
        return [f"{text}." for text in counts] or ["No trial has finished yet."]
    return [f"{count} trial{'s' * (count > 1)}: {text}." for text, count in counts.items()]
