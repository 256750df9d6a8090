# Everything runs in one virtual environment, .venv, in this folder.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export PATH := $(CURDIR)/$(BIN):$(PATH)
SOURCES := $(shell git ls-files src style schema package.json yarn.lock tsconfig.json 2>/dev/null)

.PHONY: demo test test-full lab bench lint format clean

demo: .venv/installed ## package the churn example, run the image, print what came out
	@$(BIN)/python scripts/demo.py

lab: .venv/installed ## open JupyterLab on the examples
	$(BIN)/jupyter lab --notebook-dir examples

test: .venv/installed-test lint ## every check and test
	bash scripts/test.sh

test-full: .venv/installed-test lint ## the nightly rows, at their full numbers
	MODELPACK_TEST_FULL=1 bash scripts/test.sh

bench: .venv/installed-test ## what it costs, as ratios within one run
	$(BIN)/python -m bench

lint: .venv/installed-test
	$(BIN)/ruff check . && $(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/jlpm lint:check

format: .venv/installed-test
	$(BIN)/ruff check --fix . && $(BIN)/ruff format .
	$(BIN)/jlpm lint

.venv/bin/python:
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --upgrade pip

.venv/installed: .venv/bin/python pyproject.toml $(SOURCES)
	$(BIN)/pip install --quiet "jupyterlab>=4.4" "jupyter-builder>=1.2,<2"
	$(BIN)/jlpm install --immutable
	$(BIN)/jlpm build:prod
	$(BIN)/pip install --quiet --editable ".[kubeflow,examples]"
	touch $@

.venv/installed-test: .venv/installed
	$(BIN)/pip install --quiet --editable ".[kubeflow,examples,compression,jupyterhub,postgresql,test]"
	bash scripts/install-test-systems.sh
	touch $@

clean:
	rm -rf $(VENV) node_modules lib jupyter_modelpack/labextension jupyter_modelpack/_version.py
