#!/bin/sh
# Build the llama-cpp-python wheel into a folder, once; later runs find it there.
#
#   scripts/build_llama_cpp.sh [PYTHON [FOLDER]]        python3 and .cache/wheels by default
#
# Needs a Python with pip, a C and C++ compiler and a build tool; where CMake or ninja is missing,
# the package's own build backend gets them as wheels. About 5 minutes of processor time: the package
# compiles llama.cpp's `common` library too, which takes more than half of a plain build and which
# nothing in the Python package uses. GGML_NATIVE=OFF keeps the wheel usable on another machine.
set -eu
version=0.3.36
python=${1:-python3}
folder=${2:-.cache/wheels}

mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
for wheel in "$folder/llama_cpp_python-$version-"*.whl; do
    if [ -f "$wheel" ]; then
        echo "$wheel"
        exit 0
    fi
done

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT INT TERM
"$python" -m pip download --quiet --no-deps --no-binary llama-cpp-python --dest "$work" \
    "llama-cpp-python==$version" >&2
tar -xzf "$work/llama_cpp_python-$version.tar.gz" -C "$work"
source=$work/llama_cpp_python-$version
sed 's/LLAMA_BUILD_COMMON ON CACHE/LLAMA_BUILD_COMMON OFF CACHE/' \
    "$source/CMakeLists.txt" > "$work/CMakeLists.txt"
mv "$work/CMakeLists.txt" "$source/CMakeLists.txt"
CMAKE_ARGS="-DGGML_NATIVE=OFF -DLLAVA_BUILD=OFF" \
    "$python" -m pip wheel --quiet --no-deps --wheel-dir "$work/wheel" "$source" >&2
mv "$work/wheel/"*.whl "$folder/"
ls "$folder/llama_cpp_python-$version-"*.whl
