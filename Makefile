# make demo   a fresh environment, the example shots turned to night, and a before/after sheet
# make test   all tests, in the same environment, with all that they need
# make check  what CI runs: lint, types, and make test

PYTHON ?= python3
EXTRAS ?= test
BIN := .venv/bin
SOURCES := $(wildcard daynight/*.py daynight/*/*.py daynight/*/*/*.py daynight/*/*/*/* daynight/models/bundled/* plugins/*.py exporters/*.py)

.PHONY: demo test check figures

$(BIN)/python:
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade pip

.venv/installed: pyproject.toml constraints.txt $(SOURCES) | $(BIN)/python
	$(BIN)/python -m pip install --quiet --constraint constraints.txt .
	@touch $@

.venv/tested-with-$(EXTRAS): pyproject.toml constraints.txt | $(BIN)/python
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[$(EXTRAS)]"
	@touch $@ .venv/installed

demo: .venv/installed
	@rm -rf demo && mkdir demo
	$(BIN)/daynight convert examples/shots --to night --out demo/night --report demo/report.html
	@$(BIN)/python examples/sheet.py examples/shots demo/night demo/before-after.jpg
	@echo "frames:       demo/night"
	@echo "before/after: demo/before-after.jpg (and demo/report.html, with wipes)"

test: .venv/tested-with-$(EXTRAS)
	$(BIN)/python -m pytest

check: test
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[lint]"
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# The README's picture, from the demo's own frames, the cards' pictures, the plot of docs/colour.md, and the
# sheet of docs/night.md.
figures: demo
	cp demo/before-after.jpg docs/before-after.jpg
	$(BIN)/daynight convert examples/shots --to night-p0 --frames 1008 --out demo/night-p0
	$(BIN)/python examples/sheet.py examples/shots demo/night demo/night-p0 docs/night-p0.jpg
	for look in night day; do \
	    $(BIN)/daynight convert examples/limits/$$look --to $$look --out demo/limits-$$look && \
	    $(BIN)/python examples/sheet.py examples/limits/$$look demo/limits-$$look docs/limits-$$look.jpg || exit; \
	done
	$(BIN)/python -m pip install --quiet --constraint constraints.txt ".[figures]"
	$(BIN)/python docs/figures/rolloff.py docs/rolloff.png
	$(BIN)/python docs/figures/night.py docs/night-controls.jpg
