#!/usr/bin/env bash
# What a server's clients see: `script/bench serving NAME=URL_OR_COMMAND ... [--rounds N]`, servers
# measured in turn. On a model of make_model, ours beside a peer with its best flags:
#   script/bench serving --file M.gguf \
#     "ours=build/release/parlance --data {home} --model M.gguf serve --no-auth --port {port}" \
#     "theirs=llama-server -m M.gguf -t 2 -fa -np {slots} -c {context} --port {port}"
set -euo pipefail
exec python3 "$(dirname "$0")/serving.py" "$@"
