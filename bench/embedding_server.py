"""Tokens per second of embedding servers, server to server: the same requests of many inputs each,
so many at a time, to each server in turn. Standard library only; inputs are made by seed.

  embedding_server.py http://127.0.0.1:8080/v1#bert http://127.0.0.1:8081/v1#bert --rounds 3

Tokens are counted by the first server, for all of them. The cosines say that all compute the same.
"""
import argparse
import asyncio
import json
import math
import random
import time
import urllib.parse

WORDS = """the of and to in a is that for it was on are as with his they at be this have from or one had by but not what all were we when
your can said there use an each which she do how their if will up other about out many then them these so some her would make like him into
time has look two more write go see number no way could people my than first water been call who oil its now find long down day did get come
made may part morning river garden history science language country village market window letter winter summer mountain engine""".split()


class Server:
    def __init__(self, text):
        self.text = text
        parts = urllib.parse.urlsplit(text)
        self.host, self.port, self.path, self.model = parts.hostname, parts.port or 80, parts.path.rstrip("/"), parts.fragment

    async def embed(self, inputs):
        body = json.dumps({"model": self.model, "input": inputs, "encoding_format": "float"}).encode()
        reader, writer = await asyncio.open_connection(self.host, self.port, limit=1 << 26)
        writer.write(f"POST {self.path}/embeddings HTTP/1.1\r\nHost: {self.host}\r\nContent-Type: application/json\r\n"
                     f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode() + body)
        answer = await reader.read()
        writer.close()
        head, _, rest = answer.partition(b"\r\n\r\n")
        if b" 200 " not in head.split(b"\r\n")[0]:
            raise RuntimeError(f"{self.text}: {rest[:300]!r}")
        return rest  # read as JSON outside the time that is measured


def texts(seed, count, words):
    chosen = random.Random(seed)
    return [" ".join(chosen.choice(WORDS) for _ in range(words)) for _ in range(count)]


async def seconds(server, requests, streams):
    places, begin = iter(requests), time.perf_counter()

    async def take_turns():
        for inputs in places:
            await server.embed(inputs)
    await asyncio.gather(*(take_turns() for _ in range(streams)))
    return time.perf_counter() - begin


def cosine(a, b):
    return sum(x * y for x, y in zip(a, b)) / math.sqrt(sum(x * x for x in a) * sum(y * y for y in b))


async def measure(options):
    servers = [Server(text) for text in options.servers]
    sample = texts(1, 8, options.words)
    vectors, tokens = [], 0
    for server in servers:
        answer = json.loads(await server.embed(sample))
        vectors.append([row["embedding"] for row in sorted(answer["data"], key=lambda row: row["index"])])
        tokens = tokens or answer["usage"]["prompt_tokens"] / len(sample)
    for server, own in zip(servers[1:], vectors[1:]):
        print(f"cosine of {server.text} to the first: at least {min(map(cosine, vectors[0], own)):.4f}")
    print(f"{options.requests} requests of {options.inputs} inputs of {tokens:.0f} tokens, {options.streams} at a time", flush=True)
    for round_ in range(options.rounds):
        row = []
        for server in servers:
            requests = [texts(1000 * round_ + i + 2, options.inputs, options.words) for i in range(options.requests)]
            row.append(options.requests * options.inputs * tokens / await seconds(server, requests, options.streams))
        print("tokens/s: " + "  ".join(f"{speed:,.0f}" for speed in row)
              + "".join(f"  {row[0] / other:.2f}x" for other in row[1:]), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("servers", nargs="+", metavar="URL#MODEL")
    parser.add_argument("--inputs", type=int, default=64, help="of a request")
    parser.add_argument("--words", type=int, default=120, help="of an input")
    parser.add_argument("--requests", type=int, default=16)
    parser.add_argument("--streams", type=int, default=2, help="requests at a time")
    parser.add_argument("--rounds", type=int, default=3)
    asyncio.run(measure(parser.parse_args()))


if __name__ == "__main__":
    main()
