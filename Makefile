# Mingce. `make help` lists the targets. Paths are relative: the folder's name may hold spaces.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.NOTPARALLEL:

PYTHON ?= python3
VENV_PYTHON := .venv/bin/python
# Extra arguments of pytest, for instance: make test ARGS="-k approvals -x". The tests run in two
# processes side by side, each with databases of its own; ARGS="-n 0" runs them one after another.
ARGS ?=
# make lock UPGRADE=--upgrade takes the newest versions; without it the locked ones are kept.
UPGRADE ?=
COMPILE := .venv/bin/uv pip compile --quiet --universal --python-version 3.11 \
	--generate-hashes --no-annotate --no-header $(UPGRADE) pyproject.toml

.PHONY: help run test lint lock bench conformance clean python runtime development

help: ## show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

run: runtime ## start everything on this machine; Ctrl-C stops it (PORT=8000)
	@exec $(VENV_PYTHON) -m config.local.run

test: development ## check the code, then run every test (ARGS="-k word -x")
	@$(MAKE) --no-print-directory checks
	@echo "== pytest"
	@command -v chromium-headless-shell >/dev/null 2>&1 || \
		command -v chromium >/dev/null 2>&1 || \
		command -v chromium-browser >/dev/null 2>&1 || command -v google-chrome >/dev/null 2>&1 || \
		echo "No Chromium is installed: the browser tests are skipped."
	@exec $(VENV_PYTHON) -m config.local.testing -- pytest -n 2 --dist loadfile --no-loadscope-reorder $(ARGS)

lint: development ## check style, types and import contracts only
	@$(MAKE) --no-print-directory checks

.PHONY: checks
checks:
	@echo "== ruff check"
	@$(VENV_PYTHON) -m ruff check --quiet .
	@echo "== ruff format --check"
	@$(VENV_PYTHON) -m ruff format --check --quiet .
	@echo "== mypy"
	@$(VENV_PYTHON) -m mypy
	@echo "== lint-imports"
	@.venv/bin/lint-imports --no-logo

conformance: development ## compare with MLflow's own server, installed beside (ARGS as for test)
	@test -x .tools/mlflow/bin/python || $(VENV_PYTHON) -m venv .tools/mlflow
	@test -x .tools/mlflow/bin/mlflow || { echo "Installing MLflow's server beside ..."; \
		.tools/mlflow/bin/python -m pip install --quiet psycopg2-binary "mlflow==$$($(VENV_PYTHON) -c \
		'from importlib.metadata import version; print(version("mlflow-skinny"))')"; }
	@exec $(VENV_PYTHON) -m config.local.testing -- pytest tests/contracts/mlflow_protocol $(ARGS)

bench: development ## run the benchmarks (not part of the tests; ARGS chooses)
	@exec $(VENV_PYTHON) -m config.local.testing -- python -m tests.benchmarks.measure $(ARGS)

lock: development ## write the lock files anew from pyproject.toml (UPGRADE=--upgrade)
	@test -x .venv/bin/uv || $(VENV_PYTHON) -m pip install --quiet uv
	@$(COMPILE) --extra embedded --output-file requirements.txt >/dev/null
	@$(COMPILE) --constraint requirements.txt --output-file requirements-production.txt >/dev/null
	@$(COMPILE) --constraint requirements.txt --extra embedded --extra dev \
		--output-file requirements-dev.txt >/dev/null
	@echo "Wrote requirements.txt, requirements-production.txt and requirements-dev.txt."

clean: ## remove the environment, caches and collected files; the data stay
	rm -rf .venv .tools .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	rm -rf var/static test-results .coverage htmlcov
	find config registry governance seeds tests -name __pycache__ -type d -prune \
		-exec rm -rf {} + 2>/dev/null || true

python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "Mingce needs Python 3.11 or newer. $(PYTHON) is: $$($(PYTHON) -V 2>&1)." >&2; \
		echo "Install it, or name another: make PYTHON=python3.12 run" >&2; exit 1; }

runtime: python
	@$(PYTHON) -B config/local/install.py requirements.txt

development: python
	@$(PYTHON) -B config/local/install.py requirements-dev.txt
