# Two commands are enough: make run, make test.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help install run test check bench clean

help:  ## say what there is
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/make \1\t\2/p' Makefile | expand -t 16

install: $(BIN)/oncall  ## make .venv with .venv/bin/oncall

$(BIN)/oncall: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or later is needed: make PYTHON=/path/to/python3.11"; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || { echo "Python cannot make environments here: apt-get install python3-venv"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable .
	@touch $@

run: install  ## start the program; without a .env it plays the guided example
	@$(BIN)/oncall run $(if $(wildcard .env),,--demo)

$(VENV)/.tests: $(BIN)/oncall
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[test]'
	@touch $@

check: $(VENV)/.tests  ## lint, types and import contracts
	$(BIN)/ruff format --check --quiet .
	$(BIN)/ruff check --quiet .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: check  ## everything that must hold; what this machine lacks is named at the end
	$(BIN)/pytest

bench: $(VENV)/.tests  ## measure, beside a peer, in the same run
	$(BIN)/pytest -s tests/bench/bench_*.py

clean:  ## forget the environment
	rm -rf $(VENV)
