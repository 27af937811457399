# The targets do all their own set-up: a .venv, and what the tests need from Debian's packages.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
MADE := $(VENV)/.made
INSTALLED := $(VENV)/.installed
PROVING := $(VENV)/.proving
EQUIPPED := $(VENV)/.equipped
NGINX := $(shell PATH="$$PATH:/usr/sbin:/usr/local/sbin" command -v nginx)

.PHONY: demo test quick lint site bench clean

demo: $(if $(NGINX),$(PROVING),$(INSTALLED))  ## lint502 finds the 502s in a sample, and shows one
	@cd sample_configs/containers/broken; \
	echo "$$ cd sample_configs/containers/broken; lint502 check"; \
	"$(CURDIR)/$(BIN)/lint502" check || test $$? -eq 1  # errors are what it is to find
ifdef NGINX
	@cd sample_configs/containers/broken; \
	echo; echo "$$ lint502 prove --rule port-mismatch"; \
	"$(CURDIR)/$(BIN)/lint502" prove --rule port-mismatch || test $$? -le 2  # 2: not on this machine
else
	@$(BIN)/python -c 'from lint502.lab.packages import bringing_nginx as how; \
	print(f"\nTo see one of them happen on a real nginx, {how()}; then: make demo")'
endif

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

bench: $(INSTALLED)  ## CPU and memory beside other programs; logs
	$(BIN)/python benchmarks/run.py
	$(BIN)/python benchmarks/diagnose.py

$(PROVING): EXTRA := [lab]
$(EQUIPPED): EXTRA := [dev]
$(INSTALLED) $(PROVING) $(EQUIPPED): $(MADE)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.$(EXTRA)'
	touch $@

$(MADE): pyproject.toml scripts/make-venv
	scripts/make-venv "$(PYTHON)" "$(VENV)"
	touch $@

clean:
	rm -rf $(VENV) dist build site .pytest_cache .mypy_cache .ruff_cache .hypothesis
