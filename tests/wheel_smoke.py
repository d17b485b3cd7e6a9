"""Builds the wheel and uses it in a clean environment, away from the checkout. Run by ``make test``."""

import subprocess
import sys
import tempfile
import venv
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[1]

USE = """
import importlib.util, pathlib, sys
import torch
import gnn_toolkit
from gnn_toolkit import DAGLSTM, GCNConv, LSTM
from gnn_toolkit.datasets import cards, load_text
assert pathlib.Path(gnn_toolkit.__file__).is_relative_to(sys.prefix), gnn_toolkit.__file__
assert {"grimm", "tinyshakespeare"} <= set(cards()), cards()
assert len(load_text("python_reference")) > 100_000
edge_index = torch.tensor([[0, 1], [2, 2]])
out, (h_n, c_n) = DAGLSTM(3, 4)(torch.randn(3, 3), edge_index)
assert out.shape == (3, 4) and GCNConv(3, 4)(torch.randn(3, 3), edge_index).shape == (3, 4)
assert importlib.util.find_spec("gnn_toolkit.__main__") is not None
assert LSTM(3, 4)(torch.randn(5, 2, 3))[0].shape == (5, 2, 4)
for name in ("datasets", "benchmarks", "tests"):
    assert importlib.util.find_spec(name) is None, f"the wheel installs a top-level {name}"
import runpy
sys.argv = ["gnn_toolkit", "bench", "run", "quick", "--task", "club", "--model", "MLP", "--seeds", "1", "--steps", "3"]
try:
    runpy.run_module("gnn_toolkit", run_name="__main__")
except SystemExit as ended:
    assert not ended.code, ended.code
assert pathlib.Path("runs/quick/report.html").stat().st_size > 1000
"""


def main() -> None:
    """Build, look inside, install and use."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        build = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(ROOT)]
        subprocess.run(build, check=True, stdout=subprocess.DEVNULL)
        (wheel,) = folder.glob("*.whl")
        tops = {entry.split("/")[0] for entry in zipfile.ZipFile(wheel).namelist()}
        if {top for top in tops if not top.endswith(".dist-info")} != {"gnn_toolkit"}:
            sys.exit(f"the wheel installs {sorted(tops)}")
        # The dependencies are lent by this environment; the wheel itself goes into one that has nothing else of it.
        clean = folder / "clean"
        venv.create(clean, with_pip=False)
        python = clean / "bin" / "python"
        ask = "import sysconfig; print(sysconfig.get_path('purelib'))"
        ours = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=True).stdout.strip()
        theirs = subprocess.run([python, "-c", ask], capture_output=True, text=True, check=True).stdout.strip()
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target", theirs]
        subprocess.run([*pip, "--disable-pip-version-check", str(wheel)], check=True)
        # Appended to the path as a plain folder: its .pth files, and so this checkout's editable install, stay out.
        lend = f"import sys; sys.path.append({ours!r})\n"
        subprocess.run([python, "-I", "-c", lend + USE], check=True, cwd=folder)
    print("the wheel builds, installs gnn_toolkit alone, runs a suite, and works: 1 passed, 0 failed")


if __name__ == "__main__":
    main()
