# `make demo` and `make test` do all set-up on a fresh machine with Python >= 3.11 (venv, headers), make and gcc.
PYTHON ?= python3
BIN := .venv/bin
DEMO := examples/demo
FRAMEWORKS := trl verifiers verifiers-legacy inspect
PYTEST := $(BIN)/python -m pytest
KERNEL := $(wildcard src/sequester/exposure/_kernel*.[ch])

.PHONY: help demo test lint suite frameworks wheel chromium docs bench soak simulations fixtures clean
.DELETE_ON_ERROR:

help:  ## List the targets.
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 20

.venv/core: pyproject.toml setup.py $(KERNEL)
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("Python 3.11 or later is needed: make PYTHON=python3.11 ...")'
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --editable .
	@touch $@

.venv/test: .venv/core
	$(BIN)/pip install --quiet --editable '.[test]'
	@touch $@

demo: .venv/core  ## Audit the shipped run; ends with the verdict and the path of the HTML report.
	@mkdir -p demo-out; $(BIN)/sequester audit $(DEMO)/completions --map $(DEMO)/graders.toml --out text --out html=demo-out/report.html --out json=demo-out/result.json; \
	code=$$?; echo "sequester exited $$code (1: exposed, as this run was built to be)"; \
	echo "HTML report: $(CURDIR)/demo-out/report.html"; test $$code -eq 1

test: lint frameworks suite  ## Everything CI runs.

lint: .venv/test  ## Style, types and the directions between rooms.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

suite: .venv/test chromium  ## The tests, without those that need a trainer.
	$(PYTEST) -n 2

frameworks: $(FRAMEWORKS:%=framework-%)  ## The tests that run a trainer's own code, each in .venv-NAME.

# The wheel goes into an environment that pip resolved for the framework alone, and must move nothing in it.
framework-%: .venv-%/resolved wheel
	.venv-$*/bin/pip install --quiet --force-reinstall --no-deps dist/*.whl
	.venv-$*/bin/pip install --quiet dist/*.whl
	.venv-$*/bin/pip freeze > .venv-$*/with-sequester
	$(PYTHON) tests/packaging/unmoved.py .venv-$*/resolved .venv-$*/with-sequester
	.venv-$*/bin/python -m pytest -m framework tests/frameworks/test_$(firstword $(subst -, ,$*)).py

.PRECIOUS: .venv-%/resolved
.venv-%/resolved: tests/frameworks/requirements-%.txt
	$(PYTHON) -m venv --clear .venv-$*
	.venv-$*/bin/pip install --quiet -r $<
	.venv-$*/bin/pip freeze > $@

wheel: .venv/test  ## Source distribution, and the wheel built from it, in dist/.
	@rm -rf dist
	$(BIN)/python -m build --outdir dist . > /dev/null

chromium:
	@command -v chromium chromium-browser google-chrome > /dev/null || \
	{ test "$$(id -u)" = 0 && apt-get update -q && apt-get install -yq --no-install-recommends chromium; } || \
	{ echo "the browser tests need Chromium: sudo apt-get install --no-install-recommends chromium" >&2; exit 1; }

docs: .venv/test  ## Write the generated pages again: command line, reference, README sections.
	$(BIN)/python docs/generate.py

bench: .venv/test  ## Speed and memory on a made corpus, written to docs/performance.md; needs 12 GB of disk and an idle machine.
	$(BIN)/pip install --quiet --editable '.[bench]'
	$(BIN)/python -m bench.corpus build/bench/planted
	$(BIN)/python -m bench.corpus build/bench/quiet --leaks 0
	$(BIN)/python -m bench.speed build/bench/planted --quiet-corpus build/bench/quiet
	$(BIN)/python -m bench.memory build/bench/quiet
	$(BIN)/python -m bench.tables

soak: .venv/test  ## A million random fragments against the matcher's guarantee, and the fuzzers.
	$(BIN)/python -m bench.guarantee
	$(BIN)/python -m bench.fuzz --seed $$(date +%Y%m%d)

simulations: .venv/test  ## Null runs, power and limits of the swap test and of score-CoT association, written to docs/; half an hour on 2 cores.
	$(BIN)/python -m bench.swap_null
	$(BIN)/python -m bench.swap_power
	$(BIN)/python -m bench.swap_bounds
	$(BIN)/python -m bench.association_null

fixtures: .venv-trl/resolved .venv-verifiers/resolved .venv-verifiers-legacy/resolved .venv-inspect/resolved .venv/test  ## Write the logs under tests/data again, by the frameworks' own code.
	tests/frameworks/write_fixtures.sh

clean:  ## Remove everything that was built or installed here.
	rm -rf .venv .venv-* build dist demo-out src/*.egg-info src/sequester/exposure/*.so
