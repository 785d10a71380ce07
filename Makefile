# Every target works from a bare clone: the virtual environment is made when it is missing or the lock has changed.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready-$(shell cksum requirements.lock pyproject.toml 2>/dev/null | cksum | cut -d' ' -f1)
WORKERS ?= auto

.PHONY: help install run test check bench faults schemas lock clean
help: ## what can be made
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Python 3.11 or later is needed: make PYTHON=/path/to/python3.11 …"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing what requirements.lock names into $(VENV) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@rm -f $(VENV)/.ready-*
	@touch $@

install: $(READY) ## the virtual environment alone

run: $(READY) ## everything on this machine, with demo data; Ctrl-C stops it
	@$(BIN)/support dev

test: $(READY) ## the whole suite, in parallel, on embedded PostgreSQL and NATS
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile -m "not faults and not bench"

check: $(READY) ## format, lint, types, stale generated files, then the tests
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy
	@$(MAKE) --no-print-directory test

bench: $(READY) ## ratios against named peers, within one run; writes build/bench.json
	@$(BIN)/python -m tests.bench

faults: $(READY) ## kills, races and outages in full length
	@$(BIN)/python -m pytest -m faults --durations=0 -v

schemas: $(READY) ## generated files: schema.graphql and the events' JSON Schemas
	@$(BIN)/support schemas

lock: ## resolve the dependencies anew (needs uv in the virtual environment)
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --group dev pyproject.toml -o requirements.lock

clean: ## remove the virtual environment and all local data
	@rm -rf $(VENV) build .support
