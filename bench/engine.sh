#!/usr/bin/env bash
# The engine beside other engines, in turn, on the same files:
#   script/bench engine MODEL.gguf [OPTIONS OF bench_engine]
#   script/bench engine all TOKENIZER.gguf [OPTIONS OF bench_engine]
# The second makes what is missing of the models of docs/benchmarks.md in PARLANCE_BENCH_MODELS (build/bench-models; 9 GB)
# with the tokenizer of that file, and prints every row. Other engines are given as --peer "NAME=COMMAND", see bench/peers.
set -euo pipefail
cd "$(dirname "$0")/.."
cmake --build --preset release --target bench_engine make_model >/dev/null
if [[ ${1:-} != all ]]; then exec build/release/bench_engine "$@"; fi
tokenizer=$2
shift 2
models=${PARLANCE_BENCH_MODELS:-build/bench-models}
mkdir -p "$models"

make() { # NAME OPTIONS OF make_model: its path
  local path=$models/$1.gguf
  [[ -e $path ]] || build/release/make_model "$path" --tokenizer "$tokenizer" "${@:2}" >&2
  echo "$path"
}
measure() { # MODEL WORKS OPTIONS
  echo "== $(basename "$1"), load $(cut -d' ' -f1 /proc/loadavg)"
  build/release/bench_engine "$1" --work "$2" "${@:3}"
}

small=(--embd 896 --layers 24 --heads 14 --kv-heads 2 --ff 4864 --tied)
for format in Q4_0 Q4_K Q6_K Q8_0 BF16 F16; do
  measure "$(make "$format" --format "$format")" prompt:512,decode:0 "$@"
done
for format in Q4_0 Q8_0 F16; do
  measure "$(make "small-$format" --format "$format" "${small[@]}")" prompt:512,decode:0 "$@"
done
measure "$models/Q4_0.gguf" prompt:4096,prompt:16384,decode:8192,streams:8,streams:16,gap:2048,busy:0 "$@"

adapters=()
for seed in 1 2 3 4 5; do
  adapters+=(--adapter "$(make "lora-$seed" --format F16 --lora 16 --seed "$seed")")
done
measure "$models/Q4_0.gguf" adapted:5,adapters:5 "${adapters[@]}"
