# `make demo` and `make test` do all set-up on a fresh machine with Python >= 3.11 (venv, headers), make and gcc.
PYTHON ?= python3
BIN := .venv/bin
DEMO := examples/demo

.PHONY: demo test check frameworks browser bench soak clean

.venv/core: pyproject.toml setup.py src/sequester/exposure/_kernel.c
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --editable .
	touch $@

.venv/test: .venv/core
	$(BIN)/pip install --quiet --editable '.[test]'
	touch $@

demo: .venv/core
	@mkdir -p demo-out; $(BIN)/sequester audit $(DEMO)/completions --map $(DEMO)/graders.toml --out text --out html=demo-out/report.html --out json=demo-out/result.json; \
	code=$$?; echo "sequester exited $$code (1: exposed, as this run was built to be)"; \
	echo "HTML report: $(CURDIR)/demo-out/report.html"; test $$code -eq 1

test: check frameworks

check: .venv/test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest
	PYTHON=$(PYTHON) tests/wheel.sh

clean:
	rm -rf .venv .venv-* build dist demo-out
