# Two commands matter: `make up` (what it answers) and `make test` (that it is true).
PYTHON ?= python3.11
VENV := .venv
CONSOLE_PORT ?= 8642
BIN := $(VENV)/bin
export LOCKGATE_CORPORA ?= $(abspath ../shared/corpora)

.PHONY: up down test lint docs bench lock clean

up: $(VENV)/.main  ## install, build the sample advisory store, judge the example shop, open the console over it
	@$(BIN)/lockgate advisories update --quiet --store $(VENV)/sample-advisories.db examples/advisories
	@echo
	@$(BIN)/python examples/lay_out.py $(VENV)/harbour
	@$(BIN)/lockgate check $(VENV)/harbour --advisories $(VENV)/sample-advisories.db || [ $$? -eq 1 ]
	@echo
	@echo "That was the example shop (examples/harbour), with weaknesses planted on purpose. Now your own code:"
	@echo "  $(CURDIR)/$(BIN)/lockgate advisories update osv-export.zip   (exports of https://osv.dev; once)"
	@echo "  $(CURDIR)/$(BIN)/lockgate check /path/to/your/repository"
	@echo
	@$(BIN)/python examples/console.py up $(CONSOLE_PORT)

down: $(VENV)/.main  ## end the console that make up opened
	@$(BIN)/python examples/console.py down

test: $(VENV)/.dev  ## every test
	$(BIN)/python -m pytest -n auto --dist loadgroup

lint: $(VENV)/.dev  ## style, types and import floors
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python docs/generate.py --check

docs: $(VENV)/.dev  ## regenerate the reference pages
	$(BIN)/python docs/generate.py

bench: $(VENV)/.dev  ## measure, side by side with peers where they are installed
	$(BIN)/python -m bench

lock:  ## renew the pinned requirements (needs uv)
	uv pip compile -q pyproject.toml --extra server requirements/build.in --python-version 3.11 --universal --generate-hashes --no-emit-index-url \
	  --no-emit-find-links --no-header --no-annotate --upgrade -o requirements/main.txt
	uv pip compile -q pyproject.toml --extra server requirements/build.in requirements/dev.in --python-version 3.11 --universal --generate-hashes \
	  --no-emit-index-url --no-emit-find-links --no-header --no-annotate --upgrade -o requirements/dev.txt
	uv pip compile -q requirements/spark.in --no-deps --python-version 3.11 --universal --generate-hashes --no-emit-index-url \
	  --no-emit-find-links --no-header --no-annotate --upgrade -o requirements/spark.txt

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis dist

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.main: requirements/main.txt pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements/main.txt
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.dev: requirements/dev.txt pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements/dev.txt
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .
	@touch $@ $(VENV)/.main
