"""The reference's lists of public names: an extension of Sphinx, with the directive ``public-names``.

``.. public-names:: gnn_toolkit.graphs`` writes a table of what the package exports, each with its first sentence, and
below it the documentation of each. With ``:listed:`` it writes the table alone. A name that several packages export
is documented once, under the first of them, to which the rows lead. A build fails where a public name is documented
nowhere.
"""

import inspect
from importlib import import_module
from typing import Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.util.docutils import SphinxDirective

# In the order in which data flows; each is a page of the reference.
PACKAGES = tuple(
    f"gnn_toolkit.{name}"
    for name in ("datasets", "graphs", "layers", "layers.initial", "models", "training", "analysis", "testing", "bench")
)


def names(module: str) -> list[str]:
    """Return the public names of a package: its ``__all__``, its ``dir``, or what a module defines itself.

    >>> names("gnn_toolkit.layers.initial")
    ['chrono_', 'gate_gain_', 'init_long_memory_', 'orthogonal_']
    """
    found = import_module(module)
    if hasattr(found, "__all__"):
        return sorted(found.__all__, key=str.lower)
    if "__dir__" in vars(found):  # its names are found when asked for
        return sorted(dir(found), key=str.lower)
    own = {
        name
        for name, value in vars(found).items()
        if not name.startswith("_") and getattr(value, "__module__", None) == module and callable(value)
    }
    return sorted(own, key=str.lower)


def home(name: str, value: object) -> str:
    """Return the package under whose name an object is documented."""
    for package in PACKAGES:
        if name in names(package) and getattr(import_module(package), name) is value:
            return package
    raise ExtensionError(f"{name}: no package of the reference has it")


def first_line(value: object) -> str:
    """Return the first sentence of a docstring."""
    text = inspect.getdoc(value) or ""
    return text.split("\n\n")[0].replace("\n", " ")


def kind(value: object) -> str:
    """Return which of autodoc's directives documents an object."""
    if inspect.isclass(value):
        return "autoexception" if issubclass(value, BaseException) else "autoclass"
    return "autofunction" if callable(value) else "py:data"


def _class_options(value: type, place: str) -> list[str]:
    """Return options of autodoc's directive for a class, and the methods of its private ancestors that people call."""
    public = [base for base in value.__bases__ if base is not object and not base.__name__.startswith("_")]
    lines = ["   :members:", *(["   :show-inheritance:"] if public else [])]
    for method in ("forward", "step", "save", "load"):
        owner = next((base for base in value.__mro__ if method in vars(base)), value)
        if owner is not value and owner.__module__.startswith("gnn_toolkit"):
            lines += ["", f"   .. automethod:: {place}.{method}"]
    return lines


class PublicNames(SphinxDirective):
    """A table of a package's public names, and their documentation."""

    required_arguments = 1
    option_spec: ClassVar[Any] = {"listed": directives.flag}

    def run(self) -> list[nodes.Node]:
        """Return what is parsed of the lines below."""
        module = self.arguments[0]
        found = import_module(module)
        lines, entries = [".. list-table::", "   :widths: 30 70", ""], []
        for name in names(module):
            value = getattr(found, name)
            place = home(name, value)
            says = first_line(value) if callable(value) else ""
            lines += [f"   * - :py:obj:`{name} <{place}.{name}>`", f"     - {says}"]
            if place == module and "listed" not in self.options:
                entries += entry(f"{module}.{name}", value)
        return self.parse_text_to_nodes("\n".join(lines + entries))


def entry(place: str, value: object) -> list[str]:
    """Return the lines that document an object at its dotted name."""
    which = kind(value)
    lines = ["", f".. {which}:: {place}"]
    if which == "py:data":
        lines += [f"   :type: {type(value).__name__}"]
    return lines + (_class_options(value, place) if inspect.isclass(value) else [])


def _skip(app: Sphinx, what: str, name: str, value: object, skip: bool, options: object) -> bool | None:
    """Leave out functions of other packages that are a field's default."""
    module = getattr(value, "__module__", None) or ""
    return True if inspect.isfunction(value) and not module.startswith(("gnn_toolkit", "benchmarks")) else None


def _check(app: Sphinx, env: Any) -> None:
    documented = env.domains["py"].objects
    public = {f"{home(name, getattr(import_module(one), name))}.{name}" for one in PACKAGES for name in names(one)}
    if missing := sorted(public - documented.keys()):
        raise ExtensionError(f"public names without a place in the reference: {', '.join(missing)}")


def setup(app: Sphinx) -> dict[str, bool]:
    """Add the directive, and the check at the end of reading."""
    app.add_directive("public-names", PublicNames)
    app.connect("autodoc-skip-member", _skip)
    app.connect("env-check-consistency", _check)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
