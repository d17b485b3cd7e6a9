"""A run of the club, written to a folder."""

from pathlib import Path

from benchmarks.run.record_files import write_record
from benchmarks.run.records import Record, Trial

CURVE = {"step": [1, 2], "loss": [2.0, 1.0], "validation": [0.5, 0.75], "seconds": [0.1, 0.2], "best_validation": 0.75}
MACHINE = {
    "processor": "a processor",
    "cores": 2,
    "memory_gib": 8.0,
    "gpu": None,
    "system": "a system",
    "python": "3.11",
    "versions": {"torch": "2.13.0"},
    "revision": "abc",
}


def write_run(folder: Path, tests: tuple[float, ...], speed: float = 10.0) -> Path:
    """Write trials of a model with these scores, and a baseline, and return the folder."""
    for seed, test in enumerate(tests):
        trial = Trial("club", "graph", "GCN", seed, {})
        costs = {"parameters": 1234, "steps_per_second": speed + seed, "seconds": 2.0}
        write_record(folder, Record(trial, test=test, curve=CURVE, machine=MACHINE, note="a note", **costs))
    free = Trial("club", "", "majority class", 0, {})
    write_record(folder, Record(free, test=0.5, machine=MACHINE, note="a note"))
    return folder


def with_a_failure(folder: Path) -> Path:
    """Return a folder with a run of which a trial failed."""
    write_run(folder, (0.75, 0.85))
    write_record(folder, Record(Trial("club", "BFS path", "LSTM", 0, {}), status="failed", error="X\nOops: no"))
    return folder
