"""The process of a server: signals under load, a kill, and what is left of it."""

from __future__ import annotations

import http.client
import json
import os
import selectors
import signal
import subprocess
import sys
import threading
from contextlib import ExitStack, contextmanager

import numpy as np
import psutil
import pytest
from asgi_calls import infer_body, tiny_program
from raw_clients import LONGEST_S, connected, one_reply, request, spoken, until_closed

import neurodeploy as nd

INFER = "/v2/models/tiny/infer"
LONG = ("--max-steps", 2**31 - 1, "--max-sample-steps", 2**31 - 1)


def long_body():
    """A request whose run takes longer than any test."""
    item = {"name": "in", "datatype": "INT32", "shape": [1, 3], "data": [0, 1, 0]}
    return json.dumps({"inputs": [item], "parameters": {"steps": 2_000_000_000}}).encode()


class Process:
    """A server of its own in a process, which has said where it listens."""

    def __init__(self, folder, port=0, options=()):
        words = ["serve", "tiny.ndp", "--port", port, "--json", "--log", "json", *options]
        command = [sys.executable, "-m", "neurodeploy", *map(str, words)]
        self.folder = folder
        self.log = (folder / "log.txt").open("ab")
        environment = {**os.environ, "TMPDIR": str(folder / "tmp")}
        self.process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=self.log, env=environment)
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ)
            assert selector.select(2 * LONGEST_S), self.told()
        line = self.process.stdout.readline()
        assert line, self.told()
        self.address = json.loads(line)["address"]
        self.port = int(self.address.rpartition(":")[2])
        self.seen = psutil.Process(self.process.pid)

    def told(self):
        return (self.folder / "log.txt").read_text()

    def signal(self, number):
        self.process.send_signal(number)

    def status(self):
        return self.process.wait(LONGEST_S)


@pytest.fixture
def started(tmp_path):
    """Function: port and options -> the server, which is gone after the test."""
    nd.save(tiny_program(), tmp_path / "tiny.ndp")
    (tmp_path / "tmp").mkdir()
    with ExitStack() as opened:

        @contextmanager
        def process(port, options):
            made = Process(tmp_path, port, options)
            try:
                yield made
            finally:
                made.process.kill()
                made.process.wait(LONGEST_S)
                made.process.stdout.close()
                made.log.close()

        yield lambda port=0, options=(): opened.enter_context(process(port, options))


def test_sigterm_ends_it_with_status_0_and_nothing_is_left(started, tmp_path):
    server = started()
    assert spoken(server.address, request("POST", INFER, infer_body())).status == 200
    assert server.seen.children() == []
    server.signal(signal.SIGTERM)
    assert server.status() == 0
    events = [json.loads(line)["event"] for line in server.told().splitlines()]
    assert events == ["started", "request", "ending"]
    assert list((tmp_path / "tmp").iterdir()) == []
    with pytest.raises(ConnectionRefusedError):
        connected(server.address)


class Loop(threading.Thread):
    """A client that sends one request after the other on one connection until it is told to stop asking."""

    def __init__(self, port, seed):
        super().__init__(daemon=True)
        self.port, self.body = port, infer_body(np.array([[0, 1, seed % 3]], dtype=np.int32))
        self.answered, self.end = 0, "still asks"

    def run(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=LONGEST_S)
        try:
            while True:
                connection.request("POST", INFER, self.body)
                reply = connection.getresponse()
                reply.read()
                if reply.status != 200:
                    self.end = f"status {reply.status}"
                    return
                self.answered += 1
        except OSError as error:
            self.end = f"lost: {error!r}"
        finally:
            connection.close()


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_under_load_loses_no_request(started, number):
    """Every client is answered until one reply says that the server ends; none is cut off without a reply."""
    server = started()
    clients = [Loop(server.port, seed) for seed in range(32)]
    for client in clients:
        client.start()
    while min(client.answered for client in clients) < 5:
        assert all(client.is_alive() for client in clients), {client.end for client in clients}
        clients[0].join(0.01)
    server.signal(number)
    for client in clients:
        client.join(LONGEST_S)
    assert {client.end for client in clients} == {"status 503"}
    assert server.status() == 0


@pytest.mark.slow
def test_kill_leaves_nothing_and_the_port_is_free_at_once(started, tmp_path):
    server = started()
    with connected(server.address) as client:
        client.sendall(request("POST", INFER, infer_body()).replace(b"Connection: close\r\n", b""))
        assert one_reply(client).status == 200
        server.signal(signal.SIGKILL)
        assert server.status() == -signal.SIGKILL
        assert until_closed(client).whole == b""
        assert list((tmp_path / "tmp").iterdir()) == []
        again = started(port=server.port)
    assert spoken(again.address, request("POST", INFER, infer_body())).status == 200


@pytest.mark.slow
def test_what_takes_too_long_is_given_up_after_the_time_to_drain(started):
    server = started(options=["--drain", 0.3, *LONG])
    with connected(server.address) as client:
        client.sendall(request("POST", INFER, long_body()))
        assert spoken(server.address, request("GET", "/v2/health/live")).status == 200
        server.signal(signal.SIGTERM)
        answer = until_closed(client)
    assert (answer.status, json.loads(answer.body)["findings"][0]["code"]) == (503, "ND921")
    assert server.status() == 1
    assert "error[ND921] server: ended 0.3 s after it was told to" in server.told()


@pytest.mark.slow
def test_a_second_signal_ends_it_at_once(started):
    server = started(options=LONG)
    with connected(server.address) as client:
        client.sendall(request("POST", INFER, long_body()))
        assert spoken(server.address, request("GET", "/v2/health/live")).status == 200
        server.signal(signal.SIGTERM)
        while spoken(server.address, request("GET", "/v2/health/ready")).status != 503:
            pass
        server.signal(signal.SIGTERM)
        assert server.status() == 128 + signal.SIGTERM
        assert until_closed(client).status == 0


@pytest.mark.slow
def test_a_thousand_idle_connections_keep_nobody_out(started):
    server = started()
    assert spoken(server.address, request("POST", INFER, infer_body())).status == 200
    before = server.seen.memory_info().rss
    idle = [connected(server.address) for _ in range(1000)]
    try:
        answers = {spoken(server.address, request("POST", INFER, infer_body())).status for _ in range(20)}
        files, memory = server.seen.num_fds(), server.seen.memory_info().rss - before
    finally:
        for client in idle:
            client.close()
    assert answers == {200}
    assert files < 600
    assert memory < 32 << 20


@pytest.mark.slow
def test_bodies_without_end_take_no_memory(started):
    """Sixteen clients send 50 MB each where 1 MB is allowed."""
    server = started(options=["--max-body", 1_000_000])
    spoken(server.address, request("POST", INFER, infer_body()))
    before = server.seen.memory_info().rss
    statuses = [spoken(server.address, request("POST", INFER, b"x" * 50_000_000)).status for _ in range(16)]
    assert set(statuses) == {413}
    assert server.seen.memory_info().rss - before < 32 << 20
