# Two commands do everything on a machine with git, make and python3 (3.11 or newer):
#   make repro   the environment, then the whole pipeline; says where the report is
#   make test    the environment, then the tests

PYTHON ?= python3
VENV := .venv
PIP := $(VENV)/bin/python -m pip install --quiet --constraint constraints.txt
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)

.PHONY: setup setup-dev repro test test-slow lint format bench clean

setup: $(VENV)/core.stamp
setup-dev: $(VENV)/dev.stamp

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "nightjar needs Python 3.11 or newer; try make PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/core.stamp: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(PIP) --editable '.[features]'
	@touch $@

$(VENV)/dev.stamp: $(VENV)/core.stamp
	$(PIP) --editable '.[features,templates,dev]'
	@touch $@

repro: setup
	dvc repro
	@echo "The report is plots/report.html; the figures lie beside it, the numbers in metrics/."

test: setup-dev
	pytest -m "not slow"

test-slow: setup-dev
	pytest -m slow

lint: setup-dev
	ruff format --check .
	ruff check .
	mypy

format: setup-dev
	ruff format .
	ruff check --fix .

bench: setup-dev
	python -m benchmarks.preprocessing
	python -m benchmarks.reading
	python -m benchmarks.simulation
	python -m benchmarks.training
	python -m benchmarks.inference
	python -m benchmarks.parts
	python -m benchmarks.attention
	python -m benchmarks.traffic
	-python -m benchmarks.stars
	-python -m benchmarks.laptop

clean:
	rm -rf $(VENV) .resume
