"""``speed``: our layers and tools timed against others'."""

import traceback
from pathlib import Path
from typing import Annotated

import psutil
import torch
import typer

from gnn_toolkit import _checks

from ..measure import machine
from ..speed import speed_report
from ..speed.cases import CASES, CURVES, run_case
from ..speed.scaling import Point, measure_curve
from . import shared
from .shared import console


def speed(
    case: Annotated[list[str] | None, typer.Option(help="Only this case; may be given again.")] = None,
    curve: Annotated[list[str] | None, typer.Option(help="Only this curve of growth; may be given again.")] = None,
    rounds: Annotated[int, typer.Option(help="Pairs of measurements of each case.", min=1)] = 7,
    threads: Annotated[int, typer.Option(help="Threads that torch uses.", min=1)] = 2,
    out: Annotated[
        Path, typer.Option(help="Folder of the results; those of an earlier run in it are replaced.")
    ] = shared.RUNS / "speed",
    device: Annotated[str, typer.Option(help="cpu or cuda.")] = "cpu",
) -> None:
    """Measure training steps against torch's, PyG's and the bare matrix products, and how their cost grows.

    Without --case and --curve all is measured; with one of them only what is named.
    """
    everything = not (case or curve)
    cases = [_checks.choice("--case", name, CASES) for name in case or (CASES if everything else ())]
    names = [_checks.choice("--curve", name, CURVES) for name in curve or (CURVES if everything else ())]
    _checks.choice("--device", device, ("cpu", "cuda"))
    load = psutil.getloadavg()[0]
    torch.set_num_threads(threads)
    measured = speed_report.Report(machine.describe(), load, rounds)
    for place, name in enumerate(cases, 1):
        measured.results.append(run_case(name, CASES[name], rounds, device))
        speed_report.write(measured, out, device)  # what is measured stays where the rest is stopped
        done = speed_report.progress(measured.results[-1])
        console.print(f"[{place}/{len(cases)}] {done}", markup=False, soft_wrap=True)
    for name in names:
        try:
            points = measure_curve(name, CURVES[name], min(rounds, 3), device, _show_point)
            measured.curves.append((CURVES[name], points))
        except Exception:  # as for a case: what was measured is still worth a report
            measured.problems[name] = traceback.format_exc()
            console.print(f"{name}: FAILED\n{measured.problems[name]}", markup=False, soft_wrap=True)
    for path in speed_report.write(measured, out, device):
        console.print(f"wrote {path}", soft_wrap=True)
    if measured.failed:
        raise typer.Exit(1)


def _show_point(point: Point) -> None:
    console.print(speed_report.point_progress(point), soft_wrap=True)
