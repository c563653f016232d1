# `make run` and `make test` are all a newcomer needs; each builds what it needs from the committed lock.
PYTHON ?= python3
BIN := .venv/bin
COMPILE := build/lock-venv/bin/pip-compile -q --strip-extras --no-emit-index-url --no-emit-find-links --no-annotate --no-header
export HF_HUB_OFFLINE := 1

.PHONY: run test coverage lint train data docs notebooks lock clean

run: .venv/inference.done
	$(BIN)/reviewguard score data/examples/messages.csv --out build/scored.csv --restart

test: .venv/train.done
	$(BIN)/python -m pytest

coverage: .venv/train.done
	$(BIN)/python -m pytest --cov

lint: .venv/train.done
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/reviewguard data validate

train: .venv/train.done
	$(BIN)/python train.py

data: .venv/train.done
	$(BIN)/reviewguard data build

docs: .venv/train.done
	$(BIN)/python scripts/docs.py

# Executed copies go to build/notebooks.
notebooks: .venv/train.done build/data/report.json
	$(BIN)/python scripts/notebooks.py

build/data/report.json: | .venv/train.done
	$(BIN)/reviewguard data build

# The lock holds exact versions; torch without its build, so that pip takes the one of the index (README, Start).
lock:
	$(PYTHON) -m venv build/lock-venv
	build/lock-venv/bin/pip install -q pip-tools torch==2.13.0
	$(COMPILE) --extra train --extra ray --extra dev -o requirements-dev.lock pyproject.toml
	sed -i 's/^torch==2.13.0+cpu/torch==2.13.0/' requirements-dev.lock
	$(COMPILE) -c requirements-dev.lock -o requirements.lock pyproject.toml

.venv/bin/pip:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "needs Python 3.11 or newer: make run PYTHON=python3.12")'
	$(PYTHON) -m venv --clear .venv

.venv/inference.done: requirements.lock pyproject.toml | .venv/bin/pip
	$(BIN)/pip install -q -r requirements.lock
	$(BIN)/pip install -q --no-deps -e .
	touch $@

.venv/train.done: requirements-dev.lock pyproject.toml | .venv/bin/pip
	$(BIN)/pip install -q -r requirements-dev.lock
	$(BIN)/pip install -q --no-deps -e .
	touch $@

clean:
	rm -rf .venv build runs
