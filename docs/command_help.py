"""The help of the command lines on the site: an extension of Sphinx, with the directive ``command-help``.

``.. command-help:: gnn_toolkit`` writes a section for each command of ``python -m gnn_toolkit``, with what its
``--help`` says.
"""

from importlib import import_module
from typing import Any

import typer
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from typer.core import TyperGroup

WIDTH = 100


def helps(module: str) -> dict[str, str]:
    """Return what ``--help`` says of each command of a module's command line.

    >>> sorted(helps("gnn_toolkit"))[:3]
    ['classify', 'describe', 'doctor']
    """
    group = typer.main.get_command(import_module(f"{module}.__main__").app)
    assert isinstance(group, TyperGroup)
    found = {}
    commands: dict[str, Any] = dict(group.commands)
    for name, command in commands.items():
        if name == "bench":  # has a command line of its own
            continue
        command.rich_markup_mode = None  # text, no frames
        context = typer.Context(command, info_name=f"python -m {module} {name}", terminal_width=WIDTH)
        formatter = context.make_formatter()
        command.format_help(context, formatter)
        found[name] = formatter.getvalue()
    return found


class CommandHelp(SphinxDirective):
    """A section for each command."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Return sections with literal blocks."""
        sections: list[nodes.Node] = []
        for name, says in helps(self.arguments[0]).items():
            title = f"{self.arguments[0]} {name}"
            section = nodes.section("", nodes.title("", name), ids=[nodes.make_id(title)], names=[title])
            section += nodes.literal_block(says, says, language="text")
            sections.append(section)
        return sections


def setup(app: Sphinx) -> dict[str, bool]:
    """Add the directive."""
    app.add_directive("command-help", CommandHelp)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
