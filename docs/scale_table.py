"""Time and memory of a training step against the size of a graph: measures them, keeps a record, renews the page.

Run ``PYTHONPATH=. OMP_NUM_THREADS=2 python docs/scale_table.py measure`` on a quiet machine; it writes
``benchmarks/results/scale.json`` and renews ``docs/scale.md``. Without ``measure`` only the page is renewed. Every case
runs in a process of its own, so that its peak of memory is its own; one that ends for want of memory has no figures.
"""

import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from statistics import median

import torch
from pages import HERE, RESULTS, read, renew, renewed, table
from torch import Tensor

from benchmarks.measure.machine import describe
from benchmarks.report.prose import machine
from gnn_toolkit import DAGGRU, DAGMinGRU, GCNConv

RECORD, PAGE = RESULTS / "scale.json", "scale.md"
WIDTH, ROUNDS, DEGREE = 32, 3, 10
EDGES = tuple(10**k for k in range(3, 8))
LEVELS = tuple(10**k for k in range(2, 6))
FIXED = 200_000  # nodes of the graphs whose number of levels grows
LARGE = 10**9
LAYERS = {"GCNConv": GCNConv, "DAGGRU": DAGGRU, "DAGMinGRU": DAGMinGRU}
HEAD = ["layer", "nodes", "edges", "levels", "first call", "a step", "a step, per edge", "memory", "per edge"]


@dataclass(frozen=True)
class Case:
    """What is measured: a layer, 32 wide, on a random graph.

    Attributes:
        layer: its name.
        nodes: their number N.
        edges: their number E.
        levels: of a DAG; 0 for a graph without order.
    """

    layer: str
    nodes: int
    edges: int
    levels: int = 0


def cases() -> Iterator[Case]:
    """Yield all cases: growing edges, then growing levels."""
    for edges in EDGES:
        yield Case("GCNConv", edges // DEGREE, edges)
    for layer in ("DAGGRU", "DAGMinGRU"):
        for edges in EDGES:
            yield Case(layer, edges // 2, edges, 100)
        for levels in LEVELS:
            yield Case(layer, FIXED, 2 * FIXED, levels)


def graph(case: Case) -> Tensor:
    """Return random edges: between any nodes, or from each level to the next, about as many into each node."""
    generator = torch.Generator().manual_seed(0)
    if not case.levels:
        return torch.randint(case.nodes, (2, case.edges), generator=generator)
    width = case.nodes // case.levels
    target = torch.randint(width, case.levels * width, (case.edges,), generator=generator)
    # The first of them lead to every node behind the first level, so that there are as many levels as there shall be.
    reached = torch.arange(width, case.levels * width)[: case.edges]
    target[: len(reached)] = reached
    source = (target // width - 1) * width + torch.randint(width, (case.edges,), generator=generator)
    return torch.stack([source, target])


def _peak() -> int:
    """Return the most memory that this process has had, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def measure_here(case: Case, rounds: int = ROUNDS) -> dict[str, float]:
    """Return what a case takes in this process: seconds of the first call and of a step, bytes of memory."""
    layer = LAYERS[case.layer](WIDTH, WIDTH)
    before = _peak()
    edge_index = graph(case)
    x = torch.randn(case.nodes, WIDTH, requires_grad=True)

    def step() -> float:
        start = time.perf_counter()
        out = layer(x, edge_index)
        (out if isinstance(out, Tensor) else out[0]).sum().backward()
        return time.perf_counter() - start

    first = step()
    seconds = median(step() for _ in range(rounds))
    return {"first": first, "step": seconds, "bytes": max(_peak() - before, 0)}


def measure(run: Callable[[Case], dict[str, float] | None]) -> list[dict[str, object]]:
    """Return a row for each case."""
    rows = []
    for case in cases():
        rows.append(asdict(case) | {"took": run(case)})
        print(rows[-1], flush=True)
    return rows


def apart(case: Case) -> dict[str, float] | None:
    """Measure a case in a process of its own; ``None`` where it ended for want of memory."""
    command = [sys.executable, __file__, "one", json.dumps(asdict(case))]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode < 0 or "memory" in done.stderr:
        return None
    done.check_returncode()
    return json.loads(done.stdout)


def amount(size: float) -> str:
    """Return bytes with a unit."""
    for unit in ("bytes", "kB", "MB", "GB", "TB"):
        if size < 1000:
            return f"{size:.3g} {unit}"
        size /= 1000
    return f"{size:.3g} PB"


def duration(seconds: float) -> str:
    """Return a time with a unit."""
    for unit in ("s", "ms", "µs"):
        if seconds >= 1:
            return f"{seconds:.3g} {unit}"
        seconds *= 1000
    return f"{seconds:.3g} ns"


def line(row: dict) -> list[str]:
    """Return the cells of a case."""
    took, cells = row["took"], [f"`{row['layer']}`", f"{row['nodes']:,}", f"{row['edges']:,}", f"{row['levels'] or ''}"]
    if took is None:
        return [*cells, "", "", "", "did not fit", ""]
    times = map(duration, (took["first"], took["step"], took["step"] / row["edges"]))
    return [*cells, *times, amount(took["bytes"]), amount(took["bytes"] / row["edges"])]


def large(rows: list[dict]) -> list[list[str]]:
    """Return for each layer what 10^9 edges would take, by the largest graph that was measured."""
    found = []
    for layer in LAYERS:
        took = [
            r for r in rows if r["layer"] == layer and r["took"] and r["levels"] in (0, 100) and r["nodes"] != FIXED
        ]
        if took:
            most = max(took, key=lambda row: row["edges"])
            share = LARGE / most["edges"]
            cells = [amount(most["took"]["bytes"] * share), f"{most['took']['step'] * share:,.0f} s"]
            found.append([f"`{layer}`", f"{most['edges']:,}", *cells])
    return found


def page(text: str, record: str) -> str:
    """Return the page with its tables and its machine renewed."""
    found = json.loads(record)
    grown = [row for row in found["rows"] if row["nodes"] != FIXED]
    deep = [row for row in found["rows"] if row["nodes"] == FIXED]
    head = ["layer", "by a graph of", "memory of 10^9 edges", "a step"]
    parts = {
        "edges": table(HEAD, [line(row) for row in grown], 1),
        "levels": table(HEAD, [line(row) for row in deep], 1),
        "large": table(head, large(found["rows"]), 1),
        "machine": f"| |\n| --- |\n| {found['machine']} |\n",
    }
    return renewed(text, parts)


def main() -> None:
    """Measure one case, or all and keep them; then renew the page."""
    if sys.argv[1:2] == ["one"]:
        print(json.dumps(measure_here(Case(**json.loads(sys.argv[2])))))
        return
    if sys.argv[1:2] == ["measure"]:
        record = {"machine": machine(describe()), "rows": measure(apart)}
        RECORD.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    renew(PAGE, page(read(HERE / PAGE), read(RECORD)))


if __name__ == "__main__":
    main()
