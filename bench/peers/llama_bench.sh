#!/usr/bin/env bash
# A peer for bench_engine: any llama-bench (llama.cpp's, or that of a fork of it), with its best flags:
#   LLAMA_BENCH=/path/to/llama-bench LLAMA_FLAGS="-fa 1 -rtr 1" llama_bench.sh MODEL THREADS PROMPT DEPTH DECODE
set -euo pipefail
model=$1 threads=$2 prompt=$3 depth=$4 decode=$5
measure() { # prints tokens per second of the last test
  # shellcheck disable=SC2086
  "$LLAMA_BENCH" -m "$model" -t "$threads" -r 1 -o json ${LLAMA_FLAGS:-} "$@" 2>/dev/null |
    sed -n 's/.*"avg_ts": \([0-9.]*\).*/\1/p' | tail -1
}
prompt_rate=0 decode_rate=0
if [[ $prompt -gt 0 ]]; then prompt_rate=$(measure -p "$prompt" -n 0); fi
if [[ $decode -gt 0 && $depth -eq 0 ]]; then decode_rate=$(measure -p 0 -n "$decode"); fi
if [[ $decode -gt 0 && $depth -gt 0 ]]; then
  # The two projects name it differently.
  if "$LLAMA_BENCH" --help 2>&1 | grep -q -- '--n-depth'; then
    decode_rate=$(measure -p 0 -n "$decode" -d "$depth")
  else
    decode_rate=$(measure -p 0 -n 0 -gp "$depth,$decode")
  fi
fi
echo "$prompt_rate $decode_rate"
