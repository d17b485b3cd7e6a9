"""What an import costs and needs: nothing beyond PyG's own at first, and no module that Windows or macOS lack."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]

LOADED = """
import sys, torch_geometric
before = set(sys.modules)
import gnn_toolkit
print(*sorted({name.partition(".")[0] for name in set(sys.modules) - before} - set(sys.stdlib_module_names)))
"""

# Modules of Unix alone, and the folder in which Linux says how it is.
HIDDEN = """
import builtins, importlib, pathlib, pkgutil, sys
import torch_geometric, torch._dynamo  # whose own imports are theirs to answer for
missing = {"fcntl", "resource", "termios", "pwd", "grp", "tty", "pty"}
for name in missing:
    sys.modules.pop(name, None)
    sys.modules[name] = None  # import raises ImportError
read_text, is_file, exists = pathlib.Path.read_text, pathlib.Path.is_file, pathlib.Path.exists
def hide(of):
    def asked(path, *args, **kwargs):
        if str(path).startswith(("/proc", "/sys")):
            if of is read_text:
                raise FileNotFoundError(2, "No such file or directory", str(path))
            return False
        return of(path, *args, **kwargs)
    return asked
pathlib.Path.read_text, pathlib.Path.is_file, pathlib.Path.exists = map(hide, (read_text, is_file, exists))
import gnn_toolkit, benchmarks
count = 0
for package in (gnn_toolkit, benchmarks):
    for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        if not module.name.endswith(("__main__", "on_gpu")) and "ray" not in module.name:
            importlib.import_module(module.name)
            count += 1
from benchmarks.measure import machine
print(count, bool(machine.describe()))
"""


def run(program: str) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_importing_the_library_loads_nothing_that_pyg_has_not():
    assert run(LOADED).split() == ["gnn_toolkit", "safetensors"]


def test_every_module_imports_without_what_only_unix_has():
    count, described = run(HIDDEN).split()
    assert int(count) > 150
    assert described == "True"
