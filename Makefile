# What can be done here? `make help` tells. Everything lives in .venv and var/.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
LOCKS := deploy/locks

PORT ?= 8000
EDGE_PORT ?= 8080
WORKERS ?= 1
POSTS ?= 2000
DATA ?=

export PORT EDGE_PORT WORKERS

.DEFAULT_GOAL := help
.PHONY: help run edge test lint format bench load profile lock clean

help:  ## List the targets
	@echo "usage: make <target> [VARIABLE=value]"
	@echo
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo "  run and edge take DATA=<Stack Exchange dump>, POSTS=<n> of generated content, PORT, WORKERS,"
	@echo "  and the environment variables of docs/configuration.md (DATABASE_URL, REDIS_URL, ...)"

run: export DJANGO_SETTINGS_MODULE ?= settings.development
run: $(VENV)/runtime.installed  ## Install, migrate, fill and serve on 127.0.0.1:$(PORT)
	@mkdir -p var
	@$(BIN)/python manage.py migrate --verbosity 0
	@$(BIN)/python manage.py fill --posts "$(POSTS)" $(if $(DATA),--data "$(DATA)")
	@echo "Serving http://127.0.0.1:$(PORT)/api/v1/posts/ and http://127.0.0.1:$(PORT)/api/docs/ (Ctrl-C stops)"
	@exec $(BIN)/gunicorn -c settings/gunicorn.py

edge: export DJANGO_SETTINGS_MODULE ?= settings.development
edge: $(VENV)/runtime.installed  ## The same behind Varnish on 127.0.0.1:$(EDGE_PORT), which is told of every write
	@mkdir -p var
	@$(BIN)/python manage.py migrate --verbosity 0
	@$(BIN)/python manage.py fill --posts "$(POSTS)" $(if $(DATA),--data "$(DATA)")
	@exec env BIN="$(BIN)" sh deploy/edge.sh

test: $(VENV)/development.installed services django-tests lint  ## Install what the tests need, check the code, run all tests
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

lint: $(VENV)/development.installed  ## Check formatting, style, types and imports
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/development.installed  ## Format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(VENV)/development.installed services  ## Measure; print ratios against named alternatives, with plots
	$(BIN)/python -m benchmarks

load: $(VENV)/development.installed services  ## Load a server with realistic traffic for a minute; write a report
	$(BIN)/python -m loadtests

profile: $(VENV)/development.installed  ## Show each endpoint's queries and time, level by level; fail on N+1
	$(BIN)/python -m benchmarks.profile

lock:  ## Pin the newest allowed versions (needs uv)
	uv pip compile $(LOCK_FLAGS) pyproject.toml -o $(LOCKS)/runtime.txt
	uv pip compile $(LOCK_FLAGS) pyproject.toml --group test --group lint --group measure \
	  -c $(LOCKS)/runtime.txt -o $(LOCKS)/development.txt

LOCK_FLAGS := --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate

clean:  ## Remove what was installed; var/ (your data) stays
	rm -rf $(VENV)

.PHONY: services
services:
	@sh deploy/install-test-services.sh

.PHONY: django-tests
django-tests: $(VENV)/development.installed
	@sh deploy/fetch-django-tests.sh $(BIN)/python $(LOCKS)/development.txt var

$(BIN)/python:
	@sh deploy/make-venv.sh "$(PYTHON)" "$(VENV)"

$(VENV)/runtime.installed: $(LOCKS)/runtime.txt | $(BIN)/python
	@echo "Installing what the service needs (once) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

$(VENV)/development.installed: $(LOCKS)/development.txt | $(BIN)/python
	@echo "Installing what tests and measurements need (once) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@ $(VENV)/runtime.installed
