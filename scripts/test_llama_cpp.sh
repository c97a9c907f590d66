#!/bin/sh
# Run the runtime contract on llama-cpp-python, in an environment of its own.
#
#   scripts/test_llama_cpp.sh [PYTHON]
set -eu
cd "$(dirname "$0")/.."
python=${1:-.venv/bin/python}
venv=.venv-llama-cpp
wheel=$(scripts/build_llama_cpp.sh "$python")
if ! [ -f "$venv/.ready" ]; then
    "$python" -m venv "$venv"
    "$venv/bin/python" -m pip install --quiet --upgrade pip
    "$venv/bin/python" -m pip install --quiet --editable . --group dev "$wheel"
    touch "$venv/.ready"
fi
exec "$venv/bin/python" -m pytest -q tests/providers/local/llama_cpp_python.py
