#!/usr/bin/env bash
# Generations of the built-in model at temperature 1.5 under schemas of MaskBench, checked by ajv:
# `script/bench generations [SCHEMAS] [EACH] [TOKENS]`. Prints the counts, and every invalid output.
set -euo pipefail
cd "$(dirname "$0")/.."
cmake --build --preset release --target parlance
export PARLANCE_SCHEMAS=${1:-500} PARLANCE_GENERATIONS=${2:-20} PARLANCE_TOKENS=${3:-1800}
exec tests/api/run schemas.test.js
