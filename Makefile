# Everything on a fresh machine: `make demo` runs the main job, `make test` passes the tests.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export QT_QPA_PLATFORM ?= offscreen

.PHONY: demo test format lock clean

demo: $(VENV)/.runtime
	$(BIN)/rostfine demo --out demo-report

test: $(VENV)/.development
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest

format: $(VENV)/.development
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock:
	$(PYTHON) packaging/make_lock.py

clean:
	rm -rf $(VENV) build dist *.egg-info

$(VENV)/.system: packaging/system_packages.sh
	sh packaging/system_packages.sh
	$(PYTHON) -m venv $(VENV)
	touch $@

$(VENV)/.runtime: $(VENV)/.system pyproject.toml requirements.lock
	$(BIN)/pip install --quiet -c requirements.lock -e .
	touch $@

$(VENV)/.development: $(VENV)/.system pyproject.toml requirements.lock
	$(BIN)/pip install --quiet -c requirements.lock -e ".[development]"
	touch $@ $(VENV)/.runtime
