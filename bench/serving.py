"""Speed of servers that speak the OpenAI API, as a client sees it: many streams at once, the gaps
between the tokens of streams while long prompts arrive, and the time to the first token of a prompt
that is new or whose beginning the server has seen. Standard library only; prompts are made by seed.

  serving.py ours=http://127.0.0.1:8080/v1#MODEL theirs=http://127.0.0.1:8081/v1 --rounds 3

Percentiles are over all observations of all rounds; cpu is the server's, per round, when it runs on
this machine. Without #MODEL the first model of the server's list is measured.
"""
import argparse
import asyncio
import glob
import json
import os
import random
import time
import urllib.parse
import urllib.request

WORDS = ("the of and to in is that it was for on are as with they be at one have this from by hot "
         "word but what some we can out other were all there when up use your how said an each she "
         "which do their time if will way about many then them write would like so these her long "
         "make thing see him two has look more day could go come did number sound no most people "
         "my over know water than call first who may down side been now find").split()


def process_on(port):
    """The process that listens on a port of this machine; None when there is none."""
    wanted = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in open(table).readlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and int(fields[1].rsplit(":", 1)[1], 16) == port:
                wanted.add(f"socket:[{fields[9]}]")
    for link in glob.glob("/proc/[0-9]*/fd/*"):
        try:
            if os.readlink(link) in wanted:
                return int(link.split("/")[2])
        except OSError:
            pass
    return None


class Server:
    def __init__(self, text):
        self.name, url = text.split("=", 1)
        parts = urllib.parse.urlsplit(url)
        self.host, self.port, self.path = parts.hostname, parts.port or 80, parts.path.rstrip("/")
        self.model = parts.fragment
        self.process = process_on(self.port)
        if not self.model:
            with urllib.request.urlopen(url + "/models") as answer:
                self.model = json.load(answer)["data"][0]["id"]

    def cpu_seconds(self):
        """Of all threads of the server; 0 when it is on another machine."""
        if self.process is None:
            return 0.0
        fields = open(f"/proc/{self.process}/stat").read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    async def post(self, path, body):
        body = json.dumps({"model": self.model, "temperature": 0, **body}).encode()
        reader, writer = await asyncio.open_connection(self.host, self.port)
        writer.write(f"POST {self.path}{path} HTTP/1.1\r\nHost: {self.host}\r\n"
                     f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
                     "Connection: close\r\n\r\n".encode() + body)
        status = await reader.readline()
        if b" 200 " not in status:
            raise RuntimeError(f"{self.name}: {status!r} {await reader.read(2000)!r}")
        return reader, writer

    async def complete(self, prompt, tokens):
        """The times at which tokens arrived, the first being when the request was sent."""
        times = [time.perf_counter()]
        reader, writer = await self.post("/completions", {"prompt": prompt, "max_tokens": tokens, "stream": True})
        while line := await reader.readline():
            if not line.startswith(b"data: {"):
                continue
            event = json.loads(line[6:])
            if event.get("choices") and not event["choices"][0].get("finish_reason"):
                times.append(time.perf_counter())
        writer.close()
        return times

    async def chat(self, messages, tokens):
        """The answer's text and the usage."""
        reader, writer = await self.post("/chat/completions", {"messages": messages, "max_tokens": tokens})
        body = (await reader.read()).partition(b"\r\n\r\n")[2]
        writer.close()
        answer = json.loads(body[body.index(b"{"):body.rindex(b"}") + 1])
        return answer["choices"][0]["message"]["content"] or "", answer["usage"]


def text(seed, words):
    chosen = random.Random(seed)
    return " ".join(chosen.choice(WORDS) for _ in range(words))


def percentile(values, share):
    values = sorted(values)
    return values[min(len(values) - 1, int(share * len(values)))]


# Every work gives what it measured, one number per observation; percentiles are taken of all rounds.

async def streams(server, count, seed):
    """Tokens per second of all streams together, while all of them run; their prompts were read before."""
    prompts = [text(seed + i, 60) for i in range(count)]
    for prompt in prompts:
        await server.complete(prompt, 1)
    runs = await asyncio.gather(*(server.complete(prompt, 64) for prompt in prompts))
    begin, end = max(times[1] for times in runs), min(times[-1] for times in runs)
    arrived = sum(begin < at <= end for times in runs for at in times[1:])
    return [arrived / (end - begin) if end > begin else 0.0]


async def gaps(server, seed):
    """Milliseconds between tokens of 8 streams while two prompts of 2,000 words arrive."""
    running = [asyncio.create_task(server.complete(text(seed + i, 20), 128)) for i in range(8)]
    await asyncio.sleep(1)
    begin = time.perf_counter()
    await asyncio.gather(*(server.complete(text(seed + 50 + i, 2000), 1) for i in range(2)))
    end = time.perf_counter()
    found = []
    for times in await asyncio.gather(*running):
        for before, after in zip(times[1:], times[2:]):
            if after > begin and before < end:
                found.append(1000 * (after - before))
    return found


async def first_token(server, seed, words, seen):
    """Milliseconds to the first token of prompts whose first `words` words were seen or not."""
    beginning, found = text(seed, words), []
    if seen:
        await server.complete(beginning + " " + text(seed + 1, 20), 2)
    for i in range(8 if seen else 1):
        times = await server.complete(beginning + " " + text(seed + 2 + i, 20), 2)
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


WORKS = [
    ("1 stream, tok/s", lambda s, seed: streams(s, 1, seed)),
    ("8 streams, tok/s", lambda s, seed: streams(s, 8, seed)),
    ("16 streams, tok/s", lambda s, seed: streams(s, 16, seed)),
    ("gap beside 2k prompts, ms", gaps),
    ("first token, 1k new, ms", lambda s, seed: first_token(s, seed, 1000, False)),
    ("first token, 1k seen, ms", lambda s, seed: first_token(s, seed, 1000, True)),
    ("first token, 2k seen, ms", lambda s, seed: first_token(s, seed, 2000, True)),
    ("second turn, computed again, %", second_turn),
]


async def measure(servers, rounds, only):
    print(f"{'work':32}{'server':>12}{'p50':>9}{'p90':>9}{'p99':>9}{'least':>9}{'most':>9}{'of':>6}{'cpu s':>8}")
    for index, (name, work) in enumerate(WORKS):
        if only and only not in name:
            continue
        found = {server.name: [] for server in servers}
        cpu = {server.name: 0.0 for server in servers}
        for round_ in range(rounds):
            for server in servers:
                before = server.cpu_seconds()
                found[server.name] += await work(server, 1_000_000 * (index + 1) + 1000 * round_)
                cpu[server.name] += server.cpu_seconds() - before
        for server, values in found.items():
            shown = [percentile(values, share) for share in (0.5, 0.9, 0.99)] + [min(values), max(values)] if values else []
            print(f"{name:32}{server:>12}" + "".join(f"{value:9.1f}" for value in shown) +
                  f"{len(values):6}{cpu[server] / rounds:8.2f}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("servers", nargs="+", metavar="NAME=URL")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", default="", help="works whose name contains this")
    options = parser.parse_args()
    servers = [Server(server) for server in options.servers]
    asyncio.run(measure(servers, options.rounds, options.only))


main()
