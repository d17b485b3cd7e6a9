"""Every command that a page gives a reader to copy exists, with its options; suites, cases and curves exist, too.

What a command does is tested elsewhere; many on the pages run for hours.
"""

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer

import benchmarks.__main__ as runner
import gnn_toolkit.__main__ as toolkit
from benchmarks.speed.cases import CASES, CURVES

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
COMMAND = re.compile(r"python -m (gnn_toolkit bench|gnn_toolkit|benchmarks) ([a-z-]+)([^`\n|]*)")
SUITES = {path.stem for path in (ROOT / "benchmarks" / "suites").glob("*.toml")}
GROUPS: dict[str, Any] = {
    "gnn_toolkit": typer.main.get_command(toolkit.app),
    "benchmarks": typer.main.get_command(runner.app),
    "gnn_toolkit bench": typer.main.get_command(runner.app),
}


def commands() -> list[tuple[str, str, str, str]]:
    """Return of every command on a page the page, the program, the verb and what follows."""
    found = []
    for path in PAGES:
        for program, verb, rest in COMMAND.findall(path.read_text(encoding="utf-8")):
            found.append(
                (str(path.relative_to(ROOT)), program, verb, re.split(r" +#| +&&| \||[;()]", rest)[0].rstrip(".,: "))
            )
    return found


def test_there_are_commands_of_every_verb():
    verbs = {(program, verb) for _, program, verb, _ in commands()}
    for program in ("gnn_toolkit", "benchmarks"):
        assert {verb for one, verb in verbs if one == program} >= set(GROUPS[program].commands) - {"bench"}, program


@pytest.mark.parametrize(("page", "program", "verb", "rest"), sorted(set(commands())))
def test_a_command_of_a_page_is_one(page: str, program: str, verb: str, rest: str):
    if (program, verb) == ("gnn_toolkit", "bench"):
        return
    command = GROUPS[program].commands[verb]
    given, extra, _ = command.make_parser(typer.Context(command, info_name=verb)).parse_args(shlex.split(rest))
    assert not extra, extra
    if program != "gnn_toolkit" and verb == "run":
        suite = given.get("suite")
        assert suite is None or suite in SUITES | {"SUITE"} or suite.endswith(".toml"), suite
    if verb == "speed":
        assert set(given.get("case") or ()) <= set(CASES)
        assert set(given.get("curve") or ()) <= set(CURVES)
