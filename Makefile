# Two commands do it: `make book` builds the book, `make test` proves it. `make help` lists the rest.
SHELL := /bin/bash
.DEFAULT_GOAL := help
VENV := .venv
BIN := $(VENV)/bin
PYTHON ?=
# Processes that run the tests; WORKERS=0 runs them in this one. Linear algebra takes one thread in
# each: threads of several processes wait for each other.
WORKERS ?= 2

.PHONY: help book test check serve lab figures release new-figure benchmarks lock clean distclean

help: ## list the commands
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

# A Python that can do it: the newest of 3.13, 3.12 and 3.11 that starts and has venv.
$(BIN)/python:
	@for python in $(PYTHON) python3.13 python3.12 python3.11 python3 python; do \
	  if $$python -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' >/dev/null 2>&1; then \
	    echo "environment: $$($$python --version) in $(VENV)/"; exec $$python -m venv $(VENV); fi; \
	done; \
	echo "missing: Python 3.11, 3.12 or 3.13 with its venv module (on Debian: apt-get install python3 python3-venv), or name one: make PYTHON=/path/to/python" >&2; exit 1

$(VENV)/.reader: requirements.txt pyproject.toml | $(BIN)/python
	@echo "installing what the book needs (pinned in requirements.txt, about a minute)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt \
	  || { echo "missing: the packages of requirements.txt could not be installed; is there a network?" >&2; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.developer: requirements-dev.txt | $(VENV)/.reader
	@echo "installing what tests and tools need (pinned in requirements-dev.txt)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt \
	  || { echo "missing: the packages of requirements-dev.txt could not be installed; is there a network?" >&2; exit 1; }
	@touch $@

book: $(VENV)/.reader ## build the book: _build/html/index.html
	@$(BIN)/python -m analysis.publishing build

test: $(VENV)/.developer ## run every test, the chapters' notebooks among them
	@OPENBLAS_NUM_THREADS=1 $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder

check: $(VENV)/.developer ## format, lint, types, spelling, import rules, data seals
	@$(BIN)/ruff format --check . && $(BIN)/ruff check . && $(BIN)/mypy && $(BIN)/codespell \
	  && $(BIN)/lint-imports && $(BIN)/python -m analysis.catalog check

serve: $(VENV)/.developer ## build, serve on loopback, build again on every change
	@$(BIN)/python -m analysis.publishing serve

lab: $(VENV)/.developer ## open the chapters as notebooks in JupyterLab
	@export JUPYTER_CONFIG_DIR="$(CURDIR)/$(VENV)/etc/jupyter"; \
	  $(BIN)/jupytext-config set-default-viewer >/dev/null && exec $(BIN)/jupyter lab --notebook-dir chapters \
	    $$([ "$$(id -u)" = 0 ] && echo --allow-root)

figures: $(VENV)/.reader ## export every figure with its files to _build/figures/
	@$(BIN)/python -m analysis.publishing figures

new-figure: $(VENV)/.reader ## start a figure: make new-figure TOPIC=scaling_laws ID=my-finding
	@$(BIN)/python -m analysis.publishing new-figure "$(TOPIC)" "$(ID)"

release: $(VENV)/.reader ## keep this edition's figures in editions/, for the page of changes
	@$(BIN)/python -m analysis.publishing release

benchmarks: $(VENV)/.developer ## time the heavy parts against a peer or a naive way
	@for benchmark in benchmarks/*.py; do echo "== $$benchmark"; $(BIN)/python $$benchmark || exit 1; done

lock: $(VENV)/.developer ## compile both lock files anew from pyproject.toml
	@$(BIN)/uv pip compile --quiet --universal --generate-hashes --python-version 3.11 pyproject.toml -o requirements.txt
	@$(BIN)/uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --extra dev -c requirements.txt pyproject.toml -o requirements-dev.txt

clean: ## remove what was built
	@rm -rf _build .pytest_cache .ruff_cache .mypy_cache

distclean: clean ## remove the environment too
	@rm -rf $(VENV) *.egg-info
