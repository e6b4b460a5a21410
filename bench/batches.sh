#!/usr/bin/env bash
# What a batch costs those who wait, and how fast it is alone: `script/bench batches URL#MODEL`
# (of a running `parlance serve --no-auth`).
set -euo pipefail
exec python3 "$(dirname "$0")/batches.py" "$@"
