#!/usr/bin/env bash
# Embedding servers beside each other, all of them running: `script/bench embedding_server URL#MODEL URL#MODEL`.
#   make_model bert.gguf --bert --embd 384 --layers 6 --heads 12 --ff 1536 --context 512 --format Q8_0 --tokenizer VOCABULARY.gguf
#   parlance serve --no-auth --port 8080 --model bert.gguf
#   llama-server --embeddings --pooling mean -m bert.gguf --port 8081 -t 2 -np 1 -c 512 -b 512 -ub 512
set -euo pipefail
exec python3 "$(dirname "$0")/embedding_server.py" "$@"
