# make demo   sets everything up and runs the main job on a real local model
# make test   sets everything up and runs the tests
# make check  format, lint, types, quality gate, tests: what CI runs
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
NICE ?= nice -n 0

.PHONY: demo test check setup serve lint types quality test-llama-cpp conformance bench snapshot clean

demo: setup
	@$(BIN)/pointsman models pull
	@$(BIN)/python scripts/demo.py

test: setup
	@$(BIN)/python -m pytest -q

check: lint types quality test

lint: setup
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .

types: setup
	@$(BIN)/mypy

quality: setup
	@$(BIN)/pointsman quality . --config scripts/quality.toml --fail-on gate --limit 20

serve: setup
	@$(BIN)/pointsman serve --http

setup: $(READY)

# uv is quick; pip, which knows every index that this machine is set up for, is the way back.
$(READY): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; set PYTHON=")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade pip uv
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --editable '.[local,embeddings,redis,encryption,quality]' --group dev \
		|| $(BIN)/python -m pip install --quiet --editable '.[local,embeddings,redis,encryption,quality]' --group dev
	@$(BIN)/python -m compileall -q -x '/\.' accounting agent cache pointsman providers quality routing server storage tools
	@touch $@

test-llama-cpp: setup
	@scripts/test_llama_cpp.sh

conformance: setup
	@$(BIN)/python -m tests.conformance

bench: setup
	@$(BIN)/python benchmarks/hot_path.py

snapshot: setup
	@$(BIN)/python -m server.windows.handshake_record

clean:
	rm -rf $(VENV) .venv-* .cache dist build
