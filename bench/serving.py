"""Speed of servers that speak the OpenAI API, as a client sees it: many streams at once, the gaps
between the tokens of streams while long prompts arrive, the time to the first token of a prompt that
is new or whose beginning the server has seen, a busy neighbour, loading. Standard library only;
prompts are made by seed.

  serving.py ours=http://127.0.0.1:8080/v1#MODEL theirs=http://127.0.0.1:8081/v1 --rounds 3
  serving.py "ours=parlance --data {home} --model M.gguf serve --no-auth --port {port}" \\
      "theirs=llama-server -m M.gguf -t 2 -fa -np {slots} -c {context} --port {port}" --file M.gguf

A command is started anew for every work and round, with room for what the work needs in {slots}
and {context}; a URL is measured as it is. Percentiles are over all observations of all rounds; cpu
is the server's, per round. Without #MODEL the first model of the server's list is measured.
"""
import argparse
import asyncio
import os
import random
import subprocess
import sys
import time

from serving_client import Server

WORDS = ("the of and to in is that it was for on are as with they be at one have this from by hot "
         "word but what some we can out other were all there when up use your how said an each she "
         "which do their time if will way about many then them write would like so these her long "
         "make thing see him two has look more day could go come did number sound no most people "
         "my over know water than call first who may down side been now find").split()


def text(seed, words):
    chosen = random.Random(seed)
    return " ".join(chosen.choice(WORDS) for _ in range(words))


def percentile(values, share):
    values = sorted(values)
    return values[min(len(values) - 1, int(share * len(values)))]


# Every work gives what it measured, one number per observation; percentiles are taken of all rounds.

async def streams(server, count, seed, tokens=64):
    """Tokens per second of all streams together, while all of them run; their prompts were read
    before. Drawn at temperature 1, as a model of random weights repeats itself otherwise."""
    prompts = [text(seed + i, 60) for i in range(count)]
    for prompt in prompts:
        await server.complete(prompt, 1)
    runs = await asyncio.gather(*(server.complete(prompt, tokens, temperature=1, seed=seed + i)
                                  for i, prompt in enumerate(prompts)))
    begin, end = max(run.times[1] for run in runs), min(run.times[-1] for run in runs)
    arrived = sum(sum(begin < at <= end for at in run.times[1:]) * (run.tokens - 1) / (len(run.times) - 2)
                  for run in runs if len(run.times) > 2)
    return [arrived / (end - begin) if end > begin else 0.0]


async def gaps(server, seed):
    """Milliseconds between tokens of 8 streams while two prompts of 2,000 words arrive."""
    running = [asyncio.create_task(server.complete(text(seed + i, 20), 128, temperature=1, seed=seed + i))
               for i in range(8)]
    await asyncio.sleep(1)
    begin = time.perf_counter()
    await asyncio.gather(*(server.complete(text(seed + 50 + i, 2000), 1) for i in range(2)))
    end = time.perf_counter()
    found = []
    for answer in await asyncio.gather(*running):
        for before, after in zip(answer.times[1:], answer.times[2:]):
            if after > begin and before < end:
                found.append(1000 * (after - before))
    return found


async def first_token(server, seed, words, seen):
    """Milliseconds to the first token of prompts whose first `words` words were seen or not."""
    beginning, found = text(seed, words), []
    if seen:
        await server.complete(beginning + " " + text(seed + 1, 20), 2)
    for i in range(8 if seen else 1):
        times = (await server.complete(beginning + " " + text(seed + 2 + i, 20), 2)).times
        found.append(1000 * (times[1] - times[0]))
    return found


async def second_turn(server, seed):
    """Tokens of the earlier turns that are computed again in the next, in percent."""
    messages = [{"role": "system", "content": text(seed, 300)}, {"role": "user", "content": text(seed + 1, 40)}]
    found = []
    for turn in range(4):
        answer, usage = await server.chat(messages, 32)
        if turn > 0:
            cached = (usage.get("prompt_tokens_details") or {}).get("cached_tokens") or 0
            found.append(100 * max(0, before - cached) / before)
        before = usage["prompt_tokens"] + usage["completion_tokens"]
        messages += [{"role": "assistant", "content": answer}, {"role": "user", "content": text(seed + 2 + turn, 10)}]
    return found


async def neighbour(server, seed):
    """Percent of the speed of one stream that is left beside one process that is always busy."""
    alone = (await streams(server, 1, seed))[0]
    busy = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        beside = (await streams(server, 1, seed))[0]
    finally:
        busy.kill()
        busy.wait()
    return [100 * beside / alone]


# Rows of a table: texts, numbers, a choice, a list.
TABLE = {"type": "array", "minItems": 6, "items": {
    "type": "object", "additionalProperties": False, "required": ["name", "kind", "price", "tags"],
    "properties": {"name": {"type": "string", "minLength": 8, "maxLength": 60}, "price": {"type": "number"},
                   "kind": {"enum": ["plant", "animal", "stone"]},
                   "tags": {"type": "array", "items": {"type": "string"}, "maxItems": 4}}}}


async def schema(server, seed):
    """Percent of the speed of 8 chats that is left when their answers must be a table's rows."""
    form = {"type": "json_schema", "json_schema": {"name": "rows", "schema": {
        "type": "object", "additionalProperties": False, "required": ["rows"], "properties": {"rows": TABLE}}}}

    async def speed(**options):
        begin, before = time.perf_counter(), server.cpu_seconds()
        answers = await asyncio.gather(*(server.say(text(seed + i, 20), 192, temperature=1, seed=seed + i, **options)
                                         for i in range(8)))
        tokens = sum(answer.tokens for answer in answers)
        return tokens / (time.perf_counter() - begin), tokens, server.cpu_seconds() - before

    await speed(response_format=form)
    with_schema, without = await speed(response_format=form), await speed()
    print(f"  {server.name}: {with_schema[1]} tokens with the schema, {1000 * with_schema[2] / with_schema[1]:.2f} ms "
          f"of cpu each; {without[1]} without, {1000 * without[2] / without[1]:.2f} ms")
    return [100 * with_schema[0] / without[0]]


def resident(file, kv_bytes):
    async def work(server, seed):
        """Resident bytes over those of the file and of the keys and values of what was read, after a
        prompt of 1,000 words."""
        answer = await server.complete(text(seed, 1000), 8)
        used = os.path.getsize(file) + kv_bytes * (answer.read + answer.tokens)
        return [server.resident_bytes() / used]
    return work


def works(options):
    """Name, what it measures, requests at a time, tokens of each."""
    found = [
        ("1 stream, tok/s", lambda s, seed: streams(s, 1, seed), 1, 1024),
        ("8 streams, tok/s", lambda s, seed: streams(s, 8, seed), 8, 1024),
        ("16 streams, tok/s", lambda s, seed: streams(s, 16, seed), 16, 1024),
        ("gap beside 2k prompts, ms", gaps, 10, 3072),
        ("first token, 1k new, ms", lambda s, seed: first_token(s, seed, 1000, False), 1, 3072),
        ("first token, 1k seen, ms", lambda s, seed: first_token(s, seed, 1000, True), 1, 3072),
        ("first token, 2k seen, ms", lambda s, seed: first_token(s, seed, 2000, True), 1, 3072),
        ("second turn, computed again, %", second_turn, 1, 3072),
        ("left beside a busy process, %", neighbour, 1, 1024),
        ("left with a schema, 8 chats, %", schema, 8, 1024),
    ]
    if options.file:
        found.append(("resident, of file and kv", resident(options.file, options.kv_bytes), 1, 2048))
    return found


def show(name, server, values, cpu=None):
    shown = [percentile(values, share) for share in (0.5, 0.9, 0.99)] + [min(values), max(values)]
    digits = 1 if shown[0] >= 10 else 2
    print(f"{name:32}{server:>12}" + "".join(f"{value:9.{digits}f}" for value in shown) + f"{len(values):6}" +
          ("" if cpu is None else f"{cpu:8.2f}"), flush=True)


async def measure(servers, options):
    print(f"{'work':32}{'server':>12}{'p50':>9}{'p90':>9}{'p99':>9}{'least':>9}{'most':>9}{'of':>6}{'cpu s':>8}")
    starts = {server.name: [] for server in servers}
    for index, (name, work, slots, context) in enumerate(works(options)):
        if not any(part in name for part in options.only.split(";")):
            continue
        found = {server.name: [] for server in servers}
        cpu = {server.name: 0.0 for server in servers}
        for round_ in range(options.rounds):
            for server in servers:
                try:
                    started = server.start(slots, context)
                    if started is not None:
                        starts[server.name].append(started)
                    before = server.cpu_seconds()
                    seed = 1_000_000 * (index + 1) + 1000 * (options.seed + round_)
                    found[server.name] += await work(server, seed)
                    cpu[server.name] += server.cpu_seconds() - before
                finally:
                    server.stop()
        for server, values in found.items():
            show(name, server, values, cpu[server] / options.rounds)
    for server, values in starts.items():
        if values:
            show("start to first token, ms", server, values)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("servers", nargs="+", metavar="NAME=URL_OR_COMMAND")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", default="", help="works whose name contains one of these; texts")
    parser.add_argument("--seed", type=int, default=0, help="of the prompts")
    parser.add_argument("--file", help="the model's file, to compare resident memory with")
    parser.add_argument("--kv-bytes", type=int, default=32_768, help="of keys and values per token")
    options = parser.parse_args()
    servers = [Server(server) for server in options.servers]
    asyncio.run(measure(servers, options))


main()
