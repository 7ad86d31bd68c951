# make build    check and load the inputs, build, test, snapshot, publish, and say what came out
# make example  the same for a company in examples/: a dbt project that has this one as a package
# make deliver  send what changed since the last delivery to the receivers of delivery.yml (docs/delivery.md)
# make test     the whole test suite            make lint     sqlfluff and ruff
# make soak     the replay and the kill tests at length: 1,000 random sets of entities, 100 kills for each engine,
#               200 of deliveries
# make clean    remove everything that a build makes again; never published history or backups
# make backup   copy the published file         make restore  put a copy back
#
# make build [DATA_DIR=dir|none] [POLICY_DIR=dir] [AS_OF_DATE=YYYY-MM-DD] [WAREHOUSE_DIR=dir] [VARS='{...}'] [FULL_TESTS=1]
#            [TARGET=duckdb|postgres] [PROJECT_DIR=dir]
# make example [EXAMPLE=adventureworks|northwind] [TARGET=...] [AS_OF_DATE=...]
# make deliver [DELIVERY_CONFIG=delivery.yml] [ONLY=target,...] [DRY_RUN=1] [FROM_NOW=1] [FORGET=target,...]
#              [OUTSIDE=keep|withdraw] [WAREHOUSE_DIR=dir] [TARGET=duckdb|postgres] [PROJECT_DIR=dir] [VARS='{...}']
# make backup|restore [WAREHOUSE_DIR=dir] [BACKUP=file]
# make bench   what builds cost, beside other ways to compute the same (benchmarks/README.md)
#            [SCALE=tiny|small|long|medium|large] [RUNS=3] [CONTENDERS=project,...] [DOCUMENTS=1]
# make test [TESTS='tests/python/test_refresh.py -k guard']
# make soak [SOAK=replay|kills|deliver]

VENV ?= .venv
PYTHON_IN = $(VENV)/bin/python
TESTS ?= tests/python
EXAMPLE ?= adventureworks

# Handed over by environment, so that JSON in VARS needs no second quoting.
export DATA_DIR POLICY_DIR AS_OF_DATE WAREHOUSE_DIR PROJECT_DIR VARS TARGET FULL_TESTS BACKUP PYTHON
export SCALE RUNS CONTENDERS BENCH_DIR
export DELIVERY_CONFIG ONLY DRY_RUN FROM_NOW OUTSIDE FORGET

.PHONY: build deliver example bench test soak lint clean backup restore environment environment-dev
.DEFAULT_GOAL := build

environment:
	@sh scripts/environment.sh $(VENV) run

environment-dev:
	@sh scripts/environment.sh $(VENV) dev
	@sh scripts/system_packages.sh

build: environment
	@$(PYTHON_IN) -m scripts.refresh

deliver: environment
	@$(PYTHON_IN) -m scripts.deliver

# A warehouse of its own, and on a server schemas of its own: one warehouse holds one company.
example: environment
	@PROJECT_DIR=examples/$(EXAMPLE) DATA_DIR=examples/$(EXAMPLE)/data \
		WAREHOUSE_DIR=$(or $(WAREHOUSE_DIR),warehouse_$(EXAMPLE)) \
		BUILD_SCHEMA=$(or $(BUILD_SCHEMA),$(EXAMPLE)_build) $(PYTHON_IN) -m scripts.refresh

bench: environment-dev
	@$(PYTHON_IN) -m benchmarks.bench $(if $(DOCUMENTS),--documents)

test: environment-dev
	@$(PYTHON_IN) -m pytest $(TESTS)

soak: environment-dev
	@PYTHONPATH=. $(PYTHON_IN) tests/python/soak.py

lint: environment-dev
	@$(PYTHON_IN) -m ruff check scripts tests benchmarks
	@PATH="$(abspath $(VENV))/bin:$$PATH" $(PYTHON_IN) -m sqlfluff lint --processes 2 models macros snapshots tests
	@for example in examples/*/; do (cd $$example && WAREHOUSE_DIR=../../warehouse && export WAREHOUSE_DIR && \
		"$(abspath $(VENV))/bin/dbt" -q deps --profiles-dir ../.. && "$(abspath $(VENV))/bin/sqlfluff" lint models) || exit 1; done

clean:
	@sh scripts/clean.sh

backup: environment
	@$(PYTHON_IN) -m scripts.backup save

restore: environment
	@$(PYTHON_IN) -m scripts.backup restore
