"""All cases and curves, family by family: a new family is a module with rows of its own and a line in these tables."""

import traceback
from dataclasses import replace

import torch

from . import conversions, convolutions, linear, over_time, overhead, recurrences, sequences, text_generator, training
from .case import Case, Result
from .profile import shares
from .scaling import Curve
from .timing import measure

CASES: dict[str, Case] = {
    **sequences.CASES,
    **text_generator.CASES,
    **recurrences.CASES,
    **linear.CASES,
    **convolutions.CASES,
    **over_time.CASES,
    **conversions.CASES,
    **training.CASES,
    **overhead.CASES,
}
CURVES: dict[str, Curve] = {
    **recurrences.CURVES,
    **linear.CURVES,
    **convolutions.CURVES,
    **conversions.CURVES,
}


def run_case(name: str, case: Case, rounds: int, device: str) -> Result:
    """Build a case's inputs and measure it; a case that fails is reported, not raised."""
    torch.manual_seed(0)
    about = (name, case.title, case.rival, case.kind, case.bar)
    try:
        contest = case.build(device)
        ours, theirs = measure(contest, rounds)
    except Exception:  # whatever a kernel raises, the other cases are still worth measuring
        return Result(*about, error=traceback.format_exc())
    result = Result(*about, ours=ours, theirs=theirs)
    if result.verdict == "MISSED" and contest.costs is None and device == "cpu":
        result = replace(result, profile=shares(contest.ours))
    return result
