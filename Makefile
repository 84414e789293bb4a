# The two commands: `make run` and `make test`. Both make .venv themselves.
# Another Python gets another environment: `make test PYTHON=python3.13 VENV=.venv-3.13`.
PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
STAMP := $(VENV)/.installed
STAMP_TEST := $(VENV)/.installed-test
STAMP_DEV := $(VENV)/.installed-dev
TESTS ?=
SECONDS ?= 60
MINUTES ?= 10
JOBS ?= 3
EXAMPLES ?= 50
SCORES := $(addprefix score-,mail cases triage triage-semantic languages languages-semantic boilerplate similar leaks)

.PHONY: run test api-test send-test lint docs locale score $(SCORES) bench scale memory soak faults fuzz clean

run: $(STAMP)
	$(VENV)/bin/triaged run

send-test: $(STAMP)
	$(VENV)/bin/triaged send-test

test: $(STAMP_TEST)
	$(PY) -m pytest -q -n $(JOBS) --dist worksteal $(TESTS)

# Requests made from docs/openapi.json; EXAMPLES of each kind for each operation.
api-test: $(STAMP_DEV)
	EXAMPLES=$(EXAMPLES) $(PY) -m pytest -q -n $(JOBS) --dist worksteal tests/api

lint: $(STAMP_DEV)
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/ruff check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports

# docs/CONFIGURATION.md and config/triaged.toml from config/schema, docs/openapi.json from the API.
docs: $(STAMP)
	$(PY) -m config.document
	$(PY) -m daemon.web.documents

# templates/locale, from the templates and the code that writes emails.
locale: $(STAMP)
	$(PY) -m workers.notify.catalogue

# Each score is a target of its own, so that `make -j2 -O score` measures two at once.
score: $(SCORES)

$(SCORES): score-%: $(STAMP_TEST)
	$(PY) -m tests.scores.$(subst -semantic, --semantic,$*) $(GATE)

bench: $(STAMP_TEST)
	$(PY) -m tests.benchmarks

scale: $(STAMP_TEST)
	$(PY) -m tests.benchmarks.scale

memory: $(STAMP_TEST)
	$(PY) -m tests.benchmarks.memory

faults: $(STAMP_TEST)
	$(PY) -m tests.faults.matrix $(FAULTS)

soak: $(STAMP_TEST)
	$(PY) -m tests.faults.soak --minutes $(MINUTES)

fuzz: $(STAMP_TEST)
	$(PY) -m tests.benchmarks.fuzz $(SECONDS)

# A fresh Debian has no ensurepip: the environment is made without pip, and the system's pip installs into it.
$(PY):
	$(PYTHON) -m venv --without-pip $(VENV)

$(STAMP): $(PY) pyproject.toml
	python3 -m pip -q --python $(PY) install -e .
	@touch $@

$(STAMP_TEST): $(PY) pyproject.toml
	python3 -m pip -q --python $(PY) install -e '.[test]'
	@touch $@ $(STAMP)

$(STAMP_DEV): $(STAMP_TEST)
	python3 -m pip -q --python $(PY) install -e '.[dev]'
	@touch $@

clean:
	rm -rf .venv .venv-* .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
