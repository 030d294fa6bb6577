# `make run` and `make test` do their own set-up on a machine that has only Python 3.11+ (with venv), git and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
# Other backtesters, for comparison: each in an environment of its own, outside of this folder.
PEERS ?= $(HOME)/.cache/fyersbot/peers
DECIDING := tests/core tests/features tests/trading/kernel

.PHONY: setup run test coverage lint types contracts hazards bench bench-peers simulate soak picture lock clean

setup: $(STAMP)

$(STAMP): requirements-dev.txt pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements-dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $(STAMP)

run: setup
	$(BIN)/fyersbot demo

# Each test once. The two packages that decide come first: they are covered by tests of their own, line by line. The
# whole days come last, two at a time on any machine, since they are timed by the market's clock.
test: coverage
	$(BIN)/python -m pytest -n auto -m "not e2e" $(DECIDING:%=--ignore=%)
	$(BIN)/python -m pytest -n 2 -m e2e

coverage: setup
	$(BIN)/python -m pytest -n auto $(DECIDING) --cov=src/core --cov=src/features --cov-report=term --cov-fail-under=95

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: setup
	$(BIN)/mypy

contracts: setup
	$(BIN)/lint-imports

# Joins the rows of docs/hazards.yaml with the markers on the tests; a test fails while the page is not up to date.
hazards: setup
	$(BIN)/python tests/traceability.py

# Each prints one JSON line and fails when its goal does not hold; the figures of record are in benchmarks/README.md.
bench: setup
	@for program in benchmarks/bench_*.py; do PEERS="$(PEERS)" $(BIN)/python $$program || exit 1; done

# Without them `make bench` prints our own figures alone. Some minutes and 2 GB; nautilus_trader's pin is its last
# release for Python 3.11.
bench-peers:
	@for peer in backtesting==0.6.6 nautilus_trader==1.221.0 vectorbt==1.2.0; do \
	  echo "$$peer"; $(PYTHON) -m venv "$(PEERS)/$${peer%%==*}" \
	  && "$(PEERS)/$${peer%%==*}/bin/python" -m pip install --quiet --disable-pip-version-check "$$peer" || exit 1; done

# What must hold before anything is merged: some minutes. Each run prints one JSON line; the full counts are `make soak`.
simulate: setup
	$(BIN)/fyersbot simulate --seeds 1000 --json
	$(BIN)/fyersbot simulate --crash-everywhere --sessions 3 --json
	$(BIN)/fyersbot simulate --mutants --json

# The full counts, for hours: stop it whenever you like, started again it goes on. The report is benchmarks/soak.md.
soak: setup
	$(BIN)/python benchmarks/soak.py

# Draws the README's picture anew: a moment of the day that `make run` trades, with the model that it trained.
picture: setup
	$(BIN)/python benchmarks/draw_live_view.py

# The lock is resolved once for every supported Python; it needs uv (any recent release).
lock:
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --extra dev pyproject.toml -o requirements-dev.txt
	sed -E 's/ *--hash=.*//; s/ \\$$//' requirements-dev.txt | grep == > build-constraints.txt
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate -c build-constraints.txt pyproject.toml -o requirements.txt
	rm build-constraints.txt

clean:
	rm -rf $(VENV) build dist *.egg-info
