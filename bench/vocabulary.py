#!/usr/bin/env python3
"""Merges the byte-level tokens of several GGUF vocabularies into one of N distinct tokens.

    bench/vocabulary.py --out vocabulary.bin [--size 128000] FILE.gguf...

The result is a sequence of records: a 16-bit little-endian length, then the token's bytes. A record
of length 0 comes first: the end of a generation. Files are used in the order given, tokens by id.
"""
import argparse
import struct


def byte_of_character():
    """The printable stand-ins that byte-level tokenizers use for bytes."""
    plain = list(range(33, 127)) + list(range(161, 173)) + list(range(174, 256))
    table = {chr(byte): byte for byte in plain}
    others = [byte for byte in range(256) if byte not in plain]
    table.update({chr(256 + i): byte for i, byte in enumerate(others)})
    return table


def gguf_tokens(path):
    """The strings and types of `tokenizer.ggml.tokens`."""
    data = open(path, "rb").read()
    at = 4 + 4 + 8
    sizes = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}

    def integer(form):
        nonlocal at
        value = struct.unpack_from("<" + form, data, at)[0]
        at += struct.calcsize(form)
        return value

    def string():
        nonlocal at
        length = integer("Q")
        at += length
        return data[at - length:at]

    def value(kind):
        nonlocal at
        if kind == 8:
            return string()
        if kind == 9:
            inner, n = integer("I"), integer("Q")
            return [value(inner) for _ in range(n)]
        at += sizes[kind]
        return data[at - sizes[kind]:at]

    n_pairs = integer("Q")
    pairs = {}
    for _ in range(n_pairs):
        key = string().decode()
        pairs[key] = value(integer("I"))
    tokens = pairs["tokenizer.ggml.tokens"]
    types = pairs.get("tokenizer.ggml.token_type", [b"\1\0\0\0"] * len(tokens))
    return [t.decode("utf-8", "replace") for t, k in zip(tokens, types) if k[0] == 1]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", required=True)
    parser.add_argument("--size", type=int, default=128000)
    parser.add_argument("files", nargs="+")
    arguments = parser.parse_args()
    table = byte_of_character()
    seen = {bytes([b]): None for b in range(256)}
    for path in arguments.files:
        for token in gguf_tokens(path):
            if all(c in table for c in token):
                seen.setdefault(bytes(table[c] for c in token))
    tokens = [t for t in seen if t][: arguments.size - 1]
    with open(arguments.out, "wb") as out:
        for token in [b""] + tokens:
            out.write(struct.pack("<H", len(token)) + token)
    print(f"{len(tokens) + 1} tokens")


if __name__ == "__main__":
    main()
