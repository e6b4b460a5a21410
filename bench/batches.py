"""Batches beside interactive requests, over HTTP: how long a streamed chat takes to its first token,
between tokens and altogether, on an idle server and while a batch runs; and how fast a batch is alone
against the same requests sent by a client, as many at a time. Standard library only; requests are
made by seed.

  batches.py http://127.0.0.1:8080/v1#parlance-mini --lines 3000 --chats 200 --rounds 3
"""
import argparse
import asyncio
import json
import random
import time
import urllib.parse

SUBJECTS = ("the sea", "a dog", "tea", "the moon", "birds", "a garden", "the train", "my friend", "rain", "a book",
            "the kitchen", "a long walk", "winter", "music", "the doctor", "bread")
FEELINGS = ("I liked it very much", "it was far too slow", "nobody answered me", "it made my day", "I want my money back",
            "it was fine, more or less", "I would do it again", "it broke after a week")
INSTRUCTIONS = ("You sort what customers write. Read the text and answer in one short sentence: what it is about and "
                "whether its writer is happy. Do not invent anything that the text does not say.")


class Server:
    def __init__(self, text):
        parts = urllib.parse.urlsplit(text)
        self.host, self.port, self.path, self.model = parts.hostname, parts.port or 80, parts.path.rstrip("/"), parts.fragment

    async def call(self, method, path, body=b"", kind="application/json"):
        reader, writer = await asyncio.open_connection(self.host, self.port)
        body = json.dumps(body).encode() if isinstance(body, dict) else body
        writer.write(f"{method} {self.path}{path} HTTP/1.1\r\nHost: {self.host}\r\nContent-Type: {kind}\r\n"
                     f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode() + body)
        answer = await reader.read()
        writer.close()
        head, _, rest = answer.partition(b"\r\n\r\n")
        if b"chunked" in head.lower():
            whole = b""
            while rest:
                size, _, rest = rest.partition(b"\r\n")
                whole, rest = whole + rest[:int(size, 16)], rest[int(size, 16) + 2:]
            rest = whole
        if b" 200 " not in head.split(b"\r\n")[0]:
            raise RuntimeError(rest[:300])
        return json.loads(rest)

    async def stream_chat(self, body):
        """Seconds from the request to each piece of the answer."""
        reader, writer = await asyncio.open_connection(self.host, self.port)
        text = json.dumps({**body, "stream": True}).encode()
        begin = time.perf_counter()
        writer.write(f"POST {self.path}/chat/completions HTTP/1.1\r\nHost: {self.host}\r\nContent-Type: application/json\r\n"
                     f"Content-Length: {len(text)}\r\nConnection: close\r\n\r\n".encode() + text)
        times = []
        while line := await reader.readline():
            if b'"content":"' in line and b'"content":""' not in line:
                times.append(time.perf_counter() - begin)
        writer.close()
        if not times:
            raise RuntimeError("a chat without an answer")
        return times

    def chat_body(self, seed, tokens):
        chosen = random.Random(seed)
        text = f"About {chosen.choice(SUBJECTS)}, number {chosen.randrange(100_000)}: {chosen.choice(FEELINGS)}."
        return {"model": self.model, "max_tokens": tokens, "temperature": 0,
                "messages": [{"role": "system", "content": INSTRUCTIONS}, {"role": "user", "content": text}]}

    async def upload(self, seed, lines, tokens):
        rows = [json.dumps({"custom_id": f"{i}", "method": "POST", "url": "/v1/chat/completions",
                            "body": self.chat_body(seed + i, tokens)}) for i in range(lines)]
        mark = "----rows"
        body = (f'--{mark}\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nbatch\r\n--{mark}\r\nContent-Disposition: '
                f'form-data; name="file"; filename="rows.jsonl"\r\n\r\n' + "\n".join(rows) + f"\r\n--{mark}--\r\n").encode()
        return (await self.call("POST", "/files", body, f"multipart/form-data; boundary={mark}"))["id"]

    async def start_batch(self, seed, lines, tokens):
        file = await self.upload(seed, lines, tokens)
        batch = await self.call("POST", "/batches", {"input_file_id": file, "endpoint": "/v1/chat/completions",
                                                     "completion_window": "24h"})
        while True:
            seen = await self.call("GET", "/batches/" + batch["id"])
            if seen["request_counts"]["completed"] > 0:
                return batch["id"], seen["request_counts"]["completed"], time.perf_counter()
            if seen["status"] in ("failed", "completed"):
                raise RuntimeError(f"the batch is {seen['status']}: {seen.get('errors')}")
            await asyncio.sleep(0.02)

    async def completed(self, batch):
        seen = await self.call("GET", "/batches/" + batch)
        return seen["request_counts"]["completed"], seen["status"]


def percentile(values, share):
    values = sorted(values)
    return values[min(len(values) - 1, int(share * len(values)))]


class Times:
    """Milliseconds."""
    def __init__(self):
        self.first, self.gaps, self.whole = [], [], []

    def add(self, seconds):
        self.first.append(1000 * seconds[0])
        self.gaps += [1000 * (b - a) for a, b in zip(seconds, seconds[1:])]
        self.whole.append(1000 * seconds[-1])


async def chat_times(server, seed, chats, tokens):
    """Of chats one at a time, with pauses of 50 ms in the mean between them."""
    pause, times = random.Random(seed), Times()
    for i in range(chats):
        await asyncio.sleep(pause.expovariate(20))
        times.add(await server.stream_chat(server.chat_body(9_000_000 + seed + i, tokens)))
    return times


async def at_once(server, seed, lines, tokens, streams):
    """Lines per second of a client that keeps so many requests under way."""
    places, begin = iter(range(lines)), time.perf_counter()

    async def take_turns():
        for i in places:
            await server.call("POST", "/chat/completions", server.chat_body(seed + i, tokens))
    await asyncio.gather(*(take_turns() for _ in range(streams)))
    return lines / (time.perf_counter() - begin)


async def batch_alone(server, seed, lines, tokens):
    batch, before, begin = await server.start_batch(seed, lines, tokens)
    while True:
        done, _ = await server.completed(batch)
        if done >= lines:
            return (done - before) / (time.perf_counter() - begin)
        await asyncio.sleep(0.1)


async def beside(server, seed, options):
    idle = await chat_times(server, seed, options.chats, options.tokens)
    batch, _, _ = await server.start_batch(seed, 20_000, options.tokens)
    beside_it = await chat_times(server, seed + 10_000, options.chats, options.tokens)
    done, status = await server.completed(batch)
    await server.call("POST", f"/batches/{batch}/cancel", {})
    while (await server.completed(batch))[1] not in ("cancelled", "completed"):
        await asyncio.sleep(0.1)
    after = await chat_times(server, seed + 20_000, options.chats, options.tokens)
    print(f"beside the batch: {done} of its lines, {status}", flush=True)
    for what in ("first", "gaps", "whole"):
        phases = [getattr(times, what) for times in (idle, beside_it, after)]
        row = "  ".join(f"{name} {percentile(v, 0.5):.1f}/{percentile(v, 0.99):.1f}"
                        for name, v in zip(("idle", "beside a batch", "idle again"), phases))
        quiet = phases[0] + phases[2]
        print(f"{what:5} p50/p99 ms: {row}  ({percentile(phases[1], 0.5) / percentile(quiet, 0.5):.2f} and "
              f"{percentile(phases[1], 0.99) / percentile(quiet, 0.99):.2f} times)", flush=True)


async def alone(server, seed, options):
    batch = await batch_alone(server, seed + 30_000, options.lines, options.tokens)
    sent = await at_once(server, seed + 40_000, options.lines, options.tokens, 64)
    print(f"lines/s: batch alone {batch:.1f}, a client with 64 at a time {sent:.1f}: {batch / sent:.2f}", flush=True)


async def measure(server, options):
    await chat_times(server, 0, 5, options.tokens)
    for round_ in range(options.rounds):
        seed = 100_000 * (round_ + 1)
        if options.chats:
            await beside(server, seed, options)
        if options.lines:
            await alone(server, seed, options)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("server", metavar="URL#MODEL")
    parser.add_argument("--lines", type=int, default=2000, help="0: the batch alone is not measured")
    parser.add_argument("--chats", type=int, default=200, help="0: chats are not measured")
    parser.add_argument("--tokens", type=int, default=40)
    parser.add_argument("--rounds", type=int, default=1)
    options = parser.parse_args()
    asyncio.run(measure(Server(options.server), options))


if __name__ == "__main__":
    main()
