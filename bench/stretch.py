#!/usr/bin/env python3
"""Copies a GGUF file and says another context length in it: `bench/stretch.py IN OUT TOKENS`.

The model is not trained for it: what it writes beyond its own context is noise of its vocabulary,
which is all that some measurements need.
"""
import struct
import sys


def main():
    source, target, tokens = sys.argv[1], sys.argv[2], int(sys.argv[3])
    data = bytearray(open(source, "rb").read())
    key = data.find(b".context_length")
    if key < 0:
        sys.exit(f"{source} says no context length")
    at = key + len(b".context_length")
    kind, = struct.unpack_from("<I", data, at)
    if kind != 4:  # a 32-bit count
        sys.exit(f"the context length has type {kind}")
    struct.pack_into("<I", data, at + 4, tokens)
    open(target, "wb").write(data)


if __name__ == "__main__":
    main()
