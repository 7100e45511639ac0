"""A server's life: it starts, refuses what it cannot be, drains and ends."""

from __future__ import annotations

import asyncio
import io
import json
import shutil
import socket
import ssl
import subprocess
import threading
import time
from contextlib import contextmanager
from types import SimpleNamespace
from urllib.request import urlopen

import pytest
from asgi_calls import infer_body, tiny_program, tiny_service
from raw_clients import HOST, LONGEST_S, QUICK, connected, one_reply, request, spoken, until_closed

import neurodeploy as nd
import neurodeploy.serve as serving
from neurodeploy.diagnostics import DiagnosticError, about, finding
from neurodeploy.serve import extra, server
from neurodeploy.serve.extra import require_extra
from neurodeploy.serve.in_thread import running
from neurodeploy.serve.inference.models import load_models
from neurodeploy.serve.lifecycle import make_server
from neurodeploy.serve.listening import address_of, listen
from neurodeploy.serve.observing import logs
from neurodeploy.serve.options import ServeOptions
from neurodeploy.serve.server import serve
from neurodeploy.serve.service import Service

INFER = "/v2/models/tiny/infer"
READY = "/v2/health/ready"


class Held:
    """A server whose requests wait until the test lets them go on."""

    def __init__(self, **limits):
        options = ServeOptions(port=0, limits=QUICK.model_copy(update=limits))
        self.service = Service(tiny_service().models, options)
        self.begun, self.go_on = threading.Semaphore(0), threading.Event()
        infer = self.service.batcher.infer

        async def held(*given):
            self.begun.release()
            await asyncio.get_running_loop().run_in_executor(None, self.go_on.wait, LONGEST_S)
            return await infer(*given)

        self.service.batcher.infer = held
        listener = listen(options)
        self.address = address_of(listener, options)
        up = threading.Event()
        self.server = make_server(self.service, up.set)
        self.thread = threading.Thread(target=self.server.run, args=([listener],), daemon=True)
        self.thread.start()
        assert up.wait(LONGEST_S)

    def end(self):
        """Tell the server to end, and wait until it refuses what is new."""
        self.server.should_exit = True
        while self.service.ready:
            self.thread.join(0.005)

    def ended(self):
        self.thread.join(LONGEST_S)
        return not self.thread.is_alive()


@contextmanager
def held(**limits):
    made = Held(**limits)
    try:
        yield made
    finally:
        made.server.should_exit = True
        made.go_on.set()
        assert made.ended()


def test_a_server_in_a_thread_answers_and_leaves_its_port():
    with running(tiny_service().models) as address:
        with urlopen(f"{address}{READY}", timeout=LONGEST_S) as reply:
            assert json.load(reply) == {"ready": True}
        names = {item.name for item in threading.enumerate()}
        assert "neurodeploy-serve" in names
    with pytest.raises(ConnectionRefusedError):
        connected(address)
    assert not {item.name for item in threading.enumerate()} & {"neurodeploy-serve", "neurodeploy-close"}


def test_an_exception_within_the_context_ends_the_server():
    with pytest.raises(ZeroDivisionError), running(tiny_service().models) as address:
        raise ZeroDivisionError
    with pytest.raises(ConnectionRefusedError):
        connected(address)


def test_two_servers_run_side_by_side():
    with running(tiny_service().models) as one, running(tiny_service().models) as other:
        assert one != other
        assert {spoken(item, request("POST", INFER, infer_body())).status for item in (one, other)} == {200}


def test_a_request_in_progress_is_answered_and_new_ones_are_refused():
    with held() as holder, connected(holder.address) as first, connected(holder.address) as idle:
        first.sendall(request("POST", INFER, infer_body()).replace(b"Connection: close\r\n", b""))
        idle.sendall(b"GET /v2 HTTP/1.1\r\n" + HOST + b"\r\n")
        assert one_reply(idle).status == 200
        assert holder.begun.acquire(timeout=LONGEST_S)
        holder.end()

        ready = spoken(holder.address, request("GET", READY))
        assert (ready.status, ready.body) == (503, b'{"ready":false}')
        assert spoken(holder.address, request("GET", "/v2/health/live")).status == 200
        idle.sendall(request("POST", INFER, infer_body()))
        for refused in (until_closed(idle), spoken(holder.address, request("POST", INFER, infer_body()))):
            assert refused.status == 503
            assert b"\r\nretry-after: 1\r\n" in refused.whole
            assert json.loads(refused.body)["findings"][0]["code"] == "ND921"

        holder.go_on.set()
        answered = until_closed(first)
        assert holder.ended()
    assert answered.status == 200
    assert b"\r\nconnection: close\r\n" in answered.whole
    assert json.loads(answered.body)["model_name"] == "tiny"
    assert not holder.service.overran


def test_what_is_not_answered_in_time_is_given_up_with_a_reply():
    with held(drain_s=0.1) as holder, connected(holder.address) as client:
        client.sendall(request("POST", INFER, infer_body()))
        assert holder.begun.acquire(timeout=LONGEST_S)
        holder.end()
        answer = until_closed(client)
        holder.go_on.set()
        assert holder.ended()
    assert answer.status == 503
    assert "ND921: server: had to end before the request was answered" in json.loads(answer.body)["error"]
    assert holder.service.overran


def test_a_stream_is_told_that_the_server_ends():
    """Streams wait for `ending`; it is set before the server stops to listen."""
    with held() as holder:
        assert not holder.service.ending.is_set()
        holder.end()
        assert holder.service.ending.is_set()


def test_an_unexpected_exception_is_told_by_its_number_only():
    service = Service(tiny_service().models, ServeOptions(port=0, limits=QUICK))

    async def broken(*_):
        raise RuntimeError("a secret of the server")

    service.batcher.infer = broken
    written = io.StringIO()
    logs.configure("json", written)
    with running(service) as address:
        answer = spoken(address, request("POST", INFER, infer_body()))
    text = json.loads(answer.body)["error"]
    assert answer.status == 500
    assert text.startswith("ND901: server: internal error ")
    assert b"secret" not in answer.whole
    assert b"Traceback" not in answer.whole
    logs.configure("off")  # waits for what is to be written
    (line,) = [item for item in map(json.loads, written.getvalue().splitlines()) if "internal" in item["event"]]
    assert line["event"] in text
    assert "RuntimeError: a secret of the server" in line["traceback"]


def refused(options):
    with pytest.raises(DiagnosticError) as caught:
        serve(tiny_service().models, options)
    (found,) = caught.value.diagnostics
    return f"{found.code}: {found.message}"


def test_a_port_in_use():
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        assert refused(ServeOptions(port=port)) == (
            f"ND917: cannot listen on '127.0.0.1', port {port}: Address already in use"
        )


@pytest.mark.parametrize("host", ["nowhere.invalid", "", "a..b", "x" * 300, "1.2.3.4.5", "[::1]"])
def test_a_host_that_is_none(host):
    assert refused(ServeOptions(host=host, port=0)).startswith(f"ND917: cannot listen on '{host[:20]}")


def test_an_address_of_another_machine():
    assert refused(ServeOptions(host="203.0.113.7", port=0, no_auth=True)).startswith("ND917: cannot listen on '203.")


def test_certificates_that_are_none(tmp_path):
    empty = tmp_path / "empty.pem"
    empty.write_bytes(b"")
    assert refused(ServeOptions(port=0, certificate=tmp_path / "no.pem")) == "ND919: does not exist"
    assert refused(ServeOptions(port=0, certificate=empty)).startswith("ND919: is not the key of a certificate")
    assert refused(ServeOptions(port=0, certificate=empty, private_key=tmp_path / "no.pem")) == "ND919: does not exist"


def test_tls(tmp_path):
    if (program := shutil.which("openssl")) is None:
        pytest.skip("openssl missing and cannot be had: nothing else here makes a certificate")
    pem = tmp_path / "both.pem"
    made = [
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-subj",
        "/CN=test",
        "-addext",
        "subjectAltName=IP:127.0.0.1",
        "-days",
        "2",
    ]
    subprocess.run([program, *made, "-keyout", pem, "-out", tmp_path / "own.pem"], check=True, capture_output=True)
    pem.write_bytes(pem.read_bytes() + (tmp_path / "own.pem").read_bytes())
    trusted = ssl.create_default_context(cafile=str(tmp_path / "own.pem"))
    with running(tiny_service().models, ServeOptions(port=0, certificate=pem, limits=QUICK)) as address:
        assert address.startswith("https://127.0.0.1:")
        with urlopen(f"{address}{READY}", timeout=LONGEST_S, context=trusted) as reply:
            assert json.load(reply) == {"ready": True}
        assert spoken(address, request("GET", READY)).status == 0  # not TLS


def test_missing_packages_are_named_with_their_installation(monkeypatch):
    have = extra.find_spec
    require_extra()
    monkeypatch.setattr(extra, "find_spec", lambda name: None if name in ("uvicorn", "httptools") else have(name))
    with pytest.raises(DiagnosticError, match=r"ND916.*needs uvicorn\[standard\], which is not installed"):
        require_extra()


def test_the_package_offers_its_names_and_says_what_they_need(monkeypatch):
    assert {name: getattr(serving, name).__name__ for name in serving.__all__} == {
        name: name for name in serving.__all__
    }
    assert set(serving.__all__) <= set(dir(serving))
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        serving.nothing  # noqa: B018
    monkeypatch.setattr(extra, "find_spec", lambda _: None)
    for name in ("running", "serve"):
        monkeypatch.delitem(vars(serving), name)
        with pytest.raises(DiagnosticError, match="ND916"):
            getattr(serving, name)


def versions(address):
    with urlopen(f"{address}/v2/models/tiny", timeout=LONGEST_S) as reply:
        return json.load(reply)["versions"]


@pytest.mark.parametrize("watch", [True, False])
def test_a_file_that_changes_is_served_again_unless_nobody_looks(tmp_path, watch):
    path = tmp_path / "tiny.ndp"
    nd.save(tiny_program(), path)
    options = ServeOptions(port=0, watch=watch, watch_s=0.02, limits=QUICK)
    service = Service(load_models([path]), options)
    with running(service) as address:
        before = versions(address)
        nd.save(tiny_program(weight=50), path)
        if not watch:
            threading.Event().wait(0.2)
            assert versions(address) == before
            return
        end = time.monotonic() + LONGEST_S
        while len(versions(address)) == 1 and time.monotonic() < end:
            pass
        assert set(versions(address)) > set(before)
        path.write_bytes(b"broken")
        while not service.metrics.reloads["tiny", "failed"] and time.monotonic() < end:
            threading.Event().wait(0.01)
        assert service.metrics.reloads == {("tiny", "loaded"): 1, ("tiny", "failed"): 1}
        assert len(versions(address)) == 2


def test_a_backend_that_is_not_there_is_told_before_the_server_starts(monkeypatch):
    missing = finding("ND504", about("backend", "emulator"), "is not installed")
    monkeypatch.setattr(server, "get_backend", lambda _: SimpleNamespace(unavailable=lambda: missing))
    assert refused(ServeOptions(port=0)) == "ND504: is not installed"
