import ast
import importlib.util
import inspect
import pkgutil
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

import gnn_toolkit

ROOT = Path(__file__).resolve().parents[1]
ORDER = [
    "_checks",
    "_files",
    "_transforms",
    "_lazy",
    "_memo",
    "datasets",
    "graphs",
    "layers",
    "models",
    "training",
    "analysis",
    "commands",
    "benchmarks",
]
WITHOUT_DATA = {"graphs", "layers", "models"}
# The stages of a trial, in benchmarks/.
STAGES = [
    "measure",
    "tasks",
    "models",
    "tables",
    "plugins",
    "suites",
    "run",
    "results",
    "report",
    "speed",
    "commands",
    "__main__",
]
SOURCES = sorted([*ROOT.glob("gnn_toolkit/**/*.py"), *ROOT.glob("benchmarks/**/*.py")])


def module_name(path: Path) -> tuple[str, bool]:
    """Return a file's dotted name and whether it is a package."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return (".".join(parts[:-1]), True) if parts[-1] == "__init__" else (".".join(parts), False)


def imported(source: str, module: str, is_package: bool) -> Iterator[str]:
    """Yield the absolute dotted name of all that a module imports, wherever in it the import stands."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parents = module.split(".")
            parents = parents[: len(parents) - node.level + is_package] if node.level else []
            base = ".".join([*parents, *([node.module] if node.module else [])])
            yield from (f"{base}.{alias.name}" for alias in node.names)


def layer_of(name: str) -> str | None:
    """Return the layer that a dotted name belongs to; ``None`` if it is not of this project."""
    top, _, rest = name.partition(".")
    if top == "benchmarks":
        return "benchmarks"
    if top != "gnn_toolkit":
        return None
    first = rest.partition(".")[0]
    return first if first in (*ORDER, "testing") else "gnn_toolkit"


def violations(source: str, module: str, is_package: bool = False) -> list[str]:
    """Return the imports by which a module reaches for something that does not stand to its left."""
    here = layer_of(module)
    if here == "gnn_toolkit":  # the package itself: it only re-exports
        return [name for name in imported(source, module, is_package) if layer_of(name) == "benchmarks"]
    allowed = {here, "_checks"} if here == "testing" else set(ORDER[: ORDER.index(str(here)) + 1])
    if here in WITHOUT_DATA:
        allowed.remove("datasets")
    if here in ("analysis", "benchmarks"):
        allowed.add("testing")
    if here == "benchmarks":
        allowed.add("gnn_toolkit")
    return [name for name in imported(source, module, is_package) if layer_of(name) not in (None, *allowed)]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_imports_only_from_its_left(path: Path):
    assert violations(path.read_text(encoding="utf-8"), *module_name(path)) == []


def stage_of(name: str) -> int:
    """Return the place of a dotted name of benchmarks among the stages; -1 for what is not of it."""
    top, _, rest = name.partition(".")
    first = rest.partition(".")[0]
    return STAGES.index(first) if top == "benchmarks" and first in STAGES else -1


def early(source: str, module: str, is_package: bool = False) -> list[str]:
    """Return the imports by which a module of benchmarks reaches for a later stage of a trial."""
    return [name for name in imported(source, module, is_package) if stage_of(name) > stage_of(module)]


@pytest.mark.parametrize("path", sorted(ROOT.glob("benchmarks/**/*.py")), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_stage_of_a_trial_imports_only_earlier_ones(path: Path):
    module, is_package = module_name(path)
    assert module == "benchmarks" or stage_of(module) >= 0, "a part of benchmarks without a place among the stages"
    source = path.read_text(encoding="utf-8")
    assert early(source, module, is_package) == []
    # Relative imports alone: the same files are installed under another name.
    assert [n for n in imported(source, "x.y.z.w", is_package) if n.partition(".")[0] == "benchmarks"] == []


@pytest.mark.parametrize(
    ("module", "source", "reached"),
    [
        ("benchmarks.tasks.club", "from ..models.network import network", ["benchmarks.models.network.network"]),
        ("benchmarks.results.rows", "def f():\n    from ..report import page", ["benchmarks.report.page"]),
        ("benchmarks.report.page", "from ..results.rows import Row\nfrom . import figures", []),
    ],
)
def test_a_reach_for_a_later_stage_is_seen(module: str, source: str, reached: list[str]):
    assert early(source, module) == reached


@pytest.mark.parametrize(
    ("module", "is_package", "source", "reached"),
    [
        ("gnn_toolkit.layers.gcn", False, "import gnn_toolkit.models", "gnn_toolkit.models"),
        ("gnn_toolkit.layers.gcn", False, "import gnn_toolkit.training.loop as t", "gnn_toolkit.training.loop"),
        ("gnn_toolkit.layers.gcn", False, "from gnn_toolkit.models import LSTM", "gnn_toolkit.models.LSTM"),
        ("gnn_toolkit.layers.gcn", False, "from gnn_toolkit import models", "gnn_toolkit.models"),
        ("gnn_toolkit.layers.gcn", False, "from gnn_toolkit import LSTM", "gnn_toolkit.LSTM"),
        ("gnn_toolkit.layers.gcn", False, "import gnn_toolkit", "gnn_toolkit"),
        ("gnn_toolkit.layers.gcn", False, "from .. import models", "gnn_toolkit.models"),
        ("gnn_toolkit.layers.gcn", False, "from ..models import LSTM", "gnn_toolkit.models.LSTM"),
        ("gnn_toolkit.layers", True, "from ..models import LSTM", "gnn_toolkit.models.LSTM"),
        ("gnn_toolkit.layers", True, "from .. import models", "gnn_toolkit.models"),
        ("gnn_toolkit.layers.gcn", False, "def f():\n    from gnn_toolkit import models", "gnn_toolkit.models"),
        ("gnn_toolkit.layers.gcn", False, "if T:\n    import gnn_toolkit.models", "gnn_toolkit.models"),
        ("gnn_toolkit.graphs.views", False, "from gnn_toolkit.datasets import cards", "gnn_toolkit.datasets.cards"),
        ("gnn_toolkit.layers.gcn", False, "from gnn_toolkit import datasets", "gnn_toolkit.datasets"),
        ("gnn_toolkit.models.graph_network", False, "from ..datasets import cards", "gnn_toolkit.datasets.cards"),
        ("gnn_toolkit._checks", False, "from gnn_toolkit.graphs import Path", "gnn_toolkit.graphs.Path"),
        ("gnn_toolkit.testing", False, "from gnn_toolkit.layers import GCNConv", "gnn_toolkit.layers.GCNConv"),
        ("gnn_toolkit.training.loop", False, "from gnn_toolkit import testing", "gnn_toolkit.testing"),
        ("gnn_toolkit.training.loop", False, "from benchmarks import suites", "benchmarks.suites"),
        ("gnn_toolkit", True, "import benchmarks", "benchmarks"),
    ],
)
def test_every_kind_of_import_from_the_right_is_seen(module: str, is_package: bool, source: str, reached: str):
    assert violations(source, module, is_package) == [reached]


@pytest.mark.parametrize(
    ("module", "is_package", "source"),
    [
        (
            "gnn_toolkit.models.graph_network",
            False,
            "from gnn_toolkit import _checks, layers\nfrom ..graphs import Path",
        ),
        ("gnn_toolkit.layers", True, "from .gcn import GCNConv\nfrom . import cells\nimport torch"),
        ("gnn_toolkit.layers.gcn", False, "from . import cells\nfrom gnn_toolkit.layers.cells import Cell"),
        ("gnn_toolkit.training.loop", False, "from gnn_toolkit.datasets import cards"),
        ("gnn_toolkit.testing", False, "from gnn_toolkit import _checks"),
        ("gnn_toolkit", True, "from gnn_toolkit.models import LSTM"),
        ("benchmarks.suites", False, "from gnn_toolkit import LSTM, training\nfrom . import runner"),
        ("gnn_toolkit.graphs.views", False, "import datasets\nimport gnn_toolkit_of_another"),
    ],
)
def test_imports_from_the_left_pass(module: str, is_package: bool, source: str):
    assert violations(source, module, is_package) == []


def test_every_folder_of_the_library_has_a_place_in_the_order():
    folders = {path.parent.name for path in ROOT.glob("gnn_toolkit/*/__init__.py")}
    assert folders <= set(ORDER)


def test_the_packages_to_install_are_those_on_disk():
    with (ROOT / "pyproject.toml").open("rb") as file:
        setuptools = tomllib.load(file)["tool"]["setuptools"]
    on_disk = {".".join(p.parent.relative_to(ROOT).parts) for p in ROOT.glob("gnn_toolkit/**/__init__.py")}
    runner = {".".join(p.parent.relative_to(ROOT).parts) for p in ROOT.glob("benchmarks/**/__init__.py")}
    installed = {name.replace("benchmarks", "gnn_toolkit._bench", 1) for name in runner}
    assert sorted(setuptools["packages"]) == sorted(on_disk | installed | {"gnn_toolkit._bundled"})
    assert setuptools["package-dir"]["gnn_toolkit._bundled"] == "datasets"
    assert setuptools["package-dir"]["gnn_toolkit._bench"] == "benchmarks"
    with_code = {".".join(p.parent.relative_to(ROOT).parts) for p in ROOT.glob("gnn_toolkit/**/*.py")}
    assert with_code == on_disk


def test_the_folder_of_cards_is_no_package():
    assert (ROOT / "datasets").is_dir()
    assert list((ROOT / "datasets").glob("**/*.py")) == []


def modules() -> list[str]:
    found = pkgutil.walk_packages(gnn_toolkit.__path__, "gnn_toolkit.")
    absent = () if importlib.util.find_spec("triton") else ("gnn_toolkit.layers.kernels.on_gpu",)
    return ["gnn_toolkit", *(module.name for module in found if module.name not in absent)]


def test_the_public_names_are_there_and_sorted():
    names = gnn_toolkit.__all__
    assert len(set(names)) == len(names)
    assert all(inspect.isclass(getattr(gnn_toolkit, n)) or callable(getattr(gnn_toolkit, n)) for n in names)
    assert {"GCNConv", "DAGLSTM", "LSTM", "CharGenerator", "from_networkx"} <= set(names)


@pytest.mark.parametrize("name", modules())
def test_every_module_exports_what_it_names(name: str):
    module = importlib.import_module(name)
    assert module.__doc__
    assert [n for n in getattr(module, "__all__", []) if not hasattr(module, n)] == []


@pytest.mark.parametrize("name", modules())
def test_every_public_class_function_and_method_is_documented(name: str):
    module = importlib.import_module(name)
    bare = []
    for label, thing in vars(module).items():
        if label.startswith("_") or getattr(thing, "__module__", None) != name:
            continue
        if (inspect.isclass(thing) or inspect.isfunction(thing)) and not (thing.__doc__ or "").strip():
            bare.append(label)
        if inspect.isclass(thing):
            # PyG writes methods of its own into its layers' classes: those have another module.
            methods = [m for m in vars(thing).values() if inspect.isfunction(m) and m.__module__ == name]
            bare += [m.__qualname__ for m in methods if not m.__name__.startswith("_") and not m.__doc__]
    assert bare == []


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_file_is_longer_than_300_lines(path: Path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 300
