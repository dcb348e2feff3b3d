# Each target sets up the local environment that it needs; nothing else has to be installed but
# Python 3.11 or newer.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
TRAINING_BIN := training/.venv/bin
ARGS ?=
COVERAGE_FLOOR := 95
IMAGE ?= palaver
# The container engine. Podman keeps health checks only in images of docker's format.
CONTAINER ?= $(shell command -v podman || command -v docker)
PIP := -m pip install --quiet --disable-pip-version-check

.PHONY: help serve test check format coverage test-wheel build container check-commits
.PHONY: check-release conformance bench eval-tiny train-tiny clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 16

serve: $(VENV)/.serve ## install palaver here and serve the built-in model
	$(BIN)/palaver serve $(ARGS)

test: $(VENV)/.test ## run the tests; with COVERAGE=1 the branches that they take are measured
ifdef COVERAGE
	rm -rf build/coverage && mkdir -p build/coverage
	$(BIN)/coverage run -m pytest $(ARGS)
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report --fail-under=$(COVERAGE_FLOOR)
else
	$(BIN)/python -m pytest $(ARGS)
endif

check: $(VENV)/.test ## lint, types, imports; of training, too
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/mypy --config-file training/pyproject.toml training/src training/tests
	$(BIN)/lint-imports

format: $(VENV)/.test ## put the code into its form
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

coverage: ## run the tests and measure the branches that they take; fails below the floor
	$(MAKE) test COVERAGE=1

test-wheel: $(VENV)/.release ## build the package, install it into a fresh environment and try it
	$(BIN)/python -m pytest -m packaging tests/packaging $(ARGS)

build: $(VENV)/.release ## the source distribution and the wheel, in dist/
	rm -rf dist
	$(BIN)/python -m build

container: ## build the container image with podman or docker; CONTAINER names one of them
	$(CONTAINER) build $(if $(findstring podman,$(CONTAINER)),--format docker) --file deploy/Containerfile --tag $(IMAGE) .

check-commits: ## the subjects of the commits since BASE
	$(PYTHON) .ci/check_commits.py $(BASE)

check-release: ## whether TAG, version and changelog agree
	$(PYTHON) .ci/check_release.py $(TAG)

conformance: $(VENV)/.test ## the specification row by row with its tests; writes docs/reference/conformance.md
	$(BIN)/python -m tests.conformance $(ARGS)

bench: $(VENV)/.test ## measure, as ratios against a peer in the same run
	$(BIN)/python -m benchmarks $(ARGS)

eval-tiny: $(VENV)/.test ## examine the built-in model's skills through the server
	$(BIN)/python -m palaver_training.evaluate $(ARGS)

train-tiny: $(TRAINING_BIN)/.training ## train the built-in model further from its checkpoint
	$(TRAINING_BIN)/python -m palaver_training.multimodal.train $(ARGS)

clean: ## remove everything that the targets made
	rm -rf $(VENV) training/.venv build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	rm -rf training/.mypy_cache training/.ruff_cache training/.pytest_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

%/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.11")'
	$(PYTHON) -m venv $*

$(VENV)/.serve: $(BIN)/python pyproject.toml
	$(BIN)/python $(PIP) --editable '.[speech]'
	touch $@

$(VENV)/.test: $(BIN)/python pyproject.toml training/pyproject.toml
	$(BIN)/python $(PIP) --editable '.[fast,speech,voices,test,check]' --editable ./training
	touch $@ $(VENV)/.serve

$(VENV)/.release: $(VENV)/.test
	$(BIN)/python $(PIP) --editable '.[release]'
	touch $@

$(TRAINING_BIN)/.training: $(TRAINING_BIN)/python pyproject.toml training/pyproject.toml
	$(TRAINING_BIN)/python $(PIP) --editable '.[speech]' --editable './training[train]'
	touch $@
