"""Clients that are slow, large, malformed, half gone or gone: each gets an answer that says why, and others are served."""

from __future__ import annotations

import json
import select
import socket
import struct

import pytest
from asgi_calls import infer_body, tiny_service
from raw_clients import HOST, QUICK, Answer, connected, one_reply, request, spoken, until_closed

from neurodeploy.serve.in_thread import running
from neurodeploy.serve.options import ServeOptions
from neurodeploy.serve.service import Service

INFER = "/v2/models/tiny/infer"
LIVE = "/v2/health/live"
CHUNK = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"


@pytest.fixture(scope="module")
def service():
    return Service(tiny_service().models, ServeOptions(port=0, limits=QUICK))


@pytest.fixture(scope="module")
def address(service):
    with running(service) as found:
        yield found


@pytest.fixture(autouse=True)
def served_afterwards(address, service):
    """Whatever a client did, the next one is answered, and nothing of the first is left."""
    yield
    assert spoken(address, request("POST", INFER, infer_body())).status == 200
    assert (service.in_progress, service.held_bytes) == (0, 0)


def said(answer: Answer) -> str:
    """The text of an error, in the form of the protocol."""
    plain = json.loads(answer.body)
    assert set(plain) == {"error", "findings"}
    assert plain["findings"][0]["code"] == plain["error"][:5]
    assert b"connection: close" in answer.whole.lower()
    return plain["error"]


NOT_HTTP = {
    "words": b"HELLO\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "another version": b"GET / HTTP/9.9\r\n" + HOST + b"\r\n",
    "two lengths": b"POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx",
    "a length and chunks": b"POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\nx",
    "a negative length": b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
    "a chunk without a size": b"POST /v2/models/tiny/infer HTTP/1.1\r\n"
    + HOST
    + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n",
    "a header with a null": b"GET / HTTP/1.1\r\nX: a\0b\r\n\r\n",
}


@pytest.mark.parametrize("name", NOT_HTTP)
def test_what_is_not_http_is_refused_in_the_form_of_all_errors(address, name):
    answer = spoken(address, NOT_HTTP[name])
    assert answer.status == 400
    assert said(answer).startswith("ND912: request: ")


ADDRESSES = [
    (b"GET", b"/nothing", 404, "asks for '/nothing', which is no address of this server"),
    (b"GET", b"/v2/models/tiny/../../../etc/passwd", 404, "no address of this server"),
    (b"GET", b"/%00%0a%1b[31m", 404, "no address of this server"),
    (b"DELETE", LIVE.encode(), 405, f"uses DELETE, which '{LIVE}' does not have"),
    (b"GET", INFER.encode(), 405, f"uses GET, which '{INFER}' does not have"),
]


@pytest.mark.parametrize(("method", "path", "status", "text"), ADDRESSES)
def test_addresses_and_methods_that_do_not_exist(address, method, path, status, text):
    answer = spoken(address, method + b" " + path + b" HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n")
    assert answer.status == status
    assert text in said(answer)
    assert answer.body.isascii()
    assert b"\x1b" not in answer.body


def test_a_body_that_says_it_is_too_large_is_not_kept(address, service):
    answer = spoken(address, request("POST", INFER, b"x" * 200_000))
    assert answer.status == 413
    assert "ND913: request: has a body of 200000 bytes or more; the server allows 100000" in said(answer)


def test_a_client_that_waits_for_leave_gets_a_refusal_at_once(address):
    answer = spoken(address, request("POST", INFER, b"", b"Expect: 100-continue", length=10**12))
    assert answer.status == 413
    assert b"100 Continue" not in answer.whole


def test_a_body_in_chunks_without_end_is_cut_off(address):
    start = b"POST " + INFER.encode() + b" HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n"
    answer = spoken(address, start + 3 * CHUNK)
    assert answer.status == 413
    assert "the server allows 100000" in said(answer)


def test_headers_without_end_are_cut_off(address):
    for content in (b"X: " + b"y" * 300_000, b"X: y\r\n" * 300 + b"\r\n"):
        with connected(address) as client:
            client.sendall(b"GET " + LIVE.encode() + b" HTTP/1.1\r\n" + HOST + content)
            answer = until_closed(client)
        assert answer.status == 431
        assert "has headers of more than" in said(answer)


def test_headers_behind_a_body_are_counted_as_well(address):
    start = b"POST " + INFER.encode() + b" HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n0\r\n"
    answer = spoken(address, start + b"X: y\r\n" * 300)
    assert answer.status == 431


DRIBBLED = {
    "a part of the first line": (b"GET /v2/he", 408, "did not send its headers within 0.4 s"),
    "a part of the headers": (b"GET / HTTP/1.1\r\n" + HOST, 408, "did not send its headers within 0.4 s"),
    "a part of the body": (request("POST", INFER, b"{", length=10), 408, "did not arrive whole within 0.4 s"),
}


@pytest.mark.parametrize("name", DRIBBLED)
def test_a_client_that_dribbles_is_told_that_it_is_late(address, name):
    content, status, text = DRIBBLED[name]
    answer = spoken(address, content)
    assert answer.status == status
    assert text in said(answer)


def test_bytes_that_keep_coming_give_headers_no_more_time(address):
    """Each byte would start the patience of a server anew that only looks for silence."""
    with connected(address) as client:
        client.settimeout(0.02)
        content, answer = iter(b"GET / HTTP/1.1\r\nX: " + b"y" * 1000), b""
        while True:
            try:
                client.sendall(bytes([next(content)]))
                part = client.recv(1 << 16)
            except TimeoutError:
                continue
            except ConnectionError:
                break
            answer += part
            if not part:
                break
    assert answer.startswith(b"HTTP/1.1 408 ")


def test_a_client_that_says_nothing_is_left(address):
    assert spoken(address, b"") == Answer(0, b"", b"")


def test_a_second_request_may_come_late_but_not_slowly(address):
    """Silence between two requests is allowed for longer than a request may take to arrive."""
    with connected(address) as client:
        client.sendall(b"GET " + LIVE.encode() + b" HTTP/1.1\r\n" + HOST + b"\r\n")
        assert one_reply(client).status == 200
        client.settimeout(4 * QUICK.receive_s)
        with pytest.raises(TimeoutError):
            client.recv(1)
        client.settimeout(30)
        client.sendall(b"GET /v2")
        assert until_closed(client).status == 408


def test_a_reply_comes_although_the_rest_of_the_request_never_does(address):
    """The server answers before the body ends, and does not wait for the rest of it for ever."""
    start = b"GET " + LIVE.encode() + b" HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n"
    assert spoken(address, start).status == 200


def test_a_client_that_ends_its_side_is_answered(address):
    keep_alive = request("POST", INFER, infer_body()).replace(b"Connection: close\r\n", b"")
    answer = spoken(address, keep_alive, end=True)
    assert answer.status == 200
    assert json.loads(answer.body)["model_name"] == "tiny"


def test_a_client_that_ends_its_side_within_a_request_is_left(address):
    for content in (b"GET /v2/he", request("POST", INFER, b"{", length=10)):
        assert spoken(address, content, end=True).status == 0


def test_requests_in_a_row_are_answered_in_their_order(address):
    first = b"GET " + LIVE.encode() + b" HTTP/1.1\r\n" + HOST + b"\r\n"
    answer = spoken(address, first + request("POST", INFER, infer_body()) + b"GARBAGE")
    assert answer.whole.index(b'{"live":true}') < answer.whole.index(b'"model_name":"tiny"')
    assert answer.whole.count(b"HTTP/1.1 200 OK") == 2
    assert answer.whole.count(b"HTTP/1.1") == 2


@pytest.mark.parametrize("sent", [10, None], ids=["within its request", "before its reply"])
def test_a_client_that_is_killed_leaves_nothing(address, sent):
    for _ in range(5):
        client = connected(address)
        client.sendall(request("POST", INFER, infer_body())[:sent])
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.close()  # with a reset, as the system does for a killed process that has not read everything


def test_more_connections_than_allowed_end_those_that_wait(address):
    """The oldest of those that send nothing makes room; a new client is always served."""
    waiting = [connected(address) for _ in range(4 * QUICK.connections)]
    try:
        assert spoken(address, request("GET", LIVE)).status == 200
        assert until_closed(waiting[0]).whole == b""
    finally:
        for client in waiting:
            client.close()


def test_a_client_that_reads_nothing_is_left(address):
    """Its replies are more than what the systems of both sides take; after the limit the connection is cut."""
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.connect(("127.0.0.1", int(address.rpartition(":")[2])))
        client.sendall(2_000 * (b"GET /openapi.json HTTP/1.1\r\n" + HOST + b"\r\n"))
        errors = select.poll()
        errors.register(client, 0)
        ((_, seen),) = errors.poll(30_000)
    assert seen & select.POLLERR
