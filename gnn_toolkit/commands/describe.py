"""``describe FILE``: what is in a graph file, and the line that loads it."""

from pathlib import Path
from typing import Annotated

import typer

from gnn_toolkit.analysis.graph_summary import summary
from gnn_toolkit.graphs import list_from_networkx
from gnn_toolkit.graphs.files import GraphFile, read_graph


def describe(
    file: Annotated[
        Path, typer.Argument(help="GraphML, GEXF, GML, Pajek, JSON, graph6, lists of edges ...", show_default=False)
    ],
) -> None:
    """Say what is in a graph file (nodes, edges, attributes with their gaps) and print the line that loads it."""
    found = read_graph(file)
    several = len(found.graphs) > 1
    typer.echo(f"{file}: {found.kind}{f', {len(found.graphs):,} graphs, of which the first:' if several else ''}")
    typer.echo(summary(found.graphs[0]))
    for note in found.notes:
        typer.echo(f"note: {note}")
    typer.echo("\n" + loading(found))


def loading(found: GraphFile) -> str:
    """Return the lines that load a file, tried out: as it is if it has no gaps, else filled, else with less in it."""
    name = "list_from_networkx" if len(found.graphs) > 1 else "from_networkx"
    problems: list[str] = []
    for missing in ("error", "fill", "drop"):
        try:
            data = list_from_networkx(found.graphs, missing=missing)[0]
        except ValueError as error:
            problems.append(str(error))
            continue
        option = "" if missing == "error" else f', missing="{missing}"'
        why = [f"# needs {option[2:]}: {problem}" for problem in dict.fromkeys(problems)]
        modules = [f"import {module}" for module in ("json", "gzip", "bz2") if f"{module}." in found.call]
        modules += ["from pathlib import Path"] if "Path(" in found.call else []
        imports = ["import networkx as nx", f"from gnn_toolkit import {name}"]
        return "\n".join([*why, *imports, *modules, f"data = {name}({found.call}{option})  # {data}"])
    return f"it does not load: {problems[-1]}"
