# From a bare clone, with Python >= 3.11 and make: `make lab` or `make test`. Nothing comes before them.
# Both first make .venv, with the versions pinned in constraints.txt, if it is missing or stale.

SHELL := /bin/sh
.DEFAULT_GOAL := help
PY := .venv/bin/python

PYTHON ?=
PORT ?=
ARGS ?=
JOBS ?= 2

ifneq ($(and $(PORT),$(filter lab,$(MAKECMDGOALS))),)
ifneq ($(shell test '$(PORT)' -ge 1024 2>/dev/null && test '$(PORT)' -le 65535 && echo possible),possible)
$(error PORT: expected a whole number from 1024 to 65535, found $(PORT))
endif
endif

export PYTHON
unexport PYTHONHOME PYTHONPATH

.PHONY: help lab test claims bench figures notebooks lint format constraints venv clean clean-all

help: ## Show this list
	@echo "make lab and make test set everything up by themselves. All targets:"
	@echo
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1|\2/p' Makefile | awk -F '|' '{ printf "  make %-12s %s\n", $$1, $$2 }'
	@echo
	@echo "Options: PYTHON=python3.12 (the interpreter of a new .venv), PORT=8900 (lab), JOBS=4 (test),"
	@echo "         ARGS=\"-k s6\" (more arguments, for lab, test, claims, figures, notebooks)"

lab: venv ## Open JupyterLab at the first notebook (Ctrl-C stops it)
	@$(PY) tools/lab.py $(if $(PORT),--port $(PORT)) $(ARGS)

# Browser tests measure latency, so they run after the others and alone. With one thread for each of the parallel
# workers, torch and BLAS do not fight over the cores; long tests start first (tests/conftest.py). Pytest's code 5 means that no test was selected: that is a
# failure unless ARGS did it, or nothing is marked `browser`. Its code 2, an interrupt or an error in collecting, ends.
test: venv ## Run the whole test suite, notebooks and browser tests included
	@status=0; \
	OMP_NUM_THREADS=1 $(PY) -m pytest -n $(JOBS) --dist worksteal -m "not browser" $(ARGS) || status=$$?; \
	if [ $$status -eq 2 ]; then exit 2; fi; \
	if [ $$status -eq 5 ] && [ -n '$(subst ','\'',$(ARGS))' ]; then status=0; fi; \
	$(PY) -m pytest -m browser $(ARGS) || { code=$$?; if [ $$code -ne 5 ]; then status=$$code; fi; }; \
	exit $$status

claims: venv ## Check the ledger: prove every claim, confirm it, break its hypotheses
	@$(PY) -m dsf_theory check $(ARGS)

bench: venv ## Compare speeds, as ratios within one run; saved in results/benchmarks.txt
	@mkdir -p results
	@{ for name in forms data training; do $(PY) -W ignore benchmarks/$$name.py; done; \
	   OMP_NUM_THREADS=1 $(PY) -W ignore benchmarks/realisation.py; } | tee results/benchmarks.txt

figures: venv ## Draw figures/ anew
	@$(PY) -m dsf_theory figures $(ARGS)

notebooks: venv ## Execute the notebooks and save them with their outputs
	@$(PY) -m dsf_theory notebooks $(ARGS)

lint: venv ## Look for mistakes in the code and the notebooks, and for unformatted files
	@$(PY) -m ruff check
	@$(PY) -m ruff format --check

format: venv ## Format the code and the notebooks, and mend what can be mended
	@$(PY) -m ruff check --fix
	@$(PY) -m ruff format

constraints: ## Renew constraints.txt with the newest versions that pyproject.toml allows
	@sh tools/pin.sh

venv: ## Make .venv, or bring it up to date
	@sh tools/venv.sh

clean: ## Remove caches and build products
	@rm -rf build dist *.egg-info .pytest_cache .ruff_cache .hypothesis
	@find . -name .venv -prune -o -type d \( -name __pycache__ -o -name .ipynb_checkpoints \) -print | \
	while IFS= read -r folder; do rm -rf "$$folder"; done

clean-all: clean ## Remove .venv too
	@rm -rf .venv .venv.unfinished
