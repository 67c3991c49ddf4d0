# The habits of this project. `make help` lists them.

PYTHON ?= python3
PORT ?= 8501
VENV := .venv
BIN := $(VENV)/bin
# Tests side by side, one thread each; what shares a costly fixture stays together (tests/conftest.py).
WORKERS ?= 2
SIDE_BY_SIDE := -n $(WORKERS) --dist loadgroup
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check

# torch's CPU build lies on an index of its own; where that cannot be reached, the package index serves.
TORCH_INDEX ?= https://download.pytorch.org/whl/cpu

.DEFAULT_GOAL := help
.PHONY: help setup run dry-run test test-fast test-kernels lint bench format report

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 14

setup: $(VENV)/.installed  ## make .venv with the pinned requirements

run: $(VENV)/.installed  ## start the study: prints the participants' and the researcher's link
	@$(BIN)/python -m study_app serve --port $(PORT)

dry-run: $(VENV)/.installed  ## 24 simulated participants, from consent to report/index.html
	@$(BIN)/python -m study_app dry-run

test: $(VENV)/.checks $(VENV)/.browser  ## install what the tests need and run them all
	@OMP_NUM_THREADS=1 $(BIN)/python -m pytest $(SIDE_BY_SIDE) -m "not browser"
	@$(BIN)/python -m pytest -m browser

test-fast: $(VENV)/.checks  ## the tests for the editing loop: none that is slow or needs a server
	@OMP_NUM_THREADS=1 $(BIN)/python -m pytest $(SIDE_BY_SIDE) --hypothesis-profile fast \
		-m "not slow and not browser and not postgres"

test-kernels: $(VENV)/.checks  ## the tests of numbers, with the vector units and threads of other processors
	@$(BIN)/python -m tests.kernels $(SIDE_BY_SIDE)

lint: $(VENV)/.checks  ## format check, lint, types, import directions, documents up to date
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/lint-imports
	@$(BIN)/pyright --project pyproject.toml
	@$(BIN)/python -m study_design render --check

bench: $(VENV)/.bench  ## speed side by side with other libraries, in one run: ratios with their spread
	@OMP_NUM_THREADS=1 $(BIN)/python -m tests.bench

format: $(VENV)/.checks  ## let ruff format and mend
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

report: $(VENV)/.installed  ## the pre-registered analysis of an export: make report DATA=DIR OUT=DIR
	@$(BIN)/python -m analysis report --data $(DATA) --out $(OUT)

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or newer is needed: make PYTHON=python3.12 ..."; exit 1; }
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: requirements.txt | $(BIN)/python
	@echo "Installing the requirements into $(VENV) (a few minutes the first time) ..."
	@$(PIP) --retries 1 --extra-index-url $(TORCH_INDEX) "$$(grep '^torch==' requirements.txt)"
	@$(PIP) -r requirements.txt
	@touch $@

$(VENV)/.checks: requirements-dev.txt $(VENV)/.installed
	@$(PIP) -r requirements-dev.txt
	@touch $@

$(VENV)/.bench: requirements-bench.txt $(VENV)/.installed
	@$(PIP) -r requirements-bench.txt
	@touch $@

# A browser for the tests: the system's chromium, or Debian's when root, or Playwright's own.
$(VENV)/.browser: | $(VENV)/.checks
	@if command -v chromium >/dev/null; then :; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium >/dev/null; \
	else $(BIN)/playwright install chromium; fi \
		|| { echo "No browser: install chromium, or run '$(BIN)/playwright install chromium'."; exit 1; }
	@touch $@
