"""Worker: a client that loads a server. It writes prepared requests and reads replies with httptools, so that it costs little.

    python benchmarks/child/serve_client.py < job.json

The job: "port", "requests" (file of the requests, one after the other), "lengths" (of each, in bytes), "connections", "pid" of the
server, and one of "seconds" (a closed loop: each connection sends when it has its reply), "count" (the same, until so many are
answered), "rate_hz" with "seconds" (an open loop: requests are due at the times of a Poisson process, whether or not earlier ones
are answered), "each" (every request once; the file that takes the replies). "latencies": file that takes them, float64 seconds; "first":
number of the request that is sent first, 0 if it is left out. It prints one JSON line.
"""

import asyncio
import contextlib
import json
import os
import sys
import time
from array import array
from collections import deque
from pathlib import Path

import httptools

TICKS_HZ = os.sysconf("SC_CLK_TCK")
PATIENCE_S = 60.0
"""Longest wait for replies after the last request."""


def used_s(pid):
    """Return the processor time of a process and of its children in seconds; 0 without a pid."""
    parents, used = {}, {}
    for path in Path("/proc").glob("[0-9]*/stat") if pid else ():
        with contextlib.suppress(OSError):
            fields = path.read_text(encoding="utf-8").rpartition(")")[2].split()
            own = int(path.parent.name)
            parents[own], used[own] = int(fields[1]), (int(fields[11]) + int(fields[12])) / TICKS_HZ
    total, own = 0.0, [pid]
    while own:
        parent = own.pop()
        total += used.get(parent, 0.0)
        own += [child for child, its in parents.items() if its == parent]
    return total


class Connection(asyncio.Protocol):
    """One connection with at most one request on its way."""

    def __init__(self, load):
        self.load, self.parser, self.due, self.number, self.body = load, httptools.HttpResponseParser(self), 0.0, 0, []
        self.head = None

    def connection_made(self, transport):
        """Keep the transport."""
        self.transport = transport

    def send(self, number, due):
        """Send a request; `due`: the time from which its latency counts."""
        self.number, self.due = number, due
        self.transport.write(self.load.requests[number])

    def data_received(self, data):
        """Read a part of a reply."""
        self.parser.feed_data(data)

    def on_header(self, name, value):
        """Keep the length of the JSON before binary tensors."""
        if name.lower() == b"inference-header-content-length":
            self.head = int(value)

    def on_body(self, part):
        """Keep the body where it is wanted."""
        if self.load.replies is not None:
            self.body.append(part)

    def on_message_complete(self):
        """Count a reply, and go on."""
        kept = (self.parser.get_status_code(), b"".join(self.body), self.head)
        self.body, self.head = [], None
        self.load.answered(self, kept)

    def connection_lost(self, error):
        """A server that ends a connection has failed."""
        self.load.lost()


class Load:
    """Requests over some connections, and what became of them."""

    def __init__(self, job):
        self.job = job
        data, self.requests, at = Path(job["requests"]).read_bytes(), [], 0
        for length in job["lengths"]:
            self.requests.append(data[at : at + length])
            at += length
        self.latencies, self.statuses = array("d"), {}
        self.replies = {} if job.get("each") else None
        self.next, self.sent, self.on_the_way, self.cut = job.get("first", 0), 0, 0, 0
        self.idle, self.waiting = deque(), deque()
        self.over, self.begun = asyncio.Event(), time.perf_counter()
        self.until = self.begun + job["seconds"] if "seconds" in job else float("inf")
        self.most = len(self.requests) if self.replies is not None else job.get("count", sys.maxsize)
        self.open = "rate_hz" in job

    def take(self):
        """Return the number of the next request."""
        number = self.next
        self.next = number + 1 if number + 1 < len(self.requests) else 0
        self.sent += 1
        self.on_the_way += 1
        return number

    def answered(self, connection, kept):
        """Count a reply and use its connection again."""
        now = time.perf_counter()
        self.on_the_way -= 1
        self.latencies.append(now - connection.due)
        self.statuses[kept[0]] = self.statuses.get(kept[0], 0) + 1
        if self.replies is not None:
            self.replies[connection.number] = kept
        if self.open:
            self.dispatch(connection)
        elif self.sent < self.most and now < self.until:
            connection.send(self.take(), now)
        elif not self.on_the_way:
            self.over.set()

    def dispatch(self, connection):
        """Send what is due, or let the connection wait."""
        if self.waiting:
            connection.send(self.take(), self.waiting.popleft())
        else:
            self.idle.append(connection)

    def lost(self):
        """A connection has ended; those of our own end come after."""
        if not self.over.is_set():
            self.cut += 1
            self.on_the_way -= 1
            if self.on_the_way <= 0:
                self.over.set()

    async def arrivals(self, rate_hz):
        """Let requests become due at the times of a Poisson process."""
        import random

        draw, due = random.Random(self.job.get("seed", 0)), time.perf_counter()
        while due < self.until:
            due += draw.expovariate(rate_hz)
            ahead = due - time.perf_counter()
            if ahead > 0:
                await asyncio.sleep(ahead)
            self.waiting.append(due)
            if self.idle:
                self.dispatch(self.idle.popleft())
        while self.waiting or self.on_the_way:
            await asyncio.sleep(0.005)

    async def run(self):
        """Return the figures of the load."""
        loop = asyncio.get_running_loop()
        made = [
            (await loop.create_connection(lambda: Connection(self), "127.0.0.1", self.job["port"]))[1]
            for _ in range(self.job["connections"])
        ]
        own, server = time.process_time(), used_s(self.job.get("pid"))
        self.begun = time.perf_counter()
        self.until = self.begun + self.job.get("seconds", float("inf"))
        with contextlib.suppress(asyncio.TimeoutError):
            if self.open:
                self.idle = deque(made)
                await asyncio.wait_for(self.arrivals(self.job["rate_hz"]), self.job["seconds"] + PATIENCE_S)
            else:
                for connection in made[: self.most]:
                    connection.send(self.take(), time.perf_counter())
                await asyncio.wait_for(
                    self.over.wait(), self.job.get("limit_s", self.job.get("seconds", 0) + PATIENCE_S)
                )
        wall = time.perf_counter() - self.begun
        own, server = time.process_time() - own, used_s(self.job.get("pid")) - server
        self.over.set()
        for connection in made:
            connection.transport.abort()
        return {"wall_s": wall, "client_s": own, "server_s": server}


def main():
    """Do the job."""
    job = json.load(sys.stdin)
    load = Load(job)
    try:
        from uvloop import run
    except ImportError:
        run = asyncio.run

    async def all_of_it():
        return await load.run()

    found = run(all_of_it())
    if job.get("latencies"):
        Path(job["latencies"]).write_bytes(load.latencies.tobytes())
    if load.replies is not None:
        lengths, content = [], []
        for number in range(len(load.requests)):
            status, body, head = load.replies.get(number, (0, b"", None))
            lengths.append((status, len(body), head))
            content.append(body)
        Path(job["each"]).write_bytes(b"".join(content))
        found["replies"] = lengths
    print(json.dumps({**found, "statuses": load.statuses, "unanswered": load.on_the_way, "cut": load.cut}))


if __name__ == "__main__":
    main()
