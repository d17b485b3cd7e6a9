"""The versions that are promised, each in an environment of its own: ``make test-matrix``, or ``nox -s oldest``."""

import nox

nox.options.reuse_existing_virtualenvs = True
nox.options.error_on_missing_interpreters = False  # what a machine has is tested, the rest is named

OLDEST = ("torch==2.9.1", "torch-geometric==2.6.1", "lightning-fabric==2.6.6", "networkx==3.4", "numpy==2.0.2")
LIBRARY = ("graphs", "layers", "models", "training", "analysis", "datasets", "commands")


def tested(session: nox.Session, *requirements: str) -> None:
    """Install the package with some requirements, say which versions came, and run the library's tests."""
    session.install("--editable", ".[bench,test]", *requirements)
    session.run("python", "-W", "ignore", "-m", "gnn_toolkit", "doctor")
    command = ["pytest", "-q", "-n", "2", "--dist", "loadfile", *(f"tests/{name}" for name in LIBRARY)]
    session.run("python", "-m", *command, *session.posargs, env={"OMP_NUM_THREADS": "1"})


@nox.session(python="3.11")
def oldest(session: nox.Session) -> None:
    """The lower end of every range in ``pyproject.toml``."""
    tested(session, *OLDEST)


@nox.session(python="3.11")
def pinned(session: nox.Session) -> None:
    """What is tested together on every change."""
    tested(session, "--constraint", "constraints.txt")


@nox.session(python=["3.11", "3.12", "3.13", "3.14"])
def newest(session: nox.Session) -> None:
    """The newest versions that the ranges admit."""
    tested(session, "--upgrade", "--upgrade-strategy", "eager")
