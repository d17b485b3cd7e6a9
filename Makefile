# Two commands: `make bench` runs the quick suite, `make test` runs every check. Both set up `.venv` first.
PYTHON ?= python3
SUITE ?= quick
VENV := .venv
BIN := $(VENV)/bin
export PYTHONUNBUFFERED := 1

.PHONY: help bench test test-matrix docs release-check clean

help:
	@echo "make bench    set up .venv and run the $(SUITE) suite (SUITE=... for another)"
	@echo "make test     set up .venv and run every check: format, lint, types, tests, wheel"
	@echo "make docs     set up .venv, run the tutorials and build the site into build/site"
	@echo "make test-matrix  the library's tests with the oldest, the pinned and the newest versions (long)"
	@echo "make release-check  the files of a release, checked and used in clean environments (long)"
	@echo "make clean    remove .venv and build output (runs/ is kept)"

bench: $(VENV)/.bench
	$(BIN)/python -m benchmarks run $(SUITE) --workers 2

test: $(VENV)/.dev
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/pyright
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q -n logical --maxprocesses 4 --dist loadfile
	$(BIN)/python tests/wheel_smoke.py

test-matrix: $(VENV)/.dev
	$(BIN)/nox

release-check: $(VENV)/.dev
	$(BIN)/nox -s release installed

# Warnings are errors: a broken link, a name without documentation, a cell of a tutorial that fails.
docs: $(VENV)/.docs
	rm -rf build/site
	PYTHONPATH=$(CURDIR) OMP_NUM_THREADS=1 $(BIN)/python -W ignore -m sphinx -q -W --keep-going -j auto -c docs -b html . build/site
	$(BIN)/python docs/check_site.py build/site

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "gnn_toolkit needs Python 3.11 or newer; try: make $(MAKECMDGOALS) PYTHON=python3.12" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

# One stamp for each set of extras: the dependencies are installed anew only when their lists change.
$(VENV)/.bench $(VENV)/.dev $(VENV)/.docs: $(VENV)/.%: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable ".[$*]"
	@touch $@

clean:
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .ruff_cache .hypothesis
