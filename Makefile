# make build    check and load the inputs, build, test, snapshot, publish, and say what came out
# make test     the whole test suite            make lint     sqlfluff and ruff
# make clean    remove everything that a build makes again; never published history or backups
# make backup   copy the published file         make restore  put a copy back
#
# make build [DATA_DIR=dir|none] [POLICY_DIR=dir] [AS_OF_DATE=YYYY-MM-DD] [WAREHOUSE_DIR=dir] [VARS='{...}']
#            [TARGET=duckdb|postgres] [PROJECT_DIR=dir]
# make backup|restore [WAREHOUSE_DIR=dir] [BACKUP=file]
# make test [TESTS='tests/python/test_refresh.py -k guard']

VENV ?= .venv
PYTHON_IN = $(VENV)/bin/python
TESTS ?= tests/python

# Handed over by environment, so that JSON in VARS needs no second quoting.
export DATA_DIR POLICY_DIR AS_OF_DATE WAREHOUSE_DIR PROJECT_DIR VARS TARGET BACKUP PYTHON

.PHONY: build test lint clean backup restore environment environment-dev
.DEFAULT_GOAL := build

environment:
	@sh scripts/environment.sh $(VENV) run

environment-dev:
	@sh scripts/environment.sh $(VENV) dev
	@sh scripts/system_packages.sh

build: environment
	@$(PYTHON_IN) -m scripts.refresh

test: environment-dev
	@$(PYTHON_IN) -m pytest $(TESTS)

lint: environment-dev
	@$(PYTHON_IN) -m ruff check scripts tests
	@PATH="$(abspath $(VENV))/bin:$$PATH" $(PYTHON_IN) -m sqlfluff lint --processes 2 models macros snapshots tests

clean:
	@sh scripts/clean.sh

backup: environment
	@$(PYTHON_IN) -m scripts.backup save

restore: environment
	@$(PYTHON_IN) -m scripts.backup restore
