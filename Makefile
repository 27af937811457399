# The targets do all their own set-up: a .venv, and what the tests need from Debian's packages.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
EQUIPPED := $(VENV)/.equipped

.PHONY: demo test quick lint site bench clean

demo: $(INSTALLED)  ## lint502 finds the 502s in a sample
	@cd sample_configs/containers/broken; \
	echo "$$ cd sample_configs/containers/broken; lint502 check"; \
	"$(CURDIR)/$(BIN)/lint502" check || test $$? -eq 1  # errors are what it is to find

test: $(EQUIPPED) lint  ## all checks and tests
	@scripts/ensure-servers
	PATH="$$PATH:/usr/sbin" $(BIN)/python -m pytest -n $$(($$(nproc) + 1))  # some of them wait

quick: $(EQUIPPED)  ## the tests that start no server
	$(BIN)/python -m pytest -n auto -m "not slow"

lint: $(EQUIPPED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

site: $(EQUIPPED)  ## the documentation, in site/
	$(BIN)/python -m tools.site

bench: $(INSTALLED)  ## start-up, a small site, 1,000 sites
	$(BIN)/python benchmarks/run.py

$(INSTALLED): pyproject.toml scripts/make-venv
	scripts/make-venv "$(PYTHON)" "$(VENV)"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	touch $@

$(EQUIPPED): $(INSTALLED)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $@

clean:
	rm -rf $(VENV) dist build site .pytest_cache .mypy_cache .ruff_cache .hypothesis
