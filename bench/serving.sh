#!/usr/bin/env bash
# What a server's clients see: `script/bench serving NAME=URL [NAME=URL ...] [--rounds N]`, servers
# measured in turn. Ours, on a model of make_model: build/release/parlance serve --no-auth.
set -euo pipefail
exec python3 "$(dirname "$0")/serving.py" "$@"
