"""Property tests draw the same examples in every run, no example fails on a busy machine, and sums add up alike."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
import torch_geometric
from hypothesis import settings

settings.register_profile("repeatable", derandomize=True, deadline=None, max_examples=60)
settings.load_profile("repeatable")
if tuple(map(int, torch.__version__.split(".")[:2])) < (2, 13):
    # Newer ones compile operators whose results' sizes follow from values without being asked to.
    torch._dynamo.config.capture_dynamic_output_shape_ops = True
torch.set_num_threads(1)  # small tensors: more threads would only wait for each other


@pytest.fixture
def to_hetero_runs() -> None:
    """Skip the test where PyG's own ``to_hetero`` ends with an error of ``torch.fx``."""
    if torch_geometric.__version__.startswith("2.6."):
        pytest.skip("to_hetero of PyG 2.6 needs torch before 2.9")


@pytest.fixture
def data_folder() -> Callable[[str], Path]:
    """Return a function that gives the path of a real data file, or skips the test where it is absent."""

    def find(name: str) -> Path:
        folder = os.environ.get("GNN_TOOLKIT_DATA")
        path = Path(folder or ".") / name
        if folder is None or not path.is_file():
            pytest.skip(f"the data file {name} is not in the folder named by GNN_TOOLKIT_DATA")
        return path

    return find
