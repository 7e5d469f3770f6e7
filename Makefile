# Two commands matter: `make run` and `make test`. Each sets up what it needs first.
SHELL := /bin/bash
PYTHON ?= python3
CONFIG ?= config.toml
BIN := .venv/bin

.PHONY: help run test lint audit bench lock clean

help:
	@echo "make run    set up, make a demo archive with samples on first use, serve it on http://127.0.0.1:8080"
	@echo "make test   set up and run every test"
	@echo "make lint   style, types, layers, house rules"
	@echo "make audit  fetch what is known of the pinned dependencies (needs a network), and hold them against it"
	@echo "make bench  measure, as JSON and as a table (LARGE=1 for 100,000 records)"
	@echo "make lock   pin the dependencies anew"
	@echo "make clean  remove the virtual environment and caches; never the archive"

run:
	@PYTHON=$(PYTHON) tools/prepare.sh run
	@test -f $(CONFIG) || cp config.example.toml $(CONFIG)
	@$(BIN)/edms --config $(CONFIG) init --demo --samples --if-missing
	@echo "a new password for somebody: $(BIN)/edms --config $(CONFIG) person password USER"
	@exec $(BIN)/edms --config $(CONFIG) serve

# Hundreds of tests start a program: where Python was told to keep no compiled code, each would compile the product anew.
test:
	@PYTHON=$(PYTHON) tools/prepare.sh test
	@env -u PYTHONDONTWRITEBYTECODE tools/in_memory.sh $(BIN)/python -m pytest -n 2 --dist worksteal --durations=25 $(TESTS)

lint:
	@PYTHON=$(PYTHON) tools/prepare.sh lint
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/bandit -q -c pyproject.toml -r edms tools
	$(BIN)/python -m tools.advisories
	$(BIN)/python -m pytest tests/house -m "not slow"

audit:
	@PYTHON=$(PYTHON) tools/prepare.sh lint
	@$(BIN)/python -m tools.advisories --refresh

bench:
	@PYTHON=$(PYTHON) tools/prepare.sh test
	@$(BIN)/python -m bench $(if $(LARGE),--large)

lock:
	@tools/lock.sh

clean:
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache build dist
