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
HIDDEN := .*/|backends[.]|Executor|(datasets|experiments)[.][^.]*_fix[1-9][0-9]*[.]|$(SCORE)((train|naive|linear)[.].*|(.*[._])?(r?mse|mae|mase|mcc|brier|log_loss|balanced_accuracy|skill_linear|std|weights|updates)$$)

# What `make try` and `make check` hand over to their commands: the names of the variables that the command line of make
# sets. The values go through the environment, so that no shell takes them apart; its own NAME or TIME is not meant.
GIVEN = $(sort $(foreach name,$(.VARIABLES),$(if $(filter command,$(firstword $(origin $(name)))),$(name))))

.PHONY: run demo try check forget experiments compare fix test test-all test-slurm test-faults fuzz mutants lint format bench docs help
.DEFAULT_GOAL := help

help: ## this list, each command with an example | make help
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*) \| (.*)/\1\t\2\n\t  \3/' | expand -t 13

.venv/.complete: pyproject.toml uv.lock
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(0 if (3, 11) <= v <= (3, 13) else f"`PYTHON` must be Python 3.11 to 3.13. Received: {v[0]}.{v[1]}. Name another: make PYTHON=python3.12 run")'
	$(PYTHON) -m venv .uv
	.uv/bin/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	$(UV) sync --frozen --quiet --python $(PYTHON)
	@.venv/bin/python -m tools.plots_page
	@touch $@

environment: .venv/.complete ## the locked environment in .venv | make environment PYTHON=python3.12

demo: .venv/.complete ## one experiment on a series that is here already: its verdict and its page, in a minute | make demo
	@python -m workflow.demo --cores $(CORES)

try: .venv/.complete ## your own file: propose settings, train and diagnose, print the verdict | make try FILE=mine.csv TARGET=load
	@python -m workflow.tryout --given "$(GIVEN)"

check: .venv/.complete ## your own network and windows: train it again and diagnose it beside its weights | make check MODEL=model.keras DATA=windows.npz
	@python -m workflow.check --given "$(GIVEN)"

forget: .venv/.complete ## undo `make try` or `make check`: entries, results and the copy of the file | make forget NAME=mine
	@python -m workflow.forget $(NAME)

run: .venv/.complete ## the main job at the size that params.yaml names; prints the verdicts, and where the report is | make run CORES=4
	@snakemake --cores $(CORES)

experiments: .venv/.complete ## the experiments side by side: changed settings and main validation scores | make experiments
	@dvc exp show --only-changed --drop '$(TEST)|$(HIDDEN)'
	@python -m workflow.choosable

compare: .venv/.complete ## what differs between revisions or experiments: reports/compare.html | make compare OF="HEAD faster" ONLY=co2_lstm
	@python -m workflow.compare $(OF) $(foreach name,$(ONLY),--only $(name))

fix: .venv/.complete ## apply what the findings name, keep what helps on validation windows | make fix NAME=co2_lstm MINUTES=30
	@python -m workflow.fix --cores $(CORES) $(if $(MINUTES),--minutes $(MINUTES)) $(if $(REPLACE),--replace) $(NAME)

test: .venv/.complete ## all default tests | make test
	python -m pytest $(TWO) -m "not slow"

test-all: .venv/.complete ## the slow tests too | make test-all
	python -m pytest $(TWO)

test-slurm: .venv/.complete ## the pipeline on a Slurm of one node: cancelled, killed, finished; equals a local run | make test-slurm
	python -m tests.helpers.slurm_run

test-faults: .venv/.complete ## each fault many times, and 200 sequences of edits; writes the table of docs/faults.md | make test-faults
	python -m tests.helpers.faults
	python -m pytest -m slow tests/workflow/test_never_stale.py

fuzz: .venv/.complete ## random settings and files for about ten minutes: each is read, or refused in one harmless line | make fuzz
	FLATLINE_FUZZ=6000 python -m pytest tests/inputs/test_fuzz.py tests/workflow/tryout/test_fuzz.py tests/common/test_yaml_text.py

mutants: .venv/.complete ## 200 random changes of dataset, leakage, scoring and series: do the tests notice? 85 % or exit 1 | make mutants
	python -m tools.mutants

lint: .venv/.complete ## ruff, snakefmt, mypy, snakemake --lint, locked.yaml, generated documents | make lint
	ruff check .
	ruff format --check .
	snakefmt --check --compact-diff Snakefile
	mypy
	python -m tools.lint
	python -m tools.locked --check
	python -m tools.findings --check
	python -m tools.params_reference --check

format: .venv/.complete ## format the sources | make format
	ruff check --fix .
	ruff format .
	snakefmt Snakefile
	python -m tools.params_form

bench: .venv/.complete ## the benchmarks, as ratios side by side | make bench TORCH=/path/to/python
	python -m benchmarks $(if $(TORCH),--torch $(TORCH))

docs: .venv/.complete ## the documents as a site that needs no network: site/index.html | make docs
	@NO_MKDOCS_2_WARNING=1 mkdocs build --quiet
	@echo "The documents: $(CURDIR)/site/index.html"
