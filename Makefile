# A fresh machine needs Python 3.11 or newer and make; everything else is installed into .venv by the first target asked for.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

# PYTHON=... chooses the interpreter; else the first of these that is at least 3.11.
PYTHON ?=
VENV := .venv
BIN := $(VENV)/bin
WORKERS ?= 2
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help report test slow lint format bench clean

help:  ## what there is to make
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(firstword $(MAKEFILE_LIST)) | expand -t 10

report: $(VENV)/.run  ## the main job on the embedded data: gan-probe-report/report.html
	$(BIN)/gan-probe evaluate
	@echo "The report: $(CURDIR)/gan-probe-report/report.html"

test: $(VENV)/.test  ## the tests, but for those marked slow
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal

slow: $(VENV)/.test  ## the tests marked slow: coverage simulations, convictions over 50 seeds; programs are optimised here
	XLA_FLAGS= $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal -m slow

lint: $(VENV)/.test  ## style, format and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(VENV)/.test  ## rewrite the sources in the project's format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/.bench  ## speed and memory against the bare matrix multiply and other packages
	$(BIN)/python -m benchmarks.pairwise

clean:  ## remove the environment, caches and the embedded report
	rm -rf $(VENV) *.egg-info build dist .mypy_cache .pytest_cache .ruff_cache gan-probe-report
	find gan_probe tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/.created:
	@python=; \
	for candidate in $(or $(PYTHON),python3.11 python3 python); do \
	  if "$$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then python=$$candidate; break; fi; \
	done; \
	if [ -z "$$python" ]; then \
	  echo "make: $(or $(PYTHON),python3.11, python3, python): none is Python 3.11 or newer;" \
	    "install one, or name it: make PYTHON=/path/to/python3.11" >&2; \
	  exit 1; \
	fi; \
	echo "Creating $(VENV) with $$("$$python" --version)"; \
	"$$python" -m venv --clear $(VENV) && touch $@

# One stamp a set of packages; all are installed again when the metadata changes.
$(VENV)/.run: $(VENV)/.created pyproject.toml setup.py
	@echo "Installing gan-probe into $(VENV) (a minute or two)"
	$(BIN)/python -m pip install --quiet --editable .
	@touch $@

$(VENV)/.test: $(VENV)/.created pyproject.toml setup.py
	@echo "Installing gan-probe and its test tools into $(VENV) (a minute or two)"
	$(BIN)/python -m pip install --quiet --editable '.[test]'
	@touch $(VENV)/.run $@

$(VENV)/.bench: $(VENV)/.created pyproject.toml setup.py
	@echo "Installing gan-probe and the packages it is compared with into $(VENV) (some minutes: torch is large)"
	$(BIN)/python -m pip install --quiet --editable '.[bench]'
	@touch $(VENV)/.run $@
