# make run    the main job, from nothing to reports/index.html
# make test   every default test
# make help   the rest

SHELL := /bin/sh
PYTHON ?= python3
CORES ?= all
UV := .uv/bin/uv
UV_VERSION := 0.13.9
# The environment's own commands come first: Snakemake, DVC and the stages call each other by name.
export PATH := $(CURDIR)/.venv/bin:$(PATH)
# Compiling imports would be half of a short stage's time.
export UV_COMPILE_BYTECODE := 1
export UV_PYTHON_DOWNLOADS := never
export TF_CPP_MIN_LOG_LEVEL := 3
# Two files of tests at a time, so that the fixtures of a file are made once.
TWO := --numprocesses 2 --dist loadfile
# Columns that `make experiments` never shows: scores on test rows, which earlier versions listed. Whoever chooses by
# them takes luck for skill. The name of a score begins with an experiment's, that of a setting with one of three words.
SCORE := (?!(series|datasets|experiments)[.])[^.]*[.]
TEST := $(SCORE)(test[.].*|skill.*|p_value)$$
# Columns that it hides: hashes, the executor, and all scores but R² or accuracy of the validation part, the oracle's,
# and the skill against the naive baseline. No setting is hidden, but those of the candidates of a `make fix` at work.
HIDDEN := .*/|Executor|(datasets|experiments)[.][^.]*_fix[1-9][0-9]*[.]|$(SCORE)((train|naive|linear)[.].*|(.*[._])?(r?mse|mae|mase|mcc|brier|log_loss|balanced_accuracy|skill_linear|std|weights|updates)$$)

.PHONY: run experiments compare fix test test-all test-faults mutants lint format bench help
.DEFAULT_GOAL := help

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

.venv/.complete: pyproject.toml uv.lock
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(0 if (3, 11) <= v <= (3, 13) else f"`PYTHON` must be Python 3.11 to 3.13. Received: {v[0]}.{v[1]}. Name another: make PYTHON=python3.12 run")'
	$(PYTHON) -m venv .uv
	.uv/bin/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	$(UV) sync --frozen --quiet --python $(PYTHON)
	@.venv/bin/python -m tools.plots_page
	@touch $@

environment: .venv/.complete ## the locked environment in .venv

run: .venv/.complete ## the main job at the size that params.yaml names; prints where the report is
	@snakemake --cores $(CORES)
	@echo "The report: $(CURDIR)/reports/index.html"

experiments: .venv/.complete ## the experiments side by side: changed settings and main validation scores
	@dvc exp show --only-changed --drop '$(TEST)|$(HIDDEN)'
	@python -m workflow.choosable

compare: .venv/.complete ## OF="HEAD faster", and ONLY="co2_lstm" for one experiment: reports/compare.html
	@python -m workflow.compare $(OF) $(foreach name,$(ONLY),--only $(name))

fix: .venv/.complete ## NAME=co2_lstm, and MINUTES=30: apply what its findings name, keep what helps on validation windows
	@python -m workflow.fix --cores $(CORES) $(if $(MINUTES),--minutes $(MINUTES)) $(if $(REPLACE),--replace) $(NAME)

test: .venv/.complete ## all default tests
	python -m pytest $(TWO) -m "not slow"

test-all: .venv/.complete ## the slow tests too
	python -m pytest $(TWO)

test-faults: .venv/.complete ## each fault many times, and 200 sequences of edits; writes the table of docs/faults.md
	python -m tests.helpers.faults
	python -m pytest -m slow tests/workflow/test_never_stale.py

mutants: .venv/.complete ## 200 random changes of dataset, leakage, scoring and series: do the tests notice? 85 % or exit 1
	python -m tools.mutants

lint: .venv/.complete ## ruff, snakefmt, mypy, snakemake --lint, locked.yaml, docs/findings
	ruff check .
	ruff format --check .
	snakefmt --check --compact-diff Snakefile
	mypy
	python -m tools.lint
	python -m tools.locked --check
	python -m tools.findings --check

format: .venv/.complete ## format the sources
	ruff check --fix .
	ruff format .
	snakefmt Snakefile

bench: .venv/.complete ## the benchmarks, as ratios side by side
	python -m benchmarks
