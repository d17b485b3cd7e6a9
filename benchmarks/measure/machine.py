"""The machine, versions and revision on which a figure depends besides the code; and what a trial uses of it."""

import os
import platform
import subprocess
import sys
from contextlib import suppress
from functools import cache
from importlib.metadata import version
from pathlib import Path

import psutil
import torch
from threadpoolctl import threadpool_limits

from gnn_toolkit.analysis.doctor import processor

PACKAGES = ("torch", "torch-geometric", "lightning-fabric", "networkx", "numpy", "scikit-learn")


@cache
def describe() -> dict[str, object]:
    """Return processor, cores, memory, GPU, system, versions and git revision."""
    return {
        "processor": processor(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
        "system": platform.platform(terse=True),
        "python": platform.python_version(),
        "versions": {name: version(name) for name in PACKAGES},
        "revision": _revision(),
    }


def limit_threads(count: int) -> None:
    """Let torch, and the libraries beneath numpy and scikit-learn, use so many threads."""
    torch.set_num_threads(count)
    threadpool_limits(count)


def _revision() -> str | None:
    """Return the commit of the checkout, with a plus sign where files differ from it."""
    root = Path(__file__).parents[2]
    if not (root / ".git").exists():  # installed: a repository around it is another's
        return None
    try:
        git = ["git", "-C", str(root)]
        commit = subprocess.run([*git, "rev-parse", "--short=12", "HEAD"], capture_output=True, text=True, check=True)
        changes = subprocess.run([*git, "status", "--porcelain"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return commit.stdout.strip() + ("+" if changes.stdout.strip() else "")


class PeakMemory:
    """The peak of this process's resident memory, or of the GPU's, since construction.

    On Linux the kernel's own high-water mark is set back first; elsewhere the peak is that of the whole process so far.
    """

    def __init__(self, device: str) -> None:
        self.on_gpu = device == "cuda"
        if self.on_gpu:
            torch.cuda.reset_peak_memory_stats()
            return
        with suppress(OSError):
            Path("/proc/self/clear_refs").write_text("5")

    def mebibytes(self) -> float:
        """Return the peak in MiB."""
        if self.on_gpu:
            return torch.cuda.max_memory_allocated() / 2**20
        status = Path("/proc/self/status")
        if status.exists():
            for line in status.read_text().splitlines():
                if line.startswith("VmHWM"):
                    return int(line.split()[1]) / 2**10
        if sys.platform == "win32":
            return psutil.Process().memory_info().peak_wset / 2**20
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20  # macOS counts bytes
