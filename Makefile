# Each target sets up the local environment that it needs; nothing else has to be installed but
# Python 3.11 or newer.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ARGS ?=

.PHONY: help serve test check bench conformance eval-tiny train-tiny format clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 16

serve: $(VENV)/.serve ## install palaver here and serve the built-in model
	$(BIN)/palaver serve $(ARGS)

test: $(VENV)/.test ## run the tests
	$(BIN)/python -m pytest $(ARGS)

check: $(VENV)/.test ## lint, types, imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/.test ## measure, as ratios against a peer in the same run
	$(BIN)/python -m benchmarks $(ARGS)

conformance: $(VENV)/.test ## the specification row by row with its tests; writes docs/reference/conformance.md
	$(BIN)/python -m tests.conformance $(ARGS)

eval-tiny: $(VENV)/.test ## examine the built-in model's skills through the server
	$(BIN)/python -m training.evaluate $(ARGS)

train-tiny: $(VENV)/.training ## train the built-in model further from its checkpoint
	$(BIN)/python -m training.multimodal.train $(ARGS)

format: $(VENV)/.test ## put the code into its form
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean: ## remove everything that the targets made
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.11")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.serve: $(BIN)/python pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[speech]'
	touch $@

$(VENV)/.test: $(BIN)/python pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[fast,speech,voices,test,check]'
	touch $@ $(VENV)/.serve

$(VENV)/.training: $(BIN)/python pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[training]'
	touch $@
