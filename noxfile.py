"""The versions that are promised, and the files of a release, each in an environment of its own.

``make test-matrix`` runs the library's tests with the oldest, the pinned and the newest versions.
``make release-check`` makes the files of a release and uses them in clean environments.
``nox -s oldest`` runs one session.
"""

import shutil
from pathlib import Path

import nox

nox.options.reuse_existing_virtualenvs = True
nox.options.error_on_missing_interpreters = False  # what a machine has is tested, the rest is named
nox.options.sessions = ["oldest", "pinned", "newest"]

OLDEST = ("torch==2.9.1", "torch-geometric==2.6.1", "lightning-fabric==2.6.6", "networkx==3.4", "numpy==2.0.2")
NEWEST = ("--upgrade", "--upgrade-strategy", "eager")
LIBRARY = ("graphs", "layers", "models", "training", "analysis", "datasets", "commands")
DIST = Path("dist")
LOCK = DIST / "requirements.txt"
TUTORIAL, NOTEBOOK = Path("docs/tutorials/first-graph.md"), DIST / "first-graph.ipynb"


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
    tested(session, *NEWEST)


@nox.session(python="3.11")
def release(session: nox.Session) -> None:
    """The files of a release: wheel, sdist, every requirement with its hashes, and one tutorial as a notebook."""
    session.install("build", "jupytext", "twine", "uv")
    shutil.rmtree(DIST, ignore_errors=True)
    session.run("python", "-m", "build", "--outdir", str(DIST))
    session.run("twine", "check", "--strict", *map(str, DIST.iterdir()))
    session.run("jupytext", "--from", "md:myst", "--to", "ipynb", "--output", str(NOTEBOOK), str(TUTORIAL))
    pins = ("--constraint", "constraints.txt", "--extra", "bench", "--universal", "--python-version", "3.11")
    session.run("uv", "pip", "compile", "--quiet", "pyproject.toml", *pins, "--generate-hashes", "-o", str(LOCK))


@nox.session(python="3.11", reuse_venv=False)
@nox.parametrize("versions", ["oldest", "pinned", "newest"])
def installed(session: nox.Session, versions: str) -> None:
    """The files of a release in a clean environment: the smoke test with wheel and sdist, and the notebook."""
    wheel, sdist = (next((str(file.resolve()) for file in DIST.glob(form)), "") for form in ("*.whl", "*.tar.gz"))
    if not (wheel and sdist and LOCK.exists()):
        session.error(f"{DIST}: no files of a release there; run `nox -s release` first")
    if versions == "pinned":
        session.install("--require-hashes", "--requirement", str(LOCK))
        session.install("--no-deps", wheel)
        cyclonedx(session)
    else:
        session.install(f"{wheel}[bench]", *(OLDEST if versions == "oldest" else NEWEST))
    smoke, notebook = str(Path("tests/smoke.py").resolve()), str(NOTEBOOK.resolve())
    with session.chdir(session.create_tmp()):  # away from the checkout
        session.run("python", "-I", smoke)
        session.install("--force-reinstall", "--no-deps", sdist)
        session.run("python", "-I", smoke)
        session.install("ipykernel", "nbclient")
        session.run("jupyter", "execute", notebook)


def cyclonedx(session: nox.Session) -> None:
    """Write the parts list (SBOM) of an environment, with licences and what needs what, to ``dist/sbom.cdx.json``."""
    tools = Path(session.create_tmp()) / "cyclonedx"
    session.run("python", "-m", "venv", str(tools))
    session.run(str(tools / "bin" / "pip"), "install", "--quiet", "cyclonedx-bom", external=True)
    command = ("environment", "--pyproject", "pyproject.toml", "--output-file", str(DIST / "sbom.cdx.json"))
    session.run(str(tools / "bin" / "cyclonedx-py"), *command, session.virtualenv.location, external=True)
