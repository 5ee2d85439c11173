# Everything runs in ./.venv, made here from the hashed lock files and nothing else.
# PYTHON names the interpreter it is made from. uv is used when it is on PATH, pip otherwise.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV := $(shell command -v uv 2>/dev/null)

RUN := $(VENV)/.run.stamp
DEV := $(VENV)/.dev.stamp

ifneq ($(UV),)
MAKE_VENV = "$(UV)" venv --quiet --allow-existing --python "$(PYTHON)" $(VENV)
INSTALL = "$(UV)" pip install --quiet --python $(BIN)/python
else
MAKE_VENV = "$(PYTHON)" -m venv $(VENV)
INSTALL = $(BIN)/python -m pip install --quiet --no-input --disable-pip-version-check
endif
# The locks name everything, so nothing is left to resolve. An older pip given the choice would take
# the newest of what is asked for with an extra, which no hash answers.
INSTALL_LOCK = $(INSTALL) --no-deps --require-hashes --requirement
INSTALL_SELF = $(INSTALL) --no-deps --no-build-isolation --editable .
COMPILE = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-annotate --no-header pyproject.toml --extra demo

# The tests start the tool a hundred times: what was compiled once is not compiled again.
unexport PYTHONDONTWRITEBYTECODE

NIGHTS ?= 9

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test check bench wheel lock dictionary clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-11s %s\n", $$1, $$2 }' Makefile

demo: $(RUN) ## Audit three loopback clouds and a registry on two nights; writes ./out/demo
	@$(BIN)/registry-audit demo

test: check ## The static checks, then every test
	$(BIN)/pytest -q -n 2

check: $(DEV) ## The static checks only
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/deptry .

bench: $(DEV) ## Measure speed, size, memory and calls; NIGHTS=90 makes nine nights a season
	$(BIN)/python -m benchmarks --nights $(NIGHTS)
	$(BIN)/python -m benchmarks.aws
	$(BIN)/python -m benchmarks.azure
	$(BIN)/python -m benchmarks.defender
	$(BIN)/python -m benchmarks.gcp
	$(BIN)/python -m benchmarks.importing
	$(BIN)/python -m benchmarks.scanning

wheel: $(RUN) ## Build the wheel into ./dist
	$(BIN)/python -m hatchling build --target wheel

lock: $(DEV) ## Resolve the lock files again; UPGRADE=--upgrade takes the newest versions
	$(COMPILE) $(UPGRADE) --group build --output-file requirements.lock
	$(COMPILE) $(UPGRADE) --group dev --constraints requirements.lock --output-file requirements-dev.lock

dictionary: $(RUN) ## Print docs/data-dictionary.md and docs/questions.md again from the code
	$(BIN)/python -m audit.dictionary > docs/data-dictionary.md
	$(BIN)/python -m audit.dictionary questions > docs/questions.md

# Of ./out only the demo goes: a warehouse of yours may lie beside it.
clean: ## Remove the environment, the caches, the wheel and the demo
	rm -rf $(VENV) build dist out/demo .coverage .hypothesis .import_linter_cache .mypy_cache \
		.pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Python 3.11 or newer is needed, and '$(PYTHON)' is not that." \
			"Name one that is: make $(MAKECMDGOALS) PYTHON=python3.12" >&2; exit 1; }
	@$(MAKE_VENV)

# The dev lock holds the whole run lock, so one environment serves both and either may come first.
$(RUN): requirements.lock pyproject.toml | $(BIN)/python
	@echo "Installing what the tool needs into ./$(VENV) ..."
	@$(INSTALL_LOCK) requirements.lock
	@$(INSTALL_SELF)
	@touch $@

$(DEV): requirements-dev.lock requirements.lock pyproject.toml | $(BIN)/python
	@echo "Installing what the tool and its tests need into ./$(VENV) ..."
	@$(INSTALL_LOCK) requirements-dev.lock
	@$(INSTALL_SELF)
	@touch $(RUN) $@
