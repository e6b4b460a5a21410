#!/usr/bin/env bash
# Random generations under schemas of MaskBench, judged by ajv: `script/bench walks [EACH] [ONE_IN] [TOKENS]`. Tokens of the built-in model's
# vocabulary are drawn from the masks by random numbers; no model runs. One schema in ONE_IN, in the order of the file, which groups the datasets.
set -euo pipefail
cd "$(dirname "$0")/.."
cmake --build --preset release --target bench_grammar
shared=${PARLANCE_SHARED:-../shared}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 bench/vocabulary.py --out "$folder/vocabulary.bin" models/parlance-mini.gguf
build/release/bench_grammar --data "$shared/maskbench/maskbench.jsonl.xz" --vocabulary "$folder/vocabulary.bin" --walks "${1:-20}" \
  --every "${2:-11}" --tokens "${3:-512}" --seed 1 --out "$folder/texts.jsonl"
node=tests/api/node_modules/.bin/node
[[ -x $node ]] || node=node
"$node" tests/api/judge.js "$folder/texts.jsonl"
