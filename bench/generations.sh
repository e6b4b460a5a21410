#!/usr/bin/env bash
# Generations of a model at temperature 1.5 under schemas of MaskBench, checked by ajv:
# `script/bench generations [--model FILE.gguf] [SCHEMAS] [EACH] [TOKENS]`. Prints the counts, and every invalid output. Without
# a file it is the built-in model; beyond its context, a copy of it that calls itself trained for more.
set -euo pipefail
cd "$(dirname "$0")/.."
if [[ ${1:-} == --model ]]; then
  export PARLANCE_MODEL_FILE=$(realpath "$2")
  shift 2
fi
cmake --build --preset release --target parlance
export PARLANCE_SCHEMAS=${1:-500} PARLANCE_GENERATIONS=${2:-20} PARLANCE_TOKENS=${3:-1800}
if [[ -z ${PARLANCE_MODEL_FILE:-} && $PARLANCE_TOKENS -gt 1800 ]]; then
  folder=$(mktemp -d)
  trap 'rm -rf "$folder"' EXIT
  export PARLANCE_MODEL_FILE=$folder/stretched.gguf
  python3 bench/stretch.py models/parlance-mini.gguf "$PARLANCE_MODEL_FILE" $((PARLANCE_TOKENS + 4096))
fi
tests/api/run schemas.test.js
