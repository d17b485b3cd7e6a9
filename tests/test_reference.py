"""The reference has a page for every public package, and a docstring for every public name."""

import inspect
import pkgutil
from importlib import import_module
from pathlib import Path

import command_help
import public_names
import pytest

import benchmarks.__main__ as runner
import gnn_toolkit
from gnn_toolkit.__main__ import COMMANDS

REFERENCE = Path(__file__).parents[1] / "docs" / "reference"
PAGES = {path.stem: path.read_text(encoding="utf-8") for path in REFERENCE.glob("*.md")}
# Packages for those who change the code: their names are documented under the packages above them, or are commands.
WITHIN = {"gnn_toolkit.commands", "gnn_toolkit.graphs.convert", "gnn_toolkit.layers.kernels"}


def test_every_public_package_is_in_the_reference():
    found = pkgutil.walk_packages(gnn_toolkit.__path__, "gnn_toolkit.")
    public = {package.name for package in found if package.ispkg and "._" not in package.name}
    assert public - WITHIN == {name for name in public_names.PACKAGES if hasattr(import_module(name), "__path__")}
    text = "\n".join(PAGES.values())
    for package in public_names.PACKAGES:
        assert f".. public-names:: {package}\n" in text, package


@pytest.mark.parametrize("package", public_names.PACKAGES)
def test_every_public_name_says_what_it_is(package: str):
    names = public_names.names(package)
    assert names
    for name in names:
        value = getattr(import_module(package), name)
        if callable(value):
            assert public_names.first_line(value).endswith((".", ":")), name
            assert public_names.kind(value).startswith("auto")


def test_what_the_package_has_at_once_is_documented_under_a_package():
    for name in public_names.names("gnn_toolkit"):
        assert public_names.home(name, getattr(gnn_toolkit, name)) in public_names.PACKAGES
    with pytest.raises(Exception, match="nothing: no package of the reference has it"):
        public_names.home("nothing", object())


def test_the_commands_are_documented_as_their_help_says():
    assert set(command_help.helps("gnn_toolkit")) == set(COMMANDS)
    helps = command_help.helps("benchmarks")
    assert set(helps) == {command.name for command in runner.app.registered_commands}
    for says in helps.values():
        assert says.startswith("Usage: python -m benchmarks ")
        assert inspect.cleandoc(says).isascii()
    for module in ("gnn_toolkit", "benchmarks"):
        assert f".. command-help:: {module}\n" in PAGES["commands"]
