"""Uses an installed gnn_toolkit in the folder it is run from: layers, cards, a text, and a trial of the quick suite."""

import importlib.util
import runpy
import sys
from pathlib import Path

import torch

import gnn_toolkit
from gnn_toolkit import DAGLSTM, LSTM, GCNConv
from gnn_toolkit.datasets import cards, load_text

TRIAL = "bench run quick --task club --model MLP --seeds 1 --steps 3"


def main() -> None:
    """Raise an error where the package is not the installed one, or does not work."""
    assert Path(gnn_toolkit.__file__).is_relative_to(sys.prefix), gnn_toolkit.__file__
    for name in ("datasets", "benchmarks", "tests"):
        assert importlib.util.find_spec(name) is None, f"the wheel installs a top-level {name}"
    assert {"grimm", "tinyshakespeare"} <= set(cards()), cards()
    assert len(load_text("python_reference")) > 100_000
    edge_index = torch.tensor([[0, 1], [2, 2]])
    assert DAGLSTM(3, 4)(torch.randn(3, 3), edge_index)[0].shape == (3, 4)
    assert GCNConv(3, 4)(torch.randn(3, 3), edge_index).shape == (3, 4)
    assert LSTM(3, 4)(torch.randn(5, 2, 3))[0].shape == (5, 2, 4)
    sys.argv = ["gnn_toolkit", *TRIAL.split()]
    try:
        runpy.run_module("gnn_toolkit", run_name="__main__")
    except SystemExit as ended:
        if ended.code:
            raise
    assert Path("runs/quick/report.html").stat().st_size > 1000
    print(f"gnn_toolkit {gnn_toolkit.__version__} works beside torch {torch.__version__}")


if __name__ == "__main__":
    main()
