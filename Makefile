# Latent Lab. `make` alone lists the commands. It needs GNU make 3.81 or later and a POSIX shell.

PYTHON ?= python3
VENV = .venv
PY = $(VENV)/bin/python
RUNTIME = $(VENV)/.installed
TOOLS = $(VENV)/.installed-dev
# Two processes where there are two cores. The tests of a file stay together, since they share the
# runs that they train and the pages that they open.
PYTEST = $(PY) -m pytest --numprocesses=logical --maxprocesses=2 --dist=loadfile --no-loadscope-reorder

.PHONY: help run test check fast shelf bench clean
.DEFAULT_GOAL = help

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' Makefile

run: $(RUNTIME) ## set up .venv and open the lab in the browser
	@$(PY) -m streamlit run dashboard.py

test: check ## set up .venv and pass every check and test
	@$(PY) -m tests.chromium
	@$(PYTEST) --timeout=600

check: $(TOOLS) ## format, lint and types only
	@$(PY) -m ruff format --check --quiet . || { echo "'$(PY) -m ruff format .' puts that right"; exit 1; }
	@$(PY) -m ruff check --quiet .
	@$(PY) -m basedpyright --level error --pythonpath $(PY)

fast: $(TOOLS) ## the quick tests, without the browser
	@$(PYTEST) -m "not slow and not browser" --timeout=60

shelf: $(RUNTIME) ## train the runs that ship once more
	@$(PY) -m core shelf --again

bench: $(TOOLS) ## measure speed and memory, and print the table
	@$(PY) -m tests.benchmarks

clean: ## remove .venv, caches and what the benchmarks made
	@rm -rf $(VENV) .bench .pytest_cache .ruff_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# An interrupted installation leaves .installing behind, and the next one begins with a new .venv.
define install
@: > $(VENV)/.installing
@echo "Installing $<; the first time takes some minutes."
@$(PY) -m pip install -qq --disable-pip-version-check -r $<
@rm $(VENV)/.installing
@touch $@
endef

$(RUNTIME): requirements.txt $(PY)
	@test ! -e $(VENV)/.installing && $(PY) -c 'import pip, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
		{ rm -rf $(VENV); $(MAKE) --no-print-directory $(PY); }
	$(install)

$(TOOLS): requirements-dev.txt requirements-ray.txt $(RUNTIME)
	$(install)

# The link to the interpreter: where it is missing or half made, the whole folder is made anew.
$(PY):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
		{ echo "Latent Lab needs Python 3.11 or later; name one with: make run PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || \
		{ echo "Python's venv module is missing; on Debian and Ubuntu: apt-get install python3-venv"; exit 1; }
	@$(PYTHON) -m venv --clear $(VENV)
