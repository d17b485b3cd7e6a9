"""A report on an installation: versions, machine, compilers, and whether the layers are right and fast here."""

import os
import platform
import shutil
import time
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

import torch

from gnn_toolkit.layers import DAGGRU, DAGLSTM, DAGRNN, GCNConv
from gnn_toolkit.testing import assert_parity, random_dag

PACKAGES = ("gnn-toolkit", "torch", "torch-geometric", "numpy", "scipy", "networkx", "lightning-fabric")
COMPILERS = ("c++", "g++", "clang++", "cl")
NODES, EDGES, WIDTH = 2000, 4000, 64  # of the graph that is timed
ROUNDS = 3


def processor() -> str:
    """Return the name of this machine's processor."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def installation() -> Iterator[tuple[str, str]]:
    """Yield what is installed and on what, as pairs of a name and a value."""
    yield "Python", f"{platform.python_version()} on {platform.platform()}"
    for package in PACKAGES:
        try:
            yield package, version(package)
        except PackageNotFoundError:
            yield package, "not installed"
    yield "processor", f"{processor()}, {os.cpu_count()} cores, torch uses {torch.get_num_threads()} threads"
    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else "none that torch can use"
    yield "GPU", gpu
    found = next((name for name in COMPILERS if shutil.which(name)), None)
    yield "torch.compile", f"C++ by {found}" if found else "no C++ compiler: backend='aot_eager' needs none"
    yield "Triton", "installed" if find_spec("triton") else "not installed (only GPUs need it)"
    data = os.environ.get("GNN_TOOLKIT_DATA")
    yield "GNN_TOOLKIT_DATA", data or "not set: data are downloaded into the user's cache"


def self_test() -> Iterator[tuple[str, str]]:
    """Yield for each layer whether its fast path is right here, and how fast, as pairs of a name and a sentence.

    Right means: values and all gradients of the fast path are those of message passing, in float64, on a random DAG.
    The time is that of a training step on a DAG of 2,000 nodes and 4,000 edges, width 64; the best of three rounds.
    """
    edge_index = random_dag(NODES, EDGES, torch.Generator().manual_seed(0))
    for layer in (DAGRNN, DAGGRU, DAGLSTM):
        pair = [layer(WIDTH, WIDTH, backend=backend) for backend in ("fused", "message_passing")]
        pair[1].load_state_dict(pair[0].state_dict())
        yield layer.__name__, _verdict([_run(module) for module in pair], list(pair), edge_index)
    fast, plain = GCNConv(WIDTH, WIDTH), GCNConv(WIDTH, WIDTH)
    plain.load_state_dict(fast.state_dict())
    plain.register_message_forward_hook(lambda *_: None)  # a look at single messages needs message passing
    yield "GCNConv", _verdict([fast, plain], [fast, plain], edge_index)


def _run(module: torch.nn.Module) -> Callable[..., torch.Tensor]:
    return lambda x, edges: module(x, edges)[0]


def _verdict(runs: list[Callable[..., torch.Tensor]], modules: list[torch.nn.Module], edge_index: torch.Tensor) -> str:
    x = torch.randn(NODES, WIDTH, generator=torch.Generator().manual_seed(1))
    seconds = [
        min(_step(run, module, x, edge_index) for _ in range(ROUNDS)) for run, module in zip(runs, modules, strict=True)
    ]
    leaves = [[x.double().requires_grad_(), *module.double().parameters()] for module in modules]
    try:
        outs = [run(mine[0], edge_index) for run, mine in zip(runs, leaves, strict=True)]
        assert_parity(outs[:1], outs[1:], [(leaves[0], leaves[1])])
    except AssertionError as error:
        return f"WRONG: {str(error).splitlines()[0]}; please report it"
    return f"right; {1000 * seconds[0]:.0f} ms a step, {seconds[1] / seconds[0]:.1f} times as fast as message passing"


def _step(run: Callable[..., torch.Tensor], module: torch.nn.Module, x: torch.Tensor, edges: torch.Tensor) -> float:
    began = time.perf_counter()
    run(x, edges).square().mean().backward()
    module.zero_grad()
    return time.perf_counter() - began
