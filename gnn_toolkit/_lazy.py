"""Modules that are imported when they are first used, so that ``import gnn_toolkit`` does not wait for them."""

from importlib import import_module
from typing import Any


class Lazy:
    """A module that is imported when something of it is first asked for.

    Args:
        name: of the module.

    >>> json = Lazy("json")
    >>> json.dumps([1])
    '[1]'
    """

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, attribute: str) -> Any:
        if attribute.startswith("__"):  # copy, doctest and their like look for protocols
            raise AttributeError(attribute)
        return getattr(import_module(self._name), attribute)
