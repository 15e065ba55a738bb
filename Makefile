# What people, hooks and CI run. `make help` lists it.
.DEFAULT_GOAL := help
.PHONY: help install lock check format test demo up bench schemas clean

PYTHON ?= python3
BIN := .venv/bin
export DO_NOT_TRACK := 1
export PREFECT_SERVER_ANALYTICS_ENABLED := false

help:  ## this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

install: $(BIN)/.installed  ## make .venv from the hash lock

$(BIN)/.installed: requirements/lock.txt requirements/uv.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "mqlflow needs Python 3.11 or newer; name one with PYTHON=python3.12")'
	@$(BIN)/python -c "import pip" 2>/dev/null || $(PYTHON) -m venv --clear .venv  # half of one is made anew
	@echo "installing the locked packages into .venv ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.txt
	@$(BIN)/uv pip sync --quiet --python $(BIN)/python --require-hashes requirements/lock.txt
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

lock: $(BIN)/.installed  ## resolve the dependencies again, with hashes and without index hosts
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --all-extras --upgrade pyproject.toml -o requirements/lock.txt

check: install  ## format, lint, types, import directions, dependencies
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/deptry .

format: install  ## put the code into its format
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

test: install  ## everything the tests need, then the tests
	$(BIN)/python -m pytest -n 2 --dist loadgroup $(ARGS)

demo: install  ## a generated company, adopted, live, three days long
	@$(BIN)/python -m flows.local.demo $(ARGS)

up: install  ## Prefect with its UI, the simulator and all deployments, until Ctrl-C
	@$(BIN)/python -m flows.local.up $(ARGS)

bench: install  ## measure; prints a table and JSON
	@$(BIN)/python -m benchmarks $(ARGS)

schemas: install  ## JSON Schemas of the playbook's files, for editors
	$(BIN)/python -m schemas.playbook.json_schema playbook/.schema

clean:  ## remove what make made
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache *.egg-info
