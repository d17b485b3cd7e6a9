"""Builds the wheel and uses it in a clean environment, away from the checkout. Run by ``make test``."""

import subprocess
import sys
import tempfile
import venv
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[1]


def main() -> None:
    """Build, look inside, install and use."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        build = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(ROOT)]
        subprocess.run(build, check=True, stdout=subprocess.DEVNULL)
        (wheel,) = folder.glob("*.whl")
        tops = {entry.split("/")[0] for entry in zipfile.ZipFile(wheel).namelist()}
        if {top for top in tops if not top.endswith(".dist-info")} != {"gnn_toolkit"}:
            sys.exit(f"the wheel installs {sorted(tops)}")
        # The dependencies are lent by this environment; the wheel itself goes into one that has nothing else of it.
        clean = folder / "clean"
        venv.create(clean, with_pip=False)
        python = clean / "bin" / "python"
        ask = "import sysconfig; print(sysconfig.get_path('purelib'))"
        ours = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=True).stdout.strip()
        theirs = subprocess.run([python, "-c", ask], capture_output=True, text=True, check=True).stdout.strip()
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target", theirs]
        subprocess.run([*pip, "--disable-pip-version-check", str(wheel)], check=True)
        # Appended to the path as a plain folder: its .pth files, and so this checkout's editable install, stay out.
        lend = f"import sys; sys.path.append({ours!r})\n"
        use = f"import runpy; runpy.run_path({str(ROOT / 'tests' / 'smoke.py')!r}, run_name='__main__')"
        subprocess.run([python, "-I", "-c", lend + use], check=True, cwd=folder)
    print("the wheel builds, installs gnn_toolkit alone, runs a suite, and works: 1 passed, 0 failed")


if __name__ == "__main__":
    main()
