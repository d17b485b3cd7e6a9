"""``monitor``: detectors of accidents against each other."""

from pathlib import Path
from typing import Annotated

import torch
import typer

from gnn_toolkit import _checks

from ..report import monitors
from ..report.monitors import watch
from ..tasks.incidents import SCENES, Plan
from .shared import RESULTS, console


def watch_streets(
    scenes: Annotated[list[str] | None, typer.Argument(help=f"{' | '.join(SCENES)}; all by default.")] = None,
    seeds: Annotated[int, typer.Option(help="Streets, weights and accidents drawn so many times.", min=1)] = 5,
    accidents: Annotated[int, typer.Option(help="Accidents of each seed.", min=2)] = Plan().accidents,
    steps: Annotated[int, typer.Option(help="Training steps of each monitor on streets.", min=1)] = Plan().steps,
    threads: Annotated[int, typer.Option(help="Threads that torch uses.", min=1)] = 2,
    out: Annotated[Path, typer.Option(help="Folder of the results; those of an earlier run are replaced.")] = RESULTS,
) -> None:
    """Let monitors watch streets: accidents detected, how soon, where, and false alarms."""
    torch.set_num_threads(threads)
    chosen = [_checks.choice("scene", name, SCENES) for name in scenes or SCENES]
    plan, found, examples, paths = Plan(accidents=accidents, steps=steps), [], [], []
    for seed in range(seeds):
        for name in chosen:
            for one, example in watch(SCENES[name](plan, seed), plan, seed):
                found.append(one)
                examples += [example] if example and not seed else []
                told = f"[{seed + 1}/{seeds}] {one.scene}, {one.detector}: {one.detected:.2f} detected"
                console.print(told, markup=False)
        paths = monitors.write(plan, found, examples, out)  # after each seed: what is done is kept
    for path in paths:
        console.print(f"wrote {path}", soft_wrap=True)
