# Needs Python 3.11+, pip, make and git; everything else is installed into .venv, pinned by requirements-dev.lock.
# Another Python beside it: make test PYTHON=python3.13 VENV=.venv-3.13
PYTHON ?= python3
VENV ?= .venv
LOCK ?= requirements-dev.lock
BIN := $(VENV)/bin
READY := $(VENV)/ready
FUZZ := .venv-fuzz
RECONCILE := $(BIN)/reconciler --state-dir .demo
COMPILE := uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
  --no-emit-index-url --no-emit-find-links
FLOOR := build/floor.lock

.PHONY: help setup demo test tests lowest format lint types bench fuzz chaos long lock clean

help: ## show the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "%-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(READY) ## install everything into .venv

$(READY): pyproject.toml $(LOCK)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed; try: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' || \
	  { echo "this Python cannot make virtual environments; install its venv package, such as python3-venv" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r $(LOCK)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $(READY)

demo: $(READY) ## plan, apply and plan again: the example manifests on the embedded sandbox
	@rm -rf .demo
	@echo '$$ reconciler plan manifests' && $(RECONCILE) plan manifests
	@echo && echo '$$ reconciler apply manifests --yes' && $(RECONCILE) -q apply manifests --yes
	@echo && echo '$$ reconciler plan manifests' && $(RECONCILE) plan manifests

test: lint types tests ## everything that CI checks

tests: $(READY) ## the tests alone
	$(BIN)/pytest -q -n auto

lowest: ## the tests on the lowest versions of each dependency that pyproject.toml admits
	$(MAKE) --no-print-directory tests VENV=.venv-lowest LOCK=requirements-lowest.lock

lint: $(READY) ## format, lint and import contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports

types: $(READY) ## strict types
	$(BIN)/mypy

format: $(READY) ## format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(READY) ## measure against the floor and peers (options in ARGS, see benchmarks/README.md)
	$(BIN)/python -m benchmarks $(ARGS)

fuzz: $(FUZZ)/ready ## feed every parser with what breaks it, for long (options in ARGS, see fuzz/README.md)
	PYTHONPATH=. $(FUZZ)/bin/python -m fuzz $(ARGS)

$(FUZZ)/ready: requirements-dev.lock fuzz/requirements.lock
	$(PYTHON) -m venv $(FUZZ)
	$(FUZZ)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements-dev.lock
	$(FUZZ)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --only-binary :all: --require-hashes \
	  -r fuzz/requirements.lock || echo "no atheris for this Python: values are drawn, not steered" >&2
	@touch $@

long: $(READY) ## 10,000 writes under 3,600 requests an hour, on a clock that jumps: foretold and real time
	$(BIN)/python -m tests.applying.virtual $(ARGS)

chaos: $(READY) ## a service that goes wrong, judged from its side (options in ARGS, see docs/chaos.md)
	$(BIN)/python -m tests.chaos $(ARGS)

lock: ## pin dependencies anew (needs uv)
	$(COMPILE) pyproject.toml -o requirements.lock
	$(COMPILE) --extra dev -c requirements.lock pyproject.toml -o requirements-dev.lock
	$(COMPILE) fuzz/requirements.in -o fuzz/requirements.lock
	@mkdir -p $(dir $(FLOOR))
	$(COMPILE) --resolution lowest-direct --extra notify pyproject.toml -o $(FLOOR)
	$(COMPILE) --extra dev -c $(FLOOR) pyproject.toml -o requirements-lowest.lock

clean: ## remove what the other targets made
	rm -rf .venv .venv-* .demo build *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
