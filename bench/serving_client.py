"""A client of servers that speak the OpenAI API, and the processes of those that it starts."""
import asyncio
import collections
import glob
import http.client
import json
import os
import shlex
import socket
import subprocess
import tempfile
import time
import urllib.parse

# One streamed answer. `times`: when pieces of text arrived, the first being when the request was
# sent. `tokens` and `read`, those of the prompt: as the server counts them; there may be more tokens
# than pieces.
Answer = collections.namedtuple("Answer", "times tokens read")


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


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Server:
    """`text`: NAME=URL of a server that runs, or NAME=COMMAND of one to start."""

    def __init__(self, text):
        self.name, self.what = text.split("=", 1)
        self.command = None if self.what.startswith("http://") else self.what
        self.path, self.model, self.process, self.child, self.home = "/v1", "", None, None, None
        if self.command is None:
            parts = urllib.parse.urlsplit(self.what)
            self.host, self.port = parts.hostname, parts.port or 80
            self.path, self.model = parts.path.rstrip("/"), parts.fragment
            self.process = process_on(self.port)
            self.model = self.model or self.first_model()

    def start(self, slots, context):
        """For so many requests at a time of so many tokens each. Milliseconds until the process has
        answered its first request."""
        if self.command is None:
            return None
        self.host, self.port = "127.0.0.1", free_port()
        self.home = tempfile.TemporaryDirectory()
        words = self.command.format(port=self.port, slots=slots, context=slots * context,
                                    home=self.home.name)
        begin = time.perf_counter()
        self.log = open(os.path.join(self.home.name, "log"), "wb")
        self.child = subprocess.Popen(shlex.split(words), stdout=self.log, stderr=subprocess.STDOUT)
        self.process = self.child.pid
        while not self.answers():
            if self.child.poll() is not None or time.perf_counter() - begin > 60:
                raise RuntimeError(f"{self.name} does not answer: {open(self.log.name).read()[-2000:]}")
            time.sleep(0.005)
        return 1000 * (time.perf_counter() - begin)

    def answers(self):
        try:
            self.model = self.model or self.first_model()
            self.request("POST", "/completions", {"model": self.model, "prompt": "the water", "max_tokens": 1})
            return True
        except (OSError, http.client.HTTPException, LookupError, ValueError):
            return False

    def stop(self):
        if self.child is None:
            return
        self.child.terminate()
        try:
            self.child.wait(10)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()
        self.child = None
        self.log.close()
        self.home.cleanup()

    def request(self, method, path, body=None):
        connection = http.client.HTTPConnection(self.host, self.port, timeout=120)
        try:
            connection.request(method, self.path + path, json.dumps(body) if body else None,
                               {"Content-Type": "application/json"})
            answer = connection.getresponse()
            text = answer.read()
            if answer.status != 200:
                raise ValueError(f"{self.name}: {answer.status} {text[:500]!r}")
            return json.loads(text)
        finally:
            connection.close()

    def first_model(self):
        return self.request("GET", "/models")["data"][0]["id"]

    def cpu_seconds(self):
        """Of all threads of the server; 0 when it is on another machine."""
        if self.process is None:
            return 0.0
        fields = open(f"/proc/{self.process}/stat").read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def resident_bytes(self):
        fields = dict(line.split(":") for line in open(f"/proc/{self.process}/status") if ":" in line)
        return 1024 * int(fields["VmRSS"].split()[0])

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

    async def complete(self, prompt, tokens, **options):
        return await self.listen("/completions", {"prompt": prompt, "max_tokens": tokens, **options})

    async def say(self, text, tokens, **options):
        """As `complete`, in a chat."""
        messages = [{"role": "user", "content": text}]
        return await self.listen("/chat/completions", {"messages": messages, "max_tokens": tokens, **options})

    async def listen(self, path, body):
        begin = time.perf_counter()
        reader, writer = await self.post(path, {"stream": True, "stream_options": {"include_usage": True}, **body})
        lines = []  # looked at later: the client shares the machine with the server
        while line := await reader.readline():
            if line.startswith(b"data: {"):
                lines.append((time.perf_counter(), line))
        times, usage = [begin], {}
        for at, line in lines:
            event = json.loads(line[6:])
            usage = event.get("usage") or usage
            if event.get("choices") and not event["choices"][0].get("finish_reason"):
                times.append(at)
        writer.close()
        return Answer(times, usage.get("completion_tokens", len(times) - 1), usage.get("prompt_tokens", 0))

    async def chat(self, messages, tokens):
        """The answer's text and the usage."""
        reader, writer = await self.post("/chat/completions", {"messages": messages, "max_tokens": tokens})
        body = (await reader.read()).partition(b"\r\n\r\n")[2]
        writer.close()
        answer = json.loads(body[body.index(b"{"):body.rindex(b"}") + 1])
        return answer["choices"][0]["message"]["content"] or "", answer["usage"]
