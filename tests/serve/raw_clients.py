"""Clients that speak HTTP byte by byte, well and badly; and servers that are quick to lose patience."""

from __future__ import annotations

import contextlib
import re
import socket
from typing import NamedTuple
from urllib.parse import urlsplit

from neurodeploy.serve.options import Limits, ServeOptions

LONGEST_S = 30.0
"""Seconds after which a client of a test gives up: nothing here takes as long."""
HOST = b"Host: localhost\r\n"
QUICK = Limits(receive_s=0.4, body_bytes=100_000, connections=8, drain_s=20.0)
"""Limits with which a test need not wait."""
OPTIONS = ServeOptions(port=0, limits=QUICK)


class Answer(NamedTuple):
    """What a connection gave until the server closed it."""

    status: int
    """Of the first reply; 0 if there is none."""
    body: bytes
    whole: bytes


def connected(address) -> socket.socket:
    parts = urlsplit(address)
    return socket.create_connection((parts.hostname, parts.port), timeout=LONGEST_S)


def until_closed(client) -> Answer:
    """What the server sends until it closes the connection."""
    whole = b""
    with contextlib.suppress(ConnectionError):
        while part := client.recv(1 << 16):
            whole += part
    head, _, body = whole.partition(b"\r\n\r\n")
    return Answer(int(head.split(b" ")[1]) if head else 0, body, whole)


def one_reply(client) -> Answer:
    """One reply of a connection that stays open, however many pieces it comes in."""
    whole = b""
    while True:
        part = client.recv(1 << 16)
        assert part, "the connection was closed"
        whole += part
        head, end, body = whole.partition(b"\r\n\r\n")
        length = re.search(rb"(?i)\r\ncontent-length: (\d+)", head)
        if end and length and len(body) >= int(length[1]):
            return Answer(int(head.split(b" ")[1]), body, whole)


def spoken(address, content, *, end=False) -> Answer:
    """What comes back for bytes. `end`: whether the client ends its own side after them, and only reads."""
    with connected(address) as client:
        with contextlib.suppress(ConnectionError):  # the server may have answered before it has everything
            client.sendall(content)
        if end:
            client.shutdown(socket.SHUT_WR)
        return until_closed(client)


def request(method, path, body=b"", *headers, length=None) -> bytes:
    """The bytes of a request after which the server closes the connection. `length`: what it says of its body's."""
    length = len(body) if length is None else length
    lines = [f"{method} {path} HTTP/1.1\r\n".encode(), HOST, b"Connection: close\r\n"]
    lines += [f"Content-Length: {length}\r\n".encode()] if body or length else []
    return b"".join([*lines, *(line + b"\r\n" for line in headers), b"\r\n", body])
