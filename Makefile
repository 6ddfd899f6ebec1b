# `make help` prints every target. Each is one or two commands; the work is done by the `imagination` command and by pytest.

PYTHON ?= python3
BIN    := .venv/bin
READY  := .venv/ready

.PHONY: help book test matrix legal-requests lint format parameters lock paper-scale exponents-study bench formal clean
.DEFAULT_GOAL := help

help:  ## print this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 18

book: $(READY)  ## execute the stale chapters, build the HTML pages, print the page to open
	@$(BIN)/imagination build

test: $(READY)  ## lint, types, unit tests and guards, then nbval over book/; seconds of each at the end
	@$(BIN)/python tests/suite.py

lint: $(READY)  ## lint, spelling, import contracts, types
	@$(BIN)/python tests/suite.py lint types

matrix: $(READY)  ## unit tests and nbval under other threads, kernels, locales, paths, homes and Pythons (half an hour)
	@$(BIN)/python tests/matrix.py

legal-requests: $(READY)  ## 40 random legal requests for each chapter (an hour)
	@$(BIN)/python tests/legal_requests.py

format: $(READY)  ## ruff: mend what can be mended
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

parameters: $(READY)  ## write the chapters' parameter cells from lib/imagination/parameters
	$(BIN)/imagination parameters

# For the oldest Python admitted, 3.11.0: Debian's is older than what the newest 3.11 could take.
lock: $(READY)  ## pin the newest versions that pyproject.toml admits 
	rm -f requirements.lock
	$(BIN)/uv pip compile pyproject.toml --extra book --extra test --extra cluster --python-version 3.11 \
	  --no-header --no-annotate -q -o requirements.lock
	sed -i -E -e 's/[+]cpu$$//' -e '/^(nvidia-|cuda-|triton)/d' requirements.lock

paper-scale: $(READY)  ## recompute book/results/scaling_errors.* (Figure 1; a killed run continues)
	$(BIN)/imagination sweep --anchors 2000,5000,10000,20000,50000,100000,200000 --seeds 100 --out _build/paper_scale
	cp _build/paper_scale/errors.csv book/results/scaling_errors.csv
	cp _build/paper_scale/provenance.json book/results/scaling_errors.json

exponents-study: $(READY)  ## recompute book/results/exponents_*.* (a killed run continues)
	$(BIN)/python -m imagination.cli.exponents_study

bench: $(READY)  ## measure the trainers, the planner and the estimators against their peers (JAX: the extra `bench`)
	$(BIN)/python tests/bench_ensemble.py
	$(BIN)/python tests/bench_allocation.py
	$(BIN)/python tests/bench_reinforce.py

formal: $(READY)  ## let the kernel of Coq check lib/formal, audit it, refresh book/results/formal.json and its pages
	@$(BIN)/python -m imagination.book.formal_build

clean:  ## remove everything that is generated and not committed
	rm -rf _build .venv lib/*.egg-info .pytest_cache .ruff_cache .hypothesis

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(0 if (3, 11) <= sys.version_info[:2] <= (3, 13) else \
	  f"Python {sys.version.split()[0]} is not supported; use 3.11 to 3.13: make PYTHON=python3.12 ...")'
	@echo "Setting up .venv from requirements.lock (once; 20 seconds to two minutes)"
	@$(PYTHON) -m venv .venv
	@.ci/install
	@$(BIN)/python -m pip --disable-pip-version-check check
	@touch $@
