"""The runner: it runs the trials of a suite that have no finished record yet."""

from rich.console import Console

from .engines import on_ray, processes, sequential
from .engines.engine import Engine, Work
from .record_files import read_records, set_aside, stamp, survey
from .records import Record, Trial
from .retry import tidy
from .terminal import Terminal
from .workdir import Output


def run(
    planned: list[Trial], output: Output, console: Console, *, engine: str = "local", workers: int = 1, threads: int = 1
) -> list[Record]:
    """Run the trials that are not done in the output's folder and return the records of those that still are not.

    Every finished trial is written at once. What is interrupted, by Ctrl-C or ``kill -9``, is continued from its last
    checkpoint by the next call with the same folder; a trial that fails is recorded with its traceback, and tried again
    by the next call. A file among the records that cannot be read is named and moved aside. Several calls with the same
    folder share the trials.

    Args:
        planned: the trials.
        output: where the run writes, and what.
        console: for the lines and bars.
        engine: ``"local"`` for this machine, ``"ray"`` for a cluster.
        workers: how many trials run at a time on this machine.
        threads: how many threads each has.

    Raises:
        ValueError: an engine that is not installed.
        OSError: the folder cannot be written, e.g. because the disk is full.
    """
    found = survey(output.folder)
    for problem in found.problems:
        console.print(f"set aside: {problem}", markup=False, soft_wrap=True)
    set_aside(output.folder, found.problems)
    done = {record.trial.id for record in found.records if record.status == "done"}
    for record in found.records:
        if record.status == "done" and output.checkpoint(record.trial).exists():
            tidy(record, output)
    earlier = {trial.id: stamp(output.folder, trial) for trial in planned if trial.id not in done}
    waiting = [trial for trial in planned if trial.id not in done]
    if len(waiting) < len(planned):
        console.print(f"{len(planned) - len(waiting)} of {len(planned)} trials are finished already.")
    run_all: Engine = on_ray.run if engine == "ray" else processes.run if workers > 1 else sequential.run
    with Terminal(console, len(waiting)) as terminal:
        run_all(Work(waiting, output, earlier, workers, threads), terminal)
    ids = {trial.id for trial in waiting}
    return [record for record in read_records(output.folder) if record.status != "done" and record.trial.id in ids]
